"""Is the candidate before the QRS a P wave? Evidence from the beat and its neighbours, weighed by a fixed logistic.

A P wave repeats: its shape and its distance to the QRS are the same from beat to beat. Fibrillatory waves are not
locked to the QRS, flutter waves fill the whole diastole, and ventricular beats have no P wave in place. Each of
these is one number per beat; their weights are published below and were fitted by benchmarks/fit_p_presence.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.analysis.delineation_grid import (
    BEFORE,
    COLUMNS,
    F64,
    I64,
    MAX_LAG,
    Windows,
    at,
    bump,
    hold_after,
    row_median,
    row_sum,
    smooth,
)
from engine.analysis.delineation_neighbours import OFFSETS, Neighbours
from engine.analysis.delineation_waves import P_BUMP_HALF, P_BUMP_SMOOTH, Wave

SEGMENT = 56  # columns compared: 248 to 24 ms before QRS onset
SEGMENT_START = -62
FLOOR_MV = 2e-3  # added to noise figures, so that a clean record does not make infinite ratios
FEATURES = (
    "coherence",  # mean correlation of the P window with that of the look-alike neighbours
    "mean_height",  # log height of the averaged wave over the activity between T and P
    "own_height",  # the same for the beat's own wave
    "size",  # log height of the beat's own wave, mV
    "alike",  # share of the neighbours that look alike
    "rr_jitter",  # mean change of the RR interval from beat to beat, relative
    "prematurity",  # RR interval over the median one
    "widening",  # QRS width over the median of the neighbours, columns
    "inverted",
)

INTERCEPT = -2.592
WEIGHTS: Mapping[str, float] = {
    "coherence": 3.735,
    "mean_height": 1.009,
    "own_height": 0.351,
    "size": -0.228,
    "alike": 1.323,
    "rr_jitter": -11.567,
    "prematurity": 0.900,
    "widening": -0.033,
    "inverted": -0.605,
}


def features(
    windows: Windows,
    neighbours: Neighbours,
    candidate: Wave,
    qrs_on: I64,
    own_qrs: tuple[I64, I64],
    previous_t_off: F64,
    rr: F64,
) -> F64:
    """[beats, len(FEATURES)] for the beats neighbours.rows.

    For all windows: own_qrs, onset and offset of the QRS before averaging; rr, columns to the previous beat.
    """
    rows = neighbours.rows
    n = len(rows)
    start = qrs_on + SEGMENT_START
    columns = np.clip(start[:, None] + np.arange(SEGMENT), 0, BEFORE)
    after_t = columns >= np.where(np.isnan(previous_t_off), 0.0, previous_t_off - 6)[:, None]

    # Each beat's signal is held from its own QRS on, or the foot of the QRS would pass for something that repeats.
    own_on, own_off = own_qrs
    before_qrs = hold_after(windows.padded[:, : BEFORE + 1 + 2 * MAX_LAG], own_on + MAX_LAG)
    heights = bump(smooth(before_qrs, P_BUMP_SMOOTH), P_BUMP_HALF)
    stride = heights.shape[1]

    def segment(index: I64, lag: NDArray[np.int64] | int) -> F64:
        """The P window of the beats `index`, moved by `lag`, blanked where the T wave is."""
        cut: F64 = heights.ravel()[(index * stride + MAX_LAG + lag)[:, None] + columns] * after_t
        return cut

    own = segment(rows, 0)
    energy = row_sum(own * own) + 1e-12
    total, total_energy, count = own.copy(), energy.copy(), np.ones(n)
    correlation = np.zeros(n)
    for k in range(len(OFFSETS)):
        gate = neighbours.alike[:, k]
        other = segment(neighbours.index[:, k], neighbours.lag[:, k])
        other_energy = row_sum(other * other) + 1e-12
        correlation += gate * row_sum(own * other) / np.sqrt(energy * other_energy)
        total += gate[:, None] * other
        total_energy += gate * other_energy
        count += gate
    mean = total / count[:, None]
    spread = np.sqrt(
        np.maximum(total_energy / count - row_sum(mean * mean), 0) / SEGMENT * count / np.maximum(count - 1, 1)
    )
    own_height = at(own, candidate.peak - start) * candidate.sign
    mean_height = at(mean, candidate.peak - start) * candidate.sign
    diastole = _diastole(heights[rows, MAX_LAG : MAX_LAG + BEFORE + 1], previous_t_off, candidate.on)
    diastole = np.where(np.isnan(diastole), spread, diastole)

    def log_ratio(height: F64) -> F64:
        ratio: F64 = np.log(np.maximum(height, 2e-4) / (diastole + FLOOR_MV))
        return ratio

    near_rr = np.where(neighbours.near, rr[neighbours.index], np.nan)
    middle = len(OFFSETS) - sum(offset > 0 for offset in OFFSETS)
    series = np.concatenate((near_rr[:, :middle], rr[rows][:, None], near_rr[:, middle:]), axis=1)
    typical = row_median(series)
    step = np.abs(np.diff(series, axis=1)) / typical[:, None]
    steps = np.count_nonzero(~np.isnan(step), axis=1)
    rr_jitter = row_sum(np.minimum(np.nan_to_num(step), 0.5)) / np.maximum(steps, 1)
    width = (own_off - own_on).astype(np.float64)
    usual_width = row_median(np.where(neighbours.near, width[neighbours.index], np.nan))
    near = np.count_nonzero(neighbours.near, axis=1)
    alike = np.count_nonzero(neighbours.alike, axis=1)
    return np.stack(
        (
            correlation / np.maximum(count - 1, 1),
            log_ratio(mean_height),
            log_ratio(own_height),
            np.log(np.maximum(own_height, 1e-3)),
            alike / np.maximum(near, 1),
            rr_jitter,
            np.clip(np.nan_to_num(rr[rows] / typical, nan=1.0), 0.4, 1.6),
            np.clip(np.nan_to_num(width[rows] - usual_width), -15.0, 15.0),
            (candidate.sign < 0).astype(np.float64),
        ),
        axis=1,
    )


def _diastole(heights: F64, previous_t_off: F64, p_on: I64) -> F64:
    """Root mean square of the wave heights between the T wave before and the candidate; NaN where under 48 ms."""
    columns = COLUMNS[: BEFORE + 1]
    low = np.where(np.isnan(previous_t_off), P_BUMP_HALF, previous_t_off + 3)
    inside = (columns >= low[:, None]) & (columns <= (p_on - 4)[:, None])
    count = np.count_nonzero(inside, axis=1)
    activity = np.sqrt(row_sum(heights * heights * inside) / np.maximum(count, 1))
    return np.where(count < 12, np.nan, activity)


def is_p_wave(evidence: F64) -> NDArray[np.bool_]:
    """Decision per beat on `features`."""
    score = np.full(len(evidence), INTERCEPT)
    for k, name in enumerate(FEATURES):
        score = score + WEIGHTS[name] * evidence[:, k]
    return score > 0
