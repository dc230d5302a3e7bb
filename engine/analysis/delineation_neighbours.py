"""Which neighbouring beats look alike, and what they say together: averages and the coherence of the P window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.delineation_grid import (
    BEFORE,
    COLUMNS,
    F64,
    I64,
    MAX_LAG,
    Bool,
    Windows,
    row_sum,
    smooth,
)

NEIGHBOURS_BEFORE, NEIGHBOURS_AFTER = 5, 4
REACH_BEFORE_S, REACH_AFTER_S = 6.0, 2.4
OFFSETS = tuple(k for k in range(-NEIGHBOURS_BEFORE, NEIGHBOURS_AFTER + 1) if k)
CORE = slice(BEFORE - 16, BEFORE + 22)  # the QRS by which beats are compared
ALIKE_CORRELATION, ALIKE_LOG_ENERGY = 0.9, 0.35
OWN_WEIGHT = 2.0


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of the beats `rows` of a set of windows, [beats, len(OFFSETS)].

    index: row of the neighbour (any row where there is none); near: it exists and is within reach; alike: it is
    near, whole, and its QRS has the same shape and size; lag: columns to move it by to line up.
    """

    rows: I64
    index: I64
    near: Bool
    alike: Bool
    lag: I64

    def aligned(self, windows: Windows, k: int) -> F64:
        """Windows [beats, WIDTH] of neighbour k, lined up with the beats."""
        start = self.index[:, k] * windows.padded.shape[1] + MAX_LAG + self.lag[:, k]
        rows: F64 = windows.padded.ravel()[start[:, None] + COLUMNS]
        return rows


def find_neighbours(windows: Windows, r: I64, fs_hz: float, rows: I64) -> Neighbours:
    """Neighbours of beats `rows`; r [all beats] holds the samples of all the windows."""
    core = slice(CORE.start, CORE.stop + 2 * MAX_LAG)
    wave = smooth(windows.padded[:, core], 3)
    width = CORE.stop - CORE.start
    shifted = [wave[:, lag : lag + width] for lag in range(2 * MAX_LAG + 1)]
    shifted = [w - row_sum(w)[:, None] / width for w in shifted]
    norm = [np.sqrt(row_sum(w * w)) + 1e-9 for w in shifted]
    own, own_norm = shifted[MAX_LAG][rows], norm[MAX_LAG][rows]
    whole = windows.whole

    shape = (len(rows), len(OFFSETS))
    index, lag = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    near, alike = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    lags = sorted(range(2 * MAX_LAG + 1), key=lambda k: abs(k - MAX_LAG))
    for k, offset in enumerate(OFFSETS):
        other = rows + offset
        inside = (other >= 0) & (other < len(r))
        other = np.clip(other, 0, len(r) - 1)
        seconds = (r[other] - r[rows]) / fs_hz
        index[:, k] = other
        near[:, k] = inside & (seconds >= -REACH_BEFORE_S) & (seconds <= REACH_AFTER_S)
        best = np.full(len(rows), -2.0)
        for move in lags:
            likeness = row_sum(own * shifted[move][other]) / (own_norm * norm[move][other])
            better = likeness > best
            best[better] = likeness[better]
            lag[better, k] = move - MAX_LAG
        energy = np.abs(np.log(own_norm / norm[MAX_LAG][other]))
        alike[:, k] = near[:, k] & whole[other] & (best > ALIKE_CORRELATION) & (energy < ALIKE_LOG_ENERGY)
    return Neighbours(rows, index, near, alike, lag)


def average(windows: Windows, neighbours: Neighbours) -> F64:
    """Each beat averaged with its look-alikes, [beats, WIDTH]; a beat whose own window is not whole stays alone."""
    rows = neighbours.rows
    total = OWN_WEIGHT * windows.values[rows]
    weight = np.full(len(rows), OWN_WEIGHT)
    use = neighbours.alike & windows.whole[rows][:, None]
    for k in range(len(OFFSETS)):
        gate = use[:, k].astype(np.float64)
        total += gate[:, None] * neighbours.aligned(windows, k)
        weight += gate
    mean: F64 = total / weight[:, None]
    return mean
