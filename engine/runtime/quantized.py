"""Running a .tflite model on float windows: quantisation at its door, with rounding and clipping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.runtime.interpreter import open_interpreter

F32 = NDArray[np.float32]


class TfliteModel:
    """One model with one input and one output, batch 1. Not safe to share between threads."""

    def __init__(self, source: Path | bytes, *, threads: int = 1) -> None:
        self._interpreter = open_interpreter(source, threads=threads)
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        path = source if isinstance(source, Path) else None
        if len(inputs) != 1 or len(outputs) != 1:
            raise EngineError(f"has {len(inputs)} inputs and {len(outputs)} outputs instead of one each", path=path)
        self._input, self._output = inputs[0], outputs[0]
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in self._input["shape"])
        self.output_shape: tuple[int, ...] = tuple(int(n) for n in self._output["shape"])
        if self.input_shape[0] != 1:
            raise EngineError(f"expects {self.input_shape[0]} windows at a time instead of one", path=path)

    @property
    def input_scale(self) -> tuple[float, int]:
        """Step and zero point of the input; (0.0, 0) where it is not quantised."""
        scale, zero = self._input["quantization"]
        return float(scale), int(zero)

    @property
    def output_scale(self) -> tuple[float, int]:
        """Step and zero point of the output; (0.0, 0) where it is not quantised."""
        scale, zero = self._output["quantization"]
        return float(scale), int(zero)

    def run(self, x: F32) -> F32:
        """Outputs [n, ...] of preprocessed windows [n, ...], dequantised."""
        return self.dequantize(self.run_quantized(self.quantize(x)))

    def quantize(self, x: F32) -> NDArray[Any]:
        """Windows in the type of the model's input, rounded half to even and clipped."""
        return quantize(x, self._input)

    def dequantize(self, y: NDArray[Any]) -> F32:
        """Outputs as float32."""
        return dequantize(y, self._output)

    def run_quantized(self, x: NDArray[Any]) -> NDArray[Any]:
        """Raw outputs [n, ...] of raw inputs [n, ...], both in the model's own types."""
        if tuple(x.shape[1:]) != self.input_shape[1:]:
            raise EngineError(f"the model takes windows of shape {self.input_shape[1:]}, not {tuple(x.shape[1:])}")
        y = np.empty((len(x), *self.output_shape[1:]), self._output["dtype"])
        for k in range(len(x)):
            self._interpreter.set_tensor(self._input["index"], x[k : k + 1])
            self._interpreter.invoke()
            y[k] = self._interpreter.get_tensor(self._output["index"])[0]
        return y


def quantize(x: F32, tensor: dict[str, Any]) -> NDArray[Any]:
    """Float values in a tensor's type: round(x / scale) + zero point, clipped to the type's range."""
    if not np.issubdtype(tensor["dtype"], np.integer):
        return np.asarray(x, tensor["dtype"])
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.rint(x / np.float32(scale)) + zero, limits.min, limits.max).astype(tensor["dtype"])


def dequantize(y: NDArray[Any], tensor: dict[str, Any]) -> F32:
    """The float values that a tensor's integers stand for."""
    if not np.issubdtype(tensor["dtype"], np.integer):
        return np.asarray(y, np.float32)
    scale, zero = tensor["quantization"]
    return (y.astype(np.float32) - np.float32(zero)) * np.float32(scale)
