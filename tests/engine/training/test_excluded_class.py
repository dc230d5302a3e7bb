"""Samples known only not to be of one class."""

from __future__ import annotations

import numpy as np

from engine.config import Choice
from engine.tasks.base import IGNORED, anything_but
from engine.training.losses import build_loss


def packed(target: int, teacher: list[float]) -> np.ndarray:
    return np.array([[[target, *teacher]]], np.float32)


def test_a_teacher_is_not_heard_on_an_excluded_class():
    loss = build_loss(Choice(name="cross_entropy"), "per_sample", 3, distillation=(1.0, 1.0))
    teacher = [0.0, 3.0, 1.0]
    agrees = np.array([[teacher]], np.float32)
    renounces = np.array([[[0.0, -20.0, 1.0]]], np.float32)
    assert float(loss(packed(IGNORED, teacher), agrees)) < 1e-5
    assert float(loss(packed(anything_but(1), teacher), renounces)) < 1e-5
    assert float(loss(packed(anything_but(1), teacher), agrees)) > 1


def test_an_excluded_class_is_no_label():
    loss = build_loss(Choice(name="cross_entropy"), "per_sample", 3)
    assert float(loss(packed(anything_but(2), [])[..., :1], np.ones((1, 1, 3), np.float32))) == 0
