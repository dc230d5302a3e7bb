"""`demo`: what a model makes of one recording, as an HTML page."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.job_options import add_job_options, run_job
from engine.jobs.events import Job
from engine.records import open_record
from engine.records.atomic import check_places, write_atomic
from engine.resources import built_in_record

if TYPE_CHECKING:
    from engine.modes.predictors import Predictor


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    from engine.devices.virtual import BOARDS

    parser = commands.add_parser("demo", help="show what a model makes of a recording", description=__doc__)
    parser.add_argument(
        "--model", metavar="NAME|FILE", required=True, help="built-in model, run folder, .tflite or .keras file"
    )
    parser.add_argument("--record", metavar="FILE", type=Path, help="recording (default: the built-in one)")
    parser.add_argument("--lead", metavar="NAME-or-INDEX", help="lead (default: the most suitable one)")
    parser.add_argument("--start", metavar="S", type=float, default=0.0, help="where to begin, in seconds")
    parser.add_argument("--seconds", metavar="S", type=float, default=30.0, help="how much to show (default: 30)")
    parser.add_argument("--threshold", metavar="P", type=float, help='below this probability: "inconclusive"')
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--board", choices=BOARDS, help="let a virtual board compute it")
    where.add_argument(
        "--port", metavar="PORT", help="let a board compute it: /dev/ttyACM0, COM3, socket://..., erpc:PORT"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, default=Path("demo.html"), help="page to write")
    add_job_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the page."""
    check_places(arguments.out)

    def work(job: Job) -> Mapping[str, Any]:
        from engine.modes.demo import demo_page

        with open_record(arguments.record or built_in_record()) as record, _predictor(arguments, job) as predictor:
            page = demo_page(
                predictor,
                record,
                job,
                lead=arguments.lead,
                start_s=arguments.start,
                seconds=arguments.seconds,
                threshold=arguments.threshold,
            )
        write_atomic(arguments.out, page.encode())
        job.artefact("demo", arguments.out)
        return {"page": str(arguments.out)}

    result = run_job(arguments, work)
    if not arguments.json_events:
        print(f"page: {result['page']}")
    return 0


def _predictor(arguments: argparse.Namespace, job: Job) -> AbstractContextManager[Predictor]:
    if arguments.board or arguments.port:
        from engine.modes.board_predictor import board_predictor

        return board_predictor(arguments.model, job, port=arguments.port, board=arguments.board)
    from engine.modes.predictors import open_predictor

    return nullcontext(open_predictor(arguments.model))
