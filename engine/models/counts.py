"""What a model costs and how far it looks: parameters, multiply-accumulates, receptive field.

Computed from the Keras graph alone, whatever the backend. Counting rules (those by which HeartKit's published
sizes were recomputed): batch norm counts 4 parameters a channel and no MAC (it folds into the convolution),
activations, pooling, additions and multiplications count none; one MAC is two FLOP.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from engine.models.graph import Step, along_time, left_padding, steps

_WHOLE_WINDOW = {
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "MultiHeadAttention", "Permute", "Flatten", "Dot",
}  # fmt: skip
_POOLS = {"MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"}
_CONVS = {"Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D"}
_TRANSPOSED = {"Conv1DTranspose", "Conv2DTranspose"}


@dataclass(frozen=True)
class LayerCount:
    """One layer: its name, kind, output shape without the batch, parameters and MACs of one window."""

    name: str
    kind: str
    shape: tuple[int, ...]
    params: int
    macs: int


@dataclass(frozen=True)
class Counts:
    """Sums over a model, for one window.

    receptive_field: input samples that one output depends on, None when it is the whole window.
    look_ahead: how many of them lie after that output's own sample, None when it is the whole window; 0: causal.
    """

    params: int
    macs: int
    receptive_field: int | None
    look_ahead: int | None
    layers: tuple[LayerCount, ...]

    @property
    def flops(self) -> int:
        """Two per MAC."""
        return 2 * self.macs

    def table(self) -> str:
        """Layers with cost as lines of text, and the sums."""
        rows = [(c.name, "x".join(map(str, c.shape)), f"{c.params:,}", f"{c.macs:,}") for c in self.layers]
        rows = [("layer", "output", "parameters", "MACs"), *rows, ("sum", "", f"{self.params:,}", f"{self.macs:,}")]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        aligned = list(zip("<<>>", widths, strict=True))
        lines = ["  ".join(f"{cell:{a}{w}}" for cell, (a, w) in zip(row, aligned, strict=True)) for row in rows]
        return "\n".join([*lines, self.context()])

    def context(self) -> str:
        """The receptive field in words."""
        if self.receptive_field is None:
            return "receptive field: the whole window"
        return f"receptive field: {self.receptive_field} samples, {self.look_ahead} of them ahead"


def count(model: Any) -> Counts:
    """Cost and reach of a functional Keras model. Raises ConfigError when it is not a plain graph of layers."""
    order = list(steps(model))
    layers = tuple(
        LayerCount(step.layer.name, step.kind, _shape(step.output), step.layer.count_params(), _macs(step))
        for step in order
    )
    field, ahead = _reach(model, order)
    return Counts(sum(c.params for c in layers), sum(c.macs for c in layers), field, ahead, layers)


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape[1:])


def _macs(step: Step) -> int:
    layer, kind = step.layer, step.kind
    if kind in _CONVS:
        return math.prod(layer.kernel.shape) * math.prod(_shape(step.output)[:-1])
    if kind in _TRANSPOSED:
        return math.prod(layer.kernel.shape) * math.prod(_shape(step.inputs[0])[:-1])
    if kind == "Dense":
        return math.prod(layer.kernel.shape) * math.prod(_shape(step.output)[:-1])
    if kind == "MultiHeadAttention":
        return _attention_macs(step)
    return 0


def _attention_macs(step: Step) -> int:
    """Four projections, and two products of every sample with every other, per head."""
    time, width = _shape(step.inputs[0])
    heads, key = step.layer.num_heads, step.layer.key_dim
    value = step.layer.value_dim or key
    projections = time * width * heads * (2 * key + 2 * value)
    return projections + time * time * heads * (key + value)


Span = tuple[float, float]  # first and last sample of a tensor that is needed; infinite: all of it


def _reach(model: Any, order: list[Step]) -> tuple[int | None, int | None]:
    """Receptive field and look-ahead at the output that sees most, by following needs from output to input."""
    output = model.outputs[0]
    if len(output.shape) != 3:  # one answer for the window
        return None, None
    length = int(output.shape[1])
    spans = {t: _needed(model, order, t) for t in range(length // 2, min(length, length // 2 + _period(order)))}
    if any(math.isinf(last - first) for first, last in spans.values()):
        return None, None
    field = max(int(last - first) + 1 for first, last in spans.values())
    return field, max([0, *(int(last) - t for t, (_, last) in spans.items())])


def _period(order: list[Step]) -> int:
    """After how many outputs the pattern repeats: the product of all upsampling strides."""
    return math.prod(along_time(step.layer.strides) for step in order if step.kind in _TRANSPOSED)


def _needed(model: Any, order: list[Step], position: int) -> Span:
    needs: dict[int, Span] = {id(model.outputs[0]): (position, position)}
    for step in reversed(order):
        span = needs.get(id(step.output))
        if span is None:
            continue
        before = _before(step, span)
        for tensor in step.inputs:
            first, last = needs.get(id(tensor), before)
            needs[id(tensor)] = (min(first, before[0]), max(last, before[1]))
    return needs[id(model.inputs[0])]


def _before(step: Step, span: Span) -> Span:
    """The samples of a layer's input that these samples of its output need."""
    layer, kind = step.layer, step.kind
    first, last = span
    if kind in _WHOLE_WINDOW or math.isinf(first):
        return -math.inf, math.inf
    if kind in _CONVS or kind in _POOLS:
        stride = along_time(layer.strides)
        size = along_time(layer.pool_size) if kind in _POOLS else along_time(layer.kernel_size)
        reach = (size - 1) * (1 if kind in _POOLS else along_time(layer.dilation_rate))
        left = reach if layer.padding == "causal" else left_padding(step)
        return first * stride - left, last * stride - left + reach
    if kind in _TRANSPOSED:
        stride, size = along_time(layer.strides), along_time(layer.kernel_size)
        left = max(0, size - stride) // 2 if layer.padding == "same" else 0
        return math.ceil((first + left - size + 1) / stride), math.floor((last + left) / stride)
    if kind in ("ZeroPadding1D", "ZeroPadding2D"):
        left = layer.padding[-1][0] if kind == "ZeroPadding2D" else layer.padding[0]
        return first - left, last - left
    if kind in ("Cropping1D", "Cropping2D"):
        left = layer.cropping[-1][0] if kind == "Cropping2D" else layer.cropping[0]
        return first + left, last + left
    return span
