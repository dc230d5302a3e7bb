"""The loss that weighs windows by ratio, not by size."""

from __future__ import annotations

import numpy as np

from engine.config import Choice
from engine.training.losses import build_loss


def test_halving_the_error_of_any_window_gains_the_same():
    loss = build_loss(Choice(name="error_power", params={"floor": 1e-9}), "regression", 1)
    truth = np.zeros((2, 8, 1), np.float32)
    error = np.ones((2, 8, 1), np.float32) * np.array([1.0, 0.01], np.float32)[:, None, None]
    before = float(loss(truth, error))
    for window in (0, 1):
        better = error.copy()
        better[window] /= 2
        np.testing.assert_allclose(before - float(loss(truth, better)), np.log(4) / 2, rtol=1e-3)
