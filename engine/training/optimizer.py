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
    is decoupled. With `ema` the optimizer keeps running means of the weights, which `put_averages(variables)` puts
    in their place.
    """
    import keras

    class AveragingAdamW(keras.optimizers.AdamW):
        """Keeps averages for `put_averages` alone: Keras itself would put them in place after every `fit`."""

        def finalize_variable_values(self, var_list: Any) -> None:
            pass

        def put_averages(self, var_list: Any) -> None:
            super().finalize_variable_values(var_list)

    return AveragingAdamW(
        learning_rate=_schedule(training, total_steps),
        weight_decay=training.weight_decay,
        global_clipnorm=training.clip_norm,
        use_ema=training.ema is not None,
        ema_momentum=_momentum(training, total_steps),
        ema_overwrite_frequency=None,
    )


def _momentum(training: TrainingConfig, total_steps: int) -> float:
    """Not so near to 1 that a short run would keep its random start in mind: a tenth of the steps at most."""
    return max(0.0, min(training.ema or 0.0, 1 - 10 / total_steps))


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
