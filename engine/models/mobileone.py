"""MobileOne along time (Vasu et al. 2023): many parallel linear branches in training, one convolution at export.

`engine.models.fold.deployable` merges the branches; the outputs stay the same.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Ratio, Stride


class MobileOneBlock(Part):
    """`depth` separable layers of `filters` channels; the first lowers the rate by `strides`."""

    filters: Filters
    depth: Depth = 1
    kernel_size: Kernel = 3
    strides: Stride = 1
    se_ratio: Ratio = 0.0
    num_conv_branches: int = Field(2, ge=1, le=8)
    dropout: Rate = 0.0


class MobileOneParams(FamilyParams):
    """Parameters of the network."""

    input_filters: Filters = 16
    input_kernel_size: Kernel = 9
    input_strides: Stride = 2
    blocks: tuple[MobileOneBlock, ...] = Field(min_length=1)
    dropout: Rate = 0.2


def build(params: MobileOneParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    width, kernel, stride = params.input_filters, params.input_kernel_size, params.input_strides
    x = nn.relu6(_branches(x, lambda y, k: nn.conv(y, width, k, stride=stride), kernel, 1, identity=False))
    for block in params.blocks:
        ratio = block.se_ratio if params.se_scope == "global" else 0.0
        for index in range(block.depth):
            x = _separable_layer(x, block, block.strides if index == 0 else 1, ratio)
        x = nn.dropped(x, block.dropout)
    return nn.finish(x, head, dropout=params.dropout)


def _separable_layer(x: nn.Tensor, block: MobileOneBlock, stride: int, se_ratio: float) -> nn.Tensor:
    n, same_rate = block.num_conv_branches, stride == 1
    x = _branches(x, lambda y, k: nn.depthwise(y, k, stride=stride), block.kernel_size, n, identity=same_rate)
    x = nn.relu6(nn.squeeze_excite(x, se_ratio))
    same_width = nn.channels(x) == block.filters
    return nn.relu6(_branches(x, lambda y, k: nn.conv(y, block.filters, k), 1, n, identity=same_width))


def _branches(
    x: nn.Tensor, conv: Callable[[nn.Tensor, int], nn.Tensor], kernel: int, n: int, *, identity: bool
) -> nn.Tensor:
    """Sum of n normed convolutions, one with a single tap if the others are longer, and the normed input."""
    parts = [nn.normed(conv(x, kernel)) for _ in range(n)]
    if kernel > 1:
        parts.append(nn.normed(conv(x, 1)))
    if identity:
        parts.append(nn.normed(x))
    return nn.add(*parts)
