"""Atrial fibrillation along a recording: RR irregularity weighed against P waves, beat by beat."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.analysis import af
from engine.analysis.stretches import rolling_mean

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_STRIDE = 3
_P_REACH = 12  # beats on either side whose P waves count
_P_WEIGHT = 8.0  # log odds for no beat against all beats with a P wave
_P_NEUTRAL = 0.3  # share of beats with a P wave that speaks neither way
_CROWDED, _CROWDED_WEIGHT, _CROWD_REACH = 0.25, 10.0, 15  # share of ventricular beats that hides the atria
_NARROW, _NARROW_WEIGHT = 0.12, 40.0  # interquartile range over median that speaks against it, log odds per unit


def fibrillation_chance(rr_s: F64, ventricular: Bool, has_p: Bool) -> F64:
    """Probability 0..1 at each of n beats, from what lies around it.

    rr_s: [n - 1] intervals between the beats; ventricular, has_p (a P wave was found): [n].
    The pause after a single ventricular beat keeps the sinus clock: half the interval across it counts as one RR,
    so that bigeminy is no irregularity. Intervals in and around runs are left out.
    """
    return _chance(rr_s, ventricular, has_p, (0.5,))


def fibrillation_on_both_sides(rr_s: F64, ventricular: Bool, has_p: Bool) -> F64:
    """The smaller of the probabilities before and after each beat: high inside fibrillation only, not beside it."""
    return _chance(rr_s, ventricular, has_p, (0.0, 1.0))


def _chance(rr_s: F64, ventricular: Bool, has_p: Bool, places: tuple[float, ...]) -> F64:
    """Smallest probability over windows that have the beat at these places (0 first, 1 last)."""
    n = len(ventricular)
    usual = np.flatnonzero(~ventricular)
    at, atrial_s = atrial_intervals(rr_s, usual)
    if len(at) < af.SHORT_WINDOW:
        at, atrial_s = np.arange(1, n), rr_s
    if len(at) < af.SHORT_WINDOW:
        return np.zeros(n)
    width = af.WINDOW if len(at) >= af.WINDOW else af.SHORT_WINDOW
    start = np.unique(np.append(np.arange(0, len(at) - width, _STRIDE), len(at) - width))
    windows = sliding_window_view(atrial_s, width)[start]
    irregular = np.clip(af.af_probability(windows), 0.005, 0.995)  # P waves must be able to outweigh it
    irregular_odds = np.log(irregular / (1 - irregular))
    if width == af.WINDOW:
        low, median, high = np.percentile(windows, [25, 50, 75], axis=1)
        irregular_odds += _NARROW_WEIGHT * np.minimum((high - low) / median - _NARROW, 0)
    beat = np.arange(n)
    log_odds = np.full(n, np.inf)
    share = np.full(n, -np.inf)
    for place in places:
        middle = at[start + round(place * (width - 1))]
        log_odds = np.minimum(log_odds, np.interp(beat, middle, irregular_odds))
        if len(usual):
            with_p = _share(has_p[usual], round(2 * place * _P_REACH))
            share = np.maximum(share, np.interp(beat, usual, with_p))
    if len(usual):
        log_odds += _P_WEIGHT * (_P_NEUTRAL - share)
    crowded = rolling_mean(ventricular.astype(np.float64), _CROWD_REACH) - _CROWDED
    log_odds -= _CROWDED_WEIGHT * np.maximum(crowded, 0)
    return 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))


def atrial_intervals(rr_s: F64, usual: I64) -> tuple[I64, F64]:
    """Beats at the end of each interval that tells of the atria, and these intervals, s.

    rr_s: [n - 1] intervals between all beats; usual: the beats that follow the atria. Across one other beat half
    the interval counts; where more lie between, nothing is known.
    """
    beats_between = np.diff(usual) - 1
    time_s = np.concatenate([[0.0], np.cumsum(rr_s)])
    interval = np.diff(time_s[usual]) / (beats_between + 1)
    known = beats_between <= 1
    return usual[1:][known], interval[known]


def _share(mask: Bool, back: int) -> F64:
    """Share of True from `back` places before to `2 * _P_REACH - back` after each place."""
    n = len(mask)
    total = np.concatenate([[0], np.cumsum(mask)])
    low = np.maximum(np.arange(n) - back, 0)
    high = np.minimum(np.arange(n) + 2 * _P_REACH - back + 1, n)
    return (total[high] - total[low]) / (high - low)
