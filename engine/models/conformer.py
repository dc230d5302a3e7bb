"""Conformer along time (Gulati et al. 2020): attention over the window between convolutions.

Batch norm stands in for layer norm, and the halving of the feed-forward steps is left to the weights.
"""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Stride


class ConformerBlock(Part):
    """`depth` layers: feed forward, attention with `heads`, gated convolution, feed forward."""

    depth: Depth = 1
    filters: Filters = 32
    heads: int = Field(2, ge=1, le=16)
    kernel_size: Kernel = 15
    ff_ratio: float = Field(2.0, ge=0.25, le=8)
    dropout: Rate = 0.0


class ConformerParams(FamilyParams):
    """Parameters of the network. The stem's stride bounds the cost of attention."""

    input_filters: Filters = 32
    input_kernel_size: Kernel = 9
    input_strides: Stride = 8
    blocks: tuple[ConformerBlock, ...] = Field(min_length=1)
    dropout: Rate = 0.2


def build(params: ConformerParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    x = nn.conv(x, params.input_filters, params.input_kernel_size, stride=params.input_strides)
    x = nn.relu6(nn.normed(x))
    for block in params.blocks:
        if nn.channels(x) != block.filters:
            x = nn.normed(nn.conv(x, block.filters))
        for _ in range(block.depth):
            x = nn.feed_forward(x, block.ff_ratio, block.dropout)
            x = nn.add(x, nn.dropped(nn.attention(nn.normed(x), block.heads), block.dropout))
            x = nn.add(x, nn.dropped(_gated_conv(nn.normed(x), block), block.dropout))
            x = nn.feed_forward(x, block.ff_ratio, block.dropout)
    return nn.finish(nn.normed(x), head, dropout=params.dropout)


def _gated_conv(x: nn.Tensor, block: ConformerBlock) -> nn.Tensor:
    import keras

    gate = keras.layers.Activation("sigmoid")(nn.conv(x, block.filters, bias=True))
    y = keras.layers.Multiply()([nn.conv(x, block.filters, bias=True), gate])
    y = keras.layers.Activation("silu")(nn.normed(nn.depthwise(y, block.kernel_size)))
    return nn.conv(y, block.filters, bias=True)
