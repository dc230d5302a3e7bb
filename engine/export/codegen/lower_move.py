"""Operators that only rearrange values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from engine.export.codegen.net import Net, same_scale, zero_of
from engine.export.codegen.parts import Place, Step
from engine.export.tflite_graph import Operator, Tensor
from engine.export.tflite_options import (
    Activation,
    AxisOptions,
    ConcatenationOptions,
    MirrorPadOptions,
    ResizeOptions,
    StridedSliceOptions,
)

AXES = 5  # NN_AXES


def strides(shape: Sequence[int]) -> list[int]:
    """Steps of a row-major array, in elements."""
    steps = [1] * len(shape)
    for k in range(len(shape) - 2, -1, -1):
        steps[k] = steps[k + 1] * shape[k + 1]
    return steps


def transpose(net: Net, operator: Operator, step: Step) -> None:
    """Axes in another order."""
    x, y = _pair(net, operator)
    order = net.integers(operator, 1, "order of axes")
    steps = strides(x.shape)
    _move(net, operator, step, y.shape, [steps[axis] for axis in order], strides(y.shape), x.index, y.index)


def concatenation(net: Net, operator: Operator, step: Step) -> None:
    """Tensors of one scale side by side along an axis."""
    options = operator.options
    assert isinstance(options, ConcatenationOptions)
    if options.activation is not Activation.NONE:
        raise net.refuse(
            operator, f"the fused activation {options.activation.name}", "use a layer of its own for it"
        )
    y = net.output(operator)
    axis = options.axis % len(y.shape)
    parts = [net.input(operator, k) for k in range(len(operator.inputs))]
    _join(net, operator, step, parts, y, math.prod(y.shape[:axis]))


def pack(net: Net, operator: Operator, step: Step) -> None:
    """Tensors of one shape stacked along a new axis."""
    options = operator.options
    assert isinstance(options, AxisOptions)
    y = net.output(operator)
    axis = options.axis % len(y.shape)
    parts = [net.input(operator, k) for k in range(len(operator.inputs))]
    _join(net, operator, step, parts, y, math.prod(y.shape[:axis]))


def _join(net: Net, operator: Operator, step: Step, parts: list[Tensor], y: Tensor, outer: int) -> None:
    offset, pitch = 0, y.elements // outer
    for x in parts:
        _need_same_scale(net, operator, x, y)
        run = x.elements // outer
        _move(net, operator, step, (outer, run), (run, 1), (pitch, 1), x.index, y.index, y_offset=offset)
        offset += run


def split(net: Net, operator: Operator, step: Step) -> None:
    """SPLIT, SPLIT_V and UNPACK: a tensor in parts along an axis."""
    value, axis_at = (1, 0) if operator.name == "SPLIT" else (0, 2)
    x = net.input(operator, value)
    if operator.name == "UNPACK":
        assert isinstance(operator.options, AxisOptions)
        axis = operator.options.axis
    else:
        axis = net.integers(operator, axis_at, "axis")[0]
    outer = math.prod(x.shape[: axis % len(x.shape)])
    offset, pitch = 0, x.elements // outer
    for index in operator.outputs:
        y = net.value(operator, index)
        _need_same_scale(net, operator, x, y)
        run = y.elements // outer
        _move(net, operator, step, (outer, run), (pitch, 1), (run, 1), x.index, y.index, x_offset=offset)
        offset += run


def strided_slice(net: Net, operator: Operator, step: Step) -> None:
    """Every n-th value of a range of each axis."""
    options = operator.options
    assert isinstance(options, StridedSliceOptions)
    x, y = _pair(net, operator)
    begin, end, every = (net.integers(operator, k, "range") for k in (1, 2, 3))
    if options.ellipsis_mask or options.new_axis_mask:
        raise net.refuse(operator, "an ellipsis or a new axis in its range", "reshape after slicing")
    picks = []
    for k, size in enumerate(x.shape):
        first = None if options.begin_mask >> k & 1 else begin[k]
        last = None if options.end_mask >> k & 1 else end[k]
        if options.shrink_axis_mask >> k & 1:
            picks.append(range(size)[begin[k] : begin[k] + 1 or None])
        else:
            picks.append(range(size)[slice(first, last, every[k])])
    steps = strides(x.shape)
    shape = [len(pick) for pick in picks]
    if math.prod(shape) != y.elements:
        raise net.refuse(operator, "its range does not fit its output", "export the model again")
    offset = sum(pick.start * stride for pick, stride in zip(picks, steps, strict=True))
    x_steps = [pick.step * stride for pick, stride in zip(picks, steps, strict=True)]
    _move(net, operator, step, shape, x_steps, strides(shape), x.index, y.index, x_offset=offset)


def cut(net: Net, operator: Operator, step: Step) -> None:
    """SLICE: a range of each axis."""
    x, y = _pair(net, operator)
    begin = net.integers(operator, 1, "range")
    steps = strides(x.shape)
    offset = sum(first * stride for first, stride in zip(begin, steps, strict=True))
    _move(net, operator, step, y.shape, steps, strides(y.shape), x.index, y.index, x_offset=offset)


def pad(net: Net, operator: Operator, step: Step) -> None:
    """PAD and PADV2: a border of the zero point, or of one constant."""
    x, y = _pair(net, operator)
    before = np.reshape(net.integers(operator, 1, "border"), (-1, 2))[:, 0].tolist()
    value = zero_of(y)
    if operator.name == "PADV2":
        _need_same_scale(net, operator, net.input(operator, 2), y)
        value = net.integers(operator, 2, "border value")[0]
    steps = strides(y.shape)
    offset = sum(count * stride for count, stride in zip(before, steps, strict=True))
    step.call("nn_fill_s8", str(value), Place(y.index), str(y.elements))
    _move(net, operator, step, x.shape, strides(x.shape), steps, x.index, y.index, y_offset=offset)


def mirror_pad(net: Net, operator: Operator, step: Step) -> None:
    """A border that repeats the values before it in reverse, on one axis."""
    assert isinstance(operator.options, MirrorPadOptions)
    x, y = _pair(net, operator)
    border = np.reshape(net.integers(operator, 1, "border"), (-1, 2)).tolist()
    axes = [k for k, pair in enumerate(border) if any(pair)]
    if len(axes) > 1:
        raise net.refuse(operator, "it pads several axes", "pad one axis after the other")
    axis = axes[0] if axes else 0
    mode = "symmetric" if operator.options.symmetric else "reflect"
    index = np.pad(np.arange(x.shape[axis]), border[axis], mode=mode)  # type: ignore[call-overload]
    _pick(net, operator, step, x, y, axis, index.tolist())


def gather(net: Net, operator: Operator, step: Step) -> None:
    """Constant indices along an axis."""
    assert isinstance(operator.options, AxisOptions)
    x, y = _pair(net, operator)
    index = net.integers(operator, 1, "list of indices")
    _pick(net, operator, step, x, y, operator.options.axis % len(x.shape), index)


def resize_nearest(net: Net, operator: Operator, step: Step) -> None:
    """The nearest value, along one of height and width."""
    options = operator.options
    assert isinstance(options, ResizeOptions)
    x, y = _pair(net, operator)
    axes = [k for k in (1, 2) if x.shape[k] != y.shape[k]]
    if len(axes) > 1:
        raise net.refuse(operator, "it resizes height and width", "resize a signal along its length only")
    axis = axes[0] if axes else 2
    size, wanted = x.shape[axis], y.shape[axis]
    aligned = options.align_corners and wanted > 1
    factor = np.float32((size - 1) / np.float32(wanted - 1)) if aligned else np.float32(size / np.float32(wanted))
    place = (np.arange(wanted, dtype=np.float32) + np.float32(0.5 * options.half_pixel_centers)) * factor
    index = np.floor(place + np.float32(0.5)) if options.align_corners else np.floor(place)
    _pick(net, operator, step, x, y, axis, np.clip(index, 0, size - 1).astype(int).tolist())


def _pick(net: Net, operator: Operator, step: Step, x: Tensor, y: Tensor, axis: int, index: list[int]) -> None:
    if x.shape[axis] > 32767:
        raise net.refuse(operator, "an axis is longer than 32767", "use shorter windows")
    fields = {
        "index": step.constant("index", np.array(index, np.int16)),
        "outer": math.prod(x.shape[:axis]),
        "rows": len(index),
        "in_rows": x.shape[axis],
        "size": math.prod(x.shape[axis + 1 :]),
    }
    step.call("nn_pick_s8", step.layer("nn_pick", fields), Place(x.index), Place(y.index))


def _pair(net: Net, operator: Operator) -> tuple[Tensor, Tensor]:
    x, y = net.input(operator, 0), net.output(operator)
    _need_same_scale(net, operator, x, y)
    return x, y


def _need_same_scale(net: Net, operator: Operator, x: Tensor, y: Tensor) -> None:
    if not same_scale(x, y):
        raise net.refuse(operator, "its inputs and outputs differ in scale", "export the model again")


def _move(
    net: Net,
    operator: Operator,
    step: Step,
    sizes: Sequence[int],
    x_steps: Sequence[int],
    y_steps: Sequence[int],
    x: int,
    y: int,
    *,
    x_offset: int = 0,
    y_offset: int = 0,
) -> None:
    """A strided copy; axes of one are dropped and axes that run on are merged."""
    axes: list[tuple[int, int, int]] = []
    for size, from_step, to_step in zip(sizes, x_steps, y_steps, strict=True):
        if size == 1:
            continue
        if axes and axes[-1][1:] == (from_step * size, to_step * size):
            axes[-1] = (axes[-1][0] * size, from_step, to_step)
        else:
            axes.append((size, from_step, to_step))
    if len(axes) > AXES:
        raise net.refuse(operator, f"it moves values along {len(axes)} axes", "use fewer axes")
    axes = [(1, 0, 0)] * (AXES - len(axes)) + axes
    columns = tuple(zip(*axes, strict=True))
    fields = {"size": columns[0], "x_step": columns[1], "y_step": columns[2]}
    step.call("nn_move_s8", step.layer("nn_move", fields), Place(x, x_offset), Place(y, y_offset))
