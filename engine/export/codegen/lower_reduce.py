"""Pooling, reduction, softmax and products of computed matrices."""

from __future__ import annotations

import math

import numpy as np

from engine.export.codegen.arithmetic import quantized_multiplier
from engine.export.codegen.lower_conv import padding_before
from engine.export.codegen.net import Net, same_scale, scale_of, zero_of
from engine.export.codegen.parts import Place, Step
from engine.export.tflite_graph import Operator
from engine.export.tflite_options import MatMulOptions, PoolOptions, SoftmaxOptions

SOFTMAX_INTEGER_BITS = 5
MOST_CLASSES = 4095  # whose exponentials fit into the 12 integer bits of their sum
LARGEST_FACTOR = 2.0**20
REDUCERS = {"MEAN": "nn_mean_s8", "REDUCE_MAX": "nn_reduce_max_s8", "REDUCE_MIN": "nn_reduce_min_s8"}


def pool(net: Net, operator: Operator, step: Step) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    options = operator.options
    assert isinstance(options, PoolOptions)
    x, y = net.input(operator, 0), net.output(operator)
    if not same_scale(x, y):
        raise net.refuse(operator, "its input and output differ in scale", "export the model again")
    low, high = net.clamp(operator, options.activation)
    (stride_y, stride_x), (height, width) = options.stride, options.window
    window = {
        "in_height": x.shape[1],
        "in_width": x.shape[2],
        "out_height": y.shape[1],
        "out_width": y.shape[2],
        "kernel_height": height,
        "kernel_width": width,
        "stride_y": stride_y,
        "stride_x": stride_x,
        "pad_top": padding_before(options.padding, x.shape[1], height, stride_y, 1, y.shape[1]),
        "pad_left": padding_before(options.padding, x.shape[2], width, stride_x, 1, y.shape[2]),
    }
    kernel = "nn_average_pool_s8" if operator.name == "AVERAGE_POOL_2D" else "nn_max_pool_s8"
    fields = {"window": window, "channels": x.shape[3], "low": low, "high": high}
    step.call(kernel, step.layer("nn_pool", fields), Place(x.index), Place(y.index))


def reduce(net: Net, operator: Operator, step: Step) -> None:
    """MEAN, REDUCE_MAX and REDUCE_MIN over neighbouring axes."""
    x, y = net.input(operator, 0), net.output(operator)
    axes = {axis % len(x.shape) for axis in net.integers(operator, 1, "list of axes")}
    axes = {axis for axis in axes if x.shape[axis] > 1}
    first, last = min(axes, default=0), max(axes, default=-1)
    if any(axis not in axes and x.shape[axis] > 1 for axis in range(first, last + 1)):
        raise net.refuse(operator, f"axes {sorted(axes)} are not neighbours", "transpose the input first")
    outer, count = math.prod(x.shape[:first]), math.prod(x.shape[first : last + 1])
    fields = {"outer": outer, "count": count, "inner": x.elements // (outer * count)}
    if operator.name == "MEAN":
        if scale_of(x) / scale_of(y) >= LARGEST_FACTOR:
            raise net.refuse(operator, "the scale of its output is far below its input's", "export the model again")
        multiplier, shift = _mean_multiplier(scale_of(x) / scale_of(y), count)
        fields |= {"in_zero": zero_of(x), "out_zero": zero_of(y), "multiplier": multiplier, "shift": shift}
    elif not same_scale(x, y):
        raise net.refuse(operator, "its input and output differ in scale", "export the model again")
    step.call(REDUCERS[operator.name], step.layer("nn_reduce", fields), Place(x.index), Place(y.index))


def _mean_multiplier(real: float, count: int) -> tuple[int, int]:
    """Multiplier and shift of real / count, with the division done in the multiplier."""
    multiplier, shift = quantized_multiplier(real)
    up = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << up) // count, shift - up


def softmax(net: Net, operator: Operator, step: Step) -> None:
    """Softmax over the last axis; the output's scale is always 1/256 with zero point -128."""
    options = operator.options
    assert isinstance(options, SoftmaxOptions)
    x, y = net.input(operator, 0), net.output(operator)
    if zero_of(y) != -128 or scale_of(y) != 1 / 256:
        raise net.refuse(operator, "its output has another scale than 1/256", "export the model as INT8")
    if not 0 < options.beta < 1e6 or x.shape[-1] > MOST_CLASSES:
        raise net.refuse(operator, f"its beta is {options.beta:g} over {x.shape[-1]} values", "use beta 1 and less")
    bits = 31 - SOFTMAX_INTEGER_BITS
    real = min(options.beta * scale_of(x) * (1 << bits), (1 << 31) - 1.0)
    multiplier, shift = quantized_multiplier(real)
    if shift < 0:
        raise net.refuse(operator, "the scale of its input is too small", "export the model again")
    radius = ((1 << SOFTMAX_INTEGER_BITS) - 1) * 2.0**bits / 2.0**shift
    columns = x.shape[-1]
    fields = {
        "rows": x.elements // columns,
        "columns": columns,
        "multiplier": multiplier,
        "shift": shift,
        "least": max(-math.floor(radius), -256),
    }
    step.call("nn_softmax_s8", step.layer("nn_softmax", fields), Place(x.index), Place(y.index))


def batch_matmul(net: Net, operator: Operator, step: Step) -> None:
    """Matrix products, batch by batch; either side may be read transposed."""
    options = operator.options
    assert isinstance(options, MatMulOptions)
    a, b, y = net.input(operator, 0), net.input(operator, 1), net.output(operator)
    (a1, a2), (b1, b2) = a.shape[-2:], b.shape[-2:]
    rows, depth, a_row, a_depth = (a2, a1, 1, a2) if options.transpose_left else (a1, a2, a2, 1)
    columns, b_column, b_depth = (b1, b2, 1) if options.transpose_right else (b2, 1, b2)
    batches = y.elements // (rows * columns)
    outer = [tuple(n for n in t.shape[:-2] if n > 1) for t in (a, b)]
    if outer[0] != outer[1] and () not in outer:
        raise net.refuse(operator, "its batches broadcast", "repeat the smaller side first")
    product = float(np.float32(scale_of(a)) * np.float32(scale_of(b)))
    multiplier, shift = quantized_multiplier(product / scale_of(y))
    if 255 * 255 * depth << max(shift, 0) >= 1 << 31:
        raise net.refuse(operator, "its sums could leave 32 bits", "make the matrices smaller")
    fields = {
        "batches": batches,
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "a_batch": a1 * a2 if outer[0] else 0,
        "a_row": a_row,
        "a_depth": a_depth,
        "b_batch": b1 * b2 if outer[1] else 0,
        "b_column": b_column,
        "b_depth": b_depth,
        "a_zero": zero_of(a),
        "b_zero": zero_of(b),
        "out_zero": zero_of(y),
        "multiplier": multiplier,
        "shift": shift,
        "low": -128,
        "high": 127,
    }
    step.call("nn_matmul_s8", step.layer("nn_matmul", fields), *(Place(t.index) for t in (a, b, y)))
