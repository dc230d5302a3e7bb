"""What can be said of embeddings without labels: whether windows of one patient lie together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 3000  # windows compared with each other


def score_embeddings(outputs: NDArray[Any], patient: NDArray[Any], seed: int = 0) -> dict[str, Any]:
    """Cosine likeness within and between patients, and how often a window's nearest other is the same patient's.

    outputs: [n, size]; at most 3000 windows drawn with the seed are compared. `by_chance` is what the last would be
    if neighbours were random.
    """
    if len(outputs) > MOST:
        kept = np.sort(np.random.default_rng([seed, 7]).choice(len(outputs), MOST, replace=False))
        outputs, patient = outputs[kept], patient[kept]
    values = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    values = values / np.maximum(1e-12, np.linalg.norm(values, axis=1, keepdims=True))
    cosine = values @ values.T
    same = patient[:, None] == patient[None, :]
    apart = ~np.eye(len(values), dtype=bool)
    has_mate = (same & apart).any(axis=1)
    np.fill_diagonal(cosine, -np.inf)
    nearest = same[np.arange(len(values)), cosine.argmax(axis=1)]
    return {
        "n_compared": len(values),
        "same_patient_nearest": _mean(nearest[has_mate]),
        "by_chance": _mean((same & apart).sum(axis=1)[has_mate] / max(1, len(values) - 1)),
        "cosine_within": _mean(cosine[same & apart]),
        "cosine_between": _mean(cosine[~same]),
        "mean_dispersion": float(1 - np.linalg.norm(values.mean(axis=0))),
        "statements": ["embeddings have no classes; a probe trained on top of them has its own evaluation"],
    }


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
