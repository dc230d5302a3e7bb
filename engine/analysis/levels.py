"""Voltage levels of beats against the line before their QRS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import Fiducials

I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

ST_AFTER_J_S = 0.060
_HALF_WIDTH_S = 0.010  # levels are means over 20 ms
_GAP_S = 0.006  # left between the reference level and QRS onset


def st_levels(
    x_mv: F32, offset: int, fiducials: Fiducials, fs_hz: float, first: int = 0, last: int | None = None
) -> F32:
    """ST level in mV of beats [first, last): 60 ms after QRS offset against the level before QRS onset, float32.

    `x_mv` [n] holds samples from record position `offset` on. Both levels are means over about 20 ms. NaN where
    a boundary is absent or the samples needed lie outside `x_mv`. Every beat is computed alone and in fixed order.
    """
    rows = slice(first, last)
    half = max(1, round(_HALF_WIDTH_S * fs_hz))
    j_plus = fiducials.qrs_off[rows] + round(ST_AFTER_J_S * fs_hz) - offset
    st = _mean_around(x_mv, j_plus, half, fiducials.qrs_off[rows] >= 0)
    level = reference_level(x_mv, fiducials.qrs_on[rows] - offset, fs_hz, fiducials.qrs_on[rows] >= 0)
    return (st - level).astype(np.float32)


def reference_level(x_mv: F32, qrs_on: I64, fs_hz: float, present: Bool) -> F64:
    """Mean level of about 20 ms just before QRS onset (the PR segment), float64; NaN outside `x_mv`."""
    half = max(1, round(_HALF_WIDTH_S * fs_hz))
    return _mean_around(x_mv, qrs_on - max(1, round(_GAP_S * fs_hz)) - half, half, present)


def _mean_around(x: F32, centre: I64, half: int, present: Bool) -> F64:
    usable = present & (centre - half >= 0) & (centre + half < len(x))
    where = centre[usable]
    total = np.zeros(len(where))
    for shift in range(-half, half + 1):
        total += x[where + shift]
    mean = np.full(len(centre), np.nan)
    mean[usable] = total / (2 * half + 1)
    return mean
