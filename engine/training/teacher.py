"""A bigger trained model whose opinion a smaller one learns from."""

from __future__ import annotations

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
    ConfigError when its windows or classes are not the student's.
    """
    path = _keras_file(str(config.training.teacher))
    own_file = path.with_name("config.json")
    if not own_file.is_file():
        raise EngineError("has no config.json beside it", path=path, hint="keep the files of a model together")
    own = load_config(own_file)
    theirs, mine = open_task(own), open_task(config)
    for what, a, b in (
        ("task", own.task, config.task),
        ("classes", theirs.class_names, mine.class_names),
        ("window.rate_hz", own.window.rate_hz, config.window.rate_hz),
        ("window.length", own.window.length, config.window.length),
        ("window.channels", own.window.channels, config.window.channels),
    ):
        if a != b:
            raise ConfigError(f"the teacher {path.parent.name} has another {what}: {a}, not {b}")
    from engine.models.files import load_model_safely

    model = load_model_safely(path)

    def ask(windows: F32) -> F32:
        prepared = apply_preprocesses(windows, own.window.preprocesses, own.window.rate_hz)
        return np.asarray(model.predict_on_batch(prepared), np.float32)

    return ask


def _keras_file(where: str) -> Path:
    path = zoo_folder(where) / "model.keras" if where in zoo_names() else Path(where)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise EngineError(
            f'no teacher "{where}"', hint=f"a .keras file, a run folder, or one of: {', '.join(zoo_names())}"
        )
    return path
