"""The figures of every epoch as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.records.atomic import write_atomic


def write_history(folder: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write `history.csv` (a row an epoch) and `history.json` (a list of objects) atomically."""
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_atomic(folder / "history.csv", text.getvalue().encode())
    write_atomic(folder / "history.json", (json.dumps(list(history), indent=1) + "\n").encode())
