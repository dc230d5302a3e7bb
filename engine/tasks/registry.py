"""Tasks by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from engine.config import RunConfig, unknown
from engine.tasks.base import Task

# name -> module and class; a task's module is imported when it is first asked for
_BUILT_IN = {
    "segmentation": ("engine.tasks.segmentation", "Segmentation"),
    "rhythm": ("engine.tasks.rhythm", "Rhythm"),
    "beat": ("engine.tasks.beat", "Beat"),
    "denoise": ("engine.tasks.denoise", "Denoise"),
    "diagnostic": ("engine.tasks.diagnostic", "Diagnostic"),
    "foundation": ("engine.tasks.foundation", "Foundation"),
    "translate": ("engine.tasks.translate", "Translate"),
}
_registered: dict[str, type[Task]] = {}


def register_task(name: str) -> Callable[[type[Task]], type[Task]]:
    """Class decorator: make a task of your own known under `name`."""

    def register(kind: type[Task]) -> type[Task]:
        _registered[name] = kind
        return kind

    return register


def task_names() -> tuple[str, ...]:
    """All tasks, built-in ones first."""
    return (*_BUILT_IN, *(name for name in _registered if name not in _BUILT_IN))


def task_class(name: str) -> type[Task]:
    """The class of a task. Raises ConfigError for an unknown name."""
    if name in _registered:
        return _registered[name]
    if name not in _BUILT_IN:
        raise unknown("task", name, list(task_names()))
    module, kind = _BUILT_IN[name]
    found: type[Task] = getattr(importlib.import_module(module), kind)
    return found


def open_task(config: RunConfig) -> Task:
    """The task a configuration asks for, with the task's own classes where it names none. Raises ConfigError."""
    kind = task_class(config.task)
    task = kind(config)
    if not config.classes:
        default = {name: tuple(labels) for name, labels in task.default_classes().items()}
        if default:
            task = kind(config.model_copy(update={"classes": default}))
    return task
