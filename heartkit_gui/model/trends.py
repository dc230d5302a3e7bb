"""Series behind the trend plots: heart rate over time, RR intervals, Poincaré pairs. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import Analysis

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

FEW = 120  # intervals that are drawn one by one
SHORTEST_RR_MS, LONGEST_RR_MS = 150.0, 4000.0  # beyond, an interval is a missed or doubled beat, or a gap


@dataclass(frozen=True)
class RRSeries:
    """RR intervals that can be drawn: the beat that ends each, its time, its length, both beats normal or not."""

    beat: I64
    time_s: F64
    rr_ms: F64
    normal: Bool

    def __len__(self) -> int:
        return len(self.beat)


@dataclass(frozen=True)
class RateTrend:
    """Heart rate over time: median, lowest and highest rate per step, NaN where there is none."""

    time_s: F64
    median: F64
    low: F64
    high: F64


def rr_series(analysis: Analysis) -> RRSeries:
    """RR intervals of plausible length, in time order."""
    rr = np.asarray(analysis.beat_intervals.rr_ms, dtype=np.float64)
    normal = np.array([aami == "N" for aami in analysis.beats.aami], dtype=bool)
    both = normal.copy()
    both[1:] &= normal[:-1]
    keep = np.flatnonzero(np.isfinite(rr) & (rr >= SHORTEST_RR_MS) & (rr <= LONGEST_RR_MS))
    times = analysis.beats.sample[keep] / analysis.fs
    return RRSeries(keep.astype(np.int64), times.astype(np.float64), rr[keep], both[keep])


def rate_trend(series: RRSeries, duration_s: float, steps: int = 600) -> RateTrend:
    """Rates of the RR intervals: each by itself where they are few, else gathered in at most `steps` steps."""
    if len(series) <= FEW:
        rate = 60000.0 / series.rr_ms
        return RateTrend(series.time_s, rate, rate, rate)
    width = max(5.0, duration_s / max(1, steps))
    count = max(1, int(np.ceil(duration_s / width)))
    centre: F64 = (np.arange(count, dtype=np.float64) + 0.5) * width
    median, low, high = (np.full(count, np.nan) for _ in range(3))
    if len(series):
        rate = 60000.0 / series.rr_ms
        step = np.minimum((series.time_s / width).astype(np.int64), count - 1)
        first = np.searchsorted(step, np.arange(count), side="left")
        last = np.searchsorted(step, np.arange(count), side="right")
        for i in np.flatnonzero(last > first):
            inside = rate[first[i] : last[i]]
            median[i], low[i], high[i] = np.median(inside), inside.min(), inside.max()
    return RateTrend(centre, median, low, high)


def poincare(series: RRSeries) -> tuple[I64, F64, F64, Bool]:
    """Pairs of successive intervals: index into the series of the later one, RR(n), RR(n+1), both normal."""
    follows = np.flatnonzero(np.diff(series.beat) == 1) + 1
    both = series.normal[follows] & series.normal[follows - 1]
    return follows.astype(np.int64), series.rr_ms[follows - 1], series.rr_ms[follows], both
