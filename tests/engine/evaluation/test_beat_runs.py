"""Runs of ectopic beats and beat types, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.beat_classes import compare_beats
from engine.evaluation.beat_runs import compare_runs, runs_of


def _figures(reference: str, detected: str) -> dict:
    beats = np.arange(len(reference))
    v = [np.array([c == "V" for c in text]) for text in (reference, detected)]
    return compare_runs(beats, v[0], beats, v[1], 0.0).figures()


def test_runs_are_neighbouring_members():
    assert runs_of(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (3, 4), (6, 7)]
    assert runs_of(np.zeros(3, bool)) == []


@pytest.mark.parametrize(
    ("reference", "detected", "kind", "se", "ppv"),
    [
        ("NVVN", "NVVN", "couplets", 1.0, 1.0),
        ("NVVN", "NVNN", "couplets", 0.0, float("nan")),  # half a couplet is none
        ("NVVVN", "NVVVN", "short_runs", 1.0, 1.0),
        ("NVVVN", "NVVNN", "short_runs", 0.0, float("nan")),  # reported as a couplet ...
        ("NVVVN", "NVVNN", "couplets", float("nan"), 1.0),  # ... which lies in a run, and so is confirmed
        ("NVVVVVVVN", "NVVVVVVVN", "long_runs", 1.0, 1.0),
        ("NVVVVVVVN", "NVVVNVVVN", "long_runs", 0.0, float("nan")),  # broken in two short ones
        ("NVVVVVVVN", "NVVVNVVVN", "short_runs", float("nan"), 1.0),
        ("NNNNNNNN", "NVVVVVVN", "long_runs", float("nan"), 0.0),
    ],
)
def test_what_counts_as_a_run_found(reference, detected, kind, se, ppv):
    figures = _figures(reference, detected)[kind]
    assert (figures["se"], figures["ppv"]) == pytest.approx((se, ppv), nan_ok=True)


def test_detections_may_lie_within_the_window_of_a_run():
    reference, detected = np.array([0, 100, 200, 300]), np.array([10, 85, 215, 310])
    v = np.array([False, True, True, False])
    assert compare_runs(reference, v, detected, v, 20.0).figures()["couplets"]["se"] == 1.0
    assert compare_runs(reference, v, detected, v, 5.0).figures()["couplets"]["se"] == 0.0


def test_beat_types_with_missed_and_invented_beats():
    reference, detected = np.array([100, 200, 300, 400, 500]), np.array([101, 199, 302, 450, 505])
    found = compare_beats(reference, "NVVFS", detected, "NVNVV", 250.0)
    v = found.figures()["V"]
    # One V found of two; the beat at 505 was S; the detection at 450 lies 200 ms from the F and from the S.
    assert v["se"] == 0.5
    assert v["ppv"] == pytest.approx(1 / 3)
    assert found.counts[3, 5] == 1  # the fusion beat was missed
    assert found.counts[5, 2] == 1  # and one V invented


def test_a_fusion_beat_called_ventricular_is_excused():
    at = np.arange(4) * 300
    v = compare_beats(at, "NVFN", at, "NVVN", 250.0).figures()["V"]
    assert v["ppv"] == 1.0
    s = compare_beats(at, "NSFN", at, "NSSN", 250.0).figures()["S"]
    assert s["ppv"] == 0.5


def test_the_learning_period_counts_on_neither_side():
    at = np.array([0, 1000, 2000, 3000])
    found = compare_beats(at, "VVNN", at[1:], "VNN", 1000.0, learning_s=1.5)
    assert found.counts.sum() == 2
