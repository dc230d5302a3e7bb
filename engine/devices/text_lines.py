"""Lines of numbers as hobby boards print them, for people or a serial plotter: "512", "512,498", "ecg:512 ppg:3".

Columns are split at commas, semicolons, tabs or blanks; where there are semicolons or tabs, commas are decimal
marks. "name:" before a number names its column, and so does a header line as CSV files have it. What the first
lines look like decides how many columns there are and whether the first one is a clock.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

LONGEST_LINE = 1000
LEAST_LINES = 20
MOST_COLUMNS = 17  # a clock and 16 leads
USUAL_RATES_HZ = (50, 100, 125, 128, 200, 250, 256, 300, 360, 400, 500, 512, 600, 800, 1000, 1024, 2000)
_NEAR = 0.06  # arrival times of so few lines tell a rate no better
_SPLIT = re.compile(r"[,;\s]+")


@dataclass(frozen=True)
class LineShape:
    """What lines hold. `clock_step`: how much the first column grows a sample; None where there is no clock."""

    names: tuple[str, ...]  # of the leads, without the clock
    rate_hz: float
    clock_step: float | None
    has_decimals: bool
    largest: float  # of the values seen


class LineSplitter:
    """Bytes in, whole lines out; the first one, of which the beginning may be missing, is left out."""

    def __init__(self) -> None:
        self._began = False
        self._held = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines these bytes complete, without empty ones and comments."""
        *whole, self._held = (self._held + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if not self._began and whole:
            whole, self._began = whole[1:], True
        if len(self._held) > LONGEST_LINE:
            self._held = self._held[-LONGEST_LINE:]
        texts = (line.decode("ascii", "replace").strip() for line in whole)
        return [text for text in texts if text and not text.startswith(("#", "//"))]


def numbers_of(line: str) -> tuple[list[str], list[float]] | None:
    """Names ("" where there is none) and numbers of a line; None when anything in it is no number."""
    names, values = [], []
    if ";" in line or "\t" in line:
        line = line.replace(",", ".")
    for part in _SPLIT.split(re.sub(r"\s*([:=])\s*", r"\1", line).strip(" ,;")):
        name, mark, number = part.rpartition(":") if ":" in part else part.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            return None
        if not math.isfinite(value):
            return None
        names.append(name if mark else "")
        values.append(value)
    return names, values


def shape_of(lines: Sequence[str], arrived_s: Sequence[float], rate_hz: float | None) -> LineShape | None:
    """The shape of lines and when each came; None while most of them are no numbers, or they are too few."""
    parsed = [(k, *found) for k, line in enumerate(lines) if (found := numbers_of(line))]
    if len(parsed) < LEAST_LINES or len(parsed) < 0.8 * (len(lines) - parsed[0][0]):
        return None
    width = Counter(len(values) for _, _, values in parsed).most_common(1)[0][0]
    rows = [row for row in parsed if len(row[2]) == width]
    if not 1 <= width <= MOST_COLUMNS or len(rows) < LEAST_LINES:
        return None
    first = rows[0][0]
    table = np.array([values for _, _, values in rows])
    seen_hz = _seen_rate(np.array(arrived_s[first:]))  # a line that cannot be read is a sample too
    step = _clock_step(table[:, 0]) if width > 1 else None
    header = _header(lines[:first], width)
    names = [name or header[k] or f"column {k + 1}" for k, name in enumerate(rows[0][1])]
    if step is not None:
        table, names = table[:, 1:], names[1:]
        rate_hz = rate_hz or _clock_rate(step, seen_hz)
    rate = rate_hz or _usual(seen_hz)
    if rate is None:
        return None
    decimals = bool((table != np.rint(table)).any())
    return LineShape(tuple(names), float(rate), step, decimals, float(np.abs(table).max()))


def _header(before: Sequence[str], width: int) -> list[str]:
    """Names of columns from the last line of as many words before the numbers; empty ones where there is none."""
    for line in reversed(before):
        words = [word.strip() for word in re.split("[,;\t]", line)]
        if len(words) == width and all(words):
            return words
    return [""] * width


def _seen_rate(arrived_s: F64) -> float | None:
    """Lines a second; lines come in bursts, so that whole bursts are counted."""
    bursts = np.flatnonzero(np.diff(arrived_s) > 0) + 1
    if len(bursts) < 2:
        return None
    first, last = bursts[0], bursts[-1]
    return float((last - first) / (arrived_s[last] - arrived_s[first])) if last > first else None


def _usual(seen_hz: float | None) -> float | None:
    if seen_hz is None:
        return None
    nearest = min(USUAL_RATES_HZ, key=lambda rate: abs(math.log(rate / seen_hz)))
    return float(nearest) if abs(nearest / seen_hz - 1) <= _NEAR else float(f"{seen_hz:.3g}")


def _clock_step(column: F64) -> float | None:
    """What the column grows by when it only ever grows, by the same in most places."""
    steps = np.diff(column)
    if not (steps > 0).all():
        return None
    usual = float(np.median(steps))
    # A clock in whole milliseconds may alternate between two steps.
    return float(np.mean(steps)) if np.mean(np.abs(steps - usual) <= max(1.0, 0.1 * usual)) >= 0.9 else None


def _clock_rate(step: float, seen_hz: float | None) -> float | None:
    """The rate that a clock of milliseconds, microseconds or seconds means; of several the one that was seen."""
    rates = [rate for unit in (1e3, 1e6, 1.0) if (rate := _usual(unit / step)) is not None and 10 <= rate <= 5000]
    if seen_hz is None:
        return rates[0] if rates else None
    near = [rate for rate in rates if abs(math.log(rate / seen_hz)) < 0.3]
    return near[0] if near else None  # otherwise it counts samples, or something else
