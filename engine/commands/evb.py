"""`evb`: virtual boards: which there are, starting one, building their firmware."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.commands.fault_option import add_fault_option
from engine.commands.interruption import interruptible
from engine.commands.job_options import add_job_options, run_job
from engine.errors import EngineError
from engine.jobs.events import Job

POLL_S = 0.5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    from engine.devices.virtual import BOARDS

    parser = commands.add_parser("evb", help="start or build a virtual board", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    actions.add_parser("list", help="which boards there are").set_defaults(run=_list)

    start = actions.add_parser("start", help="start a board; prints its URL and stays until Ctrl-C")
    start.add_argument("--board", choices=BOARDS, default="an547")
    start.add_argument("--image", metavar="FILE", type=Path, help="firmware other than the built-in one")
    add_fault_option(start)
    start.add_argument("--only", action="store_true", help="fail rather than start the next best board")
    start.set_defaults(run=_start)

    build = actions.add_parser("build", help="build a board's firmware")
    build.add_argument(
        "--board", metavar="BOARD", default="an547", help="an386, an547, host, apollo4p_evb or apollo510_evb"
    )
    build.add_argument("--output", metavar="FILE", type=Path, required=True, help="image, or folder of sources")
    build.add_argument(
        "--models",
        metavar="NAME|FILE",
        nargs="+",
        help="models to build in (default: those of the built-in images)",
    )
    build.add_argument("--strict", action="store_true", help="take warnings for errors")
    build.set_defaults(run=_build)

    images = actions.add_parser("images", help="build the images that come with the program again")
    images.add_argument("--to", metavar="DIR", type=Path, help="folder (default: resources/firmware)")
    add_job_options(images)
    images.set_defaults(run=_images)


def _list(arguments: argparse.Namespace) -> int:
    """One line a board: name, and whether this machine can start it."""
    from engine.devices.virtual import availability

    for name, title, obstacle in availability():
        print(f"{name:10} {title:34} {obstacle or 'ready'}")
    return 0


def _start(arguments: argparse.Namespace) -> int:
    """Start, print the URL, wait for Ctrl-C."""
    from engine.devices.virtual import start

    try:
        with (
            interruptible(),
            start(
                arguments.board, image=arguments.image, fallback=not arguments.only, faults=arguments.fault
            ) as board,
        ):
            if board.note:
                print(board.note)
            print(board.url, flush=True)
            while board.is_alive:
                time.sleep(POLL_S)
            why = board.complaint
    except KeyboardInterrupt:
        return 0
    raise EngineError(
        f"the board ended by itself{': ' + why if why else ''}", hint="is its firmware for this board?"
    )


def _build(arguments: argparse.Namespace) -> int:
    """Build and tell the sizes."""
    from engine.export.firmware import BUILT_IN, board_of, build, write_project

    models = arguments.models or BUILT_IN
    if board_of(arguments.board).is_real:
        names = write_project(arguments.board, arguments.output, models)
        print(f"sources {arguments.output} (README.md there tells how to build and flash)")
        print(f"models  {', '.join(names)}")
        return 0
    image = build(arguments.board, arguments.output, models, strict=arguments.strict)
    print(f"image   {image.path}")
    if image.flash_bytes:
        print(f"flash   {image.flash_bytes:,} bytes\nRAM     {image.ram_bytes:,} bytes")
    print(f"models  {', '.join(image.models)}")
    for note in image.notes:
        print(f"note    {note}")
    return 0


def _images(arguments: argparse.Namespace) -> int:
    from engine.modes.firmware_images import build_images
    from engine.resources import resource_path

    folder = arguments.to or resource_path("firmware")

    def work(job: Job) -> Mapping[str, Any]:
        built = build_images(folder, job)
        return {board: str(image.path) for board, image in built.items()}

    result = run_job(arguments, work)
    if not arguments.json_events:
        for board, path in result.items():
            print(f"{board}  {path}")
    return 0
