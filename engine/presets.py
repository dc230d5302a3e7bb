"""Configurations that come with the program, by name."""

from __future__ import annotations

from engine.config import RunConfig, load_config, unknown
from engine.errors import EngineError
from engine.resources import resource_path


def preset_names() -> tuple[str, ...]:
    """All presets, sorted."""
    try:
        folder = resource_path("presets")
    except EngineError:
        return ()
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


def load_preset(name: str) -> RunConfig:
    """A preset. Raises ConfigError naming the known ones."""
    if name not in preset_names():
        raise unknown("preset", name, list(preset_names()))
    return load_config(resource_path("presets", f"{name}.json"))
