"""Probes on frozen embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.linear_probe import fit_probe, probe_statements
from engine.tasks.base import WindowSet


def test_the_fit_is_where_the_slope_of_its_objective_vanishes():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3)) * [1, 10, 0.1] + 5
    y = (x[:, :1] + generator.normal(size=(200, 1)) > 5).astype(float)
    probe = fit_probe(x, y, penalty=2.0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    slope = z.T @ (probe.probabilities(x) - y) + 2.0 * probe.weights
    np.testing.assert_allclose(slope, 0, atol=1e-4)
    assert probe.probabilities(x).mean() == pytest.approx(y.mean(), abs=1e-6)


def test_separable_and_constant_features_do_no_harm():
    x = np.column_stack([np.arange(40.0), np.ones(40)])
    y = (x[:, :1] > 19).astype(float)
    p = fit_probe(x, y).probabilities(x)
    assert np.isfinite(p).all() and ((p > 0.5) == (y > 0)).all()


def embedded(n_records, seed, prefix):
    """Two windows a record; the first of four numbers tells the statement, with noise; one record a patient."""
    generator = np.random.default_rng(seed)
    ill = np.arange(n_records) % 3 == 0
    outputs = generator.normal(size=(2 * n_records, 4))
    outputs[:, 0] += 3 * np.repeat(ill, 2)
    n, names = 2 * n_records, np.repeat([f"{prefix}{k}" for k in range(n_records)], 2)
    stated = np.repeat(np.where(ill, "AFIB\nLVH", "NORM"), 2)
    windows = WindowSet(
        np.zeros((n, 8, 1), np.float32), np.zeros(n, np.int64), names, names, np.full(n, "I"),
        np.tile([0, 8], n_records), np.full(n, 100, np.float32), {"statements": stated},
    )  # fmt: skip
    return outputs, windows


def test_records_are_scored_by_their_mean_embedding_with_an_interval():
    classes = {"AF": ("AFIB", "AFLT"), "NONE": ("SOMETHING",)}
    arguments = (*embedded(90, 1, "a"), *embedded(60, 2, "b"), classes)
    found = probe_statements(*arguments, replicates=200)
    assert found["n"] == 60 and found["n_train_records"] == 90 and found["positives"] == {"AF": 20}
    assert found["left_out"] == ["NONE"]
    low, high = found["ci95"]["AF"]
    assert low <= found["auroc_per_class"]["AF"] <= high and low > 0.9
    assert found == probe_statements(*arguments, replicates=200)


def test_an_embedding_that_knows_nothing_scores_half():
    outputs, windows = embedded(90, 1, "a")
    blind = np.random.default_rng(5).normal(size=outputs.shape)
    other, others = embedded(300, 2, "b")
    found = probe_statements(
        blind, windows, other[:, 1:2].repeat(4, axis=1), others, {"AF": ("AFIB",)}, replicates=50
    )
    assert 0.35 < found["auroc_macro"] < 0.65
