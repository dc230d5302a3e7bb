"""A functional Keras model as steps in order, and the same model built anew with some steps replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import ConfigError

_TAKES_A_LIST = {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}


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
    if any(id(tensor) not in ready for tensor in model.outputs):  # a layer used twice shows its first use only
        raise ConfigError(f'model "{model.name}" uses a layer more than once, which cannot be followed')


def _step(layer: Any) -> Step:
    try:
        inputs, output = layer.input, layer.output
    except (AttributeError, ValueError):
        raise ConfigError(f'layer "{layer.name}" is used more than once or not at all in the graph') from None
    return Step(layer, tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,), output)


@dataclass(frozen=True)
class Swap:
    """A fresh layer to put on these tensors of the old model, and its weights as `get_weights` orders them."""

    layer: Any
    inputs: tuple[Any, ...]
    weights: list[Any]


@dataclass
class Changes:
    """What `rebuild` does differently, by `id` of the old output tensor."""

    swaps: dict[int, Swap] = field(default_factory=dict)
    aliases: dict[int, Any] = field(default_factory=dict)  # the output is replaced by this old tensor


def rebuild(model: Any, changes: Changes) -> Any:
    """A new model with its own copy of every layer and weight, changed as told; steps nobody needs are left out."""
    import keras

    order = list(steps(model))
    plan = {id(step.output): _planned(step, changes) for step in order}
    live = {id(tensor) for tensor in model.outputs}
    for step in reversed(order):
        if id(step.output) in live:
            live.update(id(tensor) for tensor in plan[id(step.output)][1])
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in model.inputs]
    new: dict[int, Any] = {id(old): tensor for old, tensor in zip(model.inputs, inputs, strict=True)}
    carried = []
    for step in order:
        key = id(step.output)
        if key not in live:
            continue
        layer, sources, weights = plan[key]
        taken = [new[id(tensor)] for tensor in sources]
        if layer is None:
            new[key] = taken[0]
            continue
        new[key] = layer(taken) if type(layer).__name__ in _TAKES_A_LIST else layer(*taken)
        carried.append((layer, weights))
    for layer, weights in carried:
        layer.set_weights(weights)
    outputs = [new[id(tensor)] for tensor in model.outputs]
    return keras.Model(_one_or_all(inputs), _one_or_all(outputs), name=model.name)


def consumers(order: list[Step]) -> Mapping[int, list[Step]]:
    """Which steps take each tensor, by its `id`."""
    found: dict[int, list[Step]] = {}
    for step in order:
        for tensor in step.inputs:
            found.setdefault(id(tensor), []).append(step)
    return found


def left_padding(step: Step) -> int:
    """Zeros a convolution or pooling puts before the first sample, as all Keras backends place them for "same"."""
    layer = step.layer
    if layer.padding != "same":
        return 0
    pooled = hasattr(layer, "pool_size")
    size = along_time(layer.pool_size if pooled else layer.kernel_size)
    reach = (size - 1) * (1 if pooled else along_time(layer.dilation_rate))
    time_in, time_out = (int(tensor.shape[-2]) for tensor in (step.inputs[0], step.output))
    return max(0, (time_out - 1) * along_time(layer.strides) + reach + 1 - time_in) // 2


def along_time(setting: Any) -> int:
    """The entry for time of a layer's setting that may be one number or one per axis."""
    return int(setting[-1]) if isinstance(setting, (list, tuple)) else int(setting)


def _planned(step: Step, changes: Changes) -> tuple[Any, tuple[Any, ...], list[Any]]:
    """The layer to use (None: none), the old tensors it takes and its weights."""
    key = id(step.output)
    if key in changes.aliases:
        return None, (changes.aliases[key],), []
    if key in changes.swaps:
        swap = changes.swaps[key]
        return swap.layer, swap.inputs, swap.weights
    copy = type(step.layer).from_config(step.layer.get_config())
    return copy, step.inputs, step.layer.get_weights()


def _one_or_all(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors
