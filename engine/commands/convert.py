"""`convert RECORD DIR`: write a record as WFDB or EDF+."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.commands.record_options import add_record_options, open_from
from engine.records import read_annotations, write_edf, write_wfdb


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "convert",
        help="write a record as WFDB or EDF+",
        description="Write a record and its first set of annotations in another format.",
    )
    add_record_options(parser)
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to write")
    parser.add_argument("--to", choices=["wfdb", "edf"], default="wfdb", help="format (default: %(default)s)")
    parser.add_argument("--name", help="name of the new record (default: as it was)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write and say where."""
    with open_from(arguments) as record:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        name = arguments.name or record.name
        annotations = next(iter(read_annotations(record)), None)
        if arguments.to == "wfdb":
            written = write_wfdb(record, arguments.folder, name, annotations=annotations)
        else:
            written = write_edf(record, arguments.folder / f"{name}.edf", annotations=annotations)
        print(written)
    return 0
