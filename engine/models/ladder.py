"""A ladder along time: falling rate on the way down, rising on the way up, rungs that add the two at every rate.

Like a U-Net (Ronneberger et al. 2015), but the rungs add instead of concatenating, the way up widens channels and
folds them into time (sub-pixel convolution, Shi et al. 2016: two operators that every runtime has), and most layers
work at the lowest rate, where they are cheap and see far.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.config import Part
from engine.models import layers as nn
from engine.models.params import Depth, FamilyParams, Filters, Kernel, Rate, Ratio, Stride


class LadderLevel(Part):
    """One rate: a strided convolution down to it, `depth` residual layers, and `rise` layers on the way back up.

    dilations: one per layer down, repeated in turn.
    """

    filters: Filters
    strides: Stride = 2
    kernel: Kernel = 5
    depth: Depth = 1
    rise: int = Field(1, ge=0, le=8)
    dilations: tuple[Stride, ...] = (1,)
    se_ratio: Ratio = 0.0
    dropout: Rate = 0.0


class LadderParams(FamilyParams):
    """Parameters of the ladder; the last level is the lowest rate. "separable" splits each convolution in two."""

    levels: tuple[LadderLevel, ...] = Field(min_length=1)
    convolution: Literal["full", "separable"] = "full"
    input_kernel: Kernel = 7
    output_kernel: Kernel = 3
    dropout: Rate = 0.0


def build(params: LadderParams, x: nn.Tensor, head: nn.Head) -> nn.Tensor:
    """Output tensor of the network on x [n, 1, time, channels]."""
    separable = params.convolution == "separable"
    rungs = []
    for number, level in enumerate(params.levels):
        if number == 0:
            x = nn.relu6(nn.normed(nn.conv(x, level.filters, params.input_kernel, stride=level.strides)))
        else:
            x = nn.relu6(_mixed(x, level.filters, level.kernel, separable, stride=level.strides))
        ratio = level.se_ratio if params.se_scope == "global" else 0.0
        for layer in range(level.depth):
            dilation = level.dilations[layer % len(level.dilations)]
            x = _residual(x, level.kernel, separable, dilation=dilation, se_ratio=ratio)
        x = nn.dropped(x, level.dropout)
        rungs.append(x)
    if head.kind == "sample":
        for lower, level, rung in zip(params.levels[:0:-1], params.levels[-2::-1], rungs[-2::-1], strict=True):
            x = nn.relu6(nn.add(nn.crop_to(_folded(x, level.filters, lower.strides), nn.time_steps(rung)), rung))
            for _ in range(level.rise):
                x = _residual(x, level.kernel, separable)
    return nn.finish(x, head, kernel=params.output_kernel, dropout=params.dropout)


def _residual(x: nn.Tensor, kernel: int, separable: bool, *, dilation: int = 1, se_ratio: float = 0.0) -> nn.Tensor:
    y = _mixed(x, nn.channels(x), kernel, separable, dilation=dilation)
    return nn.relu6(nn.add(x, nn.squeeze_excite(nn.relu6(y), se_ratio)))


def _mixed(
    x: nn.Tensor, filters: int, kernel: int, separable: bool, *, stride: int = 1, dilation: int = 1
) -> nn.Tensor:
    """One convolution with norm, or one per channel and then one across channels."""
    if not separable:
        return nn.normed(nn.conv(x, filters, kernel, stride=stride, dilation=dilation))
    x = nn.relu6(nn.normed(nn.depthwise(x, kernel, stride=stride, dilation=dilation)))
    return nn.normed(nn.conv(x, filters))


def _folded(x: nn.Tensor, filters: int, stride: int) -> nn.Tensor:
    """`stride` times as many samples: channels widened by a point-wise convolution and folded into time."""
    import keras

    x = nn.normed(nn.conv(x, filters * stride))
    return keras.layers.Reshape((1, nn.time_steps(x) * stride, filters))(x)
