"""Residual network for windows centred on something: it matters where a feature lies, not only that it occurs.

Residual layers (He et al. 2016) lower the rate; then one filter spans all that is left of the window, so the
summary weighs every place on its own instead of taking the mean over time.
"""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Stride


class CentredBlock(Part):
    """`depth` residual layers of `filters` channels; the first lowers the rate by `strides`."""

    filters: Filters
    depth: Depth = 1
    kernel_size: Kernel = 5
    strides: Stride = 2


class CentredParams(FamilyParams):
    """Parameters of the network. summary_filters: features that see the whole window."""

    input_filters: Filters = 24
    input_kernel_size: Kernel = 7
    input_strides: Stride = 2
    blocks: tuple[CentredBlock, ...] = Field(min_length=1)
    summary_filters: Filters = 32
    dropout: Rate = 0.2


def build(params: CentredParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    x = nn.relu6(nn.normed(nn.conv(x, params.input_filters, params.input_kernel_size, stride=params.input_strides)))
    for block in params.blocks:
        for index in range(block.depth):
            x = _residual_layer(x, block, block.strides if index == 0 else 1)
    if head.kind != "sample":
        x = nn.dropped(x, params.dropout)
        x = _spanning(x, params.summary_filters)
    return nn.finish(x, head, dropout=params.dropout)


def _residual_layer(x: nn.Tensor, block: CentredBlock, stride: int) -> nn.Tensor:
    y = nn.relu6(nn.normed(nn.conv(x, block.filters, block.kernel_size, stride=stride)))
    y = nn.normed(nn.conv(y, block.filters, block.kernel_size))
    if stride > 1 or nn.channels(x) != block.filters:
        x = nn.normed(nn.conv(x, block.filters, stride=stride))
    return nn.relu6(nn.add(x, y))


def _spanning(x: nn.Tensor, filters: int) -> nn.Tensor:
    """One filter as long as the window: [n, 1, 1, filters]."""
    import keras

    return nn.relu6(nn.normed(keras.layers.Conv2D(filters, (1, nn.time_steps(x)), use_bias=False)(x)))
