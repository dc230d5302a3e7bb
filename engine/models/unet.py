"""U-Net along time (Ronneberger et al. 2015): encoder, decoder, skip connections.

The decoder rises by transposed convolutions (nearest-neighbour upsampling has no TFLite Micro operator).
"""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Norm, Rate, Stride


class UNetBlock(Part):
    """One level: `depth` layers down, then the rate falls by `strides`; `ddepth` layers on the way up."""

    filters: Filters
    depth: Depth = 1
    ddepth: Depth | None = None  # None: as depth
    kernel: Kernel = 3
    strides: Stride = 2
    skip: bool = True
    separable: bool = False
    dilation: Stride = 1
    dropout: Rate = 0.0
    norm: Norm = "batch"


class UNetParams(FamilyParams):
    """Parameters of the U-Net. causal: an output depends on no later sample."""

    blocks: tuple[UNetBlock, ...] = Field(min_length=1)
    output_kernel: Kernel = 3
    dropout: Rate = 0.0
    causal: bool = False


def build(params: UNetParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    if head.kind != "sample":  # a summary needs no way up
        for block in params.blocks:
            x = nn.max_pool(_level(x, block, block.depth, params.causal), block.strides, causal=params.causal)
        return nn.finish(x, head, dropout=params.dropout)
    skips = []
    for block in params.blocks:
        x = _level(x, block, block.depth, params.causal)
        skips.append(x)
        x = nn.max_pool(x, block.strides, causal=params.causal)
    for block, skip in zip(reversed(params.blocks), reversed(skips), strict=True):
        x = _rise(x, skip, block, params.causal)
        x = _level(x, block, block.ddepth or block.depth, params.causal)
    return nn.finish(x, head, kernel=params.output_kernel, dropout=params.dropout, causal=params.causal)


def _rise(x: nn.Tensor, skip: nn.Tensor, block: UNetBlock, causal: bool) -> nn.Tensor:
    import keras

    if block.strides > 1:  # no activation: one that cannot be fused is computed wrongly by TFLite Micro
        x = nn.crop_to(nn.upsample(x, block.filters, block.strides, causal=causal), nn.time_steps(skip))
    return keras.layers.Concatenate()([x, skip]) if block.skip else x


def _level(x: nn.Tensor, block: UNetBlock, depth: int, causal: bool) -> nn.Tensor:
    dilation = block.dilation
    for _ in range(depth):
        y = x
        if block.separable:
            y = nn.relu6(nn.normed(nn.depthwise(y, block.kernel, dilation=dilation, causal=causal), block.norm))
            y = nn.conv(y, block.filters, bias=block.norm == "none")
        else:
            bias = block.norm == "none"
            y = nn.conv(y, block.filters, block.kernel, dilation=dilation, causal=causal, bias=bias)
        y = nn.relu6(nn.normed(y, block.norm))
        x = nn.add(x, y) if nn.channels(x) == block.filters else y
    return nn.dropped(x, block.dropout)
