"""Whether probabilities mean what they say, and what an answer costs at each level of confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

BINS = 15
_CURVE_POINTS = 101


@dataclass(frozen=True)
class Calibration:
    """Reliability of the answered class, in equal bins of its probability (empty bins have count 0, NaN means).

    ece: mean gap between confidence and accuracy, weighted by count; worst_gap: the largest in any bin.
    (Guo et al., On calibration of modern neural networks, ICML 2017.)
    brier: mean over windows of the squared distance between probabilities and truth, summed over classes.
    """

    ece: float
    worst_gap: float
    brier: float
    edges: F64
    count: I64
    confidence: F64
    accuracy: F64


def reliability(confidence: NDArray[Any], right: NDArray[Any], brier: float, bins: int = BINS) -> Calibration:
    """Calibration of confidences [n] in answers that were right or not (bool [n])."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    total = np.maximum(count, 1)
    mean = np.where(count > 0, np.bincount(place, confidence, bins) / total, np.nan)
    share = np.where(count > 0, np.bincount(place, right, bins) / total, np.nan)
    gap = np.where(count > 0, np.abs(mean - share), 0.0)
    n = max(1, len(confidence))
    return Calibration(float((gap * count).sum() / n), float(gap.max()), brier, edges, count, mean, share)


def brier_score(true: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """Mean squared distance of probabilities [n, k] from class numbers [n], 0 to 2; NaN without windows."""
    if not len(true):
        return float("nan")
    squares = np.einsum("ij,ij->i", probabilities, probabilities, dtype=np.float64)
    at_truth = probabilities[np.arange(len(true)), true]
    return float(np.mean(squares - 2 * at_truth + 1))


@dataclass(frozen=True)
class CoverageRisk:
    """Error rate among the answers kept, when only the most confident share (`coverage`) is kept.

    area: mean risk over all coverages (El-Yaniv and Wiener, JMLR 11, 2010); best_area: that of an ordering that
    puts every error last, so that area - best_area is what confidence leaves to gain.
    """

    coverage: F64
    risk: F64
    confidence: F64  # of the least confident answer kept
    area: float
    best_area: float


def coverage_risk(confidence: NDArray[Any], right: NDArray[Any], points: int = _CURVE_POINTS) -> CoverageRisk:
    """Coverage-risk curve of n answers; equally confident answers count as drawn in random order."""
    n = len(confidence)
    if n == 0:
        nothing = np.zeros(0)
        return CoverageRisk(nothing, nothing, nothing, float("nan"), float("nan"))
    order = np.argsort(-np.asarray(confidence), kind="stable")
    confidence, wrong = np.asarray(confidence)[order], ~np.asarray(right, bool)[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(confidence)), n - 1)
    kept = np.arange(1, n + 1)
    errors = np.interp(kept, np.append(0, last_of_tie + 1), np.append(0, np.cumsum(wrong)[last_of_tie]))
    risk = errors / kept
    total = int(wrong.sum())
    best = np.maximum(0, kept - (n - total)) / kept
    at = np.unique(np.round(np.linspace(0, n - 1, min(points, n))).astype(np.int64))
    return CoverageRisk(
        kept[at] / n, risk[at], np.asarray(confidence[at], np.float64), float(risk.mean()), float(best.mean())
    )
