"""Prematurity of a beat against the sinus rhythm it interrupts: what tells supraventricular ectopic beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

_EARLY = 0.15  # RR shorter than the sinus RR by this share do not move it
_LATE, _LATE_SHARE, _LATEST = 1.3, 0.3, 1.5  # much longer ones move it little
_FOLLOW = 0.2
_SPREAD_FOLLOW = 0.1
_PATIENCE_S = 60.0  # a faster rhythm that lasts this long is the new sinus rhythm
_SLOW_S, _SLOW_BEATS = (
    0.6,
    5,
)  # as many early beats at less than 100/min are one at once: a block or a pause is over
_FIRST_BEATS = 15

SINUS_COLUMNS = (
    "early",  # logarithm of sinus RR to this RR, 0 to 0.3
    "early_for_this_rhythm",  # the logarithm over the usual spread of the sinus RR, -2 to 6
)


def sinus_context(rr_s: F64, ventricular: Bool) -> F64:
    """One row a beat, float64 [n, len(SINUS_COLUMNS)]; rr_s: RR before each beat, [n]; ventricular: [n]."""
    sinus_s, spread = sinus_interval(rr_s, ventricular)
    early = np.log(sinus_s / rr_s)
    return np.stack([np.clip(early, 0, 0.3), np.clip(early / (spread + 0.02), -2, 6)], axis=1)


def sinus_interval(rr_s: F64, ventricular: Bool) -> tuple[F64, F64]:
    """Sinus RR just before each beat, seconds [n], and its relative spread [n].

    The running value follows the RR that fit it. Early beats leave it alone, so in a run of them every beat counts
    as early against the rhythm before the run; only when the faster rhythm lasts does it become the sinus rhythm.
    """
    n = len(rr_s)
    sinus_s, spread = np.empty(n), np.empty(n)
    skip = (ventricular | np.concatenate([[False], ventricular[:-1]])).tolist()
    values = rr_s.tolist()
    running = float(np.median(rr_s[:_FIRST_BEATS]))
    variation = 0.04
    early: list[int] = []
    for i, rr in enumerate(values):
        sinus_s[i], spread[i] = running, variation
        if skip[i]:
            continue
        if rr < (1 - _EARLY) * running:
            early.append(i)
            slow = len(early) >= _SLOW_BEATS and float(np.median(rr_s[early[-_SLOW_BEATS:]])) > _SLOW_S
            if slow or float(rr_s[early].sum()) > _PATIENCE_S:
                running = float(np.median(rr_s[early[-_FIRST_BEATS:]]))
                if slow:
                    sinus_s[early] = running
                early = []
            continue
        early = []
        variation += _SPREAD_FOLLOW * (min(abs(np.log(rr / running)), 0.3) - variation)
        share = _FOLLOW if rr < _LATE * running else _FOLLOW * _LATE_SHARE
        running += share * (min(rr, _LATEST * running) - running)
    return sinus_s, spread
