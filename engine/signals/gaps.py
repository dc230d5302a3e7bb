"""Filling missing samples, so that filters meet no steps that the heart did not make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]


def bridged(x: F64, valid: Bool) -> F64:
    """`x` [..., n] with missing samples on the straight line between their valid neighbours.

    Before the first and after the last valid sample the nearest one is held; a row without any becomes 0.
    """
    if valid.all():
        return x
    n = x.shape[-1]
    y = x.reshape(-1, n).copy()
    position = np.arange(n)
    for row, ok in zip(y, np.broadcast_to(valid, x.shape).reshape(-1, n), strict=True):
        if ok.any():
            row[~ok] = np.interp(position[~ok], position[ok], row[ok])
        else:
            row[:] = 0.0
    return y.reshape(x.shape)


def held(x: F64, valid: Bool, before: F64) -> F64:
    """`x` [channels, n] with missing samples replaced by the last valid one, `before` [channels] at the start."""
    source = np.where(valid, np.arange(x.shape[1]), -1)
    np.maximum.accumulate(source, axis=1, out=source)
    return np.where(source >= 0, np.take_along_axis(x, np.maximum(source, 0), axis=1), before[:, None])
