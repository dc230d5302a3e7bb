"""The figures of every epoch as CSV, JSON and a picture."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.records.atomic import write_atomic
from engine.training.curves import curves_svg


def write_history(folder: Path, history: Sequence[Mapping[str, float]], suffix: str = "") -> None:
    """Write `history.csv` (a row an epoch) and `history.json` (a list of objects) and `curves.svg` atomically.

    `suffix` goes behind each name, before the dot.
    """
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_atomic(folder / f"history{suffix}.csv", text.getvalue().encode())
    write_atomic(folder / f"history{suffix}.json", (json.dumps(list(history), indent=1) + "\n").encode())
    write_atomic(folder / f"curves{suffix}.svg", curves_svg(history).encode())
