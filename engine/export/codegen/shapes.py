"""Whether the sizes of an operator's tensors fit each other: generated C trusts them and checks nothing itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from engine.export.codegen.net import Net
from engine.export.tflite_graph import Operator
from engine.export.tflite_options import (
    AxisOptions,
    ConcatenationOptions,
    ConvOptions,
    MatMulOptions,
    MirrorPadOptions,
    Padding,
    PoolOptions,
)

Shape = tuple[int, ...]
Rule = Callable[[Net, Operator], bool]


def check_shapes(net: Net, operator: Operator) -> None:
    """Raise UnsupportedModelError where sizes do not fit, or where there is more than one window at a time."""
    shapes = [net.graph.tensors[i].shape for i in (*operator.inputs, *operator.outputs) if i >= 0]
    fits = all(min(shape, default=1) > 0 for shape in shapes) and RULES[operator.name](net, operator)
    if not fits:
        raise net.refuse(operator, "the sizes of its tensors do not fit each other", "export the model again")


def _conv(net: Net, operator: Operator) -> bool:
    x, y, kernel = net.input(operator, 0).shape, net.output(operator).shape, _kernel(net, operator)
    options = operator.options
    assert isinstance(options, ConvOptions)
    if not (_images(x, y) and len(kernel) == 4):
        return False
    if operator.name == "DEPTHWISE_CONV_2D":
        channels = kernel[0] == 1 and kernel[3] == y[3] and y[3] % x[3] == 0
    else:
        groups = x[3] // kernel[3]
        channels = groups > 0 and x[3] == groups * kernel[3] and kernel[0] == y[3] and y[3] % groups == 0
    return channels and _windows_fit(x, y, kernel[1:3], options.stride, options.dilation, options.padding)


def _transpose_conv(net: Net, operator: Operator) -> bool:
    x, y, kernel = net.input(operator, 2).shape, net.output(operator).shape, _kernel(net, operator)
    options = operator.options
    assert isinstance(options, ConvOptions)
    if not (_images(x, y) and len(kernel) == 4 and kernel[3] == x[3] and kernel[0] == y[3]):
        return False
    return _windows_fit(y, x, kernel[1:3], options.stride, (1, 1), options.padding)  # the other way round


def _dense(net: Net, operator: Operator) -> bool:
    x, y, kernel = net.input(operator, 0), net.output(operator), _kernel(net, operator)
    if len(kernel) != 2 or x.elements % kernel[1]:
        return False
    return x.elements // kernel[1] * kernel[0] == y.elements


def _pool(net: Net, operator: Operator) -> bool:
    x, y, options = net.input(operator, 0).shape, net.output(operator).shape, operator.options
    assert isinstance(options, PoolOptions)
    fits = _images(x, y) and x[3] == y[3]
    return fits and _windows_fit(x, y, options.window, options.stride, (1, 1), options.padding)


def _binary(net: Net, operator: Operator) -> bool:
    shapes = [net.input(operator, k).shape for k in (0, 1)]
    try:
        return np.broadcast_shapes(*shapes) == net.output(operator).shape
    except ValueError:
        return False


def _reduce(net: Net, operator: Operator) -> bool:
    x, y = net.input(operator, 0), net.output(operator)
    axes = net.integers(operator, 1, "list of axes")
    if not _axes_exist(axes, len(x.shape)):
        return False
    kept = {axis % len(x.shape) for axis in axes}
    return math.prod(n for axis, n in enumerate(x.shape) if axis not in kept) == y.elements


def _matmul(net: Net, operator: Operator) -> bool:
    a, b, y = net.input(operator, 0).shape, net.input(operator, 1).shape, net.output(operator).shape
    options = operator.options
    assert isinstance(options, MatMulOptions)
    if min(len(a), len(b), len(y)) < 2:
        return False
    rows, depth = a[-2:][::-1] if options.transpose_left else a[-2:]
    b_depth, columns = b[-2:][::-1] if options.transpose_right else b[-2:]
    try:
        batches = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        return False
    return depth == b_depth and y == (*batches, rows, columns)


def _same_shape(net: Net, operator: Operator) -> bool:
    return net.input(operator, 0).shape == net.output(operator).shape


def _join(net: Net, operator: Operator) -> bool:
    options, y = operator.options, net.output(operator).shape
    assert isinstance(options, ConcatenationOptions | AxisOptions)
    parts = [net.input(operator, k).shape for k in range(len(operator.inputs))]
    if not parts or not _axes_exist([options.axis], len(y)):
        return False
    axis = options.axis % len(y)
    if operator.name == "PACK":
        return all((*p[:axis], len(parts), *p[axis:]) == y for p in parts)
    return _parts_fit(parts, y, axis)


def _split(net: Net, operator: Operator) -> bool:
    x = net.input(operator, 1 if operator.name == "SPLIT" else 0).shape
    parts = [net.value(operator, index).shape for index in operator.outputs]
    if operator.name == "UNPACK":
        assert isinstance(operator.options, AxisOptions)
        axis = operator.options.axis
        if not _axes_exist([axis], len(x)):
            return False
        axis %= len(x)
        return x[axis] == len(parts) and all(part == (*x[:axis], *x[axis + 1 :]) for part in parts)
    axes = net.integers(operator, 0 if operator.name == "SPLIT" else 2, "axis")
    return len(axes) == 1 and _axes_exist(axes, len(x)) and _parts_fit(parts, x, axes[0] % len(x))


def _transpose(net: Net, operator: Operator) -> bool:
    x, y = net.input(operator, 0).shape, net.output(operator).shape
    order = net.integers(operator, 1, "order of axes")
    return sorted(order) == list(range(len(x))) and y == tuple(x[axis] for axis in order)


def _strided_slice(net: Net, operator: Operator) -> bool:
    rank = len(net.input(operator, 0).shape)
    parts = [net.integers(operator, k, "range") for k in (1, 2, 3)]
    return all(len(part) == rank for part in parts) and 0 not in parts[2]


def _slice(net: Net, operator: Operator) -> bool:
    x, y = net.input(operator, 0).shape, net.output(operator).shape
    begin = net.integers(operator, 1, "range")
    return len(begin) == len(x) == len(y) and all(
        first >= 0 and first + count <= size for first, count, size in zip(begin, y, x, strict=True)
    )


def _pad(net: Net, operator: Operator) -> bool:
    x, y = net.input(operator, 0).shape, net.output(operator).shape
    border = net.integers(operator, 1, "border")
    if len(border) != 2 * len(x) or min(border, default=0) < 0:
        return False
    if isinstance(operator.options, MirrorPadOptions):
        most = [size - (not operator.options.symmetric) for size in x]
        if any(side > room for k, room in enumerate(most) for side in border[2 * k : 2 * k + 2]):
            return False
    return y == tuple(size + border[2 * k] + border[2 * k + 1] for k, size in enumerate(x))


def _gather(net: Net, operator: Operator) -> bool:
    x, y, options = net.input(operator, 0).shape, net.output(operator), operator.options
    assert isinstance(options, AxisOptions)
    index = net.integers(operator, 1, "list of indices")
    if not _axes_exist([options.axis], len(x)) or not index:
        return False
    axis = options.axis % len(x)
    inside = min(index) >= 0 and max(index) < x[axis]
    return inside and y.elements == math.prod(x) // x[axis] * len(index)


def _resize(net: Net, operator: Operator) -> bool:
    x, y = net.input(operator, 0).shape, net.output(operator).shape
    return _images(x, y) and x[3] == y[3]


def _view(net: Net, operator: Operator) -> bool:
    return net.input(operator, 0).elements == net.output(operator).elements


def _kernel(net: Net, operator: Operator) -> Shape:
    return net.constant(operator, 1, "kernel").shape


def _images(*shapes: Shape) -> bool:
    """One window each, with height, width and channels."""
    return all(len(shape) == 4 and shape[0] == 1 for shape in shapes)


def _windows_fit(
    x: Shape, y: Shape, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], padding: Padding
) -> bool:
    for k in range(2):
        reach = (kernel[k] - 1) * dilation[k] + 1
        room = x[k + 1] if padding is Padding.SAME else x[k + 1] - reach + 1
        if y[k + 1] != -(-room // stride[k]):
            return False
    return True


def _parts_fit(parts: Sequence[Shape], whole: Shape, axis: int) -> bool:
    others = (*whole[:axis], *whole[axis + 1 :])
    fits = all(len(p) == len(whole) and (*p[:axis], *p[axis + 1 :]) == others for p in parts)
    return fits and sum(part[axis] for part in parts) == whole[axis]


def _axes_exist(axes: Sequence[int], rank: int) -> bool:
    return all(-rank <= axis < rank for axis in axes)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _conv),
    "TRANSPOSE_CONV": _transpose_conv,
    "FULLY_CONNECTED": _dense,
    "BATCH_MATMUL": _matmul,
    **dict.fromkeys(("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM"), _binary),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pool),
    **dict.fromkeys(("MEAN", "REDUCE_MAX", "REDUCE_MIN"), _reduce),
    **dict.fromkeys(("SOFTMAX", "LOGISTIC", "TANH", "QUANTIZE", "RELU", "RELU6"), _same_shape),
    **dict.fromkeys(("LEAKY_RELU", "ELU", "HARD_SWISH"), _same_shape),
    **dict.fromkeys(("CONCATENATION", "PACK"), _join),
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), _split),
    "TRANSPOSE": _transpose,
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _pad),
    "GATHER": _gather,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _view),
}
