"""Cutting strips into windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


def resampled(values: F32, from_hz: float, to_hz: float) -> F32:
    """`values` [n] at another rate, float32; sample 0 stays at time 0."""
    if from_hz == to_hz:
        return np.asarray(values, np.float32)
    from engine.signals.resample import resample

    return np.asarray(resample(np.asarray(values, np.float32), from_hz, to_hz), np.float32)


def evaluation_starts(n: int, length: int, hop: int | None = None) -> I64:
    """Starts of windows that cover `n` samples: every `hop` (default `length`), the last one flush with the end.

    Empty when not even one window fits.
    """
    if n < length:
        return np.zeros(0, np.int64)
    starts = np.arange(0, n - length + 1, hop or length, dtype=np.int64)
    return starts if starts[-1] == n - length else np.append(starts, n - length)


def training_starts(n: int, length: int, count: int, generator: np.random.Generator) -> I64:
    """`count` random window starts, sorted; empty when not even one window fits."""
    if n < length:
        return np.zeros(0, np.int64)
    return np.sort(generator.integers(0, n - length + 1, count))


def cut(values: NDArray, starts: I64, length: int) -> NDArray:
    """Windows [len(starts), length] of `values` [n]; those of [n, k] are [len(starts), length, k]."""
    return values[starts[:, None] + np.arange(length)]
