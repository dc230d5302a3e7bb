"""A quantized graph as the lowerings see it: checked int8 tensors with one scale, and constants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.export.codegen.arithmetic import activation_range
from engine.export.codegen.refusal import UnsupportedModelError
from engine.export.tflite_graph import ABSENT, Graph, Operator, Tensor
from engine.export.tflite_options import Activation

SCALES = 1e-12, 1e12  # beyond them no signal is, and 32-bit floats overflow
MOST_VALUES = 1 << 22  # in one tensor
INTEGER_EXPORT = "export the model as INT8 with int8 input and output"


class Net:
    """Access to one graph that refuses, by operator, what C cannot be made of."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def refuse(self, operator: Operator, fault: str, hint: str) -> UnsupportedModelError:
        """The error to raise for an operator."""
        name = self.graph.tensors[operator.outputs[0]].name
        where = f' ("{name[:80]}")' if name else ""
        return UnsupportedModelError(f"{operator.name}{where} cannot become C: {fault}", hint=hint)

    def value(self, operator: Operator, index: int) -> Tensor:
        """An int8 tensor with one scale."""
        tensor = self.graph.tensors[index]
        if tensor.dtype != "int8":
            raise self.refuse(operator, f"it works on {tensor.dtype} instead of int8", INTEGER_EXPORT)
        if tensor.quantization is None or tensor.quantization.per_channel:
            raise self.refuse(operator, "a tensor lacks its one scale", INTEGER_EXPORT)
        if not SCALES[0] <= scale_of(tensor) <= SCALES[1]:
            raise self.refuse(operator, f"a scale is {scale_of(tensor):g}", "scale the training data to about 1")
        if tensor.elements > MOST_VALUES:
            raise self.refuse(operator, f"it works on {tensor.elements:,} values at once", "use shorter windows")
        if not -128 <= int(tensor.quantization.zero_point[0]) <= 127:
            raise self.refuse(operator, "a zero point lies outside int8", INTEGER_EXPORT)
        if tensor.dynamic:
            raise self.refuse(
                operator, "a size is open", "export with a batch of one, as `heartkit-engine export` does"
            )
        return tensor

    def input(self, operator: Operator, position: int) -> Tensor:
        """An int8 input with one scale."""
        if position >= len(operator.inputs) or operator.inputs[position] == ABSENT:
            raise self.refuse(operator, f"input {position} is missing", "export the model again")
        return self.value(operator, operator.inputs[position])

    def output(self, operator: Operator, position: int = 0) -> Tensor:
        """An int8 output with one scale."""
        return self.value(operator, operator.outputs[position])

    def constant(self, operator: Operator, position: int, what: str) -> NDArray[Any]:
        """The values of a constant input."""
        index = operator.inputs[position] if position < len(operator.inputs) else ABSENT
        data = None if index == ABSENT else self.graph.tensors[index].data
        if data is None:
            raise self.refuse(
                operator, f"its {what} is computed, not constant", "use a layer with fixed parameters"
            )
        return data

    def integers(self, operator: Operator, position: int, what: str) -> list[int]:
        """A constant input of whole numbers: axes, ranges, indices."""
        values = self.constant(operator, position, what)
        if not np.issubdtype(values.dtype, np.integer):
            raise self.refuse(operator, f"its {what} is {values.dtype}", "export the model again")
        return [int(value) for value in values.ravel()]

    def clamp(self, operator: Operator, activation: Activation) -> tuple[int, int]:
        """The codes between which a fused activation keeps the output."""
        out = self.output(operator)
        ends = activation_range(activation, scale_of(out), zero_of(out))
        if ends is None:
            raise self.refuse(operator, f"the fused activation {activation.name}", "use ReLU or ReLU6")
        return ends


def scale_of(tensor: Tensor) -> float:
    """The tensor's scale; exactly a 32-bit float."""
    assert tensor.quantization is not None
    return float(tensor.quantization.scale[0])


def zero_of(tensor: Tensor) -> int:
    """The tensor's zero point."""
    assert tensor.quantization is not None
    return int(tensor.quantization.zero_point[0])


def same_scale(a: Tensor, b: Tensor) -> bool:
    """Whether equal codes mean equal values."""
    return np.float32(scale_of(a)) == np.float32(scale_of(b)) and zero_of(a) == zero_of(b)
