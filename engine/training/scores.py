"""The one figure by which epochs are compared, over all validation windows, higher is better."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tasks.base import TargetKind

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def score_name(target: TargetKind) -> str:
    """What the figure is called in histories."""
    return {"multi_label": "auroc_macro", "regression": "snr_gain_db"}.get(target, "f1_macro")


def confusion(truth: I64, guess: I64, classes: int) -> I64:
    """Counts [true class, guessed class]; negative (ignored) truths are left out."""
    known = truth >= 0
    return np.bincount(truth[known] * classes + guess[known], minlength=classes**2).reshape(classes, classes)


def f1_per_class(counts: I64) -> F64:
    """F1 of every class from counts [true, guessed]; NaN for a class that is nowhere true."""
    hit = np.diag(counts).astype(np.float64)
    true, guessed = counts.sum(axis=1), counts.sum(axis=0)
    return np.where(true > 0, 2 * hit / np.maximum(true + guessed, 1), np.nan)


def f1_macro(truth: I64, outputs: F32) -> float:
    """Mean F1 over the classes that occur. truth [...]; outputs [..., classes], the highest wins."""
    classes = outputs.shape[-1]
    counts = confusion(truth.ravel(), outputs.argmax(axis=-1).ravel(), classes)
    each = f1_per_class(counts)
    return float(np.nanmean(each)) if np.isfinite(each).any() else 0.0


def auroc_macro(truth: NDArray[Any], outputs: F32) -> float:
    """Mean area under the ROC curve over labels that are both present and absent. Both [n, classes]."""
    areas = []
    for label, score in zip(truth.T > 0.5, outputs.T, strict=True):
        positive, negative = int(label.sum()), int((~label).sum())
        if positive and negative:
            _, group, size = np.unique(score, return_inverse=True, return_counts=True)
            rank = (np.cumsum(size) - (size - 1) / 2)[group]  # ties share their mean rank
            areas.append((rank[label].sum() - positive * (positive + 1) / 2) / (positive * negative))
    return float(np.mean(areas)) if areas else 0.0


def snr_gain_db(noisy: F32, clean: F32, restored: F32) -> float:
    """Mean over windows of how many dB nearer `restored` is to `clean` than `noisy` was; all [n, length, channels].

    Where input and target are different signals (translation) it is the ratio of target to error instead.
    """
    if noisy.shape != clean.shape:
        noisy = np.zeros_like(clean)
    before = ((noisy - clean).astype(np.float64) ** 2).mean(axis=(1, 2))
    after = ((restored - clean).astype(np.float64) ** 2).mean(axis=(1, 2))
    return float(np.mean(10 * np.log10((before + 1e-9) / (after + 1e-9))))
