"""Any trained model as one callable: built-in, exported or still a Keras file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig, load_config
from engine.errors import EngineError
from engine.runtime.model import Model, check_shapes
from engine.runtime.outputs import from_logits
from engine.runtime.zoo import zoo_folder, zoo_names
from engine.signals.preprocess import prepare_windows
from engine.tasks.registry import task_class

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Predictor:
    """A model to be scored: windows [n, length, channels] in mV in, probabilities or values out."""

    name: str
    identity: str
    config: RunConfig
    path: Path
    predict: Callable[[F32], F32]


def open_predictor(where: str | Path) -> Predictor:
    """The model at `where`: a built-in name, a model or run folder, a .tflite or a .keras file.

    In a folder the exported model is preferred. Raises EngineError when there is none.
    """
    path = Path(where)
    if str(where) not in zoo_names():
        if path.is_dir() and not (path / "model.tflite").is_file():
            path = path / "model.keras"
        if path.suffix == ".keras":
            return _keras_predictor(path)
    model = Model.open(where)
    return Predictor(model.card.name, model.card.identity, model.card.config, model.card.path, model.predict)


def keras_file(where: str) -> Path:
    """The .keras file of a built-in model, a run folder, or the path itself. Raises EngineError when absent."""
    if where in zoo_names():
        path = zoo_folder(where) / "model.keras"
    else:
        path = Path(where)
        if path.is_dir():
            path = path / "model.keras"
    if not path.is_file():
        raise EngineError(
            f'no trained model "{where}"', hint=f"a .keras file, a run folder, or one of: {', '.join(zoo_names())}"
        )
    return path


def _keras_predictor(path: Path) -> Predictor:
    config_file = path.with_name("config.json")
    if not path.is_file():
        raise EngineError("no such model", path=path)
    if not config_file.is_file():
        raise EngineError("has no config.json beside it", path=path, hint="keep the files of a model together")
    config = load_config(config_file)
    target = task_class(config.task).target
    from engine.models.files import load_model_safely

    model = load_model_safely(path)
    check_shapes(config, tuple(model.input_shape[1:]), tuple(model.output_shape[1:]), path)

    def predict(windows: F32) -> F32:
        prepared = prepare_windows(windows, config.window.preprocesses, config.window.rate_hz)
        return from_logits(np.asarray(model.predict(prepared.x, batch_size=256, verbose=0)), target, prepared)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Predictor(path.parent.name, f"{path.parent.name}/{digest[:8]}", config, path, predict)
