"""Steady stretches out of per-beat values (hysteresis, least durations, runs), and where signal is unreadable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.analysis.types import Span

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

_LEAST_BAD_S = 3.0  # shorter disturbances do not interrupt a rhythm
_LEAST_GOOD_S = 3.0  # shorter islands between disturbances allow no statement


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, stop) in samples with the quality label that prevails there."""

    start: int
    stop: int
    reason: str


def unreadable(quality: tuple[Span, ...], n_samples: int, fs_hz: float) -> list[Stretch]:
    """Stretches too bad for a rhythm statement: bad spans joined over short islands, short ones left out."""
    joined: list[list[Span]] = []
    for span in sorted(quality, key=lambda s: s.start):
        if joined and span.start - max(s.stop for s in joined[-1]) < _LEAST_GOOD_S * fs_hz:
            joined[-1].append(span)
        else:
            joined.append([span])
    out = []
    for group in joined:
        start, stop = max(0, group[0].start), min(n_samples, max(s.stop for s in group))
        length: dict[str, int] = {}
        for span in group:
            length[span.label] = length.get(span.label, 0) + span.stop - span.start
        if sum(length.values()) >= _LEAST_BAD_S * fs_hz and stop > start:
            out.append(Stretch(start, stop, max(length, key=lambda label: length[label])))
    return out


def hysteresis(value: F64, on: float, off: float) -> Bool:
    """True from where value exceeds `on` until it falls below `off`."""
    n = len(value)
    change = np.where(value > on, 1, np.where(value < off, -1, 0))
    last = np.maximum.accumulate(np.where(change != 0, np.arange(n), -1))
    # Undecided values before the first decision take that decision.
    decided = np.flatnonzero(change != 0)
    first = change[decided[0]] if len(decided) else -1
    return np.where(last >= 0, change[np.maximum(last, 0)], first) > 0


def fill_short(mask: Bool, duration_s: F64, least_s: float) -> Bool:
    """Gaps shorter than `least_s` filled, then stretches shorter than `least_s` removed."""
    out = mask.copy()
    for wanted in (False, True):
        for first, last in runs_of(out == wanted):
            at_edge = not wanted and (first == 0 or last == len(out))
            if not at_edge and duration_s[first:last].sum() < least_s:
                out[first:last] = not wanted
    return out


def runs_of(mask: Bool) -> list[tuple[int, int]]:
    """[first, last) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def rolling_median(values: F64, reach: int) -> F64:
    """Median over `reach` values on either side, edges repeated."""
    return np.median(sliding_window_view(np.pad(values, reach, mode="edge"), 2 * reach + 1), axis=1)


def rolling_mean(values: F64, reach: int) -> F64:
    """Mean over `reach` values on either side, fewer at the edges."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    n = len(values)
    low = np.maximum(np.arange(n) - reach, 0)
    high = np.minimum(np.arange(n) + reach + 1, n)
    return (total[high] - total[low]) / (high - low)
