"""The options of .tflite operators, decoded into typed values.

Names and field indices follow TensorFlow Lite's schema version 3 (tensorflow/lite/schema/schema.fbs, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from engine.export.flatbuffer import GraphError, Table


class Padding(IntEnum):
    """How a window operator treats the borders."""

    SAME = 0
    VALID = 1


class Activation(IntEnum):
    """The function fused behind an operator."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3
    TANH = 4
    SIGN_BIT = 5


@dataclass(frozen=True)
class ConvOptions:
    """CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV: strides and dilations as (height, width)."""

    padding: Padding
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    activation: Activation = Activation.NONE
    depth_multiplier: int = 1


@dataclass(frozen=True)
class PoolOptions:
    """AVERAGE_POOL_2D and MAX_POOL_2D: stride and window as (height, width)."""

    padding: Padding
    stride: tuple[int, int]
    window: tuple[int, int]
    activation: Activation


@dataclass(frozen=True)
class ElementwiseOptions:
    """ADD, SUB, MUL, DIV. `power_of_two_scales`: INT16 inputs are rescaled by powers of two."""

    activation: Activation
    power_of_two_scales: bool = False


@dataclass(frozen=True)
class FullyConnectedOptions:
    """FULLY_CONNECTED with plain weights [outputs, inputs]."""

    activation: Activation
    keep_dimensions: bool


@dataclass(frozen=True)
class ConcatenationOptions:
    """CONCATENATION along one axis."""

    axis: int
    activation: Activation


@dataclass(frozen=True)
class ReduceOptions:
    """MEAN, SUM, REDUCE_MAX and their like; the axes are the second input."""

    keep_dimensions: bool


@dataclass(frozen=True)
class ReshapeOptions:
    """RESHAPE; where there is a second input, that holds the shape."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class SoftmaxOptions:
    """SOFTMAX over the last axis of beta times the input."""

    beta: float


@dataclass(frozen=True)
class StridedSliceOptions:
    """STRIDED_SLICE; bit k of a mask concerns axis k."""

    begin_mask: int
    end_mask: int
    ellipsis_mask: int
    new_axis_mask: int
    shrink_axis_mask: int


@dataclass(frozen=True)
class LeakyReluOptions:
    """LEAKY_RELU: slope below zero."""

    alpha: float


@dataclass(frozen=True)
class AxisOptions:
    """PACK, UNPACK, GATHER: the axis and, for PACK and UNPACK, how many tensors."""

    axis: int
    count: int = 0


@dataclass(frozen=True)
class SplitOptions:
    """SPLIT and SPLIT_V: into how many tensors."""

    count: int


@dataclass(frozen=True)
class SqueezeOptions:
    """SQUEEZE: the axes to drop; none named means all of length one."""

    axes: tuple[int, ...]


@dataclass(frozen=True)
class MatMulOptions:
    """BATCH_MATMUL: whether each side is transposed first."""

    transpose_left: bool
    transpose_right: bool


@dataclass(frozen=True)
class ResizeOptions:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

    align_corners: bool
    half_pixel_centers: bool


@dataclass(frozen=True)
class MirrorPadOptions:
    """MIRROR_PAD: whether the border value itself is repeated (SYMMETRIC) or not (REFLECT)."""

    symmetric: bool


@dataclass(frozen=True)
class PlainOptions:
    """An operator without options, or with options that nothing here needs."""


Options = (
    ConvOptions | PoolOptions | ElementwiseOptions | FullyConnectedOptions | ConcatenationOptions | ReduceOptions
    | ReshapeOptions | SoftmaxOptions | StridedSliceOptions | LeakyReluOptions | AxisOptions | SplitOptions
    | SqueezeOptions | MatMulOptions | ResizeOptions | MirrorPadOptions | PlainOptions
)  # fmt: skip


def decode_options(operator: str, kind: int, table: Table | None) -> Options:
    """Options of the operator of that name; `kind` is the stored number of the options' type.

    Raises GraphError for options of another operator and for values outside their range.
    """
    if operator == "RESHAPE":  # the one operator here whose options may be left out
        return ReshapeOptions(_short_list(table) if table is not None and kind == RESHAPE_KIND else ())
    if operator not in DECODERS:
        return PlainOptions()
    expected, decode = DECODERS[operator]
    if table is None or kind != expected:
        raise GraphError(f"is damaged: {operator} without its options")
    return decode(table)


def _conv(table: Table) -> ConvOptions:
    return ConvOptions(
        padding=_padding(table),
        stride=(_positive(table, 2), _positive(table, 1)),
        dilation=(_positive(table, 5, 1), _positive(table, 4, 1)),
        activation=_activation(table, 3),
    )


def _depthwise(table: Table) -> ConvOptions:
    return ConvOptions(
        padding=_padding(table),
        stride=(_positive(table, 2), _positive(table, 1)),
        dilation=(_positive(table, 6, 1), _positive(table, 5, 1)),
        activation=_activation(table, 4),
        depth_multiplier=_positive(table, 3),
    )


def _transpose_conv(table: Table) -> ConvOptions:
    return ConvOptions(
        padding=_padding(table),
        stride=(_positive(table, 2), _positive(table, 1)),
        activation=_activation(table, 3),
    )


def _pool(table: Table) -> PoolOptions:
    return PoolOptions(
        padding=_padding(table),
        stride=(_positive(table, 2), _positive(table, 1)),
        window=(_positive(table, 4), _positive(table, 3)),
        activation=_activation(table, 5),
    )


def _sum(table: Table) -> ElementwiseOptions:
    return ElementwiseOptions(_activation(table, 0), power_of_two_scales=table.number(1, "?", True))


def _product(table: Table) -> ElementwiseOptions:
    return ElementwiseOptions(_activation(table, 0))


def _fully_connected(table: Table) -> FullyConnectedOptions:
    if table.number(1, "b") != 0:
        raise GraphError("holds FULLY_CONNECTED weights in a shuffled layout, which is not supported")
    return FullyConnectedOptions(_activation(table, 0), keep_dimensions=table.number(2, "?", False))


def _concatenation(table: Table) -> ConcatenationOptions:
    return ConcatenationOptions(table.number(0, "i"), _activation(table, 1))


def _reduce(table: Table) -> ReduceOptions:
    return ReduceOptions(table.number(0, "?", False))


def _softmax(table: Table) -> SoftmaxOptions:
    return SoftmaxOptions(table.number(0, "f", 0.0))


def _strided_slice(table: Table) -> StridedSliceOptions:
    return StridedSliceOptions(*(table.number(field, "i") for field in range(5)))


def _leaky_relu(table: Table) -> LeakyReluOptions:
    return LeakyReluOptions(table.number(0, "f", 0.0))


def _pack(table: Table) -> AxisOptions:
    return AxisOptions(axis=table.number(1, "i"), count=_positive(table, 0))


def _gather(table: Table) -> AxisOptions:
    return AxisOptions(axis=table.number(0, "i"))


def _split(table: Table) -> SplitOptions:
    return SplitOptions(_positive(table, 0))


def _squeeze(table: Table) -> SqueezeOptions:
    return SqueezeOptions(_short_list(table))


def _matmul(table: Table) -> MatMulOptions:
    return MatMulOptions(table.number(0, "?", False), table.number(1, "?", False))


def _resize_bilinear(table: Table) -> ResizeOptions:
    return ResizeOptions(table.number(2, "?", False), table.number(3, "?", False))


def _resize_nearest(table: Table) -> ResizeOptions:
    return ResizeOptions(table.number(0, "?", False), table.number(1, "?", False))


def _mirror_pad(table: Table) -> MirrorPadOptions:
    return MirrorPadOptions(symmetric=table.number(0, "b") == 1)


RESHAPE_KIND = 17
# operator -> (number of its options' type in the schema's union, decoder)
DECODERS: dict[str, tuple[int, Callable[[Table], Options]]] = {
    "CONV_2D": (1, _conv),
    "DEPTHWISE_CONV_2D": (2, _depthwise),
    "TRANSPOSE_CONV": (49, _transpose_conv),
    "AVERAGE_POOL_2D": (5, _pool),
    "MAX_POOL_2D": (5, _pool),
    "ADD": (11, _sum),
    "SUB": (28, _sum),
    "MUL": (21, _product),
    "DIV": (29, _product),
    "FULLY_CONNECTED": (8, _fully_connected),
    "CONCATENATION": (10, _concatenation),
    "MEAN": (27, _reduce),
    "SUM": (27, _reduce),
    "REDUCE_MAX": (27, _reduce),
    "REDUCE_MIN": (27, _reduce),
    "SOFTMAX": (9, _softmax),
    "STRIDED_SLICE": (32, _strided_slice),
    "LEAKY_RELU": (75, _leaky_relu),
    "PACK": (59, _pack),
    "UNPACK": (64, _pack),
    "GATHER": (23, _gather),
    "SPLIT": (35, _split),
    "SPLIT_V": (79, _split),
    "SQUEEZE": (30, _squeeze),
    "BATCH_MATMUL": (101, _matmul),
    "RESIZE_BILINEAR": (15, _resize_bilinear),
    "RESIZE_NEAREST_NEIGHBOR": (74, _resize_nearest),
    "MIRROR_PAD": (77, _mirror_pad),
}


def _padding(table: Table) -> Padding:
    value = table.number(0, "b")
    if value not in (0, 1):
        raise GraphError(f"is damaged: padding {value}")
    return Padding(value)


def _activation(table: Table, field: int) -> Activation:
    value = table.number(field, "b")
    if not 0 <= value <= Activation.SIGN_BIT:
        raise GraphError(f"is damaged: fused activation {value}")
    return Activation(value)


def _positive(table: Table, field: int, default: int = 0) -> int:
    value = int(table.number(field, "i", default))
    if not 0 < value < 1 << 24:
        raise GraphError(f"is damaged: a stride, dilation, window or count of {value}")
    return value


def _short_list(table: Table) -> tuple[int, ...]:
    values = table.numbers(0, "<i4")
    if len(values) > 16:
        raise GraphError(f"is damaged: a shape of {len(values)} axes")
    return tuple(int(v) for v in values)
