"""What a model's raw outputs mean: logits to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.signals.preprocess import PreparedWindows

F32 = NDArray[np.float32]


def from_logits(outputs: NDArray[Any], target: str, prepared: PreparedWindows) -> F32:
    """Probabilities for the kinds of target that have classes; for regression the values, back in mV."""
    if target in ("per_window", "per_sample"):
        shifted = outputs - outputs.max(axis=-1, keepdims=True)
        grown = np.exp(shifted)
        return np.asarray(grown / grown.sum(axis=-1, keepdims=True), np.float32)
    if target == "multi_label":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(outputs, -60, 60))), np.float32)
    if target == "regression":
        return np.asarray(prepared.undo(np.asarray(outputs, np.float32)), np.float32)
    return np.asarray(outputs, np.float32)
