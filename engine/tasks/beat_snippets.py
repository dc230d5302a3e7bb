"""The signal around each beat on one grid: the same for any sampling rate, gain and point of the QRS given as R.

All of it is arithmetic on the samples within `CONTEXT_S` of a beat, so a row does not depend on how the record is
cut. A beat is placed at the centre of its slope energy: reference marks and detections of one QRS give equal rows.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Real = NDArray[np.floating]
I64 = NDArray[np.int64]

_FINE_S = 0.005  # grid on which the QRS is centred
_REACH = 24  # of these steps to either side are looked at
_COARSE_S = 0.04  # grid on which the resting line is found
_MEDIAN, _MEAN = 17, 5  # of its points: 0.68 s pass no QRS, P or T
_CHUNK = 8192


def context_s(length: int, rate_hz: float) -> float:
    """Signal before and after a beat that its snippet of `length` samples at `rate_hz` depends on, seconds."""
    return length / 2 / rate_hz + (_MEDIAN + _MEAN) * _COARSE_S + 2 * _REACH * _FINE_S


def centred(x_mv: F32, rate_hz: float, r: I64, origin: int = 0) -> F64:
    """Where the QRS complexes lie: centre of their slope energy, samples at `rate_hz`, float64 [n].

    Found within 0.12 s of each R, twice, and never further than that from it. A flat line leaves R as it is.
    `origin` is the sample number of x_mv[0]: part of a record gives the same bits as the whole.
    """
    steps = np.arange(-_REACH, _REACH + 1)
    at = r.astype(np.float64)
    for _ in range(2):
        rows = on_grid(x_mv, rate_hz, at, steps * _FINE_S, 2 * _FINE_S, origin)
        slope = rows[:, 2:] - rows[:, :-2]
        energy = slope.astype(np.float64) ** 2
        energy -= 0.05 * energy.max(axis=1, keepdims=True)
        np.maximum(energy, 0, out=energy)
        shift = (energy * steps[1:-1]).sum(axis=1) / (energy.sum(axis=1) + 1e-12) * _FINE_S * rate_hz
        at = np.clip(at + shift, r - _REACH * _FINE_S * rate_hz, r + _REACH * _FINE_S * rate_hz)
    return at


def snippets(x_mv: F32, rate_hz: float, centre: F64, length: int, grid_hz: float, origin: int = 0) -> F32:
    """Signal in mV less the resting line around each beat: float32 [n, length], the beat at index length // 2."""
    out = np.empty((len(centre), length), np.float32)
    offsets = (np.arange(length) - length // 2) / grid_hz
    reach = int(np.ceil(length / 2 / grid_hz / _COARSE_S)) + 1
    coarse = np.arange(-reach, reach + 1) * _COARSE_S
    margin = (_MEDIAN + _MEAN) // 2 - 1
    wide = np.arange(-reach - margin, reach + margin + 1) * _COARSE_S
    place = np.interp(offsets, coarse, np.arange(len(coarse)))
    low = place.astype(np.int64)
    high = np.minimum(low + 1, len(coarse) - 1)
    share = (place - low).astype(np.float32)
    for first in range(0, len(centre), _CHUNK):
        part = slice(first, first + _CHUNK)
        rough = on_grid(x_mv, rate_hz, centre[part], wide, _COARSE_S, origin)
        line = np.median(sliding_window_view(rough, _MEDIAN, axis=1), axis=2)
        line = sliding_window_view(line, _MEAN, axis=1).mean(axis=2, dtype=np.float64).astype(np.float32)
        rows = on_grid(x_mv, rate_hz, centre[part], offsets, 1 / grid_hz, origin)
        out[part] = rows - (line[:, low] * (1 - share) + line[:, high] * share)
    return out


def on_grid(x_mv: F32, rate_hz: float, centre: F64, offsets_s: Real, half_s: float, origin: int = 0) -> F32:
    """Triangular averages of half width `half_s` at every offset from every centre: float32 [n, offsets].

    Samples outside the record repeat its edge.
    """
    half = max(1.0, half_s * rate_hz)
    reach = int(np.ceil(half))
    at = centre[:, None] + offsets_s[None, :] * rate_hz
    whole = np.floor(at)
    part = (at - whole).astype(np.float32)
    base = whole.astype(np.int64)
    total = np.zeros(at.shape, np.float32)
    norm = np.zeros(at.shape, np.float32)
    last = len(x_mv) - 1
    for step in range(-reach + 1, reach + 1):
        weight = np.maximum(np.float32(0), 1 - np.abs(step - part) / np.float32(half))
        total += weight * x_mv[np.clip(base + step - origin, 0, last)]
        norm += weight
    return total / norm
