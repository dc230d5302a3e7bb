"""Residual network of separable convolutions at falling rate, for long windows at little cost.

Each layer is a depthwise filter along time and a 1 x 1 mixture of channels (Howard et al. 2017) with a shortcut
(He et al. 2016); layers at the lowest rate may be dilated to span many beats. The summary joins the mean over the
window, which counts how much, and the maximum, which finds what happens once.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Stride


class SeparableBlock(Part):
    """`depth` layers of `filters` channels; the first lowers the rate by `strides`, the others are dilated."""

    filters: Filters
    depth: Depth = 1
    kernel_size: Kernel = 9
    strides: Stride = 1
    dilations: tuple[int, ...] = ()  # of the layers in order; layers beyond the list have 1
    dropout: Rate = 0.0


class SeparableParams(FamilyParams):
    """Parameters of the network. summary: what a window's features are made into."""

    input_filters: Filters = 16
    input_kernel_size: Kernel = 15
    input_strides: Stride = 4
    blocks: tuple[SeparableBlock, ...] = Field(min_length=1)
    summary: Literal["mean", "mean_max"] = "mean_max"
    dropout: Rate = 0.2


def build(params: SeparableParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    x = nn.relu6(nn.normed(nn.conv(x, params.input_filters, params.input_kernel_size, stride=params.input_strides)))
    for block in params.blocks:
        for index in range(block.depth):
            dilation = block.dilations[index] if index < len(block.dilations) else 1
            x = _layer(x, block, block.strides if index == 0 else 1, dilation)
    if params.summary == "mean_max" and head.kind != "sample":
        x = _mean_and_max(x)
    return nn.finish(x, head, dropout=params.dropout)


def _layer(x: nn.Tensor, block: SeparableBlock, stride: int, dilation: int) -> nn.Tensor:
    y = nn.relu6(nn.normed(nn.depthwise(x, block.kernel_size, stride=stride, dilation=dilation)))
    y = nn.normed(nn.conv(y, block.filters))
    if stride == 1 and nn.channels(x) == block.filters:
        y = nn.add(x, nn.dropped(y, block.dropout, spatial=False))
    return nn.relu6(y)


def _mean_and_max(x: nn.Tensor) -> nn.Tensor:
    """Mean and maximum over time side by side, [n, 1, 1, 2 * channels], by pooling operators that TFLM has."""
    import keras

    whole = (1, nn.time_steps(x))
    mean, top = keras.layers.AveragePooling2D(whole)(x), keras.layers.MaxPooling2D(whole)(x)
    return keras.layers.Concatenate()([mean, top])
