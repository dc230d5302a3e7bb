"""Ranking areas, calibration and coverage-risk on hand-made scores."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation import calibration, multi_label, ranking


def test_perfect_and_reversed_order():
    member = np.array([0, 0, 1, 1])
    assert ranking.rank(member, np.array([0.1, 0.2, 0.8, 0.9])).auroc == 1.0
    assert ranking.rank(member, np.array([0.9, 0.8, 0.2, 0.1])).auroc == 0.0
    assert ranking.rank(member, np.full(4, 0.5)).auroc == 0.5  # a tie counts half


def test_one_sided_data_has_no_area():
    assert np.isnan(ranking.rank(np.ones(3), np.array([0.1, 0.2, 0.3])).auroc)
    assert np.isnan(ranking.rank(np.zeros(0), np.zeros(0)).auroc)


def test_areas_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    member = rng.random(400) < 0.3
    score = np.round(rng.random(400) + 0.4 * member, 2)
    found = ranking.rank(member, score)
    assert found.auroc == pytest.approx(metrics.roc_auc_score(member, score))
    assert found.auprc == pytest.approx(metrics.average_precision_score(member, score))
    once = multi_label.weighted_auroc(member, score, np.arange(400), np.ones((1, 400)))
    assert once == pytest.approx([found.auroc])
    weight = rng.integers(0, 3, 400)
    twice = multi_label.weighted_auroc(member, score, np.arange(400), weight[None])
    assert twice == pytest.approx([metrics.roc_auc_score(member, score, sample_weight=weight)])


def test_thinned_curve_keeps_its_ends():
    x = np.linspace(0, 1, 5000)
    thin_x, thin_y = ranking.thinned(x, x**2)
    assert len(thin_x) <= 101
    assert (thin_x[0], thin_y[0], thin_x[-1], thin_y[-1]) == (0, 0, 1, 1)


def test_calibration_error_is_the_gap():
    confidence = np.full(100, 0.9)
    right = np.arange(100) < 60
    found = calibration.reliability(confidence, right, 0.0)
    assert found.ece == pytest.approx(0.3)
    assert found.count.sum() == 100
    perfect = calibration.reliability(confidence, np.arange(100) < 90, 0.0)
    assert perfect.ece == pytest.approx(0.0)


def test_brier_score_of_sure_and_even_answers():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert calibration.brier_score(np.array([0, 1]), sure) == 0
    assert calibration.brier_score(np.array([1, 0]), sure) == 2
    assert calibration.brier_score(np.array([0, 1]), np.full((2, 2), 0.5)) == 0.5


def test_coverage_risk_ends_at_the_error_rate_of_everything():
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    right = np.array([True, True, True, False])
    found = calibration.coverage_risk(confidence, right)
    assert found.risk.tolist() == [0, 0, 0, 0.25]
    assert found.area == found.best_area == pytest.approx(0.0625)
    worst = calibration.coverage_risk(confidence, right[::-1])
    assert worst.area == pytest.approx((1 + 0.5 + 1 / 3 + 0.25) / 4)
    assert worst.coverage[-1] == 1


def test_equal_confidence_gives_no_credit_for_the_order_of_windows():
    right = np.array([True, True, False, False])
    found = calibration.coverage_risk(np.full(4, 0.7), right)
    assert found.risk == pytest.approx([0.5] * 4)
