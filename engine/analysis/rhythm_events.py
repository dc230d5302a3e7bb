"""Events in a sequence of typed beats: pauses, asystole, runs, couplets, bigeminy and trigeminy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.analysis.criteria import Criteria
from engine.analysis.stretches import runs_of
from engine.analysis.types import Span

I64 = NDArray[np.int64]
Str = NDArray[np.str_]

_BREAK_S = 3.0  # beats farther apart are no sequence
_FLAT = frozenset({"flat"})


def events(
    r: I64, symbol: Str, quality: tuple[Span, ...], fs_hz: float, n_samples: int, criteria: Criteria
) -> tuple[Span, ...]:
    """All events in time order."""
    found = [*_pauses(r, quality, fs_hz, n_samples, criteria)]
    for first, last in _sequences(r, quality, fs_hz):
        found += _in_sequence(r[first:last], symbol[first:last], fs_hz, criteria)
    return tuple(sorted(found, key=lambda s: (s.start, s.stop, s.label)))


def _pauses(r: I64, quality: tuple[Span, ...], fs_hz: float, n_samples: int, criteria: Criteria) -> list[Span]:
    """Long stretches without a beat, where the signal would have shown one."""
    marks = np.concatenate([[0], r, [n_samples]])
    gaps = np.diff(marks) / fs_hz
    out = []
    for i in np.flatnonzero(gaps >= min(criteria.pause_s, criteria.asystole_s)).tolist():
        start, stop, seconds = int(marks[i]), int(marks[i + 1]), float(gaps[i])
        over = [s for s in quality if s.start < stop and s.stop > start]
        if any(s.label not in _FLAT for s in over):
            continue
        between = 0 < i < len(r)  # both ends are beats
        if seconds >= criteria.asystole_s:
            words = f"no beat found for {'' if between else 'at least '}{seconds:.1f} s"
            if over:
                words += ", flat line: check that the leads are on"
            out.append(Span(start, stop, "ASYS", 0.5 if over else 0.8, words))
        elif between:
            out.append(Span(start, stop, "PAUSE", 0.6 if over else 0.9, f"RR {seconds:.1f} s"))
    return out


def _sequences(r: I64, quality: tuple[Span, ...], fs_hz: float) -> list[tuple[int, int]]:
    """[first, last) of beats that follow each other without a long gap or unreadable signal between them."""
    if len(r) == 0:
        return []
    broken = np.diff(r) > _BREAK_S * fs_hz
    for span in quality:
        first, last = np.searchsorted(r, [span.start, span.stop])
        broken[max(0, first - 1) : last] = True
    cuts = np.flatnonzero(broken) + 1
    edges = [0, *cuts.tolist(), len(r)]
    return [(a, b) for a, b in pairwise(edges) if b - a >= 2]


def _in_sequence(r: I64, symbol: Str, fs_hz: float, criteria: Criteria) -> list[Span]:
    half = int(0.1 * fs_hz)
    out: list[Span] = []

    def add(first: int, last: int, label: str, detail: str, confidence: float) -> None:
        out.append(Span(max(0, int(r[first]) - half), int(r[last - 1]) + half, label, confidence, detail))

    def rate(first: int, last: int) -> str:
        return f"{60 * fs_hz * (last - 1 - first) / (r[last - 1] - r[first]):.0f}/min"

    for first, last in runs_of(symbol == "V"):
        beats = last - first
        if beats >= criteria.run_beats:
            add(first, last, "RUN", f"{beats} beats at {rate(first, last)}", 0.9)
        elif beats == 2:
            add(first, last, "C", f"RR {(r[first + 1] - r[first]) / fs_hz:.2f} s", 0.9)
    for first, last in runs_of(symbol == "S"):
        if last - first >= criteria.svt_beats:
            add(first, last, "SRUN", f"{last - first} beats at {rate(first, last)}", 0.7)
    single = symbol == "V"
    for period, label, cycles in ((2, "B", criteria.bigeminy_cycles), (3, "T", criteria.trigeminy_cycles)):
        for first, last in _periodic(single, period, cycles):
            add(first, last, label, f"{(last - first) // period} cycles", 0.9)
    return out


def _periodic(mask: NDArray[np.bool_], period: int, cycles: int) -> list[tuple[int, int]]:
    """[first, last) of stretches in which exactly every `period`-th beat is marked, at least `cycles` times."""
    marked = np.flatnonzero(mask)
    if len(marked) < cycles:
        return []
    steady = np.diff(marked) == period
    out = []
    for a, b in runs_of(steady):
        count = b - a + 1
        first = marked[a] - (period - 1)
        if first < 0:  # the first cycle is cut
            first, count = marked[a] + 1, count - 1
        if count >= cycles:
            out.append((int(first), int(marked[b] + 1)))
    return out
