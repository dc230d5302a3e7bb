"""Checking the `task_params` of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from engine.config import Part, nearest
from engine.errors import ConfigError

Params = TypeVar("Params", bound=Part)


def checked_params(kind: type[Params], given: Mapping[str, Any], task: str) -> Params:
    """Options of a task. Raises ConfigError naming the key, the fault and the known keys."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in fault["loc"])
    known = sorted(kind.model_fields)
    if fault["type"] == "extra_forbidden":
        like = nearest(key, known)
        meant = f'; did you mean "{like}"?' if like else ""
        raise ConfigError(
            f'the {task} task has no option "{key}"{meant}', hint=f"task_params may hold {', '.join(known)}"
        )
    raise ConfigError(f"task_params.{key}: {fault['msg'][:1].lower()}{fault['msg'][1:]}")
