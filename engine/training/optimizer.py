"""AdamW with a warm-up and cosine schedule, and the running mean of weights."""

from __future__ import annotations

import math
from typing import Any

from engine.config import TrainingConfig

_CYCLE_DECAY = 0.5  # each cycle's peak is this much of the one before


def build_optimizer(training: TrainingConfig, total_steps: int) -> Any:
    """A keras AdamW for `total_steps` updates.

    The rate rises in a straight line over `warmup_fraction` of the steps, then falls as a half cosine to a
    hundredth, `lr_cycles` times, each from half the peak of the last (Loshchilov and Hutter 2017). Weight decay
    is decoupled. With `ema` the optimizer keeps the running mean of all weights.
    """
    import keras

    return keras.optimizers.AdamW(
        learning_rate=_schedule(training, total_steps),
        weight_decay=training.weight_decay,
        global_clipnorm=training.clip_norm,
        use_ema=training.ema is not None,
        ema_momentum=training.ema if training.ema is not None else 0.99,
        ema_overwrite_frequency=None,
    )


def _schedule(training: TrainingConfig, total_steps: int) -> Any:
    import keras
    from keras import ops

    warmup = training.warmup_fraction * total_steps
    cycle = max(1.0, (total_steps - warmup) / training.lr_cycles)
    peak = training.learning_rate

    class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            step = ops.cast(step, "float32") + 1.0
            past = ops.clip((step - warmup) / cycle, 0.0, training.lr_cycles - 1e-6)
            number = ops.floor(past)
            height = 0.01 + 0.99 * (1 + ops.cos(math.pi * (past - number))) / 2
            falling = peak * _CYCLE_DECAY**number * height
            return ops.where(step < warmup, peak * step / max(warmup, 1.0), falling)

        def get_config(self) -> dict[str, Any]:
            return {}

    return WarmupCosine()


def without_decay(model: Any) -> list[Any]:
    """Variables that weight decay leaves alone: biases and the scales of normalisation."""
    return [variable for variable in model.trainable_variables if len(variable.shape) < 2]
