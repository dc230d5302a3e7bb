"""`heartkit-gui [RECORD] [--live BOARD] [--snapshot FILE.png] [--size WxH] [--theme paper|dark]`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
from pathlib import Path

SNAPSHOT_SIZE = (1440, 900)
VIRTUAL_BOARDS = ("an547", "an386", "host", "simulator")
DONE, FAULT, BAD_INPUT = 0, 1, 2


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{3,5})x(\d{3,5})", text)
    if found is None or max(int(found[1]), int(found[2])) > 16384:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 1440x900")
    return int(found[1]), int(found[2])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heartkit-gui",
        description="Review ECG recordings. For research and engineering; not a medical device.",
    )
    parser.add_argument("record", nargs="?", type=Path, help="recording to open; the built-in one by default")
    parser.add_argument("--snapshot", type=Path, metavar="FILE.png", help="draw the window into a picture and end")
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the window in pixels")
    parser.add_argument("--theme", choices=("paper", "dark"), help="colours, kept for next time")
    parser.add_argument(
        "--live",
        choices=VIRTUAL_BOARDS,
        metavar="BOARD",
        help=f"stream from a virtual board at once: {', '.join(VIRTUAL_BOARDS)}",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the program; returns 0 when done, 2 for bad input with one sentence on stderr, 1 for a fault of ours."""
    multiprocessing.freeze_support()
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said what is wrong
        return int(stop.code or 0)
    record = options.record.absolute() if options.record is not None else None
    if options.snapshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        from heartkit_gui import app
    except ImportError as error:
        return _refuse(f"Qt cannot start on this machine: {error}")
    if options.snapshot is None:
        if not app.has_display():
            return _refuse("There is no display; use --snapshot FILE.png to draw the window into a picture.")
        return app.run(record, options.size, options.theme, options.live)
    size = options.size or SNAPSHOT_SIZE
    return _snapshot(record, options.snapshot.absolute(), size, options.theme, options.live)


def _snapshot(record: Path | None, target: Path, size: tuple[int, int], theme: str | None, live: str | None) -> int:
    from engine.errors import EngineError
    from heartkit_gui.snapshot import draw

    try:
        draw(record, target, size, theme, live)
    except EngineError as error:
        return _refuse(str(error))
    except Exception:
        return _our_fault()
    return DONE


def _our_fault() -> int:
    """Keep the traceback for a report, say so in one sentence."""
    import logging

    from heartkit_gui.context import Folders
    from heartkit_gui.services.crash import open_log

    path = open_log(Folders.of_user().log)
    logging.getLogger("heartkit_gui").exception("snapshot")
    print(f"HeartKit failed; please report this with the file {path}.", file=sys.stderr)
    return FAULT


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
