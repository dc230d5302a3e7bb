"""Beat matching by the EC57 protocol: hand-made cases with known counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.beat_matching import match_beats, reference_beats, score_beats, summarise
from engine.records.annotations import Annotations


def pairs(reference: list[float], detected: list[float], tolerance: float) -> list[tuple[int, int]]:
    i, j = match_beats(reference, detected, tolerance)
    return list(zip(i.tolist(), j.tolist(), strict=True))


def test_each_beat_is_paired_with_the_detection_in_reach() -> None:
    assert pairs([100, 200, 300], [103, 290, 420], 15) == [(0, 0), (2, 1)]


def test_tolerance_is_inclusive() -> None:
    assert pairs([100], [115], 15) == [(0, 0)]
    assert pairs([100], [116], 15) == []


def test_nearest_of_two_detections_wins() -> None:
    assert pairs([100], [90, 98, 109], 15) == [(0, 1)]


def test_nearest_of_two_references_wins() -> None:
    assert pairs([90, 98, 109], [100], 15) == [(1, 0)]


def test_a_detection_that_suits_the_next_beat_better_is_left_to_it() -> None:
    assert pairs([100, 120], [88, 111], 15) == [(0, 0), (1, 1)]


def test_pairs_are_one_to_one_in_a_crowd() -> None:
    assert pairs([0, 10, 20, 30], [1, 11, 19, 31], 15) == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_nothing_to_match() -> None:
    assert pairs([], [1, 2], 15) == []
    assert pairs([1, 2], [], 15) == []
    assert pairs([], [], 15) == []


def test_whole_record_counts_and_errors() -> None:
    score = score_beats([1000, 2000, 3000, 4000], [1010, 2500, 2990, 4000], 1000.0)
    assert (score.true_positive, score.false_positive, score.false_negative) == (3, 1, 1)
    np.testing.assert_allclose(score.error_ms, [10, -10, 0])
    assert score.sensitivity == pytest.approx(75.0)
    assert score.predictivity == pytest.approx(75.0)
    assert score.f1 == pytest.approx(75.0)
    assert score.error_rate == pytest.approx(50.0)
    assert score.mean_error_ms == pytest.approx(0.0)
    assert score.sd_error_ms == pytest.approx(np.sqrt(200 / 3))


def test_late_by_100_ms_passes_at_150_and_fails_at_75() -> None:
    reference = np.arange(1, 11) * 360
    assert score_beats(reference, reference + 36, 360.0, tolerance_ms=150).f1 == 100.0
    assert score_beats(reference, reference + 36, 360.0, tolerance_ms=75).f1 == 0.0


def test_learning_period_leaves_early_beats_out_and_forgives_one_early_detection() -> None:
    reference = [500, 1050, 2000]
    score = score_beats(reference, [700, 990, 1960], 1000.0, learning_s=1.0, tolerance_ms=150)
    assert (score.true_positive, score.false_positive, score.false_negative) == (2, 0, 0)
    score = score_beats(reference, [900, 1050, 1500, 2000], 1000.0, learning_s=1.0, tolerance_ms=150)
    assert (score.true_positive, score.false_positive, score.false_negative) == (2, 1, 0)


def test_excluded_spans_leave_both_sides() -> None:
    score = score_beats([100, 500, 900], [100, 450, 550, 900], 1000.0, excluded=[(400, 600)])
    assert (score.true_positive, score.false_positive, score.false_negative) == (2, 0, 0)


def test_detections_are_sorted_and_made_unique() -> None:
    score = score_beats([100, 900], [900, 100, 100], 1000.0)
    assert (score.true_positive, score.false_positive, score.false_negative) == (2, 0, 0)


def test_summary_adds_counts_and_averages_records() -> None:
    good = score_beats(np.arange(10) * 1000, np.arange(10) * 1000, 1000.0)
    poor = score_beats([0, 1000], [0, 400], 1000.0)
    summary = summarise({"good": good, "poor": poor})
    assert (summary.gross.true_positive, summary.gross.false_positive, summary.gross.false_negative) == (11, 1, 1)
    assert summary.average_sensitivity == pytest.approx(75.0)
    assert summary.average_predictivity == pytest.approx(75.0)
    assert summary.worst(1) == [("poor", 100.0)]


def test_reference_beats_leaves_marks_out_and_finds_flutter() -> None:
    marks = Annotations(np.arange(8) * 10, ("+", "N", "[", "!", "]", "V", "~", "/"), 360.0)
    beats, spans = reference_beats(marks)
    assert beats.tolist() == [10, 50, 70]
    assert spans == [(20, 40)]


def one_by_one(ref: list[int], det: list[int], tolerance: int) -> int:
    """Largest possible number of pairs in time order, by dynamic programming."""
    best = np.zeros((len(ref) + 1, len(det) + 1), int)
    for i, r in enumerate(ref):
        for j, d in enumerate(det):
            paired = best[i, j] + 1 if abs(r - d) <= tolerance else 0
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], paired)
    return int(best[-1, -1])


times = st.lists(st.integers(0, 400), max_size=25, unique=True).map(sorted)


@given(times, times, st.integers(0, 40))
def test_pairs_are_valid_and_never_more_than_possible(ref: list[int], det: list[int], tolerance: int) -> None:
    found = pairs(ref, det, tolerance)
    assert all(abs(ref[i] - det[j]) <= tolerance for i, j in found)
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
    assert found == sorted(found)
    assert len(found) <= one_by_one(ref, det, tolerance)
    if not found:
        assert one_by_one(ref, det, tolerance) == 0
