"""`evaluate`: score any model on any labelled dataset, every window counted."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.config_options import add_source_option
from engine.commands.job_options import add_job_options, run_job
from engine.jobs.events import Job
from engine.modes.evaluate import PARTS, evaluate_model
from engine.records.atomic import check_places, write_atomic


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "evaluate", help="score a model", description="Score a model on patients it has never seen."
    )
    parser.add_argument(
        "--model", metavar="NAME|FILE", required=True, help="built-in model, run folder, .tflite or .keras file"
    )
    parser.add_argument("--dataset", metavar="NAME", action="append", help="dataset (default: those of the model)")
    parser.add_argument("--split", choices=PARTS, default="test", help="which patients (default: test)")
    add_source_option(parser)
    parser.add_argument("--json", metavar="FILE|-", help="write the figures as JSON")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="write metrics.json and windows.npz there")
    parser.add_argument("--report", metavar="FILE", type=Path, help="write an HTML report")
    add_job_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and write what was asked for."""
    check_places(arguments.json, arguments.report)

    def work(job: Job) -> Mapping[str, Any]:
        result = evaluate_model(
            arguments.model, job, datasets=arguments.dataset, source=arguments.source, part=arguments.split
        )
        document = result.to_document()
        if arguments.out is not None:
            result.save(arguments.out)
            job.artefact("metrics", arguments.out / "metrics.json")
        if arguments.report is not None:
            from engine.reports.evaluation_html import evaluation_html

            write_atomic(arguments.report, evaluation_html(result).encode())
            job.artefact("report", arguments.report)
        return document

    document = run_job(arguments, work)
    text = json.dumps(document, allow_nan=False)
    if arguments.json and arguments.json != "-":
        write_atomic(Path(arguments.json), text.encode())
    if arguments.json == "-" and not arguments.json_events:
        print(text)
    elif not arguments.json_events:
        _print_summary(document)
    return 0


def _print_summary(document: Mapping[str, Any]) -> None:
    print(f"{document['n']} windows, coverage {document['coverage']:.1%}")
    for name in ("f1_macro", "f1_weighted", "accuracy", "snr_gain_db"):
        if document.get(name) is not None:
            interval = (document.get("ci95") or {}).get(name)
            spread = f"  (95 % CI {interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
            print(f"{name:12s} {document[name]:.4f}{spread}")
    for name, value in (document.get("f1_per_class") or {}).items():
        print(f"  {name:10s} {value if value is None else round(value, 4)}")
    sys.stdout.flush()
