"""Findings made ready for drawing: sorted arrays with binary search for what is visible. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import ABSENT, Analysis, Span
from engine.records.annotations import AAMI_OF_SYMBOL, BEAT_SYMBOLS, Annotations
from heartkit_gui.model.comparison import Differences, split_rhythm

I64 = NDArray[np.int64]

PACED = frozenset("/f")
KINDS = "NSVFQ/"  # classes with a colour and shape of their own; "/" is paced
LOW_CONFIDENCE = 0.6
WAVES: tuple[tuple[str, int, int, int], ...] = (("P", 0, 1, 2), ("QRS", 3, 4, 5), ("T", 6, 7, 8))
LONGEST_BEAT_S = 2.0  # no wave of a beat lies farther from its R


class Spans:
    """Spans sorted by start, searched by overlap."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = tuple(sorted(spans, key=lambda span: (span.start, span.stop)))
        self._start = np.array([s.start for s in self.spans], np.int64)
        stop = np.array([s.stop for s in self.spans], np.int64)
        self._latest_stop = np.maximum.accumulate(stop) if len(stop) else stop

    def __len__(self) -> int:
        return len(self.spans)

    def between(self, start: float, stop: float) -> list[Span]:
        """Spans that overlap [start, stop)."""
        first = int(np.searchsorted(self._latest_stop, start, side="right"))
        last = int(np.searchsorted(self._start, stop, side="left"))
        return [s for s in self.spans[first:last] if s.stop > start]


@dataclass(frozen=True)
class BeatMarks:
    """Beats as arrays: `kind` indexes KINDS, `symbol` is what is written."""

    sample: I64
    kind: NDArray[np.int8]
    symbol: tuple[str, ...]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sample)

    def between(self, start: float, stop: float) -> range:
        """Indices of beats in [start, stop)."""
        a, b = np.searchsorted(self.sample, [start, stop])
        return range(int(a), int(b))

    def beside(self, index: int, direction: int, start: float, stop: float) -> int:
        """The beat after (1) or before (-1) another, from -1 the first or last in [start, stop); -1 for none."""
        visible = self.between(start, stop)
        edge = visible.start if direction > 0 else visible.stop - 1
        found = index + direction if index >= 0 else edge
        return found if 0 <= found < len(self) else -1

    def nearest(self, sample: float) -> int | None:
        """Index of the beat closest to a sample."""
        if len(self.sample) == 0:
            return None
        i = int(np.searchsorted(self.sample, sample))
        around = [j for j in (i - 1, i) if 0 <= j < len(self.sample)]
        return min(around, key=lambda j: abs(int(self.sample[j]) - sample))


@dataclass(frozen=True)
class Marks:
    """Everything an analysis puts on the canvas; `lead` indexes the record's leads."""

    analysis: Analysis
    lead: int
    beats: BeatMarks
    fiducials: I64  # [n, 9] in the order of FIDUCIAL_NAMES
    base_rhythm: Spans
    events: Spans
    quality: Spans

    @cached_property
    def snap_points(self) -> I64:
        """Every fiducial and R, sorted: where calipers snap to."""
        return np.sort(np.concatenate([self.fiducials[self.fiducials != ABSENT], self.beats.sample]), kind="stable")

    def nearest_fiducial(self, sample: float, within: float) -> int | None:
        """Fiducial closest to a sample, no farther than `within` samples."""
        i = int(np.searchsorted(self.snap_points, sample))
        around = [int(self.snap_points[j]) for j in (i - 1, i) if 0 <= j < len(self.snap_points)]
        near = [p for p in around if abs(p - sample) <= within]
        return min(near, key=lambda p: abs(p - sample)) if near else None


def kinds_of(symbols: Sequence[str], aami: Iterable[str]) -> NDArray[np.int8]:
    """Index into KINDS of beats with these WFDB symbols and AAMI classes."""
    codes = {kind: code for code, kind in enumerate(KINDS)}
    kinds = np.fromiter((codes.get(a, codes["Q"]) for a in aami), np.int8, len(symbols))
    kinds[np.fromiter((s in PACED for s in symbols), np.bool_, len(symbols))] = codes["/"]
    return kinds


def marks_of(analysis: Analysis, lead: int) -> Marks:
    """Prepare an analysis of the given lead of the shown record."""
    beats = analysis.beats
    kinds = kinds_of(beats.symbol, beats.aami)
    sample = np.asarray(beats.sample, np.int64)
    table = analysis.fiducials.table() if len(analysis.fiducials) else np.full((len(sample), 9), ABSENT, np.int64)
    if len(table) != len(sample):
        table = np.full((len(sample), 9), ABSENT, np.int64)
    base, events = split_rhythm(analysis.rhythm)
    return Marks(
        analysis=analysis,
        lead=lead,
        beats=BeatMarks(sample, kinds, beats.symbol, np.asarray(beats.confidence, np.float32)),
        fiducials=table,
        base_rhythm=Spans(base),
        events=Spans(events),
        quality=Spans(analysis.quality),
    )


@dataclass(frozen=True)
class OtherMarks:
    """Another analysis of the same lead, for the lane below the traces, and where it differs from the one shown."""

    title: str
    marks: Marks
    differences: Differences


@dataclass(frozen=True)
class ReferenceMarks:
    """Annotations of a reference annotator: beats, rhythm (from each change to the next), other notes as text."""

    name: str
    beats: BeatMarks
    rhythm: Spans
    note_sample: I64
    note_text: tuple[str, ...]

    def notes_between(self, start: float, stop: float) -> range:
        """Indices of notes in [start, stop)."""
        a, b = np.searchsorted(self.note_sample, [start, stop])
        return range(int(a), int(b))

    @property
    def has_words(self) -> bool:
        """Whether there is more than beats."""
        return bool(len(self.rhythm) or self.note_text)


def reference_of(annotations: Annotations, n_samples: int) -> ReferenceMarks:
    """Prepare annotations of a record of `n_samples` for the reference lane."""
    aux = annotations.aux or ("",) * len(annotations)
    text = [a.strip("\x00 ") for a in aux]
    is_beat = np.array([s in BEAT_SYMBOLS for s in annotations.symbol], bool)
    is_rhythm = np.array(
        [s == "+" and t.startswith("(") for s, t in zip(annotations.symbol, text, strict=True)], bool
    )
    beats, changes = np.flatnonzero(is_beat), np.flatnonzero(is_rhythm)
    symbols = tuple(annotations.symbol[i] for i in beats)
    kinds = kinds_of(symbols, (AAMI_OF_SYMBOL.get(s, "N" if s == "B" else "Q") for s in symbols))
    starts = annotations.sample[changes].tolist()
    stops = [*starts[1:], n_samples]
    rhythm = [
        Span(start, stop, text[i][1:]) for start, stop, i in zip(starts, stops, changes.tolist(), strict=False)
    ]
    notes = np.flatnonzero(~is_beat & ~is_rhythm)
    return ReferenceMarks(
        name=annotations.name,
        beats=BeatMarks(annotations.sample[beats], kinds, symbols, np.ones(len(beats), np.float32)),
        rhythm=Spans(rhythm),
        note_sample=annotations.sample[notes],
        note_text=tuple(text[i] or annotations.symbol[i] for i in notes.tolist()),
    )
