"""Atrial fibrillation along a recording: RR irregularity weighed against P waves, beat by beat."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.analysis import af
from engine.analysis.stretches import rolling_mean

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Str = NDArray[np.str_]

_STRIDE = 3
_P_REACH = 12  # beats on either side whose P waves count
_P_WEIGHT = 8.0  # log odds for no beat against all beats with a P wave
_P_NEUTRAL = 0.4  # share of beats with a P wave that speaks neither way


def fibrillation_chance(rr_s: F64, symbol: Str, has_p: Bool) -> F64:
    """Probability 0..1 at each of n beats.

    rr_s: [n - 1] intervals between them; symbol: [n]; has_p: [n], a P wave was found.
    Intervals next to ventricular beats say nothing of the atria and are left out.
    """
    n = len(symbol)
    ventricular = symbol == "V"
    clean = ~(ventricular[1:] | ventricular[:-1])
    at = np.flatnonzero(clean)
    if len(at) < af.SHORT_WINDOW:
        at = np.arange(n - 1)
    if len(at) < af.SHORT_WINDOW:
        return np.zeros(n)
    width = af.WINDOW if len(at) >= af.WINDOW else af.SHORT_WINDOW
    start = np.unique(np.append(np.arange(0, len(at) - width, _STRIDE), len(at) - width))
    irregular = af.af_probability(sliding_window_view(rr_s[at], width)[start])
    middle = at[start + width // 2]
    log_odds = np.interp(np.arange(n), middle, np.log((irregular + 1e-6) / (1 - irregular + 1e-6)))

    usual = np.flatnonzero(~ventricular)
    if len(usual):
        share = rolling_mean(has_p[usual].astype(np.float64), _P_REACH)
        p_share = np.interp(np.arange(n), usual, share)
        log_odds += _P_WEIGHT * (_P_NEUTRAL - p_share)
    return 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
