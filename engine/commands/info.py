"""`info RECORD`: what a file holds, without analysing it."""

from __future__ import annotations

import argparse

from engine.commands.record_options import add_record_options, open_from
from engine.records import read_annotations
from engine.reports.text import record_lines


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("info", help="say what a file holds", description="Describe a record.")
    add_record_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print format, rate, length, leads, notices and annotators."""
    with open_from(arguments) as record:
        print("\n".join(record_lines(record.info)))
        for annotations in read_annotations(record):
            print(f"annotations {annotations.name}: {len(annotations)}, {len(annotations.beats)} beats")
    return 0
