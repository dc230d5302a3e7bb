"""Nonlinear measures of a series of RR intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

SAMPEN_WHOLE_UP_TO = 5000
SAMPEN_BLOCK = 1000


def poincare(nn_ms: F64, follows: Bool) -> tuple[float, float]:
    """SD1 and SD2 (ms): spread of successive pairs across and along the line of identity.

    From SD1^2 = SDSD^2 / 2 and SD2^2 = 2 SDNN^2 - SD1^2 (Brennan et al. 2001). `follows[i]` says that interval i is
    to be paired with i - 1.
    """
    step = np.diff(nn_ms)[follows[1:]]
    across = float(np.var(step, ddof=1)) / 2
    along = 2 * float(np.var(nn_ms, ddof=1)) - across
    return float(np.sqrt(across)), float(np.sqrt(max(along, 0.0)))


def sample_entropy(x: F64, follows: Bool, m: int = 2, tolerance: float = 0.2) -> float:
    """Sample entropy (Richman and Moorman 2000) with tolerance as a share of the standard deviation.

    Templates run over intervals that follow each other. NaN when no template has a match. Up to 5,000 intervals
    as one series, longer ones as the median over consecutive blocks of 1,000.
    """
    if len(x) <= SAMPEN_WHOLE_UP_TO:
        return _sample_entropy(x, follows, m, tolerance)
    blocks = [slice(i, i + SAMPEN_BLOCK) for i in range(0, len(x) - SAMPEN_BLOCK + 1, SAMPEN_BLOCK)]
    return float(np.nanmedian([_sample_entropy(x[b], follows[b], m, tolerance) for b in blocks]))


def _sample_entropy(x: F64, follows: Bool, m: int, tolerance: float) -> float:
    n = len(x)
    reach = tolerance * float(np.std(x, ddof=1))
    # complete[i]: intervals i .. i + m follow each other, so that both template lengths may start at i.
    complete = np.ones(max(n - m, 0), np.bool_)
    for step in range(1, m + 1):
        complete &= follows[step : n - m + step]
    shorter = longer = 0
    for lag in range(1, n - m):
        near = np.abs(x[lag:] - x[:-lag]) <= reach
        count = n - m - lag
        match = complete[lag:] & complete[:count]
        for step in range(m):
            match = match & near[step : step + count]
        shorter += int(np.count_nonzero(match))
        longer += int(np.count_nonzero(match & near[m : m + count]))
    return float(np.log(shorter / longer)) if shorter and longer else float("nan")


def dfa(x: F64, scales: range) -> float:
    """Scaling exponent of detrended fluctuation analysis (Peng et al. 1995) over window lengths `scales`.

    Windows do not overlap; those counted from the start and from the end are both used, linear trends removed.
    NaN for a constant series.
    """
    profile = np.cumsum(x - x.mean())
    fluctuation = [_fluctuation(profile, n) for n in scales]
    if min(fluctuation) <= 0:
        return float("nan")
    return float(np.polyfit(np.log(list(scales)), np.log(fluctuation), 1)[0])


def _fluctuation(profile: F64, n: int) -> float:
    count = len(profile) // n
    both = np.concatenate([profile[: count * n], profile[len(profile) - count * n :]]).reshape(2 * count, n)
    position = np.arange(n) - (n - 1) / 2
    slope = (both * position).sum(axis=1) / (position**2).sum()
    left = both - both.mean(axis=1, keepdims=True) - slope[:, None] * position
    return float(np.sqrt(np.mean(left**2)))
