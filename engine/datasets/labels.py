"""Turning WFDB marks into waves, beats and rhythm spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from engine.datasets.base import I64, RhythmSpan, Wave
from engine.records.annotations import BEAT_SYMBOLS, Annotations

KIND_OF_SYMBOL = {"p": "p", "N": "qrs", "t": "t"}

# Rhythm names of the PhysioNet annotation vocabulary; what has no name of its own among ours is "other".
RHYTHM_OF_AUX = {
    "(N": "sr", "(SBR": "sbrad", "(AFIB": "afib", "(AFL": "aflut", "(SVTA": "svt", "(VT": "vtach", "(VFL": "vflut",
    "(VF": "vfib", "(VFIB": "vfib", "(AB": "bigu", "(B": "bigu", "(T": "trigu", "(P": "pace", "(BII": "other",
    "(IVR": "other", "(NOD": "other", "(J": "other", "(PREX": "other", "(BI": "other", "(HGEA": "other",
}  # fmt: skip

# Which rhythm names a record whose statements name several: what most changes the beats' order comes first.
PRECEDENCE = (
    "pace", "vfib", "vflut", "vtach", "svt", "afib", "aflut", "bigu", "trigu", "svarr", "sarrh", "sbrad", "stach",
    "sr", "other",
)  # fmt: skip


def waves_of_marks(symbols: Sequence[str], samples: I64, *, biphasic: bool = False) -> tuple[Wave, ...]:
    """Waves in time order. A `(` directly before a peak is its onset, a `)` directly after it its offset.

    With `biphasic`, two P or T peaks in a row that no onset or offset parts are one wave with the first one's peak.
    """
    waves: list[Wave] = []
    k = 0
    while k < len(symbols):
        kind = KIND_OF_SYMBOL.get(symbols[k])
        if kind is None:
            k += 1
            continue
        last = k
        while last + 1 < len(symbols) and symbols[last + 1] == symbols[k] and biphasic and kind != "qrs":
            last += 1
        onset = int(samples[k - 1]) if k > 0 and symbols[k - 1] == "(" else -1
        offset = int(samples[last + 1]) if last + 1 < len(symbols) and symbols[last + 1] == ")" else -1
        waves.append(Wave(kind, onset, int(samples[k]), offset))
        k = last + 1
    return tuple(waves)


def marked_span(samples: I64) -> tuple[int, int] | None:
    """Stretch from the first to the last mark, the last included; None without marks."""
    return (int(samples[0]), int(samples[-1]) + 1) if len(samples) else None


def beats_of_marks(marks: Annotations) -> tuple[I64, tuple[str, ...]]:
    """R samples and symbols of the heart beats among the marks."""
    keep = np.array([s in BEAT_SYMBOLS for s in marks.symbol], dtype=bool)
    return marks.sample[keep], tuple(s for s in marks.symbol if s in BEAT_SYMBOLS)


def rhythm_spans(marks: Annotations, n_samples: int) -> tuple[RhythmSpan, ...]:
    """Stretches between rhythm changes (`+` with a text such as "(AFIB"); a text ")" ends one.

    The first rhythm also covers what comes before it, at most one second: it is marked at the first beat. A
    name that the vocabulary does not have is "other".
    """
    assert marks.aux is not None
    changes: list[tuple[int, str]] = []
    for sample, symbol, text in zip(marks.sample, marks.symbol, marks.aux, strict=True):
        if symbol == "+" and text.strip():
            name = text.strip()
            changes.append((int(sample), RHYTHM_OF_AUX.get(name.upper(), "other") if name[0] == "(" else ""))
    if changes and changes[0][0] <= marks.fs:
        changes[0] = (0, changes[0][1])
    spans: list[RhythmSpan] = []
    for (start, rhythm), (stop, _) in pairwise([*changes, (n_samples, "")]):
        if not rhythm or stop <= start:
            continue
        if spans and spans[-1].rhythm == rhythm and spans[-1].stop == start:
            start = spans.pop().start
        spans.append(RhythmSpan(start, stop, rhythm))
    return tuple(spans)


def whole_rhythm(codes: Sequence[str], rhythm_of: Mapping[str, str], n_samples: int) -> tuple[RhythmSpan, ...]:
    """One span for a record whose statements name its rhythm, none where none does; PRECEDENCE decides."""
    found = {rhythm_of[code] for code in codes if code in rhythm_of}
    for rhythm in PRECEDENCE:
        if rhythm in found:
            return (RhythmSpan(0, n_samples, rhythm),)
    return ()
