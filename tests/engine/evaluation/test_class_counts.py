"""Figures from confusion counts: known answers, invariants, and agreement with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.evaluation import class_counts

MATRICES = arrays(np.int64, (3, 3), elements=st.integers(0, 50))


def test_hand_made_matrix():
    matrix = np.array([[8, 2], [1, 9]])
    assert class_counts.sensitivity(matrix).tolist() == [0.8, 0.9]
    assert class_counts.predictivity(matrix) == pytest.approx([8 / 9, 9 / 11])
    assert class_counts.f1(matrix) == pytest.approx([16 / 19, 18 / 21])
    assert class_counts.accuracy(matrix) == pytest.approx(0.85)
    assert class_counts.kappa(matrix) == pytest.approx(0.7)
    assert class_counts.mcc(matrix) == pytest.approx((72 - 2) / np.sqrt(9 * 10 * 10 * 11))


def test_class_without_members_has_no_score_and_leaves_the_mean():
    matrix = np.array([[5, 0, 5], [0, 10, 0], [0, 0, 0]])
    assert np.isnan(class_counts.f1(matrix)[2])
    assert class_counts.f1_macro(matrix) == pytest.approx((2 / 3 + 1) / 2)


@given(MATRICES)
def test_confusion_invariants(matrix):
    true, predicted = np.nonzero(matrix)
    count = matrix[true, predicted]
    assert np.array_equal(class_counts.confusion(np.repeat(true, count), np.repeat(predicted, count), 3), matrix)
    if matrix.sum() == 0:
        return
    for figure in (class_counts.accuracy, class_counts.f1_macro, class_counts.f1_weighted):
        assert 0 <= figure(matrix) <= 1
    order = [2, 0, 1]
    shuffled = matrix[np.ix_(order, order)]
    assert class_counts.f1_macro(shuffled) == pytest.approx(float(class_counts.f1_macro(matrix)))
    assert class_counts.f1_macro(7 * matrix) == pytest.approx(float(class_counts.f1_macro(matrix)))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_counts_by_group_add_up(rows):
    group, true, predicted = np.array(rows).T
    grouped = class_counts.grouped_confusion(true, predicted, group, 5, 3)
    assert np.array_equal(grouped.sum(axis=0), class_counts.confusion(true, predicted, 3))
    assert grouped.sum(axis=(1, 2)).tolist() == np.bincount(group, minlength=5).tolist()


def test_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    true, predicted = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    predicted[:250] = true[:250]
    matrix = class_counts.confusion(true, predicted, 4)
    assert class_counts.f1_macro(matrix) == pytest.approx(metrics.f1_score(true, predicted, average="macro"))
    weighted = metrics.f1_score(true, predicted, average="weighted")
    assert class_counts.f1_weighted(matrix) == pytest.approx(weighted)
    assert class_counts.kappa(matrix) == pytest.approx(metrics.cohen_kappa_score(true, predicted))
    assert class_counts.mcc(matrix) == pytest.approx(metrics.matthews_corrcoef(true, predicted))
    balanced = metrics.balanced_accuracy_score(true, predicted)
    assert class_counts.balanced_accuracy(matrix) == pytest.approx(balanced)
