from __future__ import annotations

import numpy as np
import pytest

from engine.config import Choice
from engine.errors import ConfigError
from engine.training.batches import pack
from engine.training.losses import build_loss, checked_loss, loss_names

CLASSES = 3


def logits(shape: tuple[int, ...] = (6, 20, CLASSES)) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def labels(shape: tuple[int, ...] = (6, 20)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, CLASSES, shape)


def value(name: str, y: np.ndarray, outputs: np.ndarray, target: str = "per_sample", **options: object) -> float:
    params = options.pop("params", {})
    loss = build_loss(Choice(name=name, params=params), target, outputs.shape[-1], **options)  # type: ignore[arg-type]
    return float(np.asarray(loss(pack(y, target), outputs)))  # type: ignore[arg-type]


def likelihood(y: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    return np.take_along_axis(shares, y[..., None], axis=-1)[..., 0]


CLASS_LOSSES = ["cross_entropy", "focal", "dice", "cross_entropy_dice"]


def test_cross_entropy_is_the_mean_negative_log_likelihood() -> None:
    y, outputs = labels(), logits()
    assert value("cross_entropy", y, outputs) == pytest.approx(-np.log(likelihood(y, outputs)).mean(), rel=1e-4)


def test_focal_weighs_each_sample_by_how_wrong_it_is() -> None:
    y, outputs = labels(), logits()
    p = likelihood(y, outputs)
    expected = -((1 - p) ** 2 * np.log(p)).mean()
    assert value("focal", y, outputs) == pytest.approx(expected, rel=1e-3)
    assert value("focal", y, outputs, params={"gamma": 0}) == pytest.approx(-np.log(p).mean(), rel=1e-4)


@pytest.mark.parametrize("name", CLASS_LOSSES)
class TestClassLosses:
    def test_ignored_samples_do_not_count(self, name: str) -> None:
        y, outputs = labels(), logits()
        masked = y.copy()
        masked[:, 10:] = -1
        changed = outputs.copy()
        changed[:, 10:] = 50
        assert value(name, masked, outputs) == pytest.approx(value(name, masked, changed), rel=1e-5)
        assert value(name, masked, outputs) == pytest.approx(value(name, y[:, :10], outputs[:, :10]), rel=1e-4)

    def test_nothing_known_gives_a_number(self, name: str) -> None:
        assert np.isfinite(value(name, np.full((6, 20), -1), logits()))

    def test_better_outputs_cost_less(self, name: str) -> None:
        y = labels()
        right = 8.0 * np.eye(CLASSES, dtype=np.float32)[y]
        assert value(name, y, right) < 0.1 * value(name, y, logits())

    def test_works_for_whole_windows(self, name: str) -> None:
        assert np.isfinite(value(name, labels((8,)), logits((8, CLASSES)), target="per_window"))


def test_class_weights_weigh_samples_of_a_class() -> None:
    y, outputs = labels(), logits()
    each = -np.log(likelihood(y, outputs))
    weights = np.array([1.0, 5.0, 0.5])
    expected = (each * weights[y]).sum() / weights[y].sum()
    assert value("cross_entropy", y, outputs, class_weights=weights) == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ConfigError, match="2 values for 3 classes"):
        value("cross_entropy", y, outputs, class_weights=[1, 2])


def test_label_smoothing_makes_certainty_costly() -> None:
    y = labels()
    sure = 50.0 * np.eye(CLASSES, dtype=np.float32)[y]
    assert value("cross_entropy", y, sure) < 1e-4 < 1 < value("cross_entropy", y, sure, label_smoothing=0.1)


def test_labels_that_do_not_exclude_each_other() -> None:
    y = (labels((8, CLASSES)) > 0).astype(np.float32)
    outputs = logits((8, CLASSES))
    p = 1 / (1 + np.exp(-outputs))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert value("binary_cross_entropy", y, outputs, target="multi_label") == pytest.approx(expected, rel=1e-4)
    assert value("cross_entropy", y, outputs, target="multi_label") == pytest.approx(expected, rel=1e-4)
    assert value("focal", y, outputs, target="multi_label") < expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mse", lambda e: (e**2).mean()), ("mae", lambda e: np.abs(e).mean()),
     ("huber", lambda e: np.where(np.abs(e) < 1, e**2 / 2, np.abs(e) - 0.5).mean())],
)  # fmt: skip
def test_signal_losses(name: str, expected: object) -> None:
    y, outputs = 2 * logits((4, 30, 1)), logits((4, 30, 1))[:, ::-1]
    plain = value(name, y, outputs, target="regression")
    assert plain == pytest.approx(expected(outputs - y), rel=1e-4)  # type: ignore[operator]
    assert value(name, y, outputs, target="regression", params={"slope": 0.5}) > plain


@pytest.mark.parametrize("target", ["per_sample", "per_window", "multi_label", "regression"])
def test_a_student_that_agrees_with_its_teacher_pays_least(target: str) -> None:
    shape = (6, CLASSES) if target in ("per_window", "multi_label") else (6, 20, CLASSES)
    teacher = logits(shape)
    y = {
        "per_window": labels((6,)), "per_sample": labels(), "multi_label": np.zeros(shape, np.float32),
        "regression": np.zeros(shape, np.float32),
    }[target]  # fmt: skip
    loss = build_loss(Choice(name="cross_entropy"), target, CLASSES, distillation=(1.0, 2.0))  # type: ignore[arg-type]
    packed = pack(y, target, teacher)  # type: ignore[arg-type]
    agreeing, differing = (float(np.asarray(loss(packed, given))) for given in (teacher, -teacher))
    assert agreeing < differing


def test_a_loss_that_does_not_fit_names_those_that_do() -> None:
    with pytest.raises(ConfigError, match="cross_entropy_dice"):
        checked_loss(Choice(name="mse"), "per_sample")
    with pytest.raises(ConfigError, match="focal"):
        checked_loss(Choice(name="focl"), "per_sample")
    assert {"cross_entropy", "focal", "dice", "mse", "huber", "binary_cross_entropy"} <= set(loss_names())
