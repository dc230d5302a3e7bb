"""A bigger trained model whose opinion a smaller one learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig, load_config
from engine.errors import ConfigError, EngineError
from engine.runtime.zoo import zoo_folder, zoo_names
from engine.signals.preprocess import apply_preprocesses
from engine.tasks.registry import open_task
from engine.training.batches import Teacher

F32 = NDArray[np.float32]


def open_teacher(config: RunConfig) -> Teacher:
    """The teacher that a configuration names: windows [n, length, channels] in mV to its logits or values.

    It preprocesses for itself, as its own config.json beside it says. Raises EngineError when it is not there,
    ConfigError when its windows or classes do not fit the student's. Finer classes of a teacher are added up.
    """
    path = _keras_file(str(config.training.teacher))
    own_file = path.with_name("config.json")
    if not own_file.is_file():
        raise EngineError("has no config.json beside it", path=path, hint="keep the files of a model together")
    own = load_config(own_file)
    theirs, mine = open_task(own), open_task(config)
    for what, a, b in (
        ("task", own.task, config.task),
        ("window.rate_hz", own.window.rate_hz, config.window.rate_hz),
        ("window.length", own.window.length, config.window.length),
        ("window.channels", own.window.channels, config.window.channels),
    ):
        if a != b:
            raise ConfigError(f"the teacher {path.parent.name} has another {what}: {a}, not {b}")
    groups = class_groups(theirs.config.classes, mine.config.classes)
    if groups is None:
        raise ConfigError(
            f"the teacher {path.parent.name} has other classes: {theirs.class_names}, not {mine.class_names}",
            hint="each of them must be one class of the model, or part of one",
        )
    from engine.models.files import load_model_safely

    model = load_model_safely(path)

    def ask(windows: F32) -> F32:
        prepared = apply_preprocesses(windows, own.window.preprocesses, own.window.rate_hz)
        return in_groups(np.asarray(model.predict_on_batch(prepared), np.float32), groups)

    return ask


def class_groups(
    theirs: Mapping[str, Sequence[str]], mine: Mapping[str, Sequence[str]]
) -> tuple[tuple[int, ...], ...] | None:
    """For each class of the student the teacher's classes that make it up, by their source labels.

    Classes of the same names are the same. None when the teacher's classes cannot be put together so: one is in
    none of the student's, or a student's class has none. Without classes (regression) there are no groups.
    """
    if tuple(theirs) == tuple(mine):
        return tuple((i,) for i in range(len(theirs)))
    groups = tuple(
        tuple(i for i, labels in enumerate(theirs.values()) if set(labels) <= set(wanted))
        for wanted in mine.values()
    )
    used = sorted(i for group in groups for i in group)
    return groups if used == list(range(len(theirs))) and all(groups) else None


def in_groups(logits: F32, groups: Sequence[Sequence[int]]) -> F32:
    """Logits [..., classes] of groups of classes: the logarithm of summed exponentials, so probabilities add up."""
    if all(len(group) == 1 for group in groups):
        return logits[..., [group[0] for group in groups]] if groups else logits
    top = logits.max(axis=-1, keepdims=True)
    grown = np.exp(logits - top)
    summed = np.stack([grown[..., list(group)].sum(axis=-1) for group in groups], axis=-1)
    return np.asarray(np.log(np.maximum(summed, 1e-30)) + top, np.float32)


def _keras_file(where: str) -> Path:
    path = zoo_folder(where) / "model.keras" if where in zoo_names() else Path(where)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise EngineError(
            f'no teacher "{where}"', hint=f"a .keras file, a run folder, or one of: {', '.join(zoo_names())}"
        )
    return path
