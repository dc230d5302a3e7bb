"""MetaFormer along time (Yu et al. 2022): any token mixer between feed-forward steps, at falling rate.

Batch norm stands in for layer norm.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Stride


class MetaFormerBlock(Part):
    """One stage: the rate falls by `strides`, then `depth` layers mix time with `mixer` and channels.

    mixer: "pool" (mean of `kernel_size` neighbours), "conv" (depthwise) or "attention" (over the whole window).
    """

    filters: Filters
    depth: Depth = 1
    kernel_size: Kernel = 9
    strides: Stride = 2
    mixer: Literal["pool", "conv", "attention"] = "pool"
    heads: int = Field(2, ge=1, le=16)
    ff_ratio: float = Field(2.0, ge=0.25, le=8)
    dropout: Rate = 0.0


class MetaFormerParams(FamilyParams):
    """Parameters of the network."""

    input_filters: Filters = 16
    input_kernel_size: Kernel = 9
    input_strides: Stride = 2
    blocks: tuple[MetaFormerBlock, ...] = Field(min_length=1)
    dropout: Rate = 0.2


def build(params: MetaFormerParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    x = nn.conv(x, params.input_filters, params.input_kernel_size, stride=params.input_strides)
    x = nn.relu6(nn.normed(x))
    for block in params.blocks:
        if block.strides > 1 or nn.channels(x) != block.filters:
            x = nn.normed(nn.conv(x, block.filters, 2 * block.strides - 1, stride=block.strides))
        for _ in range(block.depth):
            x = nn.add(x, nn.dropped(_mixed(nn.normed(x), block), block.dropout))
            x = nn.feed_forward(x, block.ff_ratio, block.dropout)
    return nn.finish(nn.normed(x), head, dropout=params.dropout)


def _mixed(x: nn.Tensor, block: MetaFormerBlock) -> nn.Tensor:
    import keras

    if block.mixer == "attention":
        return nn.attention(x, block.heads)
    if block.mixer == "conv":
        return nn.conv(nn.depthwise(x, block.kernel_size), block.filters, bias=True)
    mean = keras.layers.AveragePooling2D((1, block.kernel_size), strides=(1, 1), padding="same")(x)
    return keras.layers.Subtract()([mean, x])
