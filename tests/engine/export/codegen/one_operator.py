"""Models of one operator, built through the schema's object interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {"int8": 9, "int32": 2, "float32": 0, "int16": 7, "int64": 4}


@dataclass(frozen=True)
class T:
    """A tensor: shape, scales and zero point; `data` makes it a constant."""

    shape: tuple[int, ...]
    scale: Any = 0.05
    zero: int = 0
    data: Any = None
    dtype: str = "int8"
    axis: int = 0


def constant(values: Any, scale: Any = None, axis: int = 0) -> T:
    """A constant tensor: int8 and int32 arrays as they are."""
    values = np.asarray(values)
    return T(values.shape, scale, 0, values, values.dtype.name, axis)


@dataclass
class OneOperator:
    """A model of one operator, which answers with the operator's last output; `inputs` in the operator's order."""

    name: str
    inputs: list[T]
    outputs: list[T]
    options: Any = None
    version: int = 1

    def content(self) -> bytes:
        model = schema.ModelT()
        model.version = 3
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, self.name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = self.version
        model.operatorCodes = [code]
        model.buffers = [_buffer(None)]
        graph = schema.SubGraphT()
        graph.tensors = [_tensor(t, model, k) for k, t in enumerate([*self.inputs, *self.outputs])]
        operator = schema.OperatorT()
        operator.opcodeIndex = 0
        operator.inputs = np.arange(len(self.inputs), dtype=np.int32)
        operator.outputs = np.arange(len(self.outputs), dtype=np.int32) + len(self.inputs)
        if self.options is not None:
            kind = type(self.options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = self.options
        graph.operators = [operator]
        graph.inputs = np.array([k for k, t in enumerate(self.inputs) if t.data is None], np.int32)
        graph.outputs = operator.outputs[-1:]
        model.subgraphs = [graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def options(kind: str, **values: Any) -> Any:
    """Options of a kind by the names of the schema."""
    made = getattr(schema, f"{kind}T")()
    for key, value in values.items():
        setattr(made, key, value)
    return made


def _buffer(data: Any) -> Any:
    buffer = schema.BufferT()
    buffer.data = [] if data is None else np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
    return buffer


def _tensor(t: T, model: Any, k: int) -> Any:
    tensor = schema.TensorT()
    tensor.shape = np.array(t.shape, np.int32)
    tensor.type = TYPES[t.dtype]
    tensor.name = f"t{k}"
    tensor.buffer = 0
    if t.data is not None:
        tensor.buffer = len(model.buffers)
        model.buffers.append(_buffer(t.data))
    if t.scale is not None:
        quantization = schema.QuantizationParametersT()
        quantization.scale = np.atleast_1d(np.asarray(t.scale, np.float32))
        quantization.zeroPoint = np.full(len(quantization.scale), t.zero, np.int64)
        quantization.quantizedDimension = t.axis
        tensor.quantization = quantization
    return tensor
