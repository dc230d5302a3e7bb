"""U-Net of ConvNeXt-like blocks along time (after Liu et al. 2022): wide depthwise filters, inverted bottleneck.

Batch norm and ReLU6 stand in for layer norm and GELU, which do not become whole-integer operators.
"""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Ratio, Stride


class UNextBlock(Part):
    """One level: `depth` layers down, a fall of the rate by `strides`, `ddepth` layers on the way up."""

    filters: Filters
    depth: Depth = 1
    ddepth: Depth | None = None  # None: as depth
    kernel: Kernel = 7
    strides: Stride = 2
    skip: bool = True
    expand_ratio: float = Field(2.0, ge=1, le=16)
    se_ratio: Ratio = 0.0
    dropout: Rate = 0.0


class UNextParams(FamilyParams):
    """Parameters of the network."""

    input_kernel: Kernel = 7
    blocks: tuple[UNextBlock, ...] = Field(min_length=1)
    output_kernel: Kernel = 3
    dropout: Rate = 0.0


def build(params: UNextParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    scope = params.se_scope
    x = nn.normed(nn.conv(x, params.blocks[0].filters, params.input_kernel))
    skips = []
    for block in params.blocks:
        x = _level(x, block, block.depth, scope)
        skips.append(x)
        if block.strides > 1:
            x = nn.normed(nn.conv(x, block.filters, block.strides, stride=block.strides))
    if head.kind != "sample":  # a summary needs no way up
        return nn.finish(x, head, dropout=params.dropout)
    for block, skip in zip(reversed(params.blocks), reversed(skips), strict=True):
        x = _rise(x, skip, block)
        x = _level(x, block, block.ddepth or block.depth, scope)
    return nn.finish(x, head, kernel=params.output_kernel, dropout=params.dropout)


def _rise(x: nn.Tensor, skip: nn.Tensor, block: UNextBlock) -> nn.Tensor:
    import keras

    if block.strides > 1:
        x = nn.crop_to(nn.upsample(x, block.filters, block.strides), nn.time_steps(skip))
    return keras.layers.Concatenate()([x, skip]) if block.skip else x


def _level(x: nn.Tensor, block: UNextBlock, depth: int, scope: str) -> nn.Tensor:
    ratio = block.se_ratio if scope == "global" else 0.0
    for _ in range(depth):
        if nn.channels(x) != block.filters:
            x = nn.normed(nn.conv(x, block.filters))
        y = nn.normed(nn.depthwise(x, block.kernel))
        y = nn.relu6(nn.conv(y, round(block.filters * block.expand_ratio), bias=True))
        y = nn.conv(nn.squeeze_excite(y, ratio), block.filters)
        x = nn.add(x, nn.dropped(nn.normed(y), block.dropout))
    return x
