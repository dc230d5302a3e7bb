"""Beat types against reference types: beat by beat and run by run, after ANSI/AAMI EC57 and IEC 60601-2-47."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.evaluation.beat_matching import DETECTION_MS, match_beats
from engine.evaluation.beat_runs import RunCounts, compare_runs, no_runs
from engine.tasks.base import Task, WindowSet

I64 = NDArray[np.int64]

AAMI = ("N", "S", "V", "F", "Q")
MISSED = len(AAMI)  # extra row and column: no beat on that side
_VENTRICULAR, _SUPRAVENTRICULAR = frozenset({"V", "E", "r"}), frozenset({"A", "a", "J", "S"})
# What a wrong V or S is not held against: a fusion or unclassifiable beat called V, an unclassifiable called S.
_EXCUSED = {"V": ("F", "Q"), "S": ("Q",)}


@dataclass(frozen=True)
class BeatComparison:
    """Counts [6, 6]: reference class by detected class in the order of AAMI, last row and column for no beat."""

    counts: I64
    runs: dict[str, RunCounts]

    def __add__(self, other: BeatComparison) -> BeatComparison:
        return BeatComparison(
            self.counts + other.counts, {name: runs + other.runs[name] for name, runs in self.runs.items()}
        )

    def figures(self) -> dict[str, dict[str, Any]]:
        """For V and S: se, ppv, f1, false_positive_rate and the figures of their runs; NaN where undefined."""
        return {name: self._of(name) | {"runs": self.runs[name].figures()} for name in _EXCUSED}

    def _of(self, name: str) -> dict[str, float]:
        c = AAMI.index(name)
        hits, members = int(self.counts[c, c]), int(self.counts[c].sum())
        held_against = [i for i in range(MISSED + 1) if i != c and (i == MISSED or AAMI[i] not in _EXCUSED[name])]
        false = int(self.counts[held_against, c].sum())
        others = int(self.counts[held_against].sum())
        return {
            "se": _share(hits, members),
            "ppv": _share(hits, hits + false),
            "f1": _share(2 * hits, hits + false + members),
            "false_positive_rate": _share(false, others),
        }


def compare_beats(
    reference: ArrayLike,
    reference_class: Sequence[str],
    detected: ArrayLike,
    detected_class: Sequence[str],
    fs_hz: float,
    *,
    learning_s: float = 0.0,
) -> BeatComparison:
    """One record: ascending samples and AAMI classes of both sides, paired within 150 ms, from learning_s on."""
    tolerance = DETECTION_MS / 1000 * fs_hz
    start = learning_s * fs_hz
    ref, det = np.asarray(reference, np.float64), np.asarray(detected, np.float64)
    keep_ref, keep_det = ref >= start, det >= start - (tolerance if learning_s else 0)
    ref, det = ref[keep_ref], det[keep_det]
    ref_class = np.array([AAMI.index(name) for name in reference_class], np.int64)[keep_ref]
    det_class = np.array([AAMI.index(name) for name in detected_class], np.int64)[keep_det]
    i, j = match_beats(ref, det, tolerance)
    counts = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    np.add.at(counts, (ref_class[i], det_class[j]), 1)
    counts[:MISSED, MISSED] = np.bincount(np.delete(ref_class, i), minlength=MISSED)
    alone = np.ones(len(det), bool)
    alone[j] = False
    counts[MISSED, :MISSED] = np.bincount(det_class[alone & (det >= start)], minlength=MISSED)
    runs = {
        name: compare_runs(ref, ref_class == AAMI.index(name), det, det_class == AAMI.index(name), tolerance)
        for name in _EXCUSED
    }
    return BeatComparison(counts, runs)


def window_runs(windows: WindowSet, predicted: I64, task: Task) -> dict[str, Any]:
    """Runs of the ventricular and supraventricular classes, one window a beat at the reference's own beats.

    By class name: the figures of `RunCounts.figures`. Empty for a task without such classes.
    """
    labels = (task.config.classes or task.default_classes()).items()
    classes = {
        name: c
        for c, (name, sources) in enumerate(labels)
        if set(sources) & (_VENTRICULAR | _SUPRAVENTRICULAR) and "N" not in sources
    }
    totals = {name: no_runs() for name in classes}
    at = windows.extra.get("r", windows.start)
    key = np.char.add(
        np.char.add(windows.patient, "\n"), np.char.add(windows.record, np.char.add("\n", windows.lead))
    )
    _, recording = np.unique(key, return_inverse=True)
    order = np.lexsort((at, recording))
    edges = np.flatnonzero(np.diff(recording[order])) + 1
    for rows in np.split(order, edges):
        for name, c in classes.items():
            beats = np.asarray(at[rows], np.float64)
            totals[name] = totals[name] + compare_runs(
                beats, windows.y[rows] == c, beats, predicted[rows] == c, 0.0
            )
    return {name: counts.figures() for name, counts in totals.items()}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
