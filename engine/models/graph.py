"""Walk over a functional Keras model: which layer made which tensor, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import ConfigError


@dataclass(frozen=True)
class Step:
    """One layer of the model with the tensors it takes and the one it gives."""

    layer: Any
    inputs: tuple[Any, ...]
    output: Any

    @property
    def kind(self) -> str:
        """Class name of the layer."""
        return str(type(self.layer).__name__)


def steps(model: Any) -> Iterator[Step]:
    """Layers of a functional model with one use each, every one after those it takes from.

    Raises ConfigError for a model of another kind (subclassed, shared layers, nested models).
    """
    waiting = [_step(layer) for layer in model.layers]
    waiting = [step for step in waiting if step.kind != "InputLayer"]
    ready = {id(tensor) for tensor in model.inputs}
    while waiting:
        now = [step for step in waiting if all(id(tensor) in ready for tensor in step.inputs)]
        if not now:
            raise ConfigError(f'model "{model.name}" is not a plain graph of layers')
        yield from now
        ready.update(id(step.output) for step in now)
        waiting = [step for step in waiting if id(step.output) not in ready]


def _step(layer: Any) -> Step:
    try:
        inputs, output = layer.input, layer.output
    except (AttributeError, ValueError):
        raise ConfigError(f'layer "{layer.name}" is used more than once or not at all in the graph') from None
    return Step(layer, tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,), output)
