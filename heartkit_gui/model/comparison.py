"""Two analyses of the same lead laid side by side: where they differ, and by how much. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.stages import CLASSICAL, Stages
from engine.analysis.types import ABSENT, FIDUCIAL_NAMES, Analysis, Span
from heartkit_gui.model.algorithms import short_name

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

SAME_BEAT_MS = 150.0  # ANSI/AAMI EC57: two marks nearer than this are one beat
SAME_BOUNDARY_MS = 20.0
BEAT_HALF_S = 0.05  # half the width of the mark of a beat
BOUNDARIES = ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_off")
BOUNDARY_WORDS = {
    "p_on": "P onset",
    "p_off": "P end",
    "qrs_on": "QRS onset",
    "qrs_off": "QRS end",
    "t_on": "T onset",
    "t_off": "T end",
}
MISSED, ADDED, TYPE, P, QRS, T, RHYTHM = range(7)  # kinds of difference
KIND_WORDS = (
    "Beat not found by the other",
    "Beat found only by the other",
    "Beat type differs",
    "P wave differs",
    "QRS boundaries differ",
    "T wave differs",
    "Rhythm differs",
)


@dataclass(frozen=True)
class Boundary:
    """One kind of boundary over the beats both found: shift is other minus shown."""

    name: str
    both: int
    shift_ms: float  # median; NaN without any
    beyond: int  # of `both`, farther apart than SAME_BOUNDARY_MS
    only_shown: int
    only_other: int


@dataclass(frozen=True)
class Differences:
    """Where two analyses differ, by start: samples [start, stop) and kind (index into KIND_WORDS), each [n]."""

    start: I64
    stop: I64
    kind: I64

    def __len__(self) -> int:
        return len(self.start)

    def between(self, start: float, stop: float) -> NDArray[np.intp]:
        """Differences that overlap [start, stop)."""
        last = int(np.searchsorted(self.start, stop, side="left"))
        return np.flatnonzero(self.stop[:last] > start)

    def after(self, sample: float, step: int) -> int:
        """The next (1) or former (-1) difference that starts beyond `sample`; -1 if there is none."""
        if step > 0:
            at = int(np.searchsorted(self.start, sample, side="right"))
            return at if at < len(self) else -1
        return int(np.searchsorted(self.start, sample, side="left")) - 1


@dataclass(frozen=True)
class Comparison:
    """The analysis shown, the other one with the stages that made it, and what differs."""

    shown: Analysis
    other: Analysis
    stages: Stages
    differences: Differences
    boundaries: tuple[Boundary, ...]
    beats_missed: int  # in the shown analysis only
    beats_added: int  # in the other only
    beats_retyped: int  # in both, of another AAMI class
    rhythm_s: float  # time with another base rhythm

    @property
    def beats_both(self) -> int:
        """Beats that both found."""
        return len(self.shown.beats) - self.beats_missed


def compare(shown: Analysis, other: Analysis, stages: Stages) -> Comparison:
    """Lay `other`, made by `stages`, beside `shown`; ValueError where they are not of the same lead."""
    if (shown.lead, shown.fs, shown.n_samples) != (other.lead, other.fs, other.n_samples):
        raise ValueError("the two analyses are not of the same lead of the same record")
    a, b = paired(shown.beats.sample, other.beats.sample, SAME_BEAT_MS / 1000 * shown.fs)
    retyped = np.array([shown.beats.aami[i] != other.beats.aami[j] for i, j in zip(a, b, strict=True)], bool)
    missed = np.delete(shown.beats.sample, a)
    added = np.delete(other.beats.sample, b)
    half = max(1, round(BEAT_HALF_S * shown.fs))
    rhythm = rhythm_differences(shown, other)
    parts = [
        _around(missed, half, MISSED),
        _around(added, half, ADDED),
        _around(shown.beats.sample[a[retyped]], half, TYPE),
        rhythm,
    ]
    boundaries, waves = _waves(shown, other, a, b)
    start, stop, kind = np.concatenate([*parts, *waves], axis=1)
    order = np.lexsort((kind, start))
    return Comparison(
        shown, other, stages, Differences(start[order], stop[order], kind[order]), boundaries,
        len(missed), len(added), int(retyped.sum()), float((rhythm[1] - rhythm[0]).sum() / shown.fs),
    )  # fmt: skip


def paired(first: I64, second: I64, within: float) -> tuple[I64, I64]:
    """Indices into two sorted lists of samples that are each other's nearest, no farther apart than `within`."""
    none = np.zeros(0, np.int64)
    if len(first) == 0 or len(second) == 0:
        return none, none
    forth, back = _nearest(first, second), _nearest(second, first)
    index = np.arange(len(first))
    mutual = (back[forth] == index) & (np.abs(first - second[forth]) <= within)
    return index[mutual].astype(np.int64), forth[mutual].astype(np.int64)


def _nearest(of: I64, among: I64) -> NDArray[np.intp]:
    right = np.clip(np.searchsorted(among, of), 0, len(among) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(np.abs(among[left] - of) <= np.abs(among[right] - of), left, right)


def _around(samples: I64, half: int, kind: int) -> I64:
    return np.stack([samples - half, samples + half, np.full(len(samples), kind)]).astype(np.int64)


def _waves(shown: Analysis, other: Analysis, a: I64, b: I64) -> tuple[tuple[Boundary, ...], list[I64]]:
    """Figures of every boundary, and the waves that differ, [3, n] per wave."""
    ours, theirs = shown.fiducials.table()[a], other.fiducials.table()[b]
    limit = SAME_BOUNDARY_MS / 1000 * shown.fs
    boundaries, spans = [], []
    for kind, wave in ((P, "p"), (QRS, "qrs"), (T, "t")):
        columns = [FIDUCIAL_NAMES.index(f"{wave}_{end}") for end in ("on", "off")]
        differs = np.zeros(len(a), bool)
        for name, column in zip((f"{wave}_on", f"{wave}_off"), columns, strict=True):
            has, other_has = ours[:, column] != ABSENT, theirs[:, column] != ABSENT
            both = has & other_has
            shift = theirs[both, column] - ours[both, column]
            far = np.abs(shift) > limit
            differs[both] |= far
            differs |= has != other_has
            boundaries.append(
                Boundary(
                    name, int(both.sum()), float(np.median(shift)) / shown.fs * 1000 if len(shift) else np.nan,
                    int(far.sum()), int((has & ~other_has).sum()), int((other_has & ~has).sum()),
                )
            )  # fmt: skip
        edges = np.concatenate([ours[differs][:, columns], theirs[differs][:, columns]], axis=1)
        low = np.where(edges == ABSENT, np.iinfo(np.int64).max, edges).min(axis=1, initial=np.iinfo(np.int64).max)
        high = edges.max(axis=1, initial=ABSENT) + 1
        spans.append(np.stack([low, high, np.full(len(low), kind)]).astype(np.int64))
    return tuple(boundaries), spans


def rhythm_differences(shown: Analysis, other: Analysis) -> I64:
    """Stretches with another base rhythm, [3, n] as start, stop, kind."""
    bases = [split_rhythm(analysis.rhythm)[0] for analysis in (shown, other)]
    edges = np.unique([edge for base in bases for span in base for edge in (span.start, span.stop)]).astype(
        np.int64
    )
    first, second = (iter(_labels_at(base, edges)) for base in bases)
    found: list[list[int]] = []
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if next(first) != next(second):
            if found and found[-1][1] == start:
                found[-1][1] = stop
            else:
                found.append([start, stop, RHYTHM])
    return np.array(found, np.int64).reshape(-1, 3).T


def _labels_at(base: Sequence[Span], samples: I64) -> list[str]:
    """Label of a continuous cover at every sample; "" outside it."""
    if not base:
        return [""] * len(samples)
    at = np.searchsorted(np.array([span.start for span in base]), samples, side="right") - 1
    spans = [base[max(0, i)] for i in at.tolist()]
    return [s.label if s.start <= k < s.stop else "" for s, k in zip(spans, samples.tolist(), strict=True)]


def split_rhythm(rhythm: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """The continuous cover that comes first, and the events (pauses, runs, couplets) after it."""
    end = None
    for i, span in enumerate(rhythm):
        if end is not None and span.start < end:
            return list(rhythm[:i]), list(rhythm[i:])
        end = span.stop
    return list(rhythm), []


def other_name(comparison: Comparison) -> str:
    """The algorithms of the other analysis in a few letters: "seg-4-lg", "classical"."""
    names = [short_name(how) for how in vars(comparison.stages).values() if how != CLASSICAL]
    return ", ".join(dict.fromkeys(names)) or CLASSICAL


def summary_lines(comparison: Comparison) -> list[str]:
    """What differs, in a few sentences."""
    c = comparison
    seconds = c.shown.n_samples / c.shown.fs
    beats = f"Beats: all {c.beats_both:,} agree."
    if c.beats_missed or c.beats_added or c.beats_retyped:
        beats = (
            f"Beats: {c.beats_both:,} in both, {c.beats_retyped:,} of them of another type; {c.beats_missed:,} not "
            f"found by the other, {c.beats_added:,} found only by it."
        )
    return [
        f"{len(c.differences):,} differences." if len(c.differences) else "No differences.",
        beats,
        f"Rhythm: {c.rhythm_s:,.1f} s of {seconds:,.1f} s differ." if c.rhythm_s else "Rhythm: agrees throughout.",
    ]
