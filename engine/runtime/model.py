"""A trained model with everything needed to use it: its card, its preprocessing and its outputs' meaning."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig, load_config
from engine.errors import EngineError
from engine.runtime.compiled import CompiledModel
from engine.runtime.outputs import from_logits
from engine.runtime.quantized import TfliteModel
from engine.signals.preprocess import prepare_windows, preprocessed_length
from engine.tasks.registry import task_class

F32 = NDArray[np.float32]
Runtime = Literal["litert", "compiled"]
_WITH_CLASSES = ("per_window", "per_sample", "multi_label")


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model: its configuration, its figures and the hash of its file."""

    name: str
    config: RunConfig
    metrics: dict[str, Any]
    sha256: str
    path: Path

    @property
    def task(self) -> str:
        """Name of its task."""
        return self.config.task

    @property
    def class_names(self) -> tuple[str, ...]:
        """Classes in output order."""
        return self.config.class_names

    @property
    def identity(self) -> str:
        """Name and content of the model in a few characters, for provenance."""
        return f"{self.name}/{self.sha256[:8]}"


class Model:
    """An exported model, run by LiteRT or as compiled C. Not safe to share between threads."""

    def __init__(self, card: ModelCard, *, runtime: Runtime = "litert") -> None:
        self.card = card
        self._target = task_class(card.task).target
        self._model = TfliteModel(card.path) if runtime == "litert" else CompiledModel.open(card.path)
        check_shapes(card.config, self._model.input_shape[1:], self._model.output_shape[1:], card.path)

    @staticmethod
    def open(where: str | Path, *, runtime: Runtime = "litert") -> Model:
        """A model by the name of a built-in one, its folder, or its .tflite file (config.json beside it).

        runtime: "litert" is fastest; "compiled" gives the very bytes that a board gives, and needs a C compiler.
        Raises EngineError when there is none, the files do not fit each other, or the model cannot be run.
        """
        return Model(read_card(where), runtime=runtime)

    def predict(self, windows: F32) -> F32:
        """Probabilities (or values) of windows [n, length, channels] at the model's rate, in mV, as cut."""
        window = self.card.config.window
        prepared = prepare_windows(windows, window.preprocesses, window.rate_hz)
        return from_logits(self._model.run(prepared.x), self._target, prepared)


def check_shapes(config: RunConfig, takes: tuple[int, ...], gives: tuple[int, ...], path: Path) -> None:
    """Raises EngineError where a model file and the config.json beside it do not belong together."""
    window = config.window
    expected = (preprocessed_length(window.length, window.preprocesses, window.rate_hz), len(window.channels))
    hint = "the two files do not belong together; export the model again"
    if takes != expected:
        raise EngineError(f"takes windows of shape {takes}, its config.json says {expected}", path=path, hint=hint)
    classes = len(config.class_names)
    if classes and task_class(config.task).target in _WITH_CLASSES and gives[-1] != classes:
        raise EngineError(f"tells {gives[-1]} classes apart, its config.json names {classes}", path=path, hint=hint)


def read_card(where: str | Path) -> ModelCard:
    """The card of a built-in model by name, of a model folder, or of a .tflite file. Raises EngineError."""
    from engine.runtime.zoo import zoo_folder, zoo_names

    path = Path(where)
    if str(where) in zoo_names():
        path = zoo_folder(str(where)) / "model.tflite"
    elif path.is_dir():
        path = path / "model.tflite"
    if not path.is_file():
        raise EngineError(
            f'no model "{where}": neither a built-in model nor a folder or file with one',
            hint=f"built in: {', '.join(zoo_names()) or 'none'}",
        )
    config_file = path.with_name("config.json")
    if not config_file.is_file():
        raise EngineError("has no config.json beside it", path=path, hint="keep the files of a model together")
    metrics_file = path.with_name("metrics.json")
    config = load_config(config_file)
    metrics = json.loads(metrics_file.read_text(encoding="utf-8")) if metrics_file.is_file() else {}
    return ModelCard(
        name=path.parent.name if path.name == "model.tflite" else path.stem,
        config=config,
        metrics=metrics,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        path=path,
    )
