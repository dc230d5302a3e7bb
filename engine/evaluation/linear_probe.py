"""How much a frozen embedding knows: logistic regressions on it against what publishers state about records.

One L2-regularised logistic regression a statement (Newton steps), on the mean embedding of each record,
standardised by the training records. Fitted on training patients, scored on others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.bootstrap import FEWEST_PATIENTS, patient_weights, percentile_interval
from engine.evaluation.grouping import mean_by_group, record_numbers
from engine.evaluation.ranking import rank
from engine.tasks.base import WindowSet
from engine.tasks.foundation import SEPARATOR, STATEMENTS

F64 = NDArray[np.float64]

_STEPS = 50
_SMALL_STEP = 1e-6
_FEWEST = 5  # records with and without a statement, below which nothing is fitted


@dataclass(frozen=True)
class Probe:
    """Logistic regressions of k labels on d features: standardisation [d], weights [d, k], biases [k]."""

    mean: F64
    scale: F64
    weights: F64
    bias: F64

    def probabilities(self, features: NDArray[Any]) -> F64:
        """Of each label, [n, k], for features [n, d]."""
        z = (np.asarray(features, np.float64) - self.mean) / self.scale @ self.weights + self.bias
        return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def fit_probe(features: NDArray[Any], labels: NDArray[Any], penalty: float = 1.0) -> Probe:
    """Fit labels [n, k] (0 or 1) on features [n, d]; `penalty` times half the squared weights, none on the bias."""
    features, labels = np.asarray(features, np.float64), np.asarray(labels, np.float64)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    x = np.hstack([(features - mean) / scale, np.ones((len(features), 1))])
    shrink = np.append(np.full(features.shape[1], penalty), 1e-9)
    solved = np.stack([_logistic(x, column, shrink) for column in labels.T], axis=1)
    return Probe(mean, scale, solved[:-1], solved[-1])


def probe_statements(
    train_outputs: NDArray[Any],
    train: WindowSet,
    test_outputs: NDArray[Any],
    test: WindowSet,
    classes: Mapping[str, tuple[str, ...]],
    *,
    penalty: float = 1.0,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """AUROC of probes for each class (name -> statements any of which means it) on the test records.

    Outputs are embeddings [n, size] of the windows beside them, which carry their records' statements as the
    foundation task cuts them. Intervals are of resampled patients. Classes that fewer than five training records
    have or lack are named under `left_out`.
    """
    x, y, _ = _records(train_outputs, train, classes)
    x_test, y_test, patients = _records(test_outputs, test, classes)
    common = np.minimum(y.sum(axis=0), (1 - y).sum(axis=0)) >= _FEWEST
    names = [name for name, fits in zip(classes, common, strict=True) if fits]
    document: dict[str, Any] = {
        "n_train_records": len(x),
        "n": len(x_test),
        "n_patients": len(np.unique(patients)),
        "left_out": [name for name, fits in zip(classes, common, strict=True) if not fits],
        "auroc_per_class": {},
        "positives": {},
        "ci95": {},
    }
    if not names:
        return document | {"auroc_macro": float("nan")}
    scores = fit_probe(x, y[:, common], penalty).probabilities(x_test)
    unique, group = np.unique(patients, return_inverse=True)
    draws = patient_weights(len(unique), replicates if len(unique) >= FEWEST_PATIENTS else 0, seed)
    truth = y_test[:, common] > 0
    each = [rank(truth[:, k], scores[:, k]).auroc for k in range(len(names))]
    drawn = np.array(
        [[rank(truth[:, k], scores[:, k], row[group]).auroc for k in range(len(names))] for row in draws]
    )
    drawn = drawn.reshape(len(draws), len(names))
    document["auroc_per_class"] = dict(zip(names, each, strict=True))
    document["positives"] = dict(zip(names, truth.sum(axis=0).tolist(), strict=True))
    document["auroc_macro"] = float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")
    document["ci95"] = {name: percentile_interval(drawn[:, k]) for k, name in enumerate(names)}
    document["ci95"]["auroc_macro"] = percentile_interval(drawn.mean(axis=1))
    return document


def _areas(truth: NDArray[Any], scores: F64, weight: NDArray[Any] | None) -> list[float]:
    """AUROC of each column."""
    return [rank(t, s, weight).auroc for t, s in zip(truth.T, scores.T, strict=True)]


def _records(
    outputs: NDArray[Any], windows: WindowSet, classes: Mapping[str, tuple[str, ...]]
) -> tuple[F64, F64, NDArray[np.str_]]:
    """Mean embedding [records, size], labels [records, classes] and patient of every record."""
    n, number = record_numbers(windows)
    first = np.zeros(n, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    stated = [set(str(text).split(SEPARATOR)) for text in windows.extra[STATEMENTS][first]]
    labels = [[float(not one.isdisjoint(meant)) for meant in classes.values()] for one in stated]
    flat = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    return mean_by_group(flat, number, n), np.array(labels).reshape(n, len(classes)), windows.patient[first]


def _logistic(x: F64, y: F64, shrink: F64) -> F64:
    """Newton's method with step halving; the objective is convex, so it ends at the minimum."""
    weights = np.zeros(x.shape[1])
    value = _objective(x, y, shrink, weights)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -60, 60)))
        slope = x.T @ (p - y) + shrink * weights
        curvature = (x * np.maximum(p * (1 - p), 1e-9)[:, None]).T @ x + np.diag(shrink)
        step = np.linalg.solve(curvature, slope)
        size = 1.0
        while size > _SMALL_STEP and _objective(x, y, shrink, weights - size * step) > value:
            size /= 2
        weights = weights - size * step
        value = _objective(x, y, shrink, weights)
        if np.abs(size * step).max() < _SMALL_STEP:
            break
    return weights


def _objective(x: F64, y: F64, shrink: F64, weights: F64) -> float:
    z = x @ weights
    return float(np.sum(np.logaddexp(0, z) - y * z) + 0.5 * np.sum(shrink * weights**2))
