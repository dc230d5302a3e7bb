"""Residual network along time (He et al. 2016)."""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Stride


class ResNetBlock(Part):
    """`depth` residual layers; the first lowers the rate by `strides`. bottleneck: thin middle, wide ends."""

    filters: Filters
    depth: Depth = 1
    kernel_size: Kernel = 3
    strides: Stride = 1
    bottleneck: bool = False
    dropout: Rate = 0.0


class ResNetParams(FamilyParams):
    """Parameters of the network. causal: a feature depends on no later sample."""

    input_filters: Filters = 16
    input_kernel_size: Kernel = 7
    input_strides: Stride = 2
    blocks: tuple[ResNetBlock, ...] = Field(min_length=1)
    output_kernel: Kernel = 1
    dropout: Rate = 0.2
    causal: bool = False


def build(params: ResNetParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    causal = params.causal
    x = nn.conv(x, params.input_filters, params.input_kernel_size, stride=params.input_strides, causal=causal)
    x = nn.relu6(nn.normed(x))
    for block in params.blocks:
        for index in range(block.depth):
            x = _residual_layer(x, block, block.strides if index == 0 else 1, causal)
        x = nn.dropped(x, block.dropout)
    return nn.finish(x, head, kernel=params.output_kernel, dropout=params.dropout, causal=causal)


def _residual_layer(x: nn.Tensor, block: ResNetBlock, stride: int, causal: bool) -> nn.Tensor:
    kernel, width = block.kernel_size, block.filters
    if block.bottleneck:
        y = nn.relu6(nn.normed(nn.conv(x, max(1, width // 4))))
        y = nn.relu6(nn.normed(nn.conv(y, max(1, width // 4), kernel, stride=stride, causal=causal)))
        y = nn.normed(nn.conv(y, width))
    else:
        y = nn.relu6(nn.normed(nn.conv(x, width, kernel, stride=stride, causal=causal)))
        y = nn.normed(nn.conv(y, width, kernel, causal=causal))
    if stride > 1 or nn.channels(x) != width:
        x = nn.normed(nn.conv(x, width, stride=stride))
    return nn.relu6(nn.add(x, y))
