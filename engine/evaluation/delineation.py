"""Scores of P, QRS and T boundaries against a reference that marks only part of a recording.

Protocol
--------
Span: a reference often leaves the first and the last beats unmarked. It speaks only for the stretch from its first
to its last mark of any kind. Detections farther outside than the window are ignored; one inside the margin may
match but is never false; inside the span an unmatched detection is false.
Matching: one to one in time order, nearest neighbour within the window (`beat_matching.match_beats`).
Figures: counts summed over recordings; macro F1 is the mean F1 of the six boundaries, once with 150 ms for all and
once with a tight window for each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import FIDUCIAL_NAMES, Fiducials
from engine.evaluation.beat_matching import match_beats

WINDOW_S = 0.150
TIGHT_S: Mapping[str, float] = {
    "p_on": 0.050,
    "p_off": 0.050,
    "qrs_on": 0.040,
    "qrs_off": 0.040,
    "t_on": 0.050,
    "t_off": 0.100,
}
BOUNDARIES = tuple(TIGHT_S)

Marks = Mapping[str, NDArray[Any]]  # times by fiducial name, ascending; samples unless said otherwise
NO_MARKS: Marks = {}


@dataclass(frozen=True)
class FiducialScore:
    """Counts, and detection minus reference over the matched pairs in ms (NaN where none matched)."""

    matched: int
    false: int
    missed: int
    mean_ms: float
    sd_ms: float
    mean_abs_ms: float
    median_abs_ms: float

    @property
    def sensitivity(self) -> float:
        """Matched share of the reference, percent."""
        return 100.0 * self.matched / max(1, self.matched + self.missed)

    @property
    def precision(self) -> float:
        """Matched share of the detections, percent."""
        return 100.0 * self.matched / max(1, self.matched + self.false)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision, percent."""
        return 200.0 * self.matched / max(1, 2 * self.matched + self.false + self.missed)


@dataclass(frozen=True)
class DelineationScore:
    """All fiducials at 150 ms, the boundaries at their tight windows, and P onsets where there can be none."""

    fiducials: Mapping[str, FiducialScore]
    tight: Mapping[str, FiducialScore]
    n_recordings: int
    n_without_p: int
    p_onsets_without_p: int

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the six boundaries at 150 ms, percent."""
        return float(np.mean([self.fiducials[name].f1 for name in BOUNDARIES]))

    @property
    def macro_f1_tight(self) -> float:
        """Mean F1 of the six boundaries at their tight windows, percent."""
        return float(np.mean([self.tight[name].f1 for name in BOUNDARIES]))


def marks_of(waves: Fiducials) -> dict[str, NDArray[np.int64]]:
    """Found samples by fiducial name, sorted, absent ones left out."""
    found = {}
    for name in FIDUCIAL_NAMES:
        samples = getattr(waves, name)
        found[name] = np.unique(samples[samples >= 0])
    return found


@dataclass(frozen=True)
class FiducialMatch:
    """One fiducial of one recording: counts, and detection minus reference of each pair in the times' unit."""

    matched: int
    false: int
    missed: int
    error: NDArray[np.float64]


def match_fiducial(truth: Marks, found: Marks, name: str, window: float) -> FiducialMatch:
    """One fiducial of one recording; `window` in the times' unit. A recording without marks counts nothing."""
    marks = np.concatenate([np.asarray(truth.get(key, ()), np.float64) for key in FIDUCIAL_NAMES])
    if len(marks) == 0:
        return FiducialMatch(0, 0, 0, np.zeros(0))
    first, last = marks.min(), marks.max()
    wanted = np.asarray(truth.get(name, ()), np.float64)
    got = np.unique(np.asarray(found.get(name, ()), np.float64))
    got = got[(got >= first - window) & (got <= last + window)]
    at_truth, at_found = match_beats(wanted, got, window)
    extra = np.delete(got, at_found)
    false = int(np.count_nonzero((extra >= first) & (extra <= last)))
    return FiducialMatch(len(at_truth), false, len(wanted) - len(at_truth), got[at_found] - wanted[at_truth])


def score_fiducial(
    reference: Mapping[int, Marks], found: Mapping[int, Marks], name: str, fs_hz: float, window_s: float
) -> FiducialScore:
    """One fiducial over recordings (keys of reference); a recording missing from found counts as nothing found."""
    window = window_s * fs_hz
    matches = [match_fiducial(truth, found.get(n, NO_MARKS), name, window) for n, truth in reference.items()]
    error = np.concatenate([np.zeros(0), *(m.error for m in matches)]) * (1000.0 / fs_hz)
    if len(error) == 0:
        error = np.array([np.nan])
    return FiducialScore(
        sum(m.matched for m in matches),
        sum(m.false for m in matches),
        sum(m.missed for m in matches),
        float(error.mean()),
        float(error.std()),
        float(np.abs(error).mean()),
        float(np.median(np.abs(error))),
    )


def score_delineation(
    reference: Mapping[int, Marks], found: Mapping[int, Marks], fs_hz: float, without_p: Collection[int] = ()
) -> DelineationScore:
    """All figures over the recordings of `reference`; without_p: recordings in atrial fibrillation or flutter."""
    barren = [recording for recording in reference if recording in without_p]
    return DelineationScore(
        fiducials={name: score_fiducial(reference, found, name, fs_hz, WINDOW_S) for name in FIDUCIAL_NAMES},
        tight={name: score_fiducial(reference, found, name, fs_hz, window) for name, window in TIGHT_S.items()},
        n_recordings=len(reference),
        n_without_p=len(barren),
        p_onsets_without_p=sum(len(np.unique(found.get(n, NO_MARKS).get("p_on", ()))) for n in barren),
    )
