"""Heart-rate variability of normal beats: time domain, frequency domain in ms^2, nonlinear.

Definitions of the Task Force of ESC and NASPE (1996) unless said otherwise. Every measure names its method; one
that its series is too short for is absent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.analysis.hrv_frequency import band_powers
from engine.analysis.hrv_nonlinear import SAMPEN_WHOLE_UP_TO, dfa, poincare, sample_entropy
from engine.analysis.intervals import touches
from engine.analysis.types import Measure, Span

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Rule = Literal["neighbour", "closed"]

NORMAL_SYMBOLS = frozenset("NLR")  # conducted from the sinus node, bundle branch blocks included
SHORTEST_MS = 250.0
LONGEST_MS = 3000.0
FEWEST_NN = 20
FEWEST_NN_SAMPEN = 200
FEWEST_NN_DFA1 = 128
FEWEST_NN_DFA2 = 512
LF_HF_FROM_S = 120.0
VLF_FROM_S = 300.0
SEGMENTS_FROM_S = 600.0
_SEGMENT_S = 300.0
_TRIANGULAR_BIN_MS = 1000 / 128


@dataclass(frozen=True)
class NormalIntervals:
    """The NN series: intervals between successive normal beats.

    `nn_ms` [n]; `t_s` [n] time of the ending beat; `follows` [n]: the interval begins where the one before it in
    the series ends, so that their difference counts. `n_rr` is the number of all RR intervals.
    """

    nn_ms: F64
    t_s: F64
    follows: Bool
    n_rr: int
    rule: Rule


def normal_intervals(
    r: I64, symbols: Sequence[str], fs_hz: float, quality: Sequence[Span] = (), rule: Rule = "neighbour"
) -> NormalIntervals:
    """NN intervals: both beats normal (N, L, R), 250 to 3000 ms, not touching a span of `quality`.

    rule "neighbour": times are those of the record, and successive differences are taken only between intervals
    that share a beat. rule "closed": the series is closed up over what is left out, as many programs do.
    """
    if rule not in ("neighbour", "closed"):
        raise ValueError(f"rule is 'neighbour' or 'closed', not {rule!r}")
    normal = np.array([symbol in NORMAL_SYMBOLS for symbol in symbols], np.bool_)
    # Seconds first, then ms, like the programs this is compared with: differences of exactly 50 ms (18 samples at
    # 360 Hz) are common, and rounding decides which of them count as more.
    rr_ms = np.diff(r) / fs_hz * 1000.0
    kept = normal[:-1] & normal[1:] & (rr_ms >= SHORTEST_MS) & (rr_ms <= LONGEST_MS)
    kept &= ~touches(r[:-1], r[1:], quality)
    nn_ms = rr_ms[kept]
    index = np.flatnonzero(kept)
    if rule == "closed":
        follows = np.ones(len(nn_ms), np.bool_)
        t_s = np.cumsum(nn_ms) / 1000.0
    else:
        follows = np.diff(index, prepend=-2) == 1
        t_s = r[1:][kept] / fs_hz
    follows[:1] = False
    return NormalIntervals(nn_ms, t_s, follows, len(rr_ms), rule)


def hrv(
    r: I64, symbols: Sequence[str], fs_hz: float, *, quality: Sequence[Span] = (), rule: Rule = "neighbour"
) -> dict[str, Measure]:
    """All measures of beats at samples `r` [n] with WFDB `symbols` [n], by name.

    Time domain (at least 20 NN): nn_share, mean_nn, median_nn, iqr_nn, sdnn, cv_nn, rmssd, sdsd, pnn50, pnn20,
    triangular_index, and over 10 minutes sdann, sdnn_index. Frequency domain: lf, hf, lf_hf, lf_nu, hf_nu, total
    (2 minutes), vlf (5 minutes). Nonlinear: sd1, sd2, sd1_sd2, sample_entropy (200 NN), dfa_alpha1 (128),
    dfa_alpha2 (512).
    """
    series = normal_intervals(r, symbols, fs_hz, quality, rule)
    if len(series.nn_ms) < FEWEST_NN:
        return {}
    values = {**_time_domain(series), **_frequency_domain(series), **_nonlinear(series)}
    n, start, stop = len(series.nn_ms), int(r[0]), int(r[-1]) + 1
    return {
        name: Measure(value, unit, n, math.nan, method, start, stop)
        for name, (value, unit, method) in values.items()
        if math.isfinite(value)
    }


_Values = dict[str, tuple[float, str, str]]


def _time_domain(series: NormalIntervals) -> _Values:
    nn = series.nn_ms
    mean, sdnn = float(nn.mean()), float(nn.std(ddof=1))
    lower, median, upper = (float(q) for q in np.percentile(nn, [25, 50, 75]))
    found: _Values = {
        "nn_share": (100.0 * len(nn) / series.n_rr, "%", "NN intervals of all RR intervals"),
        "mean_nn": (mean, "ms", "mean of NN"),
        "median_nn": (median, "ms", "median of NN"),
        "iqr_nn": (upper - lower, "ms", "interquartile range of NN"),
        "sdnn": (sdnn, "ms", "standard deviation of NN (n - 1)"),
        "cv_nn": (100.0 * sdnn / mean, "%", "SDNN / mean NN"),
        "triangular_index": (_triangular_index(nn), "", "NN / highest count in bins of 1/128 s"),
    }
    step = np.diff(nn)[series.follows[1:]]
    if len(step) >= FEWEST_NN:
        how = _differences(series.rule)
        found |= {
            "rmssd": (float(np.sqrt(np.mean(step**2))), "ms", f"root mean square of differences {how}"),
            "sdsd": (float(step.std(ddof=1)), "ms", f"standard deviation (n - 1) of differences {how}"),
            "pnn50": (100.0 * float(np.mean(np.abs(step) > 50.0)), "%", f"differences over 50 ms {how}"),
            "pnn20": (100.0 * float(np.mean(np.abs(step) > 20.0)), "%", f"differences over 20 ms {how}"),
        }
    if series.t_s[-1] - series.t_s[0] >= SEGMENTS_FROM_S:
        segment = np.floor((series.t_s - series.t_s[0]) / _SEGMENT_S).astype(np.int64)
        parts = [nn[segment == k] for k in range(int(segment[-1]) + 1)]
        parts = [part for part in parts if len(part) >= FEWEST_NN]
        if len(parts) >= 2:
            means = np.array([part.mean() for part in parts])
            found["sdann"] = (float(means.std(ddof=1)), "ms", f"SD (n - 1) of {len(parts)} 5-min means")
            spread = float(np.mean([part.std(ddof=1) for part in parts]))
            found["sdnn_index"] = (spread, "ms", f"mean of {len(parts)} 5-min SDNN")
    return found


def _differences(rule: Rule) -> str:
    return "between neighbours in the record" if rule == "neighbour" else "over the closed-up series"


def _triangular_index(nn_ms: F64) -> float:
    return len(nn_ms) / float(np.bincount(np.round(nn_ms / _TRIANGULAR_BIN_MS).astype(np.int64)).max())


def _frequency_domain(series: NormalIntervals) -> _Values:
    covered_s = float(series.nn_ms.sum()) / 1000.0
    powers = band_powers(series.t_s, series.nn_ms) if covered_s >= LF_HF_FROM_S else None
    if powers is None:
        return {}
    axis = "beat times" if series.rule == "neighbour" else "closed-up times"
    method = f"{powers.method}, {axis}"
    found: _Values = {
        "lf": (powers.lf, "ms^2", f"0.04-0.15 Hz, {method}"),
        "hf": (powers.hf, "ms^2", f"0.15-0.40 Hz, {method}"),
        "total": (powers.total, "ms^2", f"up to 0.40 Hz, {method}"),
    }
    if powers.lf + powers.hf > 0:
        found["lf_nu"] = (100.0 * powers.lf / (powers.lf + powers.hf), "n.u.", f"LF / (LF + HF), {method}")
        found["hf_nu"] = (100.0 * powers.hf / (powers.lf + powers.hf), "n.u.", f"HF / (LF + HF), {method}")
    if powers.hf > 0:
        found["lf_hf"] = (powers.lf / powers.hf, "", f"LF / HF, {method}")
    if covered_s >= VLF_FROM_S:
        found["vlf"] = (powers.vlf, "ms^2", f"0.0033-0.04 Hz, {method}")
    return found


def _nonlinear(series: NormalIntervals) -> _Values:
    nn, follows = series.nn_ms, series.follows
    found: _Values = {}
    if np.count_nonzero(follows) >= FEWEST_NN:
        sd1, sd2 = poincare(nn, follows)
        found["sd1"] = (sd1, "ms", f"across the Poincaré plot, pairs {_differences(series.rule)}")
        found["sd2"] = (sd2, "ms", f"along the Poincaré plot, pairs {_differences(series.rule)}")
        if sd2 > 0:
            found["sd1_sd2"] = (sd1 / sd2, "", "SD1 / SD2")
    if len(nn) >= FEWEST_NN_SAMPEN:
        whole = "whole series" if len(nn) <= SAMPEN_WHOLE_UP_TO else "median over blocks of 1000 NN"
        found["sample_entropy"] = (sample_entropy(nn, follows), "", f"m = 2, r = 0.2 SD, {whole}")
    if len(nn) >= FEWEST_NN_DFA1:
        found["dfa_alpha1"] = (dfa(nn, range(4, 17)), "", "windows of 4 to 16 NN, closed-up series")
    if len(nn) >= FEWEST_NN_DFA2:
        found["dfa_alpha2"] = (dfa(nn, range(16, 65)), "", "windows of 16 to 64 NN, closed-up series")
    return found
