"""What can be said against a configuration before any recording is read."""

from __future__ import annotations

from engine.errors import ConfigError
from engine.models.build import check_model
from engine.signals.preprocess import preprocessed_length
from engine.tasks.base import Task
from engine.training.augmentations import needed_noises
from engine.training.losses import checked_loss


def check_settings(task: Task) -> None:
    """Raises ConfigError where model, preprocesses, augmentations or loss are not known or do not fit the task."""
    config, window = task.config, task.config.window
    check_model(config.model)
    needed_noises(config.training.augmentations)
    length = preprocessed_length(window.length, window.preprocesses, window.rate_hz)
    if task.target in ("per_sample", "regression") and length != window.length:
        raise ConfigError(
            f'the preprocess "resizing" to {length} samples does not fit a task with a target for every sample',
            hint="set window.length and window.rate_hz instead",
        )
    if task.target == "embedding":
        from engine.training.contrastive import checked_contrastive

        checked_contrastive(config)
    else:
        checked_loss(config.training.loss, task.target)
    weights = config.training.class_weights
    if task.class_names and not isinstance(weights, str) and len(weights) != task.n_outputs:
        raise ConfigError(f"training.class_weights has {len(weights)} values for {task.n_outputs} classes")
