"""`deploy`: a model as C in firmware, run on a board, compared byte for byte with this computer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.job_options import add_job_options, run_job
from engine.errors import EngineError
from engine.jobs.events import Job

DEFAULT_WINDOWS = 16


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "deploy",
        help="run a model on a board and compare",
        description="Make C of a model, build firmware with it, run test windows on the board and compare every "
        "byte of the outputs with this computer's.",
    )
    parser.add_argument("model", metavar="MODEL", help="built-in model, run or model folder, or .tflite file")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--board", choices=("an386", "an547", "host"), default="an547", help="virtual board (default: an547)"
    )
    where.add_argument("--port", metavar="PORT", help="a board that is there: /dev/ttyACM0, COM3, socket://...")
    parser.add_argument("--windows", metavar="N", type=int, default=DEFAULT_WINDOWS, help="test windows")
    parser.add_argument("--output", metavar="FILE", type=Path, help="keep the firmware image")
    add_job_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Deploy; EngineError where a byte differs."""
    from engine.modes.deploy import deploy, deploy_to_port

    if arguments.windows < 1:
        raise EngineError("--windows must be at least 1")
    if arguments.port and arguments.output:
        raise EngineError("--output keeps firmware that is built here; with --port none is")

    def work(job: Job) -> Mapping[str, Any]:
        if arguments.port:
            report = deploy_to_port(arguments.model, job, arguments.port, windows=arguments.windows)
        else:
            report = deploy(
                arguments.model, job, board=arguments.board, windows=arguments.windows, image=arguments.output
            )
        return {**report.to_document(), "text": report.to_text()}

    result = run_job(arguments, work)
    if not arguments.json_events:
        print(result["text"], end="")
    if not result["passed"]:
        differing = result["windows"] - result["windows_equal"]
        rounding = "a simulator that finds no C compiler runs models with LiteRT, which rounds otherwise"
        raise EngineError(
            f"{differing} of {result['windows']} windows differ from this computer's",
            hint=rounding if result["simulated"] else None,
        )
    return 0
