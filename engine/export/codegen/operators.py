"""Every operator that can become C, with the lowering that makes it, and the cure for those that cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.export.codegen import lower_binary, lower_conv, lower_move, lower_reduce, lower_table
from engine.export.codegen.net import Net
from engine.export.codegen.parts import Step
from engine.export.tflite_graph import Operator

Lowering = Callable[[Net, Operator, Step], None]

VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")  # the same bytes under another shape: no code at all

LOWERINGS: Mapping[str, Lowering] = {
    "CONV_2D": lower_conv.conv_2d,
    "DEPTHWISE_CONV_2D": lower_conv.depthwise_conv_2d,
    "TRANSPOSE_CONV": lower_conv.transpose_conv,
    "FULLY_CONNECTED": lower_conv.fully_connected,
    "BATCH_MATMUL": lower_reduce.batch_matmul,
    **dict.fromkeys(lower_binary.KERNELS, lower_binary.binary),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), lower_reduce.pool),
    **dict.fromkeys(lower_reduce.REDUCERS, lower_reduce.reduce),
    "SOFTMAX": lower_reduce.softmax,
    **dict.fromkeys(lower_table.TABLES, lower_table.table),
    "CONCATENATION": lower_move.concatenation,
    "PACK": lower_move.pack,
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), lower_move.split),
    "TRANSPOSE": lower_move.transpose,
    "STRIDED_SLICE": lower_move.strided_slice,
    "SLICE": lower_move.cut,
    **dict.fromkeys(("PAD", "PADV2"), lower_move.pad),
    "MIRROR_PAD": lower_move.mirror_pad,
    "GATHER": lower_move.gather,
    "RESIZE_NEAREST_NEIGHBOR": lower_move.resize_nearest,
}
SUPPORTED: tuple[str, ...] = tuple(sorted((*LOWERINGS, *VIEWS)))

_OPEN_BATCH = "export with a batch of one, as `heartkit-engine export` does"
_UNROLLED = "unroll recurrent layers, or use a convolutional model family"
_NORMALIZED = "use BatchNormalization instead of layer or group normalisation"
CURES: Mapping[str, str] = {
    "SHAPE": _OPEN_BATCH,
    "SPACE_TO_BATCH_ND": _OPEN_BATCH,
    "BATCH_TO_SPACE_ND": _OPEN_BATCH,
    "DEQUANTIZE": "export the model as INT8 with int8 input and output",
    "GELU": "use ReLU6, or hard swish: TensorFlow Lite Micro has no GELU",
    "TILE": "use a transposed convolution instead of nearest upsampling: TensorFlow Lite Micro has no TILE",
    "RSQRT": _NORMALIZED,
    "SQRT": _NORMALIZED,
    "NEG": _NORMALIZED,
    "DIV": _NORMALIZED,
    "RESIZE_BILINEAR": "use a transposed convolution for upsampling",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _UNROLLED,
    "LSTM": _UNROLLED,
    "WHILE": _UNROLLED,
}


def cure(operator: str) -> str:
    """What to do about an operator that is not supported."""
    return CURES.get(operator, "use layers made of: " + ", ".join(SUPPORTED))
