"""Element-wise operators of two inputs, with broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.export.codegen.arithmetic import quantized_multiplier
from engine.export.codegen.lower_move import strides
from engine.export.codegen.net import Net, same_scale, scale_of, zero_of
from engine.export.codegen.parts import Place, Step
from engine.export.tflite_graph import Operator, Tensor
from engine.export.tflite_options import Activation, ElementwiseOptions

AXES = 4
SUM_HEADROOM, SQUARE_HEADROOM = 20, 7  # as in firmware/nn/nn_binary.c
KERNELS = {
    "ADD": "nn_add_s8",
    "SUB": "nn_sub_s8",
    "MUL": "nn_mul_s8",
    "SQUARED_DIFFERENCE": "nn_squared_difference_s8",
    "MAXIMUM": "nn_maximum_s8",
    "MINIMUM": "nn_minimum_s8",
}
HALF = (1 << 30, 0)  # multiplier and shift of one half
Multipliers = dict[str, int]


def binary(net: Net, operator: Operator, step: Step) -> None:
    """ADD, SUB, MUL, SQUARED_DIFFERENCE, MAXIMUM and MINIMUM."""
    a, b, y = net.input(operator, 0), net.input(operator, 1), net.output(operator)
    options = operator.options
    activation = options.activation if isinstance(options, ElementwiseOptions) else Activation.NONE
    low, high = net.clamp(operator, activation)
    fields: dict[str, Any] = {
        **_steps(net, operator, a, b, y),
        "a_zero": zero_of(a),
        "b_zero": zero_of(b),
        "out_zero": zero_of(y),
        **_multipliers(net, operator, a, b, y),
        "low": low,
        "high": high,
    }
    fields["rounding"] = _rounding(net, operator, fields)
    step.may_overwrite = tuple(t.index for t in (a, b) if t.elements == y.elements)
    step.call(KERNELS[operator.name], step.layer("nn_binary", fields), *(Place(t.index) for t in (a, b, y)))


def _multipliers(net: Net, operator: Operator, a: Tensor, b: Tensor, y: Tensor) -> Multipliers:
    if operator.name == "MUL":
        product = np.float32(scale_of(a)) * np.float32(scale_of(b)) / np.float32(scale_of(y))
        return _named(out=_checked(net, operator, float(product), 1 << 16))
    if operator.name in ("MAXIMUM", "MINIMUM"):
        if not (same_scale(a, y) and same_scale(b, y)):
            raise net.refuse(operator, "its inputs and output differ in scale", "export the model again")
        return _named()
    headroom = SQUARE_HEADROOM if operator.name == "SQUARED_DIFFERENCE" else SUM_HEADROOM
    double = 2.0 * max(scale_of(a), scale_of(b))
    if operator.name == "SQUARED_DIFFERENCE":
        real = double * double / ((1 << (2 * headroom)) * scale_of(y))
        largest = (255 << headroom) ** 2
    else:
        real = double / ((1 << headroom) * scale_of(y))
        largest = 255 << headroom
    return _named(
        a=quantized_multiplier(scale_of(a) / double),
        b=quantized_multiplier(scale_of(b) / double),
        out=_checked(net, operator, real, largest),
    )


def _rounding(net: Net, operator: Operator, fields: dict[str, Any]) -> str:
    """How the output may be rounded; sums are always rounded the short way."""
    short = -30 <= fields.get("out_shift", 0) <= -1
    if operator.name not in ("ADD", "SUB"):
        return "NN_SHORT" if short and operator.name == "MUL" else "NN_EXACT"
    sides = [(fields[f"{side}_multiplier"], fields[f"{side}_shift"]) for side in "ab"]
    if not short or not all(side == HALF or -30 <= side[1] <= -1 for side in sides):
        raise net.refuse(
            operator, "the scales of its inputs and output are too far apart", "export the model again"
        )
    return "NN_SHORT"


def _checked(net: Net, operator: Operator, real: float, largest: int) -> tuple[int, int]:
    """Multiplier and shift of a factor under which nothing up to `largest` leaves 32 bits."""
    multiplier, shift = quantized_multiplier(real)
    if shift > 0 and largest << shift >= 1 << 31:
        raise net.refuse(
            operator, "the scale of its output is far below those of its inputs", "export the model again"
        )
    return multiplier, shift


def _named(**pairs: tuple[int, int]) -> Multipliers:
    named: Multipliers = {}
    for key, (multiplier, shift) in pairs.items():
        named |= {f"{key}_multiplier": multiplier, f"{key}_shift": shift}
    return named


def _steps(net: Net, operator: Operator, a: Tensor, b: Tensor, y: Tensor) -> dict[str, tuple[int, ...]]:
    """Sizes and steps of up to four axes, neighbouring axes merged where both inputs run on through them."""
    axes: list[list[int]] = []  # size, step of a, step of b
    shapes = [(1,) * (len(y.shape) - len(t.shape)) + t.shape for t in (a, b)]
    runs = [strides(shape) for shape in shapes]
    for k, size in enumerate(y.shape):
        if size == 1:
            continue
        here = [size, *(stride[k] if shape[k] > 1 else 0 for shape, stride in zip(shapes, runs, strict=True))]
        if axes and all(outer == inner * size for outer, inner in zip(axes[-1][1:], here[1:], strict=True)):
            axes[-1] = [axes[-1][0] * size, *here[1:]]
        else:
            axes.append(here)
    if not axes or max(axes[-1][1:]) > 1:  # the kernels want an innermost step of at most one
        axes.append([1, 0, 0])
    if len(axes) > AXES:
        raise net.refuse(operator, "it broadcasts over too many axes", "reshape its inputs first")
    axes = [[1, 0, 0]] * (AXES - len(axes)) + axes
    columns = tuple(zip(*axes, strict=True))
    return {"size": columns[0], "a_step": columns[1], "b_step": columns[2]}
