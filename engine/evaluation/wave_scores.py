"""Wave boundaries and peaks of whole recordings, read from a segmentation model's probabilities, against marks.

The windows of a recording are put together as the application does it, waves are read from the joined
probabilities, and each fiducial is matched by the protocol of `delineation`: within 150 ms, and within a tight
window of its own. Counts are summed over recordings; intervals come from resampled patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import bootstrap, class_counts
from engine.evaluation.delineation import BOUNDARIES, TIGHT_S, WINDOW_S, FiducialMatch, Marks, match_fiducial
from engine.tasks.base import Task, WindowSet
from engine.tasks.segmentation import Stitched, stitched_recordings
from engine.tasks.wave_events import FIDUCIALS, events_from_probabilities

F64 = NDArray[np.float64]

# Fiducial name -> times in ms from the recording's start, of one joined recording.
EventFinder = Callable[[Stitched], Marks]


@dataclass(frozen=True)
class _Recording:
    patient: str
    wide: Mapping[str, FiducialMatch]
    tight: Mapping[str, FiducialMatch]
    p_onsets: int
    seconds: float
    without_p: bool


def has_events(task: Task, windows: WindowSet) -> bool:
    """Whether the windows carry a publisher's marks and the task has waves to compare with them."""
    return "mark_s" in windows.extra and "qrs" in wave_names(task)


def wave_names(task: Task) -> tuple[str, ...]:
    """Class names with every class that stands for one wave called by that wave ("p", "qrs", "t")."""
    return tuple(
        labels[0] if len(labels) == 1 and labels[0] in FIDUCIALS else name
        for name, labels in (task.config.classes or task.default_classes()).items()
    )


def finder(names: Sequence[str], rate_hz: float) -> EventFinder:
    """Waves read from probabilities by the application's own rules."""

    def find(recording: Stitched) -> Marks:
        events = events_from_probabilities(
            recording.values, names, rate_hz, signal_mv=recording.signal_mv, first=recording.first
        )
        found: dict[str, F64] = {}
        for kind, fiducials in FIDUCIALS.items():
            waves = getattr(events, kind)
            for name, at in zip(fiducials, (waves.onset, waves.peak, waves.offset), strict=True):
                found[name] = at[np.isfinite(at)] * (1000.0 / rate_hz)
        return found

    return find


def score_waves(
    windows: WindowSet,
    outputs: NDArray[Any],
    names: Sequence[str],
    rate_hz: float,
    *,
    replicates: int = 1000,
    seed: int = 0,
    find: EventFinder | None = None,
) -> dict[str, Any]:
    """Events of segmentation windows [n] with probabilities [n, length, k] of classes `names`.

    `events` and `events_tight` by fiducial (se, ppv, f1, mean_ms, sd_ms and counts); `event_f1_macro` over the six
    boundaries, at 150 ms and tight; `p_onsets_per_10_s_without_p`: P onsets reported in AF or flutter.
    """
    find = find or finder(names, rate_hz)
    judged = [f for kind, fiducials in FIDUCIALS.items() if kind in names for f in fiducials]
    recordings = [_score(r, find(r), judged, rate_hz) for r in stitched_recordings(windows, outputs)]
    patients, group = np.unique([r.patient for r in recordings], return_inverse=True)
    document: dict[str, Any] = {"n_recordings": len(recordings)}
    intervals: dict[str, Any] = {}
    for key, which, fiducials in (
        ("events", "wide", judged),
        ("events_tight", "tight", [name for name in judged if name in TIGHT_S]),
    ):
        matches = [[getattr(r, which)[name] for name in fiducials] for r in recordings]
        counts = _per_patient(matches, group, len(patients))
        document[key] = {name: _figures([row[i] for row in matches]) for i, name in enumerate(fiducials)}
        found = _intervals(counts, fiducials, replicates, seed)
        for name in fiducials:
            document[key][name]["ci95"] = {"f1": found[name]}
        macro = "event_f1_macro_150ms" if which == "wide" else "event_f1_macro_tight"
        document[macro] = float(_macro(counts.sum(axis=0)[None], fiducials)[0])
        intervals[macro] = found["macro"]
    document["ci95"] = intervals
    document |= _false_p(recordings) if "p" in names else {}
    document["event_protocol"] = (
        "one-to-one nearest matching within 150 ms, and tight: "
        + ", ".join(f"{name} {window * 1000:.0f} ms" for name, window in TIGHT_S.items())
        + "; only between the first and last mark of a recording"
    )
    return document


def _score(recording: Stitched, found: Marks, judged: Sequence[str], rate_hz: float) -> _Recording:
    truth = {name: np.asarray(at) * 1000.0 for name, at in recording.marks.items()}
    return _Recording(
        recording.patient,
        {name: match_fiducial(truth, found, name, WINDOW_S * 1000) for name in judged},
        {name: match_fiducial(truth, found, name, TIGHT_S[name] * 1000) for name in judged if name in TIGHT_S},
        len(found.get("p_on", ())),
        len(recording.values) / rate_hz,
        recording.without_p,
    )


def _per_patient(matches: list[list[FiducialMatch]], group: NDArray[Any], patients: int) -> NDArray[np.int64]:
    """Counts [patients, fiducials, 3] of matched, false and missed."""
    counts = np.array([[(m.matched, m.false, m.missed) for m in row] for row in matches], np.int64)
    total = np.zeros((patients, *counts.shape[1:]), np.int64)
    np.add.at(total, group, counts)
    return total


def _f1(counts: NDArray[Any]) -> F64:
    """F1 of counts [..., 3]; NaN for a fiducial nobody marked."""
    matched, false, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    value = class_counts.share(2 * matched, 2 * matched + false + missed)
    return np.where(matched + missed > 0, value, np.nan)


def _macro(counts: NDArray[Any], fiducials: Sequence[str]) -> F64:
    """Mean F1 of the boundaries (not the peaks) in counts [..., fiducials, 3]."""
    boundaries = [i for i, name in enumerate(fiducials) if name in BOUNDARIES]
    values = _f1(counts[..., boundaries, :])
    known = ~np.isnan(values)
    return class_counts.share(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def _intervals(counts: NDArray[Any], fiducials: Sequence[str], replicates: int, seed: int) -> dict[str, Any]:
    figures: dict[str, bootstrap.Figure] = {"macro": lambda sums: _macro(sums, fiducials)}
    for i, name in enumerate(fiducials):
        figures[name] = _figure_of(i)
    return bootstrap.intervals(counts, figures, replicates=replicates, seed=seed)


def _figure_of(i: int) -> bootstrap.Figure:
    return lambda sums: _f1(sums[:, i])


def _figures(matches: list[FiducialMatch]) -> dict[str, Any]:
    matched, false, missed = (sum(getattr(m, part) for m in matches) for part in ("matched", "false", "missed"))
    error = np.concatenate([np.zeros(0), *(m.error for m in matches)])
    known = len(error) > 0
    return {
        "se": float(class_counts.share(np.array(matched), np.array(matched + missed))),
        "ppv": float(class_counts.share(np.array(matched), np.array(matched + false))),
        "f1": float(_f1(np.array([matched, false, missed]))),
        "mean_ms": float(error.mean()) if known else float("nan"),
        "sd_ms": float(error.std()) if known else float("nan"),
        "mean_abs_ms": float(np.abs(error).mean()) if known else float("nan"),
        "matched": matched,
        "false": false,
        "missed": missed,
    }


def _false_p(recordings: Sequence[_Recording]) -> dict[str, Any]:
    barren = [r for r in recordings if r.without_p]
    seconds = sum(r.seconds for r in barren)
    return {
        "n_recordings_without_p": len(barren),
        "p_onsets_per_10_s_without_p": 10 * sum(r.p_onsets for r in barren) / seconds if barren else float("nan"),
    }
