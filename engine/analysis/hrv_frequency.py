"""Spectrum of a series of RR intervals by Lomb's periodogram, which needs no resampling.

Normalised as PhysioNet's `lomb`: the rows of an oversampled spectrum (four to each natural frequency 1/T) add up
to about the variance, so a band's power in ms^2 is the sum of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

OVERSAMPLING = 4
BANDS_HZ = {"vlf": (0.0033, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.40)}
HIGHEST_HZ = 0.40
WHOLE_UP_TO_S = 3900.0  # longer series are cut into segments
SEGMENT_S = 300.0
_SEGMENT_SHARE = 0.8  # of a segment that its intervals must fill
_FEWEST = 16


@dataclass(frozen=True, slots=True)
class BandPowers:
    """Powers in ms^2 (`total`: everything up to 0.4 Hz), and how they were found."""

    vlf: float
    lf: float
    hf: float
    total: float
    method: str


def band_powers(t_s: F64, nn_ms: F64) -> BandPowers | None:
    """Band powers of intervals `nn_ms` [n] at times `t_s` [n]; None for less than 16 intervals.

    Up to 65 minutes from one spectrum of the whole series; longer series as the mean over consecutive segments of
    five minutes that are at least 80 % filled (Task Force 1996). Linear trends are taken out first.
    """
    if len(nn_ms) < _FEWEST or t_s[-1] <= t_s[0]:
        return None
    if t_s[-1] - t_s[0] <= WHOLE_UP_TO_S:
        rows = [(t_s, nn_ms)]
        method = "Lomb periodogram, whole series"
    else:
        rows = _segments(t_s, nn_ms)
        method = f"Lomb periodogram, mean of {len(rows)} segments of 5 min"
    if not rows:
        return None
    vlf, lf, hf, total = np.mean([_powers(t, y) for t, y in rows], axis=0).tolist()
    return BandPowers(vlf, lf, hf, total, f"{method}, linear trend removed")


def _segments(t_s: F64, nn_ms: F64) -> list[tuple[F64, F64]]:
    count = int((t_s[-1] - t_s[0]) // SEGMENT_S)
    cuts = np.searchsorted(t_s, t_s[0] + np.arange(count + 1) * SEGMENT_S)
    pieces = [(t_s[a:b], nn_ms[a:b]) for a, b in pairwise(cuts)]
    return [(t, y) for t, y in pieces if len(y) >= _FEWEST and y.sum() >= _SEGMENT_SHARE * SEGMENT_S * 1000]


def _powers(t_s: F64, nn_ms: F64) -> tuple[float, ...]:
    elapsed = t_s - t_s[0]
    trend = np.polyval(np.polyfit(elapsed, nn_ms, 1), elapsed)
    frequency, power = lomb(t_s, nn_ms - trend, HIGHEST_HZ)
    bands = [float(power[(frequency >= low) & (frequency < high)].sum()) for low, high in BANDS_HZ.values()]
    return (*bands, float(power.sum()))


def lomb(t_s: F64, y: F64, highest_hz: float) -> tuple[F64, F64]:
    """Frequencies (Hz) below `highest_hz` and power in the square of the unit of `y`, both [rows].

    Lomb 1976 in the exact form of Press et al., Numerical Recipes; the mean is removed. The phases of successive
    frequencies come from one complex multiplication each, which keeps long series cheap.
    """
    n = len(y)
    step_hz = 1.0 / ((t_s[-1] - t_s[0]) * OVERSAMPLING)
    rows = min(OVERSAMPLING * n // 2, int(np.ceil(highest_hz / step_hz)) - 1)
    h = y - y.mean()
    turn = np.exp(2j * np.pi * step_hz * (t_s - t_s[0]))
    phase = np.ones(n, np.complex128)
    sums = np.empty((rows, 2), np.complex128)
    for row in range(rows):
        phase *= turn
        sums[row] = (h @ phase, phase @ phase)
    first, second = sums.T
    # The time origin that makes sine and cosine orthogonal.
    first = first * np.exp(-0.5j * np.angle(second))
    cosines = 0.5 * (n + np.abs(second))
    sines = 0.5 * (n - np.abs(second))
    power = (first.real**2 / cosines + first.imag**2 / np.maximum(sines, 1e-12)) / (OVERSAMPLING * n)
    return step_hz * np.arange(1, rows + 1), power
