"""The bricks of every family: 2-D layers on tensors [n, 1, time, channels].

Only plain Keras layers that become whole-integer TFLite operators known to TFLite Micro: batch norm (folded
into the convolution at export), ReLU6, hard sigmoid, mean, max pooling, transposed convolution. Two dimensions
with a first one of 1 spare the EXPAND_DIMS and SQUEEZE that 1-D layers leave in the converted graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Tensor = Any  # a symbolic Keras tensor [n, 1, time, channels]
HeadKind = Literal["window", "sample", "embedding"]

BATCH_NORM_MOMENTUM = 0.95  # runs here take few steps an epoch: statistics must follow within one


@dataclass(frozen=True)
class Head:
    """What the model answers: `outputs` per window or per sample of a window of `length`, or an embedding."""

    kind: HeadKind
    outputs: int
    length: int


def time_steps(x: Tensor) -> int:
    """Samples along time."""
    return int(x.shape[2])


def channels(x: Tensor) -> int:
    """Channels."""
    return int(x.shape[3])


def pad_before(x: Tensor, samples: int) -> Tensor:
    """Zeros before the first sample."""
    import keras

    return keras.layers.ZeroPadding2D(((0, 0), (samples, 0)))(x) if samples else x


def crop_to(x: Tensor, samples: int) -> Tensor:
    """The first `samples` of x."""
    import keras

    surplus = time_steps(x) - samples
    return keras.layers.Cropping2D(((0, 0), (0, surplus)))(x) if surplus else x


def conv(
    x: Tensor, filters: int, kernel: int = 1, *, stride: int = 1, dilation: int = 1,
    causal: bool = False, bias: bool = False,
) -> Tensor:  # fmt: skip
    """Convolution along time; the output has ceil(time / stride) samples."""
    import keras

    if causal:
        x = pad_before(x, (kernel - 1) * dilation)
    return keras.layers.Conv2D(
        filters, (1, kernel), strides=(1, stride), dilation_rate=(1, dilation),
        padding="valid" if causal else "same", use_bias=bias,
    )(x)  # fmt: skip


def depthwise(x: Tensor, kernel: int, *, stride: int = 1, dilation: int = 1, causal: bool = False) -> Tensor:
    """One filter per channel along time."""
    import keras

    if causal:
        x = pad_before(x, (kernel - 1) * dilation)
    return keras.layers.DepthwiseConv2D(
        (1, kernel), strides=(stride, stride), dilation_rate=(1, dilation),
        padding="valid" if causal else "same", use_bias=False,
    )(x)  # fmt: skip


def upsample(x: Tensor, filters: int, stride: int, *, kernel: int | None = None, causal: bool = False) -> Tensor:
    """Transposed convolution (with bias): `stride` times as many samples. Default kernel: 2 * stride."""
    import keras

    kernel = kernel or 2 * stride
    longer = time_steps(x) * stride
    x = keras.layers.Conv2DTranspose(
        filters, (1, kernel), strides=(1, stride), padding="valid" if causal else "same"
    )(x)  # fmt: skip
    return crop_to(x, longer)


def normed(x: Tensor, norm: str = "batch") -> Tensor:
    """Batch norm, or x itself for "none"."""
    import keras

    return keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x) if norm == "batch" else x


def relu6(x: Tensor) -> Tensor:
    """ReLU6."""
    import keras

    return keras.layers.Activation("relu6")(x)


def add(*parts: Tensor) -> Tensor:
    """Sum of tensors; the tensor itself when there is one."""
    import keras

    return keras.layers.Add()(list(parts)) if len(parts) > 1 else parts[0]


def max_pool(x: Tensor, stride: int, *, window: int | None = None, causal: bool = False) -> Tensor:
    """Every stride-th maximum over `window` (default: stride) samples; causal input must not be negative."""
    import keras

    window = window or stride
    if window == stride == 1:
        return x
    if causal:
        x = pad_before(x, window - 1)
    return keras.layers.MaxPooling2D((1, window), strides=(1, stride), padding="valid" if causal else "same")(x)


def squeeze_excite(x: Tensor, ratio: float) -> Tensor:
    """Channels weighed by their mean over the window (Hu et al. 2018), hard sigmoid gate; ratio 0: x itself."""
    import keras

    if not ratio:
        return x
    width = channels(x)
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = keras.layers.Conv2D(max(1, int(width // ratio)), 1, activation="relu6")(gate)
    gate = keras.layers.Conv2D(width, 1, activation="hard_sigmoid")(gate)
    return keras.layers.Multiply()([x, gate])


def feed_forward(x: Tensor, ratio: float, dropout: float) -> Tensor:
    """x plus two pointwise convolutions of normed x, `ratio` times as wide between them."""
    width = channels(x)
    y = relu6(conv(normed(x), max(1, round(width * ratio)), bias=True))
    return add(x, dropped(conv(y, width, bias=True), dropout))


def attention(x: Tensor, heads: int) -> Tensor:
    """Self-attention over the window (Vaswani et al. 2017)."""
    import keras

    time, width = time_steps(x), channels(x)
    y = keras.layers.Reshape((time, width))(x)
    y = keras.layers.MultiHeadAttention(heads, max(1, width // heads))(y, y)
    return keras.layers.Reshape((1, time, width))(y)


def dropped(x: Tensor, rate: float, *, spatial: bool = True) -> Tensor:
    """Dropout of whole channels (spatial) or single values while training."""
    import keras

    if not rate:
        return x
    return keras.layers.SpatialDropout2D(rate)(x) if spatial else keras.layers.Dropout(rate)(x)


def finish(x: Tensor, head: Head, *, kernel: int = 1, dropout: float = 0.0, causal: bool = False) -> Tensor:
    """Logits or values from the last features: [n, outputs], or [n, length, outputs] for a head per sample.

    Features at a lower rate than the input are brought back by one transposed convolution.
    """
    import keras

    if head.kind == "sample":
        x = dropped(x, dropout)
        stride = -(-head.length // time_steps(x))
        if stride > 1:
            x = upsample(x, head.outputs, stride, kernel=max(kernel, 2 * stride), causal=causal)
        else:
            x = conv(x, head.outputs, kernel, causal=causal, bias=True)
        x = crop_to(x, head.length)
        return keras.layers.Reshape((head.length, head.outputs))(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    if head.kind == "embedding" and int(x.shape[1]) == head.outputs:
        return x
    x = dropped(x, dropout, spatial=False)
    return keras.layers.Dense(head.outputs)(x)
