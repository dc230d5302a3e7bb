"""`feature RECORD`: heart-rate figures by epoch, as a CSV table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.commands.record_options import add_record_options, open_from
from engine.records.atomic import check_places, write_atomic


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser("feature", help="heart-rate figures by epoch", description=__doc__)
    add_record_options(parser)
    parser.add_argument("--lead", metavar="NAME-or-INDEX", help="lead to analyse (default: the most suitable one)")
    parser.add_argument("--hop", metavar="S", type=float, default=30.0, help="length of an epoch (default: 30)")
    parser.add_argument("--window", metavar="S", type=float, default=300.0, help="signal per epoch (default: 300)")
    parser.add_argument("--out", metavar="FILE|-", default="-", help="where to write (default: standard output)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Analyse, then write the table."""
    check_places(arguments.out)
    from engine.analysis.pipeline import analyze
    from engine.modes.feature import epoch_features, features_csv

    with open_from(arguments) as record:
        result = analyze(record, arguments.lead)
    text = features_csv(epoch_features(result, hop_s=arguments.hop, window_s=arguments.window))
    if arguments.out == "-":
        sys.stdout.write(text)
    else:
        write_atomic(Path(arguments.out), text.encode())
    return 0
