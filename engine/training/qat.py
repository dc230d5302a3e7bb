"""Quantization-aware fine-tuning: the model learns with the rounding that INT8 will bring.

Batch norm is folded first, as the converter does. Then weights are rounded per output channel (symmetric) and
activations per tensor (with moving ranges) in the forward pass, while gradients pass straight through (Jacob et
al. 2018). The result is a plain model without batch norm, with tuned weights, for ordinary conversion.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.errors import ConfigError
from engine.jobs.events import Job
from engine.tasks.base import Task
from engine.training.batches import Teacher
from engine.training.prepare import Prepared

STAGE = "int8 tuning"
_MOMENTUM = 0.99  # of activation ranges
_WEIGHTED = {"Conv2D", "Conv1D", "DepthwiseConv2D", "Dense", "Conv2DTranspose"}
_DEPTHWISE = {"DepthwiseConv2D", "DepthwiseConv1D"}
# Their output has the range of their input, or is rounded together with what follows.
_TRANSPARENT = {
    "Reshape", "Flatten", "MaxPooling2D", "MaxPooling1D", "ZeroPadding2D", "ZeroPadding1D", "UpSampling2D",
    "UpSampling1D", "Cropping2D", "Cropping1D", "Permute", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
}  # fmt: skip
_FUSED = {"Activation", "ReLU"}


def tune_for_int8(
    model: Any, config: RunConfig, prepared: Prepared, folder: Path, job: Job,
    *, task: Task, resume: bool = False, teacher: Teacher | None = None,
) -> Any:  # fmt: skip
    """A plain model without batch norm, fine-tuned for `quantization.qat_epochs` with simulated INT8.

    The weights it starts from compete too: the best on the validation windows, as simulated, are kept.
    """
    from engine.models.fold import deployable
    from engine.training.trainer import fit

    plain = deployable(model)
    simulated = simulate_int8(plain)
    fit(
        simulated, config, prepared, folder, job, task=task, resume=resume, teacher=teacher, stage=STAGE,
        epochs=config.quantization.qat_epochs, learning_rate=config.quantization.qat_learning_rate,
        start_competes=True,
    )  # fmt: skip
    return plain


def simulate_int8(plain: Any) -> Any:
    """A model on the same weights that computes with their INT8 values and rounds activations alike.

    Called with `training=True` it learns the ranges of activations too. Raises ConfigError for a model that still
    has batch norm or is not a plain graph of layers.
    """
    import keras
    from keras import ops

    from engine.models.graph import consumers, steps

    def rounded(x: Any, low: Any, high: Any, scale: Any) -> Any:
        levels = ops.round(ops.clip(x, low, high) / scale) * scale
        straight = ops.clip(x, low, high)
        return straight + ops.stop_gradient(levels - straight)

    class Int8Weights(keras.layers.Layer):
        """A layer with its kernel rounded to 127 steps either side of 0, channel by channel."""

        def __init__(self, layer: Any) -> None:
            super().__init__()
            self.layer = layer
            kernel = layer.kernel
            if type(layer).__name__ in _DEPTHWISE:
                self._axes = tuple(range(len(kernel.shape) - 2))
            elif type(layer).__name__ == "Conv2DTranspose":
                self._axes = (0, 1, 3)
            else:
                self._axes = tuple(range(len(kernel.shape) - 1))

        def call(self, x: Any) -> Any:
            kernel = ops.convert_to_tensor(self.layer.kernel)
            most = ops.maximum(ops.max(ops.abs(kernel), axis=self._axes, keepdims=True), 1e-8)
            most = ops.stop_gradient(most)
            values = [
                rounded(kernel, -most, most, most / 127) if variable is self.layer.kernel else variable
                for variable in self.layer.trainable_variables
            ]
            return self.layer.stateless_call(values, self.layer.non_trainable_variables, x)[0]

    class Int8Activations(keras.layers.Layer):
        """Values rounded to 255 steps over a range that includes 0 and follows what it sees in training."""

        def build(self, shape: Any) -> None:
            self.range = self.add_weight(shape=(2,), initializer="zeros", trainable=False, name="range")
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

        def call(self, x: Any, training: bool = False) -> Any:
            if training:
                found = ops.stack([ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)])
                keep = _MOMENTUM * self.seen  # the first batch sets the range
                self.range.assign(keep * self.range + (1 - keep) * ops.stop_gradient(found))
                self.seen.assign(ops.ones_like(self.seen))
            low, high = self.range[0], self.range[1]
            scale = ops.maximum(high - low, 1e-6) / 255
            low = ops.round(low / scale) * scale  # the zero point is a whole number
            return rounded(x, low, low + 255 * scale, scale)

    order = list(steps(plain))
    takers = consumers(order)
    last = {id(tensor) for tensor in plain.outputs}
    made = {id(tensor): Int8Activations()(tensor) for tensor in plain.inputs}
    for step in order:
        if step.kind == "BatchNormalization":
            raise ConfigError("the model still has batch norm and cannot be tuned for INT8")
        inputs = [made[id(tensor)] for tensor in step.inputs]
        layer = Int8Weights(step.layer) if step.kind in _WEIGHTED else step.layer
        output = layer(inputs if len(inputs) > 1 else inputs[0])
        following = takers.get(id(step.output), [])
        fused = (
            step.kind in _WEIGHTED
            and id(step.output) not in last
            and len(following) == 1
            and following[0].kind in _FUSED
        )
        if step.kind not in _TRANSPARENT and not fused:
            output = Int8Activations()(output)
        made[id(step.output)] = output
    return keras.Model(plain.input, made[id(plain.output)])
