"""The RECORD argument and the options that help to read a plain text or array file."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.records import NeedsHints, Record, TextHints, open_record

_OPTIONS = "options --rate, --unit, --adu-per-mv"


def add_record_options(parser: argparse.ArgumentParser) -> None:
    """RECORD, and what a file may leave unsaid: --rate, --unit, --adu-per-mv."""
    parser.add_argument("record", metavar="RECORD", type=Path, help="file; a WFDB record with or without .hea")
    parser.add_argument("--rate", type=float, metavar="HZ", help="sampling rate, where the file does not say it")
    parser.add_argument(
        "--unit", choices=["V", "mV", "uV", "nV"], help="unit of the samples, where the file does not say it"
    )
    parser.add_argument(
        "--adu-per-mv", type=float, metavar="N", help="raw counts per millivolt, for uncalibrated files"
    )


def open_from(arguments: argparse.Namespace) -> Record:
    """The record the arguments name; RecordError if it cannot be opened."""
    given = {"rate_hz": arguments.rate, "unit": arguments.unit, "adu_per_mv": arguments.adu_per_mv}
    hints = TextHints(**given) if any(value is not None for value in given.values()) else None
    try:
        return open_record(arguments.record, hints=hints)
    except NeedsHints as need:
        raise NeedsHints(need.fault, path=need.path, hint=f"{need.hint}: {_OPTIONS}", guess=need.guess) from None
