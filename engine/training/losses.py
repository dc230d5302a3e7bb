"""Losses by name, over targets that carry their own masks and a teacher's opinion.

Targets come packed along the last axis, because Keras hands a loss nothing else:
classes     [class number (IGNORED or `anything_but`: no loss), teacher's logits...]
multi-label [0 or 1 per class, teacher's logits...]
regression  [value per channel, teacher's values...]
Outputs are logits, or values for regression. Every loss is a mean over what is not ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.config import Choice, Part
from engine.errors import ConfigError
from engine.signals.named_steps import chosen
from engine.tasks.base import TargetKind

F32 = NDArray[np.float32]
Tensor = Any
Loss = Callable[[Tensor, Tensor], Tensor]

_CLASSES = ("per_window", "per_sample")
_NEVER = 50.0  # taken off a logit, leaves no probability


class LossStep(Part):
    """A loss with its parameters; `fits` are the kinds of target it can be used for."""

    @classmethod
    def fits(cls) -> tuple[TargetKind, ...]:
        """Kinds of target."""
        return ("per_window", "per_sample")


class CrossEntropy(LossStep):
    """Negative log likelihood."""


class Focal(LossStep):
    """Cross-entropy times (1 - p)^gamma: easy samples count less (Lin et al. 2017)."""

    gamma: float = Field(2.0, ge=0)

    @classmethod
    def fits(cls) -> tuple[TargetKind, ...]:
        """Also for labels that do not exclude each other."""
        return ("per_window", "per_sample", "multi_label")


class Dice(LossStep):
    """1 - mean over classes of the soft Dice coefficient of the whole batch (Milletari et al. 2016)."""

    smooth: float = Field(1.0, gt=0)


class CrossEntropyDice(LossStep):
    """(1 - weight) cross-entropy (or focal, with gamma above 0) + weight Dice."""

    weight: float = Field(0.5, ge=0, le=1)
    gamma: float = Field(0.0, ge=0)
    smooth: float = Field(1.0, gt=0)


class BinaryCrossEntropy(LossStep):
    """Cross-entropy of each label for itself."""

    @classmethod
    def fits(cls) -> tuple[TargetKind, ...]:
        """Labels that do not exclude each other."""
        return ("multi_label",)


class _SignalLoss(LossStep):
    @classmethod
    def fits(cls) -> tuple[TargetKind, ...]:
        """Signals."""
        return ("regression",)


class MeanSquaredError(_SignalLoss):
    """Mean of squares; `slope` adds that many times the mean square of the error's slope."""

    slope: float = Field(0.0, ge=0)


class MeanAbsoluteError(_SignalLoss):
    """Mean of magnitudes; `slope` adds that many times the mean magnitude of the error's slope."""

    slope: float = Field(0.0, ge=0)


class Huber(_SignalLoss):
    """Square up to `delta`, straight beyond; `slope` adds that many times the same of the error's slope."""

    delta: float = Field(1.0, gt=0)
    slope: float = Field(0.0, ge=0)


class ErrorPower(_SignalLoss):
    """Mean over windows of the logarithm of the mean square: ten percent better counts alike in every window.

    It is, up to a factor, minus the mean signal-to-noise ratio in dB. `floor` (in squared units of the model's
    output) is what no window needs to go below.
    """

    floor: float = Field(0.001, gt=0)


LOSSES: Mapping[str, type[LossStep]] = {
    "cross_entropy": CrossEntropy,
    "focal": Focal,
    "dice": Dice,
    "cross_entropy_dice": CrossEntropyDice,
    "binary_cross_entropy": BinaryCrossEntropy,
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "error_power": ErrorPower,
}
_DEFAULTS: Mapping[str, str] = {"multi_label": "binary_cross_entropy", "regression": "mse"}


def loss_names() -> tuple[str, ...]:
    """Names that a configuration may use."""
    return tuple(LOSSES)


def checked_loss(choice: Choice, target: TargetKind) -> LossStep:
    """The loss of a choice. "cross_entropy" stands for the target's own natural loss.

    Raises ConfigError for an unknown name or parameter and for a loss that does not fit the target.
    """
    if choice.name == "cross_entropy" and target in _DEFAULTS:
        choice = Choice(name=_DEFAULTS[target], params=choice.params)
    step = chosen("loss", choice, LOSSES)
    if target not in step.fits():
        fitting = sorted(name for name, kind in LOSSES.items() if target in kind.fits())
        raise ConfigError(
            f'the loss "{choice.name}" does not fit a {target.replace("_", "-")} target',
            hint=f"use one of: {', '.join(fitting)}",
        )
    return step


def build_loss(
    choice: Choice,
    target: TargetKind,
    outputs: int,
    *,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    distillation: tuple[float, float] | None = None,
) -> Loss:
    """A function of packed targets and outputs that gives one number, in the ops of Keras' backend.

    outputs: channels of the model's last layer. class_weights: one per class. distillation: weight of the
    teacher's opinion (0 to 1) and temperature, when targets carry it. Raises ConfigError as `checked_loss` does.
    """
    step = checked_loss(choice, target)
    weights = None if class_weights is None else np.asarray(class_weights, np.float32)
    if weights is not None and len(weights) != outputs:
        raise ConfigError(f"training.class_weights has {len(weights)} values for {outputs} classes")
    if target in _CLASSES:
        hard, width = _class_loss(step, outputs, weights, label_smoothing), 1
    elif target == "multi_label":
        hard, width = _label_loss(step, outputs, weights, label_smoothing), outputs
    else:
        hard, width = _signal_loss(step, outputs), outputs
    if distillation is None:
        return hard
    share, temperature = distillation
    soft = _teacher_loss(target, width, temperature)

    def both(packed: Tensor, given: Tensor) -> Tensor:
        return (1 - share) * hard(packed, given) + share * soft(packed, given)

    return both


def _class_loss(step: LossStep, classes: int, weights: F32 | None, smoothing: float) -> Loss:
    from keras import ops

    def parts(packed: Tensor, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        number = packed[..., 0]
        known = ops.cast(number >= 0, "float32")
        truth = ops.one_hot(ops.cast(ops.maximum(number, 0), "int32"), classes)
        return truth, known, ops.log_softmax(ops.cast(given, "float32"), axis=-1)

    def entropy(truth: Tensor, known: Tensor, logs: Tensor, gamma: float) -> Tensor:
        share = known if weights is None else known * ops.sum(truth * weights, axis=-1)
        smooth = truth * (1 - smoothing) + smoothing / classes
        each = -ops.sum(smooth * logs, axis=-1)
        if gamma > 0:
            each = each * ops.power(1 - ops.exp(ops.sum(truth * logs, axis=-1)) + 1e-7, gamma)
        return ops.sum(each * share) / (ops.sum(share) + 1e-7)

    def dice(truth: Tensor, known: Tensor, logs: Tensor, smooth: float) -> Tensor:
        truth = ops.reshape(truth * known[..., None], (-1, classes))
        given = ops.reshape(ops.exp(logs) * known[..., None], (-1, classes))
        both = ops.sum(truth * given, axis=0)
        each = (2 * both + smooth) / (ops.sum(truth, axis=0) + ops.sum(given, axis=0) + smooth)
        if weights is not None:
            return 1 - ops.sum(each * weights) / float(weights.sum())
        return 1 - ops.mean(each)

    def loss(packed: Tensor, given: Tensor) -> Tensor:
        truth, known, logs = parts(packed, given)
        if isinstance(step, Dice):
            return dice(truth, known, logs, step.smooth)
        if isinstance(step, CrossEntropyDice):
            likely = entropy(truth, known, logs, step.gamma)
            return (1 - step.weight) * likely + step.weight * dice(truth, known, logs, step.smooth)
        return entropy(truth, known, logs, step.gamma if isinstance(step, Focal) else 0.0)

    return loss


def _label_loss(step: LossStep, classes: int, weights: F32 | None, smoothing: float) -> Loss:
    from keras import ops

    gamma = step.gamma if isinstance(step, Focal) else 0.0
    share = np.ones(classes, np.float32) if weights is None else weights

    def loss(packed: Tensor, given: Tensor) -> Tensor:
        truth = packed[..., :classes]
        given = ops.cast(given, "float32")
        smooth = truth * (1 - smoothing) + smoothing / 2
        each = ops.maximum(given, 0) - given * smooth + ops.log1p(ops.exp(-ops.abs(given)))
        if gamma > 0:
            likely = ops.sigmoid(given)
            missed = truth * (1 - likely) + (1 - truth) * likely
            each = each * ops.power(missed + 1e-7, gamma)
        return ops.mean(each * share) / float(share.mean())

    return loss


def _signal_loss(step: LossStep, channels: int) -> Loss:
    from keras import ops

    def size(error: Tensor) -> Tensor:
        if isinstance(step, MeanAbsoluteError):
            return ops.mean(ops.abs(error))
        if isinstance(step, Huber):
            near = ops.minimum(ops.abs(error), step.delta)
            return ops.mean(near * (ops.abs(error) - 0.5 * near))
        if isinstance(step, ErrorPower):
            return ops.mean(ops.log(ops.mean(ops.square(error), axis=(1, 2)) + step.floor))
        return ops.mean(ops.square(error))

    slope = step.slope if isinstance(step, MeanSquaredError | MeanAbsoluteError | Huber) else 0.0

    def loss(packed: Tensor, given: Tensor) -> Tensor:
        error = ops.cast(given, "float32") - packed[..., :channels]
        total = size(error)
        if slope > 0:
            total = total + slope * size(error[:, 1:] - error[:, :-1])
        return total

    return loss


def _teacher_loss(target: TargetKind, width: int, temperature: float) -> Loss:
    """How far outputs are from the teacher's (Hinton, Vinyals, Dean 2015); everywhere, labelled or not."""
    from keras import ops

    def loss(packed: Tensor, given: Tensor) -> Tensor:
        teacher, given = packed[..., width:], ops.cast(given, "float32")
        if target in _CLASSES:
            excluded = ops.one_hot(
                ops.cast(-2 - packed[..., 0], "int32"), given.shape[-1]
            )  # `tasks.base.anything_but`
            teacher = teacher - _NEVER * excluded
            wanted = ops.softmax(teacher / temperature, axis=-1)
            difference = ops.log_softmax(teacher / temperature, axis=-1) - ops.log_softmax(
                given / temperature, axis=-1
            )
            return temperature**2 * ops.mean(ops.sum(wanted * difference, axis=-1))
        if target == "multi_label":
            wanted, given = ops.sigmoid(teacher / temperature), given / temperature
            each = ops.maximum(given, 0) - given * wanted + ops.log1p(ops.exp(-ops.abs(given)))
            return temperature**2 * ops.mean(each)
        return ops.mean(ops.square(given - teacher))

    return loss
