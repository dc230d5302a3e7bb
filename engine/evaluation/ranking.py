"""How well scores order members before others: ROC and precision-recall, ties handled exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_CURVE_POINTS = 101


@dataclass(frozen=True)
class Ranking:
    """Areas and curves of one class against the rest; areas NaN and curves empty when either side is empty.

    auprc is the average precision (sum of precision times step in recall), not the trapezium area, which flatters.
    """

    auroc: float
    auprc: float
    false_rate: F64
    true_rate: F64
    recall: F64
    precision: F64


def rank(member: NDArray[Any], score: NDArray[Any], weight: NDArray[Any] | None = None) -> Ranking:
    """Ranking of scores [n] against membership (bool [n]); weights [n] count rows several times."""
    member = np.asarray(member, bool)
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    score, member = np.asarray(score)[order], member[order]
    count = np.ones(len(score)) if weight is None else np.asarray(weight, np.float64)[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(score)), len(score) - 1) if len(score) else np.zeros(0, int)
    hits = np.cumsum(count * member)[last_of_tie]
    others = np.cumsum(count * ~member)[last_of_tie]
    if not len(hits) or hits[-1] == 0 or others[-1] == 0:
        nothing = np.zeros(0)
        return Ranking(float("nan"), float("nan"), nothing, nothing, nothing, nothing)
    true_rate = np.append(0.0, hits / hits[-1])
    false_rate = np.append(0.0, others / others[-1])
    with np.errstate(invalid="ignore"):
        precision = np.where(hits + others > 0, hits / (hits + others), 1.0)
    average = float(np.sum(np.diff(true_rate) * precision))
    return Ranking(
        float(np.trapezoid(true_rate, false_rate)), average, false_rate, true_rate, true_rate[1:], precision
    )


def thinned(x: F64, y: F64, points: int = _CURVE_POINTS) -> tuple[list[float], list[float]]:
    """At most `points` points of a curve, first and last among them, spread along its length."""
    if len(x) > points:
        along = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        at = np.searchsorted(along, np.linspace(0, along[-1], points))
        keep = np.unique(np.clip(at, 0, len(x) - 1))
        x, y = x[keep], y[keep]
    return np.round(x, 5).tolist(), np.round(y, 5).tolist()
