"""Rhythm statements: a continuous cover of base rhythms, then events (pauses, runs, couplets, bigeminy ...).

Each beat gets a state from what surrounds it: ventricular or supraventricular runs from the beat types; atrial
fibrillation from RR irregularity (`af`, with the intervals around ventricular beats left out) weighed against P
waves; else sinus rhythm by rate. States are steadied (hysteresis, least durations) and laid over time. Stretches of
bad signal carry no statement but NOISE or UNKNOWN.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.analysis import rhythm_events
from engine.analysis.criteria import Criteria
from engine.analysis.fibrillation import fibrillation_chance
from engine.analysis.sinus_rhythm import NOT_ATRIAL, sinus_states
from engine.analysis.stretches import Stretch, fill_short, hysteresis, runs_of, unreadable
from engine.analysis.types import ABSENT, Fiducials, Span

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Str = NDArray[np.str_]

FEWEST_BEATS = 5  # a statement needs as many


def statements(
    r: I64,
    symbols: tuple[str, ...],
    fiducials: Fiducials,
    quality: tuple[Span, ...],
    fs_hz: float,
    n_samples: int,
    criteria: Criteria | None = None,
    *,
    fibrillation: F64 | None = None,
) -> tuple[Span, ...]:
    """Base rhythm spans covering [0, n_samples), then events; each in time order, with numbers in `detail`.

    Parameters
    ----------
    r, symbols, fiducials: all beats in time order, samples at fs_hz.
    quality: spans of signal that is not good (`QUALITY_LABELS`).
    fibrillation: chance 0..1 of each beat, where a model says it; None: from RR intervals and P waves.
    """
    criteria = criteria or Criteria()
    if n_samples <= 0:
        return ()
    bad = unreadable(quality, n_samples, fs_hz)
    symbol = np.array(symbols, dtype="<U1") if len(r) else np.zeros(0, "<U1")
    has_p = fiducials.p != ABSENT
    base: list[Span] = []
    position = 0
    for gap in [*bad, Stretch(n_samples, n_samples, "")]:
        if gap.start > position:
            first, last = np.searchsorted(r, [position, gap.start])
            part = slice(first, last)
            said = None if fibrillation is None else fibrillation[part]
            base += _base(r[part], symbol[part], has_p[part], said, fs_hz, position, gap.start, criteria)
        if gap.stop > gap.start:
            base.append(_no_statement(gap))
        position = gap.stop
    events = rhythm_events.events(r, symbol, quality, fs_hz, n_samples, criteria)
    return (*_joined(base), *events)


def _no_statement(gap: Stretch) -> Span:
    if gap.reason == "noisy":
        return Span(gap.start, gap.stop, "NOISE", 1.0)
    words = {"flat": "flat line", "saturated": "saturated", "lead_off": "lead off", "gap": "no data"}
    return Span(gap.start, gap.stop, "UNKNOWN", 1.0, words.get(gap.reason, gap.reason))


def _base(
    r: I64,
    symbol: Str,
    has_p: Bool,
    said: F64 | None,
    fs_hz: float,
    start: int,
    stop: int,
    criteria: Criteria,
) -> list[Span]:
    """Base rhythm of one readable stretch [start, stop)."""
    n = len(r)
    if n < FEWEST_BEATS:
        return [Span(start, stop, "UNKNOWN", 1.0, f"{n} beat{'' if n == 1 else 's'} only")]
    rr = np.diff(r) / fs_hz
    before = np.concatenate([rr[:1], rr])
    if not criteria.detect_afib:
        chance = np.zeros(n)
    elif said is not None:
        chance = said
    else:
        chance = fibrillation_chance(rr, np.isin(symbol, NOT_ATRIAL), has_p)
    if (stop - start) / fs_hz > 2 * criteria.afib_min_s:
        fibrillating = fill_short(hysteresis(chance, 0.9, 0.5), before, criteria.afib_min_s)
    else:
        fibrillating = np.full(n, np.median(chance) > 0.6)
    state, sure = sinus_states(before, symbol, has_p, fibrillating, criteria)
    state[fibrillating] = "AFIB"
    sure = np.where(fibrillating, chance, np.minimum(sure, 1 - chance))
    for first, last in runs_of(symbol == "V"):
        if last - first >= criteria.vt_beats:
            bpm = 60 / np.median(rr[first : last - 1])
            state[first:last] = "VT" if bpm >= criteria.vt_bpm else "IVR"
            sure[first:last] = 0.9
    for first, last in runs_of(symbol == "S"):
        if last - first >= criteria.svt_beats and 60 / np.median(rr[first : last - 1]) >= criteria.svt_bpm:
            state[first:last] = "SVTA"
            sure[first:last] = 0.7
    return _spans(r, state, sure, before, chance, has_p, fs_hz, start, stop)


def _spans(
    r: I64,
    state: Str,
    sure: F64,
    before: F64,
    chance: F64,
    has_p: Bool,
    fs_hz: float,
    start: int,
    stop: int,
) -> list[Span]:
    """Equal states become spans; borders lie half way between beats."""
    edges = np.concatenate([[0], np.flatnonzero(state[1:] != state[:-1]) + 1, [len(r)]])
    spans = []
    for first, last in pairwise(edges):
        a = start if first == 0 else int((r[first - 1] + r[first]) // 2)
        b = stop if last == len(r) else int((r[last - 1] + r[last]) // 2)
        label = str(state[first])
        inside = before[first + 1 : last] if last - first > 1 else before[first:last]
        detail = f"{60 / np.mean(inside):.0f}/min"
        if label in ("VT", "IVR", "SVTA"):
            detail = f"{last - first} beats at {detail}"
        elif label == "AFIB":
            detail += f", irregular, P waves in {100 * has_p[first:last].mean():.0f} % of beats"
        elif label == "UNKNOWN":
            detail += ", no P waves seen"
        elif label == "SARRH":
            detail += f", RR {inside.min():.2f} to {inside.max():.2f} s"
        spans.append(Span(a, b, label, round(float(np.mean(sure[first:last])), 3), detail))
    return spans


def _joined(spans: list[Span]) -> list[Span]:
    """Neighbours of equal label and detail as one."""
    out: list[Span] = []
    for span in spans:
        last = out[-1] if out else None
        if last is not None and last.stop == span.start and (last.label, last.detail) == (span.label, span.detail):
            out[-1] = Span(last.start, span.stop, span.label, min(last.confidence, span.confidence), span.detail)
        else:
            out.append(span)
    return out
