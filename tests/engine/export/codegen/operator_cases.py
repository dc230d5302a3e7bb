"""One-operator models in all their varieties, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from one_operator import OneOperator, T, constant, options

RNG = np.random.default_rng(11)
SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3
ALL = np.arange(-128, 128).astype(np.int8)

Case = tuple[str, Callable[[], OneOperator]]


def weights(shape, axis, scale=0.01):
    channels = shape[axis]
    values = RNG.integers(-127, 128, shape).astype(np.int8)
    scales = scale * RNG.uniform(0.5, 2.0, channels)
    return constant(values, scales, axis)


def bias(channels, size=2000):
    return constant(RNG.integers(-size, size, channels).astype(np.int32), 1e-4)


def convolution(
    name, x, kernel, out, *, stride=(1, 1), dilation=(1, 1), padding=SAME, act=NONE, out_scale=0.05, depth=1, big=0
):
    def make():
        depthwise = name == "DEPTHWISE_CONV_2D"
        w = weights((1, *kernel, out[-1]) if depthwise else (out[-1], *kernel), 3 if depthwise else 0)
        extra = {"depthMultiplier": depth} if depthwise else {}
        opts = options(
            "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            dilationHFactor=dilation[0],
            dilationWFactor=dilation[1],
            fusedActivationFunction=act,
            **extra,
        )
        source, target = T((1, *x), 0.03, int(RNG.integers(-128, 128))), T((1, *out), out_scale, -5)
        return OneOperator(name, [source, w, bias(out[-1], big or 2000)], [target], opts, version=3)

    return make


def transposed(x, kernel, out, *, stride, padding=SAME, with_bias=True):
    def make():
        w = weights((out[-1], *kernel, x[-1]), 0)
        opts = options(
            "TransposeConvOptions",
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            fusedActivationFunction=NONE,
        )
        size = constant(np.array([1, *out], np.int32))
        ends = T((1, *x), 0.03, 17), T((1, *out), 0.05, 3)
        parts = [size, w, ends[0], *([bias(out[-1])] if with_bias else [])]
        return OneOperator("TRANSPOSE_CONV", parts, [ends[1]], opts, version=3)

    return make


def dense(x, out, *, per_channel=False, act=NONE, with_bias=True, keep=False):
    def make():
        w = constant(
            RNG.integers(-127, 128, (out[-1], x[-1])).astype(np.int8),
            0.01 * RNG.uniform(0.5, 2, out[-1] if per_channel else 1),
        )
        opts = options("FullyConnectedOptions", fusedActivationFunction=act, keepNumDims=keep)
        parts = [T(x, 0.037, -9), w, *([bias(out[-1])] if with_bias else [])]
        return OneOperator("FULLY_CONNECTED", parts, [T(out, 0.061, 12)], opts, version=4)

    return make


def every_pair(name, kind, a, b, y, act=NONE):
    """Each code of one input against each of the other: the second is a constant of all codes."""

    def make():
        opts = options(kind, **({"fusedActivationFunction": act} if kind in ("AddOptions", "MulOptions") else {}))
        if kind == "SubOptions":
            opts = options(kind, fusedActivationFunction=act)
        second = constant(ALL[None], b[0])
        second = T(second.shape, b[0], b[1], ALL[None])
        return OneOperator(name, [T((1, 256), *a), second], [T((1, 256), *y)], opts, version=2)

    return make


def broadcast(name, kind, a, b, out):
    def make():
        second = T(b, 0.02, 7, RNG.integers(-128, 128, b).astype(np.int8))
        return OneOperator(name, [T(a, 0.03, -4), second], [T(out, 0.05, 2)], options(kind), version=2)

    return make


def pooled(name, x, window, stride, out, *, padding=SAME, act=NONE):
    def make():
        opts = options(
            "Pool2DOptions",
            padding=padding,
            filterHeight=window[0],
            filterWidth=window[1],
            strideH=stride[0],
            strideW=stride[1],
            fusedActivationFunction=act,
        )
        return OneOperator(name, [T((1, *x), 0.04, -20)], [T((1, *out), 0.04, -20)], opts, version=2)

    return make


def reduced(name, x, axes, out, keep, y=(0.021, 33)):
    def make():
        ends = T(x, 0.03, -11), T(out, *((0.03, -11) if name != "MEAN" else y))
        parts = [ends[0], constant(np.array(axes, np.int32))]
        return OneOperator(name, parts, [ends[1]], options("ReducerOptions", keepDims=keep), version=2)

    return make


def softmax(shape, scale, beta=1.0):
    def make():
        opts = options("SoftmaxOptions", beta=beta)
        return OneOperator("SOFTMAX", [T(shape, scale, 4)], [T(shape, 1 / 256, -128)], opts, version=2)

    return make


def matmul(a, b, out, *, left=False, right=False):
    def make():
        second = T(b, 0.02, -3, RNG.integers(-128, 128, b).astype(np.int8))
        opts = options("BatchMatMulOptions", adjX=left, adjY=right)
        return OneOperator("BATCH_MATMUL", [T(a, 0.03, 5), second], [T(out, 0.09, -1)], opts, version=2)

    return make


def moved(name, x, out, extra=(), kind=None, outputs=1, first=(), **values):
    def make():
        opts = options(kind, **values) if kind else None
        parts = [*(constant(v) for v in first), T(x), *(constant(np.asarray(v)) for v in extra)]
        return OneOperator(name, parts, [T(out) for _ in range(outputs)], opts, version=2)

    return make


def split_unevenly():
    parts = [T((1, 4, 6)), constant(np.array([1, 3], np.int32)), constant(np.int32(1))]
    outputs = [T((1, 1, 6)), T((1, 3, 6))]
    return OneOperator("SPLIT_V", parts, outputs, options("SplitVOptions", numSplits=2), version=2)


def padded_with_a_value():
    border = constant(np.array([[0, 0], [1, 2], [3, 0]], np.int32))
    value = T((1,), 0.05, 0, np.array([77], np.int8))
    return OneOperator("PADV2", [T((1, 7, 3)), border, value], [T((1, 10, 6))], options("PadV2Options"), version=2)


def joined(name, x, second, out, kind, **values):
    def make():
        other = T(second, data=RNG.integers(-128, 128, second).astype(np.int8))
        return OneOperator(name, [T(x), other], [T(out)], options(kind, **values), version=2)

    return make


def cases() -> Iterator[Case]:
    i32 = np.int32
    conv, depthwise = "CONV_2D", "DEPTHWISE_CONV_2D"
    yield "conv 1x5", convolution(conv, (1, 20, 6), (1, 5, 6), (1, 20, 7), act=RELU6)
    yield "conv 1x1", convolution(conv, (1, 9, 16), (1, 1, 16), (1, 9, 8), padding=VALID, act=RELU)
    yield "conv stride 2", convolution(conv, (1, 21, 3), (1, 7, 3), (1, 11, 4), stride=(1, 2))
    yield "conv dilated", convolution(conv, (1, 30, 4), (1, 3, 4), (1, 30, 5), dilation=(1, 4))
    yield "conv 3x3", convolution(conv, (6, 8, 3), (3, 3, 3), (3, 4, 6), stride=(2, 2))
    yield "conv valid", convolution(conv, (1, 20, 5), (1, 4, 5), (1, 17, 3), padding=VALID)
    yield "conv of one channel", convolution(conv, (1, 40, 1), (1, 7, 1), (1, 40, 9))
    yield "conv in groups", convolution(conv, (1, 20, 6), (1, 3, 3), (1, 20, 8))
    yield "conv of large sums", convolution(conv, (1, 8, 4), (1, 1, 4), (1, 8, 5), out_scale=3e4, big=2**31 - 1)
    yield "conv shifted up", convolution(conv, (1, 8, 4), (1, 1, 4), (1, 8, 5), out_scale=1e-4)
    yield "depthwise", convolution(depthwise, (1, 33, 10), (1, 5), (1, 33, 10), act=RELU)
    yield "depthwise dilated", convolution(depthwise, (1, 33, 8), (1, 3), (1, 33, 8), dilation=(1, 4))
    yield "depthwise 3x3", convolution(depthwise, (7, 9, 5), (3, 3), (4, 5, 5), stride=(2, 2))
    yield "depthwise of two", convolution(depthwise, (1, 15, 3), (1, 5), (1, 15, 6), depth=2)
    yield "depthwise of one channel", convolution(depthwise, (1, 15, 1), (1, 5), (1, 15, 6), depth=6)
    yield "transposed 2", transposed((1, 9, 5), (1, 2), (1, 18, 4), stride=(1, 2))
    yield "transposed 5 by 2", transposed((1, 9, 5), (1, 5), (1, 18, 4), stride=(1, 2), with_bias=False)
    yield "transposed 3 by 3", transposed((1, 6, 4), (1, 3), (1, 18, 6), stride=(1, 3))
    yield "transposed 1 by 2", transposed((1, 6, 4), (1, 1), (1, 12, 6), stride=(1, 2))
    yield "transposed odd", transposed((1, 9, 3), (1, 4), (1, 17, 2), stride=(1, 2))
    yield "transposed valid", transposed((1, 5, 3), (1, 5), (1, 13, 2), stride=(1, 2), padding=VALID)
    yield "transposed 2-D", transposed((3, 4, 3), (3, 3), (6, 8, 2), stride=(2, 2))
    yield "dense", dense((1, 37), (1, 6))
    yield "dense per channel", dense((1, 37), (1, 6), per_channel=True, act=RELU)
    yield "dense of rows", dense((5, 12), (5, 3), with_bias=False)
    yield "dense of rows kept", dense((1, 5, 12), (1, 5, 3), keep=True)
    for k, (a, b, y) in enumerate(
        [
            ((0.03, -4), (0.02, 7), (0.05, 2)),
            ((0.01, 0), (0.01, 0), (0.02, 0)),
            ((0.007, 100), (0.3, -128), (0.25, 127)),
            ((0.02, 0), (0.04, 3), (0.05, 1)),
        ]
    ):
        yield f"add {k}", every_pair("ADD", "AddOptions", a, b, y, act=RELU if k == 1 else NONE)
        yield f"sub {k}", every_pair("SUB", "SubOptions", a, b, y, act=RELU6 if k == 2 else NONE)
        yield f"mul {k}", every_pair("MUL", "MulOptions", a, b, (y[0] * 0.1, y[1]))
        yield f"squared {k}", every_pair("SQUARED_DIFFERENCE", "SquaredDifferenceOptions", a, b, y)
    same = (0.03, -4)
    yield "maximum", every_pair("MAXIMUM", "MaximumMinimumOptions", same, same, same)
    yield "minimum", every_pair("MINIMUM", "MaximumMinimumOptions", same, same, same)
    yield "mul by channel", broadcast("MUL", "MulOptions", (1, 1, 11, 6), (1, 1, 1, 6), (1, 1, 11, 6))
    yield "add one", broadcast("ADD", "AddOptions", (1, 3, 11, 6), (1,), (1, 3, 11, 6))
    yield "sub rows", broadcast("SUB", "SubOptions", (1, 3, 5, 6), (1, 3, 1, 6), (1, 3, 5, 6))
    yield "add to both", broadcast("ADD", "AddOptions", (1, 4, 1, 5), (1, 1, 3, 5), (1, 4, 3, 5))
    yield "mul by position", broadcast("MUL", "MulOptions", (1, 1, 11, 6), (1, 1, 11, 1), (1, 1, 11, 6))
    for name in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        yield f"{name} 1x3", pooled(name, (1, 20, 18), (1, 3), (1, 2), (1, 10, 18))
        yield f"{name} 2x2", pooled(name, (5, 7, 3), (2, 2), (2, 2), (2, 3, 3), padding=VALID, act=RELU)
        yield f"{name} 3x3", pooled(name, (5, 7, 3), (3, 3), (1, 1), (5, 7, 3))
    yield "mean over length", reduced("MEAN", (1, 1, 37, 6), (1, 2), (1, 6), False)
    yield "mean kept", reduced("MEAN", (1, 1, 37, 6), (1, 2), (1, 1, 1, 6), True)
    yield "mean over channels", reduced("MEAN", (1, 1, 11, 6), (3,), (1, 1, 11, 1), True)
    yield "mean over all", reduced("MEAN", (1, 5, 11), (1, 2), (1,), False, y=(0.03, -11))
    yield "mean of three axes", reduced("MEAN", (1, 37, 6), (1,), (1, 6), False)
    yield "largest", reduced("REDUCE_MAX", (1, 1, 37, 6), (1, 2), (1, 6), False)
    yield "least", reduced("REDUCE_MIN", (1, 37, 6), (1,), (1, 6), False)
    yield "softmax of 4", softmax((7, 4), 0.2)
    yield "softmax of 61", softmax((1, 61), 0.05)
    yield "softmax steep", softmax((3, 5), 0.9, beta=2.0)
    yield "products", matmul((1, 2, 5, 7), (1, 2, 7, 3), (1, 2, 5, 3))
    yield "products with transposed right", matmul((1, 5, 8), (1, 3, 8), (1, 5, 3), right=True)
    yield "products with transposed left", matmul((1, 8, 5), (1, 8, 3), (1, 5, 3), left=True)
    yield "transpose", moved("TRANSPOSE", (1, 3, 4, 5), (1, 5, 3, 4), [i32([0, 3, 1, 2])], "TransposeOptions")
    yield "pad", moved("PAD", (1, 1, 7, 3), (1, 1, 12, 3), [i32([[0, 0], [0, 0], [4, 1], [0, 0]])], "PadOptions")
    yield "pad with a value", padded_with_a_value
    yield (
        "mirror",
        moved("MIRROR_PAD", (1, 7, 3), (1, 12, 3), [i32([[0, 0], [2, 3], [0, 0]])], "MirrorPadOptions", mode=0),
    )
    yield (
        "slice in strides",
        moved(
            "STRIDED_SLICE",
            (1, 9, 4),
            (1, 4, 2),
            [i32([0, 1, 2]), i32([1, 9, 4]), i32([1, 2, 1])],
            "StridedSliceOptions",
        ),
    )
    yield "slice", moved("SLICE", (1, 9, 4), (1, 3, 2), [i32([0, 2, 1]), i32([1, 3, 2])], "SliceOptions")
    yield "split", moved("SPLIT", (1, 4, 6), (1, 4, 3), kind="SplitOptions", outputs=2, first=[i32(2)], numSplits=2)
    yield "split unevenly", split_unevenly
    yield "unpack", moved("UNPACK", (1, 2, 6), (1, 6), kind="UnpackOptions", outputs=2, num=2, axis=1)
    yield (
        "nearest",
        moved(
            "RESIZE_NEAREST_NEIGHBOR", (1, 1, 5, 3), (1, 1, 13, 3), [i32([1, 13])], "ResizeNearestNeighborOptions"
        ),
    )
    yield (
        "nearest from centres",
        moved(
            "RESIZE_NEAREST_NEIGHBOR",
            (1, 1, 5, 3),
            (1, 1, 10, 3),
            [i32([1, 10])],
            "ResizeNearestNeighborOptions",
            halfPixelCenters=True,
        ),
    )
    yield "gather", moved("GATHER", (1, 9, 4), (1, 3, 4), [i32([7, 0, 3])], "GatherOptions", axis=1)
    yield "join channels", joined("CONCATENATION", (1, 9, 4), (1, 9, 3), (1, 9, 7), "ConcatenationOptions", axis=2)
    yield "join lengths", joined("CONCATENATION", (1, 9, 4), (1, 2, 4), (1, 11, 4), "ConcatenationOptions", axis=1)
    yield "pack", joined("PACK", (9, 4), (9, 4), (9, 2, 4), "PackOptions", axis=1, valuesCount=2)
