"""A histogram of delays in bounded memory: percentiles to within 2 %, whatever the length of the stream."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST_MS = 0.01
PER_DECADE = 64
DECADES = 8  # up to 1000 s


@dataclass(frozen=True)
class LatencySummary:
    """Delays in milliseconds; NaN where nothing was measured."""

    n: int = 0
    p50_ms: float = math.nan
    p95_ms: float = math.nan
    p99_ms: float = math.nan
    max_ms: float = math.nan


class LatencyHistogram:
    """Counts of delays on a logarithmic scale. One thread adds, any may ask."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(PER_DECADE * DECADES + 2, np.int64)
        self._max_ms = math.nan

    def add(self, delay_ms: float) -> None:
        """One delay; what is below LOWEST_MS counts as that."""
        place = PER_DECADE * math.log10(max(delay_ms, LOWEST_MS) / LOWEST_MS)
        self._counts[min(int(place), len(self._counts) - 1)] += 1
        self._max_ms = delay_ms if math.isnan(self._max_ms) else max(self._max_ms, delay_ms)

    def percentile_ms(self, share: float) -> float:
        """The delay that a share (0..1) of all stays within; NaN before the first."""
        counts = self._counts.copy()
        total = int(counts.sum())
        if total == 0:
            return math.nan
        rank = max(1, math.ceil(share * total))
        place = int(np.searchsorted(np.cumsum(counts), rank))
        return min(LOWEST_MS * 10 ** ((place + 0.5) / PER_DECADE), self._max_ms)

    def counts(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Edges [n + 1] in ms and counts [n], for a picture."""
        edges = LOWEST_MS * 10 ** (np.arange(len(self._counts) + 1) / PER_DECADE)
        return edges, self._counts.copy()

    @property
    def summary(self) -> LatencySummary:
        """The usual percentiles."""
        p50, p95, p99 = (self.percentile_ms(share) for share in (0.50, 0.95, 0.99))
        return LatencySummary(int(self._counts.sum()), p50, p95, p99, self._max_ms)
