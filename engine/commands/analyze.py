"""`analyze RECORD`: findings as text, JSON, WFDB annotations or an HTML report."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from engine.analysis.document import to_annotations, to_document
from engine.analysis.pipeline import analyze
from engine.analysis.stages import Stages
from engine.commands.record_options import add_record_options, open_from
from engine.records import Annotations, Record, write_wfdb_annotations
from engine.records.atomic import check_places, write_atomic
from engine.reports.text import text_report


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "analyze",
        help="find beats, waves, rhythm, intervals and variability",
        description="Analyse one lead of a record. Without --json - a summary is printed for people.",
    )
    add_record_options(parser)
    parser.add_argument("--lead", metavar="NAME-or-INDEX", help="lead to analyse (default: the most suitable one)")
    parser.add_argument(
        "--stage",
        metavar="STAGE=ALGORITHM",
        action="append",
        default=[],
        help='make a stage (waves, beats, rhythm) with a built-in model, a model folder or "classical"; '
        "see heartkit-engine zoo list",
    )
    parser.add_argument("--json", metavar="FILE|-", help="write the findings as a JSON document")
    parser.add_argument("--annotations", metavar="DIR", type=Path, help="write the findings as WFDB annotations")
    parser.add_argument("--report", metavar="FILE", type=Path, help="write an HTML report")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Analyse and write what was asked for."""
    check_places(arguments.json, arguments.report)
    with open_from(arguments) as record:
        stages = Stages.parse(arguments.stage)
        result = analyze(record, arguments.lead, stages=stages, progress=_progress if sys.stderr.isatty() else None)
        if arguments.annotations is not None:
            _write_annotations(arguments.annotations, record, to_annotations(result))
        if arguments.report is not None:
            from engine.reports.html import html_report

            write_atomic(arguments.report, html_report(record, result).encode())
        document = None
        if arguments.json is not None:
            document = json.dumps(to_document(result, record.info), allow_nan=False)
        if document is not None and arguments.json != "-":
            write_atomic(Path(arguments.json), document.encode())
        print(document if arguments.json == "-" else text_report(record.info, result))
    return 0


def _write_annotations(folder: Path, record: Record, annotations: Annotations) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_wfdb_annotations(annotations, folder, record.name, overwrite=True)


def _progress(fraction: float, stage: str) -> None:
    end = "\n" if fraction >= 1 else ""
    print(f"\r{stage}: {fraction:4.0%} ", end=end, file=sys.stderr, flush=True)
