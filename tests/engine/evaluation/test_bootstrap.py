"""Patient bootstrap: seeded, as wide as patients differ, and right about as often as it says."""

from __future__ import annotations

import numpy as np

from engine.evaluation import bootstrap, class_counts

ACCURACY = {"accuracy": class_counts.accuracy}


def _counts(right: np.ndarray, total: int) -> np.ndarray:
    counts = np.zeros((len(right), 2, 2), np.int64)
    counts[:, 0, 0], counts[:, 0, 1] = right, total - right
    return counts


def test_weights_draw_every_patient_once_on_average():
    weights = bootstrap.patient_weights(50, 400, seed=3)
    assert (weights.sum(axis=1) == 50).all()
    assert abs(weights.mean() - 1) < 1e-6
    assert np.array_equal(weights, bootstrap.patient_weights(50, 400, seed=3))
    assert not np.array_equal(weights, bootstrap.patient_weights(50, 400, seed=4))


def test_no_interval_from_one_patient_or_without_replicates():
    one = _counts(np.array([3]), 4)
    assert bootstrap.intervals(one, ACCURACY, replicates=100, seed=0) == {"accuracy": None}
    two = _counts(np.array([3, 4]), 4)
    assert bootstrap.intervals(two, ACCURACY, replicates=0, seed=0) == {"accuracy": None}


def test_windows_of_one_patient_do_not_narrow_the_interval():
    rng = np.random.default_rng(0)
    share = rng.beta(6, 2, 40)
    few, many = (_counts(np.round(share * n).astype(int), n) for n in (100, 10_000))
    a = bootstrap.intervals(few, ACCURACY, replicates=500, seed=1)["accuracy"]
    b = bootstrap.intervals(many, ACCURACY, replicates=500, seed=1)["accuracy"]
    assert a is not None and b is not None
    assert abs((a[1] - a[0]) - (b[1] - b[0])) < 0.01


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(200):
        counts = _counts(rng.binomial(20, rng.beta(8, 2, 40)), 20)  # true mean 0.8
        low, high = bootstrap.intervals(counts, ACCURACY, replicates=300, seed=trial)["accuracy"] or (1, 0)
        hits += low <= 0.8 <= high
    assert 0.88 <= hits / 200 <= 0.99
