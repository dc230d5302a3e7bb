"""`export`: a run's model as .tflite with parity report and C header."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.config_options import add_source_option
from engine.commands.job_options import add_job_options, run_job
from engine.jobs.events import Job
from engine.jobs.run_folder import RunFolder
from engine.modes.export import export_run


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export",
        help="quantize a trained model",
        description="Convert a run's model to .tflite, check it against the float model, write the C header.",
    )
    parser.add_argument("--run", dest="folder", metavar="FOLDER", type=Path, required=True, help="run folder")
    parser.add_argument("--format", choices=["FP32", "FP16", "INT8", "INT16X8"], help="default: as configured")
    parser.add_argument("--io", choices=["int8", "int16", "float32"], help="type of input and output")
    parser.add_argument("--max-drop", type=float, metavar="X", help="largest metric drop allowed")
    add_source_option(parser)
    add_job_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export."""
    folder = RunFolder(arguments.folder)
    given = {"format": arguments.format, "io_type": arguments.io, "max_metric_drop": arguments.max_drop}
    changes = {key: value for key, value in given.items() if value is not None}

    def work(job: Job) -> Mapping[str, Any]:
        return export_run(folder, job, source=arguments.source, changes=changes)

    result = run_job(arguments, work, sink=folder.logged)
    if not arguments.json_events:
        print(f"model: {result['tflite']}\nheader: {result['header']}")
    return 0
