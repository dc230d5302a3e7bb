"""The models that come with the program."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.config import unknown
from engine.errors import EngineError
from engine.resources import resource_path


@cache
def zoo_names() -> tuple[str, ...]:
    """Built-in models by name, sorted; empty where the installation has none."""
    try:
        folder = resource_path("models")
    except EngineError:
        return ()
    return tuple(sorted(p.parent.name for p in folder.glob("*/model.tflite")))


def zoo_folder(name: str) -> Path:
    """The folder of a built-in model. Raises ConfigError for an unknown name."""
    if name not in zoo_names():
        raise unknown("built-in model", name, list(zoo_names()))
    return resource_path("models", name)
