"""The option --fault of commands that start a virtual board."""

from __future__ import annotations

import argparse


def add_fault_option(parser: argparse.ArgumentParser) -> None:
    """--fault, once or more: words for `engine.devices.virtual.start`, in `arguments.fault`."""
    from engine.devices.fault_plan import FORMS

    parser.add_argument(
        "--fault",
        metavar="FAULT",
        action="append",
        default=[],
        help=f"with --board simulator, once or more: {FORMS}; TIME is in seconds of streaming",
    )
