"""A .tflite file as a typed graph, read without TensorFlow.

The file is checked as it is read: every index, shape and offset is in range, constants have the size of their
shape, and operators stand in an order in which they can run. What `read_graph` returns needs no further checks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.export.flatbuffer import GraphError, Table
from engine.export.tflite_operators import operator_name
from engine.export.tflite_options import Options, decode_options

MAX_FILE_BYTES = 512 << 20
MAX_RANK = 8
MAX_ELEMENTS = 1 << 28
MAX_INPUTS = 512
MAX_SCALES = 1 << 16
ABSENT = -1  # index of an optional input that is not given

TYPES: dict[int, str] = {
    0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8",
    10: "float64", 12: "uint64", 13: "resource", 15: "uint32", 16: "uint16", 17: "int4",
}  # fmt: skip
UNSIZED = ("resource", "int4")  # types whose content is not read


@dataclass(frozen=True)
class Quantization:
    """value = scale * (stored - zero_point); one scale for all, or one for each index along `axis`.

    scale: float32 [1] or [channels]; zero_point: int64 of the same length.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    axis: int

    @property
    def per_channel(self) -> bool:
        """Whether there is more than one scale."""
        return len(self.scale) > 1


@dataclass(frozen=True)
class Tensor:
    """A value of the graph. `data` holds a constant (read-only, in `shape`), None for what is computed."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None
    data: NDArray[Any] | None
    is_variable: bool
    dynamic: bool  # an axis has no fixed length

    @property
    def elements(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in memory; 0 for types without a plain layout."""
        return 0 if self.dtype in UNSIZED else self.elements * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Operator:
    """One step: built-in name (others as `CUSTOM:name`), tensor indices (-1: not given) and decoded options."""

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True)
class Graph:
    """The main graph of a model; operators in the order they run."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    description: str
    signatures: tuple[str, ...]

    def tensor_inputs(self, operator: Operator) -> tuple[Tensor | None, ...]:
        """Input tensors of an operator, None where one is not given."""
        return tuple(None if i == ABSENT else self.tensors[i] for i in operator.inputs)


def load_graph(path: Path) -> Graph:
    """The graph of a .tflite file. Raises GraphError naming the file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise GraphError(f"is larger than {MAX_FILE_BYTES >> 20} MiB", path=path)
        data = path.read_bytes()
    except OSError as error:
        raise GraphError(error.strerror or "cannot be read", path=path) from None
    try:
        return read_graph(data)
    except GraphError as error:
        raise GraphError(error.fault, path=path, hint=error.hint) from None


def read_graph(data: bytes) -> Graph:
    """The graph held by the bytes of a .tflite file. Raises GraphError; never anything else, whatever the bytes."""
    model = Table.root(data, b"TFL3")
    version = model.number(0, "I")
    if version != 3:
        raise GraphError(f"has schema version {version}; only 3 is known")
    subgraphs = model.tables(2)
    if len(subgraphs) != 1:
        raise GraphError(
            f"holds {len(subgraphs)} graphs; only models without control flow are supported",
            hint="unroll recurrent layers",
        )
    buffers = model.tables(4)
    codes = [_operator_code(table) for table in model.tables(1)]
    main = subgraphs[0]
    tensors = tuple(_tensor(i, table, buffers, data) for i, table in enumerate(main.tables(0)))
    operators = tuple(_operator(table, codes, len(tensors)) for table in main.tables(3))
    graph = Graph(
        tensors=tensors,
        operators=operators,
        inputs=_indices(main, 1, len(tensors)),
        outputs=_indices(main, 2, len(tensors)),
        description=model.text(3),
        signatures=tuple(table.text(2) for table in model.tables(7)),
    )
    _check_order(graph)
    return graph


def _operator_code(table: Table) -> tuple[str, int]:
    # Files older than schema 3a keep the code in the 8-bit field only; newer ones fill both.
    code = max(int(table.number(0, "b")), int(table.number(3, "i")))
    name = operator_name(code)
    return (f"CUSTOM:{table.text(1)}" if name == "CUSTOM" else name), int(table.number(2, "i", 1))


def _tensor(index: int, table: Table, buffers: list[Table], data: bytes) -> Tensor:
    kind = TYPES.get(table.number(1, "b"))
    if kind is None:
        raise GraphError(f"holds a tensor of type {table.number(1, 'b')}, which is not supported")
    shape = _shape(table, 0)
    signature = table.numbers(7, "<i4")
    number = table.number(2, "I")
    if number >= max(1, len(buffers)):
        raise GraphError(f"is damaged: tensor {index} names buffer {number} of {len(buffers)}")
    content = _buffer(buffers[number], data) if number else memoryview(b"")  # buffer 0 stands for "none"
    tensor = Tensor(
        index=index,
        name=table.text(3),
        shape=shape,
        dtype=kind,
        quantization=_quantization(table.table(4), shape),
        data=None,
        is_variable=table.number(5, "?", False),
        dynamic=bool((signature < 0).any()),
    )
    if not len(content) or kind in UNSIZED:
        return tensor
    if len(content) != tensor.bytes:
        raise GraphError(f"is damaged: tensor {index} has {len(content)} bytes for shape {list(shape)}")
    values = np.frombuffer(content, np.dtype(kind).newbyteorder("<")).reshape(shape)
    return replace(tensor, data=values)


def _buffer(table: Table, data: bytes) -> memoryview:
    start, size = table.number(1, "Q"), table.number(2, "Q")
    if start <= 1:  # 0 and 1 mean: not outside the buffer table
        return table.content(0)
    if start + size > len(data):
        raise GraphError("is damaged: a constant lies outside the file")
    return memoryview(data)[start : start + size]


def _quantization(table: Table | None, shape: tuple[int, ...]) -> Quantization | None:
    if table is None:
        return None
    scale, zero = table.numbers(2, "<f4"), table.numbers(3, "<i8")
    if len(scale) == 0:
        return None
    if len(zero) == 0:
        zero = np.zeros(len(scale), np.int64)
    axis = int(table.number(6, "i"))
    per_channel = len(scale) <= MAX_SCALES and 0 <= axis < len(shape) and shape[axis] == len(scale)
    if not (len(scale) == 1 or per_channel) or len(zero) not in (1, len(scale)):
        raise GraphError(f"is damaged: {len(scale)} scales and {len(zero)} zero points for shape {list(shape)}")
    if not (np.isfinite(scale).all() and (scale >= 0).all()):
        raise GraphError("is damaged: a quantization scale that is no positive number")
    if (np.abs(zero) > 1 << 31).any():
        raise GraphError("is damaged: a zero point outside 32 bits")
    return Quantization(scale, np.broadcast_to(zero, scale.shape), axis)


def _operator(table: Table, codes: list[tuple[str, int]], tensors: int) -> Operator:
    code = table.number(0, "I")
    if code >= len(codes):
        raise GraphError(f"is damaged: operator code {code} of {len(codes)}")
    name, version = codes[code]
    return Operator(
        name=name,
        version=version,
        inputs=_indices(table, 1, tensors, optional=True),
        outputs=_indices(table, 2, tensors),
        options=decode_options(name, table.number(3, "B"), table.table(4)),
    )


def _indices(table: Table, field: int, tensors: int, *, optional: bool = False) -> tuple[int, ...]:
    values = table.numbers(field, "<i4")
    least = ABSENT if optional else 0
    if len(values) > MAX_INPUTS or ((values < least) | (values >= tensors)).any():
        raise GraphError("is damaged: an operator names a tensor that does not exist")
    return tuple(int(v) for v in values)


def _shape(table: Table, field: int) -> tuple[int, ...]:
    values = table.numbers(field, "<i4")
    if len(values) > MAX_RANK:
        raise GraphError(f"is damaged: a tensor of {len(values)} axes")
    shape = tuple(int(v) for v in values)
    if min(shape, default=1) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise GraphError(f"is damaged: a tensor of shape {list(shape)}")
    return shape


def _check_order(graph: Graph) -> None:
    known = {t.index for t in graph.tensors if t.data is not None or t.is_variable} | set(graph.inputs)
    # A constant of no elements has no bytes to show that it is one.
    known |= {t.index for t in graph.tensors if t.elements == 0}
    for operator in graph.operators:
        if not operator.outputs:
            raise GraphError(f"is damaged: {operator.name} without an output")
        for index in operator.inputs:
            if index != ABSENT and index not in known:
                raise GraphError(f"is damaged: {operator.name} reads a tensor before it is computed")
        known |= set(operator.outputs)
    if not graph.inputs or not graph.outputs:
        raise GraphError("has no inputs or no outputs")
    if not set(graph.outputs) <= known:
        raise GraphError("is damaged: an output that nothing computes")
