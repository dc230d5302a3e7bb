"""Bounds-checked reading of FlatBuffers, the container of .tflite files.

Format: https://flatbuffers.dev/internals/ (little endian; a table starts with the distance back to its vtable,
which holds two sizes and one 16-bit offset a field). Every access is checked against the file, so that damaged or
hostile bytes give a GraphError and nothing else. Fields are named by their index in the schema's table.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError

MAX_TEXT_BYTES = 1024
MAX_TABLES = 20_000  # in one list: small files could otherwise name one table a million times


class GraphError(EngineError):
    """A .tflite file is damaged, or holds something this program does not read."""


class Table:
    """One table of the file: fields by index, the schema's default where a field is absent."""

    __slots__ = ("_data", "_fields", "_position")

    def __init__(self, data: bytes, position: int) -> None:
        back = _unpack("<i", data, position)
        start = position - back
        size = _unpack("<H", data, start)
        if size < 4 or size % 2 or start + size > len(data):
            raise GraphError("is damaged: a table's layout lies outside the file")
        self._data = data
        self._position = position
        self._fields: tuple[int, ...] = struct.unpack_from(f"<{(size - 4) // 2}H", data, start + 4)

    @staticmethod
    def root(data: bytes, identifier: bytes) -> Table:
        """The file's outermost table; the four bytes after its offset must be `identifier`."""
        if data[4:8] != identifier:
            raise GraphError(f"is no {identifier.decode()} file", hint="choose a .tflite model")
        return Table(data, _unpack("<I", data, 0))

    def has(self, field: int) -> bool:
        """Whether the field is stored."""
        return field < len(self._fields) and self._fields[field] != 0

    def number(self, field: int, layout: str, default: Any = 0) -> Any:
        """A scalar; `layout` as in `struct` ("b", "B", "i", "I", "f", "Q", "?")."""
        return _unpack(f"<{layout}", self._data, self._place(field)) if self.has(field) else default

    def table(self, field: int) -> Table | None:
        """A table."""
        return Table(self._data, self._target(field)) if self.has(field) else None

    def tables(self, field: int) -> list[Table]:
        """A vector of tables; empty when absent."""
        start, count = self._vector(field, 4)
        if count > MAX_TABLES:
            raise GraphError(f"has a list of {count} parts; {MAX_TABLES} are the limit")
        found = []
        for place in range(start, start + 4 * count, 4):
            found.append(Table(self._data, place + _unpack("<I", self._data, place)))
        return found

    def numbers(self, field: int, kind: str) -> NDArray[Any]:
        """A vector of scalars, read-only, of numpy type `kind` ("<i4", "<f4", "<i8"); empty when absent."""
        width = np.dtype(kind).itemsize
        start, count = self._vector(field, width)
        return np.frombuffer(self._data, kind, count, start) if count else np.empty(0, kind)

    def content(self, field: int) -> memoryview:
        """A vector of bytes, not copied; empty when absent."""
        start, count = self._vector(field, 1)
        return memoryview(self._data)[start : start + count]

    def text(self, field: int) -> str:
        """A string, at most 1024 bytes; empty when absent."""
        start, count = self._vector(field, 1)
        if count > MAX_TEXT_BYTES:
            raise GraphError(f"is damaged: a name of {count} bytes")
        return self._data[start : start + count].decode("utf-8", "replace")

    def _place(self, field: int) -> int:
        return self._position + self._fields[field]

    def _target(self, field: int) -> int:
        place = self._place(field)
        return place + int(_unpack("<I", self._data, place))

    def _vector(self, field: int, width: int) -> tuple[int, int]:
        if not self.has(field):
            return 0, 0
        place = self._target(field)
        count = int(_unpack("<I", self._data, place))
        if place + 4 + count * width > len(self._data):
            raise GraphError("is damaged: a list runs past the end of the file")
        return place + 4, count


def _unpack(layout: str, data: bytes, place: int) -> Any:
    if place < 0 or place + struct.calcsize(layout) > len(data):
        raise GraphError("is damaged: an offset points outside the file", hint="export the model again")
    return struct.unpack_from(layout, data, place)[0]
