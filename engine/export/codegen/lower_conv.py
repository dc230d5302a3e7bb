"""CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED as dot products of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.export.codegen.arithmetic import (
    accumulator_bounds,
    quantized_multiplier,
    short_form_holds,
    wrapped_int32,
)
from engine.export.codegen.net import Net, scale_of, zero_of
from engine.export.codegen.parts import Place, Step
from engine.export.tflite_graph import ABSENT, Operator, Tensor
from engine.export.tflite_options import Activation, ConvOptions, FullyConnectedOptions, Padding

I64 = NDArray[np.int64]
MOST_PHASES = 64  # stride of a transposed convolution
LARGEST_FACTOR = 2.0**20  # from accumulators to output; a shift beyond 31 bits has no meaning


@dataclass(frozen=True)
class Filters:
    """Weights and everything per output channel: bias [channels], multiplier and shift of each."""

    weights: NDArray[np.int8]
    bias: I64
    multipliers: list[int]
    shifts: list[int]

    def part(self, chosen: slice) -> Filters:
        """Some output channels; weights are [channels, ...]."""
        return Filters(self.weights[chosen], self.bias[chosen], self.multipliers[chosen], self.shifts[chosen])


def conv_2d(net: Net, operator: Operator, step: Step) -> None:
    """Convolution; groups one after the other."""
    options = operator.options
    assert isinstance(options, ConvOptions)
    x, y = net.input(operator, 0), net.output(operator)
    filters = _filters(net, operator, x, y, 1, 2, channel_axis=0)
    inputs = filters.weights.shape[3]
    groups = x.shape[3] // inputs
    outputs = y.shape[3] // groups
    window = _window(options, x, y, filters.weights.shape[1:3])
    for group in range(groups):
        part = filters.part(slice(group * outputs, (group + 1) * outputs))
        source, target = Place(x.index, group * inputs), Place(y.index, group * outputs)
        _emit_conv(net, operator, step, options.activation, window, part, source, target)


def depthwise_conv_2d(net: Net, operator: Operator, step: Step) -> None:
    """One filter a channel; several filters a channel are one small convolution for each input channel."""
    options = operator.options
    assert isinstance(options, ConvOptions)
    x, y = net.input(operator, 0), net.output(operator)
    filters = _filters(net, operator, x, y, 1, 2, channel_axis=3)
    channels, outputs = x.shape[3], y.shape[3]
    height, width = filters.weights.shape[1:3]
    window = _window(options, x, y, (height, width))
    by_channel = filters.weights.reshape(height, width, outputs).transpose(2, 0, 1)[..., None]  # [out, h, w, 1]
    if channels != outputs or channels == 1:
        spread = Filters(np.ascontiguousarray(by_channel), filters.bias, filters.multipliers, filters.shifts)
        each = outputs // channels
        for channel in range(channels):
            part = spread.part(slice(channel * each, (channel + 1) * each))
            source, target = Place(x.index, channel), Place(y.index, channel * each)
            _emit_conv(net, operator, step, options.activation, window, part, source, target)
        return
    fields = _conv_fields(
        net, operator, step, options.activation, window, filters, by_channel.reshape(outputs, -1), channels
    )
    scratch = step.scratch(height * width * channels)
    step.call("nn_depthwise_s8", step.layer("nn_conv", fields), Place(x.index), Place(y.index), scratch)


def transpose_conv(net: Net, operator: Operator, step: Step) -> None:
    """Transposed convolution of stride s: s ordinary convolutions, each making every s-th output.

    An output meets only the taps of its own phase, over neighbouring inputs in reverse order.
    """
    options = operator.options
    assert isinstance(options, ConvOptions)
    x, y = net.input(operator, 2), net.output(operator)
    filters = _filters(net, operator, x, y, 1, 3, channel_axis=0)
    (stride_y, stride_x), (height, width) = options.stride, filters.weights.shape[1:3]
    if max(options.stride) > MOST_PHASES:
        raise net.refuse(operator, f"a stride of {max(options.stride)}", f"use strides up to {MOST_PHASES}")
    pad_top = padding_before(options.padding, y.shape[1], height, stride_y, 1, x.shape[1])
    pad_left = padding_before(options.padding, y.shape[2], width, stride_x, 1, x.shape[2])
    outputs = y.shape[3]
    for top in range(min(stride_y, y.shape[1])):
        for left in range(min(stride_x, y.shape[2])):
            first_y, first_x = (top + pad_top) % stride_y, (left + pad_left) % stride_x
            taps = filters.weights[:, first_y::stride_y, first_x::stride_x][:, ::-1, ::-1]
            window = {
                "in_height": x.shape[1],
                "in_width": x.shape[2],
                "out_height": -(-(y.shape[1] - top) // stride_y),
                "out_width": -(-(y.shape[2] - left) // stride_x),
                "kernel_height": taps.shape[1],
                "kernel_width": taps.shape[2],
                "stride_y": 1,
                "stride_x": 1,
                "dilation_y": 1,
                "dilation_x": 1,
                "pad_top": taps.shape[1] - 1 - (top + pad_top) // stride_y,
                "pad_left": taps.shape[2] - 1 - (left + pad_left) // stride_x,
                "in_step": x.shape[3],
                "out_row": stride_y * y.shape[2] * outputs,
                "out_step": stride_x * outputs,
            }
            phase = Filters(np.ascontiguousarray(taps), filters.bias, filters.multipliers, filters.shifts)
            target = Place(y.index, (top * y.shape[2] + left) * outputs)
            _emit_conv(net, operator, step, options.activation, window, phase, Place(x.index), target)


def fully_connected(net: Net, operator: Operator, step: Step) -> None:
    """A dense layer is a convolution of kernel one over the rows of its input."""
    options = operator.options
    assert isinstance(options, FullyConnectedOptions)
    x, y = net.input(operator, 0), net.output(operator)
    filters = _filters(net, operator, x, y, 1, 2, channel_axis=0, single_product=True)
    outputs, inputs = filters.weights.shape
    rows = x.elements // inputs
    window = _flat_window(rows, inputs, outputs)
    dense = Filters(
        filters.weights.reshape(outputs, 1, 1, inputs), filters.bias, filters.multipliers, filters.shifts
    )
    _emit_conv(net, operator, step, options.activation, window, dense, Place(x.index), Place(y.index))


def _filters(
    net: Net,
    operator: Operator,
    x: Tensor,
    y: Tensor,
    weights_at: int,
    bias_at: int,
    *,
    channel_axis: int,
    single_product: bool = False,
) -> Filters:
    """Weights and scales. `single_product`: the product of two single scales is rounded to 32 bits first."""
    weights = net.constant(operator, weights_at, "kernel")
    tensor = net.graph.tensors[operator.inputs[weights_at]]
    scales = tensor.quantization
    if weights.dtype != np.int8 or scales is None or (scales.zero_point != 0).any():
        raise net.refuse(operator, "its weights are not symmetric int8", "export the model as INT8")
    channels = weights.shape[channel_axis]
    if scales.per_channel and scales.axis != channel_axis:
        raise net.refuse(operator, "its weights have scales along another axis", "export the model again")
    source, target = scale_of(x), scale_of(y)
    if scales.per_channel:
        reals = [source * float(scale) / target for scale in scales.scale]
    elif single_product:
        reals = [float(np.float32(source) * scales.scale[0]) / target] * channels
    else:
        reals = [source * float(scales.scale[0]) / target] * channels
    if max(reals) >= LARGEST_FACTOR:
        raise net.refuse(operator, "the scale of its output is far below its input's", "export the model again")
    multipliers, shifts = zip(*(quantized_multiplier(real) for real in reals), strict=True)
    return Filters(weights, _bias(net, operator, bias_at, channels), list(multipliers), list(shifts))


def _bias(net: Net, operator: Operator, position: int, channels: int) -> I64:
    if position >= len(operator.inputs) or operator.inputs[position] == ABSENT:
        return np.zeros(channels, np.int64)
    bias = net.constant(operator, position, "bias")
    if bias.dtype != np.int32 or bias.size != channels:
        raise net.refuse(operator, f"its bias is {bias.dtype} of {bias.size} values", "export the model as INT8")
    return bias.ravel().astype(np.int64)


def _window(options: ConvOptions, x: Tensor, y: Tensor, kernel: tuple[int, ...]) -> dict[str, int]:
    (stride_y, stride_x), (dilation_y, dilation_x) = options.stride, options.dilation
    return {
        "in_height": x.shape[1],
        "in_width": x.shape[2],
        "out_height": y.shape[1],
        "out_width": y.shape[2],
        "kernel_height": kernel[0],
        "kernel_width": kernel[1],
        "stride_y": stride_y,
        "stride_x": stride_x,
        "dilation_y": dilation_y,
        "dilation_x": dilation_x,
        "pad_top": padding_before(options.padding, x.shape[1], kernel[0], stride_y, dilation_y, y.shape[1]),
        "pad_left": padding_before(options.padding, x.shape[2], kernel[1], stride_x, dilation_x, y.shape[2]),
        "in_step": x.shape[3],
        "out_row": y.shape[2] * y.shape[3],
        "out_step": y.shape[3],
    }


def _flat_window(rows: int, inputs: int, outputs: int) -> dict[str, int]:
    ones = ("in_height", "out_height", "kernel_height", "kernel_width", "stride_y", "stride_x")
    window = dict.fromkeys((*ones, "dilation_y", "dilation_x"), 1) | {"pad_top": 0, "pad_left": 0}
    return window | {"in_width": rows, "out_width": rows, "in_step": inputs, "out_row": 0, "out_step": outputs}


def padding_before(padding: Padding, size: int, kernel: int, stride: int, dilation: int, outputs: int) -> int:
    """Positions of border before the first input, of the output's size that the file gives."""
    if padding is Padding.VALID:
        return 0
    return max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - size, 0) // 2


def _conv_fields(
    net: Net,
    operator: Operator,
    step: Step,
    activation: Activation,
    window: dict[str, int],
    filters: Filters,
    rows: NDArray[np.int8],
    inputs: int,
) -> dict[str, Any]:
    """A parameter block; `rows`: the weights of each output channel, [channels, taps]."""
    zero = zero_of(net.input(operator, 2 if operator.name == "TRANSPOSE_CONV" else 0))
    weights = rows.astype(np.int64)
    bias = filters.bias - zero * weights.sum(axis=1)
    short = short_form_holds(accumulator_bounds(weights, bias), filters.shifts)
    step.exact_rounding |= not short
    low, high = net.clamp(operator, activation)
    kept = filters.weights if filters.weights.size else np.zeros(1, np.int8)  # C has no empty arrays
    return {
        "window": window,
        "in_channels": inputs,
        "out_channels": len(bias),
        "in_zero": zero,
        "weights": step.constant("weights", kept),
        "bias": step.constant("bias", wrapped_int32(bias)),
        "scale": {
            "multiplier": step.constant("multiplier", np.array(filters.multipliers, np.int32)),
            "shift": step.constant("shift", np.array(filters.shifts, np.int8)),
            "zero": zero_of(net.output(operator)),
            "low": low,
            "high": high,
            "rounding": "NN_SHORT" if short else "NN_EXACT",
        },
    }


def _emit_conv(
    net: Net,
    operator: Operator,
    step: Step,
    activation: Activation,
    window: dict[str, int],
    filters: Filters,
    source: Place,
    target: Place,
) -> None:
    outputs, height, width, inputs = filters.weights.shape
    rows = filters.weights.reshape(outputs, -1)
    fields = _conv_fields(net, operator, step, activation, window, filters, rows, inputs)
    scratch = step.scratch(height * width * inputs) if _gathers(window, inputs) else "0"
    step.call("nn_conv_s8", step.layer("nn_conv", fields), source, target, scratch)


def _gathers(window: dict[str, int], inputs: int) -> bool:
    """Whether some run under the window is not contiguous in the input."""
    if window["kernel_height"] != 1 or (
        window["kernel_width"] > 1 and (window["dilation_x"] > 1 or window["in_step"] != inputs)
    ):
        return True
    for out, stride, pad, kernel, size in (
        ("out_height", "stride_y", "pad_top", "kernel_height", "in_height"),
        ("out_width", "stride_x", "pad_left", "kernel_width", "in_width"),
    ):
        first, last = -window[pad], (window[out] - 1) * window[stride] - window[pad] + window[kernel]
        if first < 0 or last > window[size]:
            return True
    return False
