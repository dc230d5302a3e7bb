"""Inference of small gradient-boosted decision trees with numpy: complete binary trees held in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class BoostedTrees:
    """A sum of complete trees of equal depth d, in log odds.

    `feature` int64 [trees, 2^d - 1] and `threshold` float64 of the same shape, node k having children 2k + 1 (value
    at most the threshold) and 2k + 2; `leaf` float64 [trees, 2^d].
    """

    feature: I64
    threshold: F64
    leaf: F64
    bias: float

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> BoostedTrees:
        """From the JSON form `to_document` gives."""
        return BoostedTrees(
            np.array(document["feature"], dtype=np.int64),
            np.array(document["threshold"], dtype=np.float64),
            np.array(document["leaf"], dtype=np.float64),
            float(document["bias"]),
        )

    def to_document(self) -> dict[str, Any]:
        """A form JSON can hold."""
        return {
            "feature": self.feature.tolist(),
            "threshold": self.threshold.tolist(),
            "leaf": self.leaf.tolist(),
            "bias": self.bias,
        }

    def score(self, x: F64) -> F64:
        """Log odds of each row: [n, features] -> [n]."""
        total = np.full(len(x), self.bias)
        inner = self.feature.shape[1]
        depth = (inner + 1).bit_length() - 1
        columns = np.ascontiguousarray(x.T)
        rows = np.arange(len(x))
        for feature, threshold, leaf in zip(self.feature, self.threshold, self.leaf, strict=True):
            node = np.zeros(len(x), dtype=np.int64)
            for _ in range(depth):
                node = 2 * node + 1 + (columns[feature[node], rows] > threshold[node])
            total += leaf[node - inner]
        return total

    def probability(self, x: F64) -> F64:
        """Probability of the positive class: [n, features] -> [n]."""
        return 1.0 / (1.0 + np.exp(-np.clip(self.score(x), -30, 30)))
