"""Scores of a beat detector against reference beats, after ANSI/AAMI EC57 and IEC 60601-2-47.

Beats are paired one to one in time order with their nearest neighbour inside a window: 150 ms for detection, 75 ms
for position. Two ways to count: the whole record, or from the end of a learning period on (what PhysioNet's `bxb`
does from 5:00). Spans of ventricular flutter and fibrillation are left out on both sides in either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.records.annotations import BEAT_SYMBOLS, Annotations

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

DETECTION_MS = 150.0
POSITION_MS = 75.0
LEARNING_S = 300.0


@dataclass(frozen=True)
class BeatScore:
    """Counts of one record, or of several added up; error_ms [true_positive] is detected minus reference time."""

    true_positive: int
    false_positive: int
    false_negative: int
    error_ms: F64

    @property
    def beats(self) -> int:
        """Reference beats."""
        return self.true_positive + self.false_negative

    @property
    def sensitivity(self) -> float:
        """Percent of reference beats found; NaN without any."""
        return _percent(self.true_positive, self.beats)

    @property
    def predictivity(self) -> float:
        """Percent of detections that are beats; NaN without any."""
        return _percent(self.true_positive, self.true_positive + self.false_positive)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and predictivity in percent; NaN without beats and detections."""
        return _percent(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    @property
    def error_rate(self) -> float:
        """Detection error rate: false positives and negatives in percent of the reference beats."""
        return _percent(self.false_positive + self.false_negative, self.beats)

    @property
    def mean_error_ms(self) -> float:
        """Mean of detected minus reference time over the pairs; NaN without any."""
        return float(self.error_ms.mean()) if len(self.error_ms) else float("nan")

    @property
    def sd_error_ms(self) -> float:
        """Standard deviation (population) of detected minus reference time; NaN without pairs."""
        return float(self.error_ms.std()) if len(self.error_ms) else float("nan")


@dataclass(frozen=True)
class BeatSummary:
    """Several records: gross figures count beats, average figures count records."""

    gross: BeatScore
    average_sensitivity: float
    average_predictivity: float
    by_record: Mapping[str, BeatScore]

    def worst(self, count: int = 3) -> list[tuple[str, float]]:
        """The records with the highest detection error rates, in percent."""
        rates = [(name, score.error_rate) for name, score in self.by_record.items() if score.beats]
        return sorted(rates, key=lambda item: -item[1])[:count]


def match_beats(reference: ArrayLike, detected: ArrayLike, tolerance: float) -> tuple[I64, I64]:
    """Pairs of sorted times: (indices into reference, indices into detected), both ascending.

    A pair lies within `tolerance` (same unit as the times). Of several detections in reach of one reference the
    nearest is taken, unless it is nearer still to the following reference; and the same the other way round.
    """
    ref = np.asarray(reference, dtype=np.float64)
    det = np.asarray(detected, dtype=np.float64)
    times = np.concatenate([ref, det])
    order = np.argsort(times, kind="stable")
    # Events further apart than the tolerance cannot influence each other: they fall into separate groups.
    group_of_sorted = np.concatenate([[0], np.cumsum(np.diff(times[order]) > tolerance)]) if len(times) else order
    group = np.empty(len(times), np.int64)
    group[order] = group_of_sorted
    count = int(group.max(initial=-1)) + 1
    refs = np.bincount(group[: len(ref)], minlength=count)
    dets = np.bincount(group[len(ref) :], minlength=count)
    simple = (refs == 1) & (dets == 1)
    pairs_ref = [np.flatnonzero(simple[group[: len(ref)]])]
    pairs_det = [np.flatnonzero(simple[group[len(ref) :]])]
    for g in np.flatnonzero((refs > 0) & (dets > 0) & ~simple).tolist():
        in_ref = np.flatnonzero(group[: len(ref)] == g)
        in_det = np.flatnonzero(group[len(ref) :] == g)
        i, j = _match_group(ref[in_ref].tolist(), det[in_det].tolist(), tolerance)
        pairs_ref.append(in_ref[i])
        pairs_det.append(in_det[j])
    return np.sort(np.concatenate(pairs_ref)), np.sort(np.concatenate(pairs_det))


def _match_group(ref: list[float], det: list[float], tolerance: float) -> tuple[list[int], list[int]]:
    """Walk through both lists at once; at each step either a pair is made or the earlier event is given up."""
    found: tuple[list[int], list[int]] = ([], [])
    i = j = 0
    while i < len(ref) and j < len(det):
        apart = abs(det[j] - ref[i])
        if apart > tolerance:
            if det[j] < ref[i]:
                j += 1
            else:
                i += 1
        elif _next_is_nearer(ref, i, det, j, apart):
            j += 1
        elif _next_is_nearer(det, j, ref, i, apart):
            i += 1
        else:
            found[0].append(i)
            found[1].append(j)
            i += 1
            j += 1
    return found


def _next_is_nearer(fixed: list[float], i: int, other: list[float], j: int, apart: float) -> bool:
    """Whether other[j + 1] suits fixed[i] better than other[j] does, and fixed[i + 1] no better."""
    if j + 1 >= len(other):
        return False
    next_apart = abs(other[j + 1] - fixed[i])
    if next_apart >= apart:
        return False
    return i + 1 >= len(fixed) or abs(other[j + 1] - fixed[i + 1]) >= next_apart


def score_beats(
    reference: ArrayLike,
    detected: ArrayLike,
    fs_hz: float,
    *,
    tolerance_ms: float = DETECTION_MS,
    learning_s: float = 0.0,
    excluded: Iterable[tuple[int, int]] = (),
) -> BeatScore:
    """Score detections of one record; both in samples at fs_hz.

    With learning_s, only reference beats from then on count. A detection up to one window earlier may still match
    the first of them, but is no false positive. Events inside the `excluded` spans (first and last sample) are
    dropped. Detections are sorted and made unique first.
    """
    tolerance = tolerance_ms / 1000 * fs_hz
    start = learning_s * fs_hz
    ref = np.sort(np.asarray(reference, dtype=np.float64))
    det = np.unique(np.asarray(detected, dtype=np.float64))
    if learning_s > 0:
        ref = ref[ref >= start]
        det = det[det >= start - tolerance]
    for first, last in excluded:
        ref = ref[(ref < first) | (ref > last)]
        det = det[(det < first) | (det > last)]
    i, j = match_beats(ref, det, tolerance)
    unmatched = np.ones(len(det), bool)
    unmatched[j] = False
    return BeatScore(
        len(i),
        int(np.count_nonzero(unmatched & (det >= start))),
        len(ref) - len(i),
        (det[j] - ref[i]) / fs_hz * 1000,
    )


def summarise(scores: Mapping[str, BeatScore]) -> BeatSummary:
    """Gross and average figures over records."""
    values = list(scores.values())
    gross = BeatScore(
        sum(s.true_positive for s in values),
        sum(s.false_positive for s in values),
        sum(s.false_negative for s in values),
        np.concatenate([s.error_ms for s in values]) if values else np.zeros(0),
    )
    return BeatSummary(
        gross,
        _mean([s.sensitivity for s in values]),
        _mean([s.predictivity for s in values]),
        dict(scores),
    )


def reference_beats(annotations: Annotations) -> tuple[I64, list[tuple[int, int]]]:
    """(samples of the beats, spans of ventricular flutter or fibrillation) of a reference annotation."""
    beats, spans, onset = [], [], None
    for sample, symbol in zip(annotations.sample.tolist(), annotations.symbol, strict=True):
        if symbol in BEAT_SYMBOLS:
            beats.append(sample)
        elif symbol == "[":
            onset = sample
        elif symbol == "]" and onset is not None:
            spans.append((onset, sample))
            onset = None
    return np.array(beats, dtype=np.int64), spans


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else float("nan")


def _mean(values: Sequence[float]) -> float:
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")
