"""TSMixer (Chen et al. 2023): dense mixing along time and along channels in turn.

Mixing time costs a weight per pair of samples, so the stem's stride cuts the window into fewer steps first.
"""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Stride


class TsMixerBlock(Part):
    """`depth` layers of `filters` channels: time mixed by one dense step, channels by two."""

    filters: Filters
    depth: Depth = 1
    ff_ratio: float = Field(2.0, ge=0.25, le=8)
    dropout: Rate = 0.0


class TsMixerParams(FamilyParams):
    """Parameters of the network."""

    input_filters: Filters = 16
    input_kernel_size: Kernel = 9
    input_strides: Stride = 8
    blocks: tuple[TsMixerBlock, ...] = Field(min_length=1)
    dropout: Rate = 0.2


def build(params: TsMixerParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    x = nn.conv(x, params.input_filters, params.input_kernel_size, stride=params.input_strides)
    x = nn.relu6(nn.normed(x))
    for block in params.blocks:
        if nn.channels(x) != block.filters:
            x = nn.normed(nn.conv(x, block.filters))
        for _ in range(block.depth):
            x = nn.add(x, nn.dropped(_time_mixed(nn.normed(x)), block.dropout))
            x = nn.feed_forward(x, block.ff_ratio, block.dropout)
    return nn.finish(nn.normed(x), head, dropout=params.dropout)


def _time_mixed(x: nn.Tensor) -> nn.Tensor:
    import keras

    y = keras.layers.Permute((1, 3, 2))(x)
    y = nn.relu6(nn.conv(y, nn.time_steps(x), bias=True))
    return keras.layers.Permute((1, 3, 2))(y)
