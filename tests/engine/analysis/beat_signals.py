"""Drawn beats for tests: sums of bumps at given places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import Fiducials

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

# (centre ms from R, width ms, height mV)
NORMAL = ((-160, 22, 0.12), (-24, 8, -0.1), (0, 10, 1.2), (26, 9, -0.25), (260, 50, 0.3))
WITHOUT_P = NORMAL[1:]
WIDE = ((-20, 30, 0.5), (20, 34, 1.4), (90, 40, -0.6), (300, 60, -0.45))


def draw(r: I64, kinds: str, fs_hz: float, n: int, noise_mv: float = 0.01, seed: int = 0) -> F32:
    """A lead with one beat at each R: N normal, P without P wave, V wide."""
    shapes = {"N": NORMAL, "S": NORMAL, "P": WITHOUT_P, "V": WIDE}
    x = np.random.default_rng(seed).normal(0, noise_mv, n)
    t = np.arange(n)
    for at, kind in zip(r.tolist(), kinds, strict=True):
        near = slice(max(0, at - int(0.6 * fs_hz)), min(n, at + int(0.7 * fs_hz)))
        ms = (t[near] - at) * 1000 / fs_hz
        for centre, width, height in shapes[kind]:
            x[near] += height * np.exp(-0.5 * ((ms - centre) / width) ** 2)
    return x.astype(np.float32)


def places(rr_s: NDArray[np.float64], fs_hz: float, first_s: float = 1.0) -> I64:
    """R samples from the intervals between them."""
    return np.round((first_s + np.concatenate([[0], np.cumsum(rr_s)])) * fs_hz).astype(np.int64)


def fiducials(r: I64, *, has_p: NDArray[np.bool_] | None = None) -> Fiducials:
    """R only, and P peaks 40 samples before R where asked for."""
    table = np.full((len(r), 9), -1, dtype=np.int64)
    table[:, 4] = r
    if has_p is not None:
        for column, lag in ((0, 55), (1, 40), (2, 25), (3, 15)):
            table[has_p, column] = r[has_p] - lag
    return Fiducials.from_table(table)
