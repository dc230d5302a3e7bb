"""Steps chosen by name from a table, with strict parameters: preprocesses and augmentations are such steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from engine.config import Choice, Part, nearest, unknown
from engine.errors import ConfigError

StepType = TypeVar("StepType", bound=Part)


def chosen(kind: str, choice: Choice, table: Mapping[str, type[StepType]]) -> StepType:
    """The step that a choice names, with its parameters checked.

    `kind` names the sort of step in messages ("preprocess"). Raises ConfigError for an unknown name or parameter
    (naming the known ones and the nearest) and for a value out of range.
    """
    step = table.get(choice.name)
    if step is None:
        raise unknown(kind, choice.name, list(table))
    try:
        return step.model_validate(choice.params)
    except ValidationError as error:
        raise ConfigError(f'{kind} "{choice.name}": {_explain(error, sorted(step.model_fields))}') from None


def _explain(error: ValidationError, known: list[str]) -> str:
    sentences = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            like = nearest(place, known)
            meant = f'; did you mean "{like}"?' if like else ""
            sentences.append(f'unknown parameter "{place}"{meant} Known: {", ".join(known) or "none"}')
        else:
            message = fault["msg"].removeprefix("Value error, ")
            sentences.append(f"{place}: {message[:1].lower()}{message[1:]}" if place else message)
    return "; ".join(sentences)
