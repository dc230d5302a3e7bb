"""Sampling rates out of columns of times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engine.records.limits import MAX_RATE_HZ

F64 = NDArray[np.float64]

USUAL_RATES_HZ = (
    250.0,
    360.0,
    500.0,
    1000.0,
    128.0,
    100.0,
    125.0,
    200.0,
    256.0,
    257.0,
    300.0,
    400.0,
    512.0,
    2000.0,
)
_PLAUSIBLE_HZ = (20.0, 20_000.0)
_SECONDS_IN = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3, "millis": 1e-3,
    "us": 1e-6, "µs": 1e-6, "microseconds": 1e-6, "micros": 1e-6, "ns": 1e-9, "nanoseconds": 1e-9,
    "min": 60.0, "minutes": 60.0, "h": 3600.0, "hours": 3600.0,
}  # fmt: skip
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})[ T]+(.+)")
_CLOCK_THEN_DAY = re.compile(r"(\S+) (\d{1,2})/(\d{1,2})/(\d{4})")


@dataclass(frozen=True, slots=True)
class Sampling:
    """A regular rate and the runs of rows without a gap: first row of each, and the sample it stands at."""

    fs: float
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]


def seconds_in(unit: str) -> float | None:
    """Length of a named unit of time in seconds, or None."""
    return _SECONDS_IN.get(unit.strip().lower())


def parse_time(text: str) -> tuple[float, bool] | None:
    """A clock time or date with time as seconds, and True when a date came with it; None for anything else.

    Understood: "12:34:56.789", "0:00.003", ISO 8601, "01.02.2003 12:34:56", "[12:34:56.789 01/02/2003]".
    """
    text = text.strip(" \t'\"[]")
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1] or 0) * 3600.0 + int(clock[2]) * 60.0 + float(clock[3].replace(",", ".")), False
    if turned := _CLOCK_THEN_DAY.fullmatch(text):
        text = f"{turned[2]}/{turned[3]}/{turned[4]} {turned[1]}"
    if day_first := _DAY_FIRST.fullmatch(text):
        text = f"{day_first[3]}-{int(day_first[2]):02d}-{int(day_first[1]):02d}T{day_first[4]}"
    if not text[:4].isdecimal() or "-" not in text[4:8] or ":" not in text:
        return None
    try:
        when = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return when.timestamp(), True


def parse_times(texts: Sequence[str]) -> F64:
    """Clock times or dates as seconds, NaN where unreadable."""
    found = [parse_time(text) for text in texts]
    return np.array([np.nan if f is None else f[0] for f in found])


def unwrap_midnight(seconds: F64) -> F64:
    """Clock times made continuous over midnight."""
    steps = np.diff(seconds, prepend=seconds[:1])
    return seconds + 86_400.0 * np.cumsum(np.nan_to_num(steps) < -43_200.0)


def usual_unit(times: F64) -> float | None:
    """Seconds in the unit of a column of plain numbers, by which unit gives a plausible rate; None if none does."""
    steps = np.diff(times[np.isfinite(times)])
    step = _usual_step(steps, float(np.percentile(steps, 90))) if len(steps) else 0.0
    for unit_s in (1.0, 1e-3, 1e-6, 1e-9):
        if step > 0 and _PLAUSIBLE_HZ[0] <= 1 / (step * unit_s) <= _PLAUSIBLE_HZ[1]:
            return unit_s
    return None


def _usual_step(steps: F64, high: float) -> float:
    """Mean step, gaps apart; `high` is the 90th percentile. A median would fail where rows share a coarse time."""
    return float(np.mean(np.minimum(steps, 10 * high)))


def sampling_of(times: F64) -> Sampling:
    """Rate and gaps of rows recorded at `times` (s); ValueError says what is wrong with them.

    Clocks may be coarse (several rows with one time): the rate is the mean over stretches without a gap, taken
    for a whole number where the clock cannot tell the difference.
    """
    if len(times) < 3:
        raise ValueError("it has fewer than three rows")
    if not np.isfinite(times).all():
        raise ValueError(f"the time in row {int(np.argmin(np.isfinite(times))) + 1} cannot be read")
    steps = np.diff(times)
    if (back := int(np.argmin(steps))) >= 0 and steps[back] < 0:
        raise ValueError(f"time goes backwards after row {back + 1}")
    low, high = np.percentile(steps[:: max(1, len(steps) // 500_000)], [10, 90])
    usual = _usual_step(steps, high)
    jumps = np.flatnonzero(steps > high + max(0.5 * usual, 3 * (high - low))) + 1
    rows = np.concatenate(([0], jumps))
    ends = np.concatenate((jumps, [len(times)])) - 1
    recorded_s = float(np.sum(times[ends] - times[rows]))
    if recorded_s <= 0:
        raise ValueError("the times do not advance")
    fs = float(np.sum(ends - rows)) / recorded_s
    doubt = fs * max((high - low) / recorded_s, 2e-6)
    if round(fs) > 0 and abs(fs - round(fs)) <= doubt:
        fs = float(round(fs))
    if fs > MAX_RATE_HZ:
        raise ValueError(f"the times give a rate of {fs:g} Hz")
    starts = np.rint((times[rows] - times[0]) * fs).astype(np.int64)
    lengths = ends - rows + 1
    for i in range(1, len(starts)):
        starts[i] = max(starts[i], starts[i - 1] + lengths[i - 1])
    return Sampling(fs, rows.astype(np.int64), starts)
