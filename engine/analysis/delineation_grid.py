"""Beat windows on a common time grid, and the row-wise arithmetic the delineator is made of.

Every beat is looked at through a window of fixed length, sampled at `GRID_HZ` and anchored at its own R sample, so
neither the rate of the recording nor the place where a block of signal begins can change what is found. All
functions work on matrices [beats, columns] and treat every row alone: a row's result has the same bits whatever
other rows are in the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

GRID_HZ = 250.0
BEFORE = 160  # columns before R: 640 ms
AFTER = 200  # columns after R: 800 ms
WIDTH = BEFORE + AFTER + 1
MAX_LAG = 4  # columns a neighbour may be moved to line up with a beat: 16 ms
PADDED = WIDTH + 2 * MAX_LAG
KERNEL_SD_S = 0.004  # Gaussian that carries the signal onto the grid; passes about 33 Hz at -3 dB
COLUMNS: I64 = np.arange(WIDTH, dtype=np.int64)


@dataclass(frozen=True)
class Windows:
    """Signal around beats. `padded` [beats, PADDED] in mV; columns beyond the usable ones repeat the last usable.

    first, last: first and last usable column [beats] (0 and WIDTH - 1 where all of the window is usable).
    """

    padded: F64
    first: I64
    last: I64

    @property
    def values(self) -> F64:
        """[beats, WIDTH], column BEFORE is R."""
        return self.padded[:, MAX_LAG : MAX_LAG + WIDTH]

    @property
    def whole(self) -> Bool:
        """[beats], True where no column is missing."""
        return (self.first == 0) & (self.last == WIDTH - 1)


@lru_cache(maxsize=16)
def _carrier(fs_hz: float) -> tuple[I64, F64]:
    """Nearest input sample of every grid column relative to R, and weights [PADDED, taps] around it."""
    sd = max(KERNEL_SD_S * fs_hz, 0.7)
    reach = int(np.ceil(3.2 * sd))
    position = (np.arange(PADDED) - BEFORE - MAX_LAG) / GRID_HZ * fs_hz
    nearest = np.rint(position)
    taps = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * ((nearest[:, None] + taps - position[:, None]) / sd) ** 2)
    return nearest.astype(np.int64), weight / weight.sum(axis=1, keepdims=True)


def beat_windows(x_mv: NDArray[np.float32], r: I64, fs_hz: float, invalid: I64) -> Windows:
    """Windows around the samples r of x_mv [n].

    invalid: sorted indices of samples of x_mv that carry no signal. A window ends at the last grid column before
    the first invalid (or absent) sample on either side of R; what lies beyond repeats that column.
    """
    nearest, weight = _carrier(fs_hz)
    reach = weight.shape[1] // 2
    at = np.searchsorted(invalid, r)
    before = np.concatenate(([-1], invalid))[at]
    after = np.concatenate((invalid, [len(x_mv)]))[np.minimum(at, len(invalid))]
    # A column counts as usable when its centre sample is; its kernel's tails may lean on the held edge.
    first = np.searchsorted(nearest, before - r + 1)
    last = np.searchsorted(nearest, after - r) - 1
    low = np.minimum(before + 1, len(x_mv) - 1)[:, None]
    high = np.maximum(after - 1, 0)[:, None]
    centre = r[:, None] + nearest
    padded = np.zeros(centre.shape)
    for k in range(weight.shape[1]):
        padded += weight[:, k] * x_mv[np.clip(centre + (k - reach), low, high)]
    return Windows(
        padded,
        np.clip(first - MAX_LAG, 0, WIDTH - 1),
        np.clip(last - MAX_LAG, 0, WIDTH - 1),
    )


def smooth(rows: F64, width: int) -> F64:
    """Three passes of a moving mean over an odd width, ends held: a Gaussian of SD sqrt((width^2 - 1) / 4)."""
    half = width // 2
    n = rows.shape[1]
    pad = 3 * half
    padded = np.concatenate(
        (np.repeat(rows[:, :1], pad + 1, axis=1), rows, np.repeat(rows[:, -1:], pad, axis=1)), axis=1
    )
    # Running sums start from the row's own level, so that a large offset costs no precision.
    padded -= rows[:, :1]
    for _ in range(3):
        total = np.cumsum(padded, axis=1)
        padded = (total[:, width:] - total[:, :-width]) * (1.0 / width)
        padded = np.concatenate((padded[:, :1], padded), axis=1)
    return padded[:, 1 : n + 1] + rows[:, :1]


def derivative(rows: F64) -> F64:
    """Central difference per column, zero at both ends."""
    slope = np.zeros_like(rows)
    slope[:, 1:-1] = 0.5 * (rows[:, 2:] - rows[:, :-2])
    return slope


def bump(rows: F64, half: int) -> F64:
    """Height of each point over the middle of the chord between the points `half` columns to either side."""
    height = np.zeros_like(rows)
    height[:, half:-half] = rows[:, half:-half] - 0.5 * (rows[:, 2 * half :] + rows[:, : -2 * half])
    return height


def hold_after(rows: F64, column: I64) -> F64:
    """Rows with everything right of column[i] replaced by the value there."""
    held: F64 = np.where(np.arange(rows.shape[1]) <= column[:, None], rows, at(rows, column)[:, None])
    return held


def hold_before(rows: F64, column: I64) -> F64:
    """Rows with everything left of column[i] replaced by the value there."""
    held: F64 = np.where(np.arange(rows.shape[1]) >= column[:, None], rows, at(rows, column)[:, None])
    return held


def at(rows: NDArray[np.float64], column: I64) -> F64:
    """rows[i, column[i]], columns clipped to the matrix."""
    picked: F64 = np.take_along_axis(rows, np.clip(column, 0, rows.shape[1] - 1)[:, None], axis=1)[:, 0]
    return picked


def argmax_between(rows: F64, low: I64, high: I64) -> I64:
    """First column of the largest value in low..high (both included) of each row; low where that is empty."""
    column = np.arange(rows.shape[1])
    inside = (column >= low[:, None]) & (column <= high[:, None])
    best = np.where(inside, rows, -np.inf).argmax(axis=1)
    return np.where(inside.any(axis=1), best, low)


def row_sum(rows: F64) -> F64:
    """Sum of each row, independent of the number of rows."""
    total: F64 = np.ascontiguousarray(rows).sum(axis=1)
    return total


def row_median(rows: F64) -> F64:
    """Median of each row's numbers (the upper of the middle two), NaN where a row has none."""
    ordered = np.sort(rows, axis=1)  # NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=1)
    return at(ordered, count // 2)
