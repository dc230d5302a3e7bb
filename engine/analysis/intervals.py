"""Intervals of every beat (RR, PR, QRS, QT, QTc, ST level), their medians, and the heart rate.

Definitions follow CSE and AHA/ACC/HRS 2009 (Rautaharju et al., Part IV): PR from P onset to QRS onset, QT from QRS
onset to T offset, QT corrected with the RR that precedes the beat, RR in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.analysis.axis import frontal_axis
from engine.analysis.levels import st_levels
from engine.analysis.types import BeatIntervals, Beats, Fiducials, Measure, Span

__all__ = ["RATE_BEATS", "beat_intervals", "frontal_axis", "st_levels", "summarise", "touches"]

I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

BEAT_HIDING_S = 0.1  # missing data in which a QRS complex may lie
RATE_BEATS = 8  # RR intervals averaged into one heart rate

_MEDIANS = (
    ("pr", "pr_ms", "P onset to QRS onset"),
    ("qrs", "qrs_ms", "QRS onset to QRS offset"),
    ("qt", "qt_ms", "QRS onset to T offset"),
    ("st", "st_mv", "level 60 ms after QRS offset against the level before QRS onset"),
    ("qtc_bazett", "qtc_bazett_ms", "QT / RR^(1/2), RR in s"),
    ("qtc_fridericia", "qtc_fridericia_ms", "QT / RR^(1/3), RR in s"),
    ("qtc_framingham", "qtc_framingham_ms", "QT + 154 ms (1 - RR), RR in s"),
    ("qtc_hodges", "qtc_hodges_ms", "QT + 1.75 ms (rate - 60), rate per min"),
)


def beat_intervals(
    r: I64, fiducials: Fiducials, fs_hz: float, st_mv: F32 | None = None, quality: Sequence[Span] = ()
) -> BeatIntervals:
    """Intervals of every beat; NaN where a boundary is absent or out of order. Any number of beats at once.

    RR, and what is corrected by it, is NaN across missing data of `quality` in which a beat may have been.
    Bazett 1920, Fridericia 1920, Framingham (Sagie et al. 1992), Hodges et al. 1983. `st_mv` is passed through.
    """
    n = len(r)
    to_ms = 1000.0 / fs_hz
    rr_ms = np.full(n, np.nan)
    rr_ms[1:] = np.diff(r) * to_ms
    rr_ms[~(rr_ms > 0)] = np.nan
    gaps = [s for s in quality if s.label == "gap" and s.stop - s.start >= BEAT_HIDING_S * fs_hz]
    if gaps:
        rr_ms[1:][touches(r[:-1], r[1:], gaps)] = np.nan
    qt_ms = _duration(fiducials.qrs_on, fiducials.t_off, to_ms)
    rr_s = rr_ms / 1000.0
    measured = {
        "rr_ms": rr_ms,
        "pr_ms": _duration(fiducials.p_on, fiducials.qrs_on, to_ms),
        "qrs_ms": _duration(fiducials.qrs_on, fiducials.qrs_off, to_ms),
        "qt_ms": qt_ms,
        "qtc_bazett_ms": qt_ms / np.sqrt(rr_s),
        "qtc_fridericia_ms": qt_ms / np.cbrt(rr_s),
        "qtc_framingham_ms": qt_ms + 154.0 * (1.0 - rr_s),
        "qtc_hodges_ms": qt_ms + 1.75 * (60.0 / rr_s - 60.0),
        "st_mv": np.full(n, np.nan) if st_mv is None else st_mv,
    }
    return BeatIntervals(**{name: values.astype(np.float32) for name, values in measured.items()})


def _duration(begin: I64, end: I64, to_ms: float) -> F64:
    return np.where((begin >= 0) & (end > begin), (end - begin) * to_ms, np.nan)


def summarise(
    measured: BeatIntervals, beats: Beats, fs_hz: float, quality: Sequence[Span] = ()
) -> dict[str, Measure]:
    """Heart rate and median intervals; a measure with nothing to rest on is absent.

    hr, hr_min, hr_max (1/min): median, smallest and largest of the rates over 8 successive RR intervals of all
    beats (all of them when there are fewer), none of which touches a span of `quality`. pr, qrs, qt, qtc_* (ms) and
    st (mV): medians with interquartile range over beats of AAMI class N (all beats when there are none) outside
    `quality`; qtc only where the beat before is one of them too.
    """
    span = (int(beats.sample[0]), int(beats.sample[-1]) + 1) if len(beats) else (0, 0)
    clear = ~touches(beats.sample, beats.sample + 1, quality)
    normal = np.array([aami == "N" for aami in beats.aami], np.bool_)
    whose = "normal beats" if normal.any() else "all beats, none being normal"
    chosen = (normal if normal.any() else np.ones(len(beats), np.bool_)) & clear
    found = _rates(measured, beats, fs_hz, quality, span)
    after_chosen = chosen.copy()
    after_chosen[1:] &= chosen[:-1]
    for name, source, definition in _MEDIANS:
        values = getattr(measured, source)[after_chosen if name.startswith("qtc") else chosen]
        values = values[np.isfinite(values)].astype(np.float64)
        if values.size:
            unit = "mV" if source.endswith("_mv") else "ms"
            found[name] = _median(values, unit, f"median over {whose}: {definition}", span)
    return found


def _rates(
    measured: BeatIntervals, beats: Beats, fs_hz: float, quality: Sequence[Span], span: tuple[int, int]
) -> dict[str, Measure]:
    rr_ms = measured.rr_ms[1:].astype(np.float64)
    rr_ms[touches(beats.sample[:-1], beats.sample[1:], quality)] = np.nan
    if not np.isfinite(rr_ms).any():
        return {}
    count = min(RATE_BEATS, int(np.isfinite(rr_ms).sum()))
    windows = np.lib.stride_tricks.sliding_window_view(rr_ms, count).mean(axis=1)
    rate = 60_000.0 / windows[np.isfinite(windows)]
    if rate.size == 0:  # never so many in a row: one rate over all there are
        rate = np.array([60_000.0 / np.nanmean(rr_ms)])
    how = f"rates over {count} successive RR of all beats"
    typical = _median(rate, "1/min", f"median of {how}", span)
    return {
        "hr": replace(typical, n=len(beats)),
        "hr_min": Measure(float(rate.min()), "1/min", len(beats), math.nan, f"smallest of {how}", *span),
        "hr_max": Measure(float(rate.max()), "1/min", len(beats), math.nan, f"largest of {how}", *span),
    }


def touches(start: I64, stop: I64, spans: Sequence[Span]) -> Bool:
    """Which of the ranges [start, stop) overlap any of the spans."""
    if not spans:
        return np.zeros(len(start), np.bool_)
    ordered = sorted((span.start, span.stop) for span in spans)
    begin = np.array([a for a, _ in ordered])
    end = np.maximum.accumulate(np.array([b for _, b in ordered]))
    before = np.searchsorted(begin, stop, side="left")  # spans that begin before the range ends
    return (before > 0) & (end[np.maximum(before - 1, 0)] > start)


def _median(values: F64, unit: str, method: str, span: tuple[int, int]) -> Measure:
    lower, middle, upper = np.percentile(values, [25, 50, 75])
    return Measure(float(middle), unit, values.size, float(upper - lower), method, *span)
