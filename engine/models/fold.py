"""Equivalent models for deployment: batch norm folded into convolutions, parallel branches merged into one.

Merging parallel linear branches is the re-parameterisation of MobileOne (Vasu et al. 2023) and RepVGG
(Ding et al. 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models.graph import Changes, Step, Swap, along_time, consumers, left_padding, rebuild, steps

F32 = NDArray[np.float32]
_FOLDABLE = {"Conv2D", "Conv1D", "DepthwiseConv2D", "Dense", "Conv2DTranspose"}
_DROPOUTS = {"Dropout", "SpatialDropout1D", "SpatialDropout2D"}


def fold_batch_norm(model: Any) -> Any:
    """The same function without batch norm: folded into the convolution before it, which gains a bias.

    Batch norm that follows something else becomes a depthwise 1x1 convolution. For inference; the original stays
    as it is. Raises ConfigError when the model is not a plain graph of layers.
    """
    order = list(steps(model))
    producers = {id(step.output): step for step in order}
    takers = consumers(order)
    outputs = {id(tensor) for tensor in model.outputs}
    changes = Changes()
    for step in order:
        if step.kind != "BatchNormalization":
            continue
        before = producers.get(id(step.inputs[0]))
        alone = before is not None and len(takers[id(before.output)]) == 1 and id(before.output) not in outputs
        if before is not None and alone and before.kind in _FOLDABLE and _is_linear(before.layer):
            changes.swaps[id(step.output)] = _folded(before, step)
        elif len(step.output.shape) == 4:
            changes.swaps[id(step.output)] = _as_depthwise(step)
    return rebuild(model, changes)


def deployable(model: Any) -> Any:
    """The model as it is exported: no dropout, batch norm folded, parallel linear branches merged into one.

    Its outputs equal the original's up to rounding. Raises ConfigError when it is not a plain graph of layers.
    """
    changes = Changes()
    for step in steps(model):
        if step.kind in _DROPOUTS:
            changes.aliases[id(step.output)] = step.inputs[0]
    folded = fold_batch_norm(rebuild(model, changes))
    order = list(steps(folded))
    producers = {id(step.output): step for step in order}
    takers = consumers(order)
    merges = Changes()
    for step in order:
        if step.kind == "Add":
            branches = [_branch(producers.get(id(tensor)), takers, producers) for tensor in step.inputs]
            known = [branch for branch in branches if branch is not None]
            merged = _merged(known) if len(known) == len(branches) else None
            if merged is not None:
                merges.swaps[id(step.output)] = merged
    return rebuild(folded, merges)


def _is_linear(layer: Any) -> bool:
    return getattr(layer.activation, "__name__", "") == "linear"


def _scale_and_shift(layer: Any) -> tuple[F32, F32]:
    """Batch norm at inference as y = x * scale + shift."""
    mean, variance = (np.asarray(w, np.float64) for w in layer.get_weights()[-2:])
    learned = [np.asarray(w, np.float64) for w in layer.get_weights()[:-2]]
    gamma = learned.pop(0) if layer.scale else np.ones_like(mean)
    beta = learned.pop(0) if layer.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)


def _folded(conv: Step, norm: Step) -> Swap:
    scale, shift = _scale_and_shift(norm.layer)
    kernel, bias = _kernel_and_bias(conv.layer)
    if conv.kind == "DepthwiseConv2D":
        kernel = kernel * scale.reshape(kernel.shape[-2:])
    elif conv.kind == "Conv2DTranspose":
        kernel = kernel * scale[:, None]
    else:
        kernel = kernel * scale
    return Swap(_with_bias(conv.layer), conv.inputs, [kernel, bias * scale + shift])


def _as_depthwise(norm: Step) -> Swap:
    import keras

    scale, shift = _scale_and_shift(norm.layer)
    layer = keras.layers.DepthwiseConv2D((1, 1), use_bias=True, name=norm.layer.name)
    return Swap(layer, norm.inputs, [scale.reshape(1, 1, -1, 1), shift])


def _kernel_and_bias(layer: Any) -> tuple[F32, F32]:
    weights = layer.get_weights()
    kernel = weights[0]
    if type(layer).__name__ == "DepthwiseConv2D":
        width = kernel.shape[-2] * kernel.shape[-1]
    else:
        width = kernel.shape[-2] if type(layer).__name__ == "Conv2DTranspose" else kernel.shape[-1]
    return kernel, weights[1] if len(weights) > 1 else np.zeros(width, np.float32)


def _with_bias(layer: Any, **changed: Any) -> Any:
    return type(layer).from_config({**layer.get_config(), "use_bias": True, **changed})


@dataclass(frozen=True)
class _Branch:
    """A convolution whose only use is a sum: `source` is what it sees, `left` the zeros put before it."""

    step: Step
    source: int
    left: int

    @property
    def size(self) -> int:
        return along_time(self.step.layer.kernel_size)

    @property
    def depthwise(self) -> bool:
        return self.step.kind == "DepthwiseConv2D"


def _branch(step: Step | None, takers: Any, producers: dict[int, Step]) -> _Branch | None:
    if step is None or step.kind not in ("Conv2D", "DepthwiseConv2D") or not _is_linear(step.layer):
        return None
    layer = step.layer
    plain = layer.depth_multiplier == 1 if step.kind == "DepthwiseConv2D" else layer.groups == 1
    if not plain or len(takers[id(step.output)]) > 1:
        return None
    source, left = step.inputs[0], left_padding(step)
    padding = producers.get(id(source))
    if padding is not None and padding.kind == "ZeroPadding2D" and layer.padding == "valid":
        source, left = padding.inputs[0], padding.layer.padding[-1][0]
    return _Branch(step, id(source), left)


def _merged(branches: list[_Branch]) -> Swap | None:
    """One convolution equal to the sum of these, None when they do not see the same thing in the same way."""
    longest = max(branches, key=lambda branch: (branch.size, not branch.depthwise))
    layer = longest.step.layer
    dilation, stride = along_time(layer.dilation_rate), along_time(layer.strides)
    full = not all(branch.depthwise for branch in branches)
    if full and longest.depthwise:
        return None
    kernel, bias = np.zeros_like(_kernel_and_bias(layer)[0]), np.zeros_like(_kernel_and_bias(layer)[1])
    for branch in branches:
        other = branch.step.layer
        first, late = divmod(longest.left - branch.left, dilation)
        same_way = along_time(other.strides) == stride and (
            branch.size == 1 or along_time(other.dilation_rate) == dilation
        )
        if (
            branch.source != longest.source
            or not same_way
            or late
            or first < 0
            or first + branch.size > longest.size
        ):
            return None
        taps, offset = _kernel_and_bias(other)
        if full and branch.depthwise:
            taps = taps[..., 0][..., None] * np.eye(taps.shape[2], dtype=np.float32)
        kernel[:, first : first + branch.size] += taps
        bias += offset
    return Swap(_with_bias(layer), longest.step.inputs, [kernel, bias])
