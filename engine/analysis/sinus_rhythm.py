"""What to call a rhythm that is neither fibrillation nor ectopic: by rate, regularity and P waves, beat by beat."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.analysis.criteria import Criteria
from engine.analysis.fibrillation import atrial_intervals
from engine.analysis.stretches import fill_short, hysteresis, rolling_mean, rolling_median

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Str = NDArray[np.str_]

NOT_ATRIAL = ("V", "Q")  # beats that do not follow the atria

_RATE_REACH = 5  # beats on either side that make the rate at a beat
_RATE_SLACK_BPM = 2.0
_SPREAD_REACH = 5
_SPREAD_SHARE = 0.2  # of the RR: more than that within eleven beats is irregular
_IRREGULAR_S = 30.0
_REGULAR_S, _SVT_BPM, _FEW_P = 0.06, 150.0, 0.3  # as regular, as fast, so few P waves: not sinus tachycardia
_NO_P_S = 30.0  # without a P wave for so long: not called sinus rhythm
_P_REACH = 7


def sinus_states(
    before_s: F64, symbol: Str, has_p: Bool, fibrillating: Bool, criteria: Criteria
) -> tuple[Str, F64]:
    """A label of N, SBR, ST, SARRH, SVTA or UNKNOWN (no P waves) for each beat, and how sure it is, 0.5 to 1.

    before_s: RR before each beat, [n]; has_p: a P wave was found; fibrillating: beats somebody else will name.
    A rate counts where it lasts `criteria.rate_min_s`; in a shorter recording one label holds for all of it.
    """
    n = len(before_s)
    usual = np.flatnonzero(~np.isin(symbol, ["S", *NOT_ATRIAL]))
    at, rr = atrial_intervals(before_s[1:], usual)
    if len(at) < 3:
        at, rr = np.arange(1, n), before_s[1:]

    def everywhere(values: F64) -> F64:
        return np.interp(np.arange(n), at, values)

    typical = rolling_median(rr, _RATE_REACH)
    spread = _rolling_range(rr, _SPREAD_REACH)
    irregular = spread / np.maximum(criteria.sinus_irregular_s, _SPREAD_SHARE * typical)
    p_share = np.zeros(n)
    if len(usual):
        p_share = np.interp(np.arange(n), usual, rolling_mean(has_p[usual].astype(np.float64), _P_REACH))
    state = np.full(n, "N", dtype="<U7")

    if before_s.sum() < 2 * criteria.rate_min_s:
        rate = 60 / float(np.median(rr))
        label = "SBR" if rate < criteria.brady_bpm else "ST" if rate > criteria.tachy_bpm else "N"
        if np.median(irregular) > 1:
            label = "SARRH"
        if p_share.mean() < 0.1:
            label = "UNKNOWN"
        if rate >= _SVT_BPM and np.median(spread) < _REGULAR_S and p_share.mean() < _FEW_P:
            label = "SVTA"
        state[:] = label
        return state, 0.5 + 0.5 * p_share

    bpm = 60 / everywhere(typical)
    brady, tachy, slack = criteria.brady_bpm, criteria.tachy_bpm, _RATE_SLACK_BPM
    fast_and_regular = (bpm >= _SVT_BPM) & (everywhere(spread) < _REGULAR_S) & (p_share < _FEW_P)
    for label, mask, least_s in (
        ("SARRH", hysteresis(everywhere(irregular), 1.2, 0.9), _IRREGULAR_S),
        ("SBR", hysteresis(-bpm, -brady, -brady - slack), criteria.rate_min_s),
        ("ST", hysteresis(bpm, tachy, tachy - slack), criteria.rate_min_s),
        ("UNKNOWN", hysteresis(-p_share, -0.05, -0.2), _NO_P_S),
        ("SVTA", fast_and_regular, criteria.rate_min_s),
    ):
        state[fill_short(mask & ~fibrillating, before_s, least_s)] = label
    return state, 0.5 + 0.5 * p_share


def _rolling_range(values: F64, reach: int) -> F64:
    windows = sliding_window_view(np.pad(values, reach, mode="edge"), 2 * reach + 1)
    return windows.max(axis=1) - windows.min(axis=1)
