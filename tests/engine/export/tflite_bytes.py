"""Writes small .tflite files for tests, from the layout of FlatBuffers and the schema alone."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any


@dataclass
class T:
    """A FlatBuffers table: field index -> scalar (layout, value), bytes (a vector), or nested T / list of T."""

    fields: dict[int, Any] = field(default_factory=dict)


def scalar(layout: str, value: Any) -> tuple[str, Any]:
    return layout, value


def ints(*values: int) -> bytes:
    return struct.pack("<I", len(values)) + struct.pack(f"<{len(values)}i", *values)


def floats(*values: float) -> bytes:
    return struct.pack("<I", len(values)) + struct.pack(f"<{len(values)}f", *values)


def longs(*values: int) -> bytes:
    return struct.pack("<I", len(values)) + struct.pack(f"<{len(values)}q", *values)


def octets(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value


def file_of(root: T) -> bytes:
    """The file: header, then every table and vector after the one that points to it."""
    out = bytearray(b"\0\0\0\0TFL3")
    place = _table(out, root)
    struct.pack_into("<I", out, 0, place)
    return bytes(out)


def _table(out: bytearray, table: T) -> int:
    count = max(table.fields, default=-1) + 1
    vtable = len(out)
    out += bytes(4 + 2 * count)
    out += bytes(-len(out) % 8)
    start = len(out)
    out += struct.pack("<i", start - vtable)
    slots: dict[int, int] = {}
    for index, value in table.fields.items():
        out += bytes(-len(out) % 8)
        slots[index] = len(out)
        out += struct.pack("<" + value[0], value[1]) if isinstance(value, tuple) else bytes(4)
    struct.pack_into("<HH", out, vtable, 4 + 2 * count, len(out) - start)
    for index, place in slots.items():
        struct.pack_into("<H", out, vtable + 4 + 2 * index, place - start)
    for index, value in table.fields.items():
        if not isinstance(value, tuple):
            struct.pack_into("<I", out, slots[index], _child(out, value) - slots[index])
    return start


def _child(out: bytearray, value: Any) -> int:
    if isinstance(value, T):
        return _table(out, value)
    out += bytes(-len(out) % 8)
    start = len(out)
    if isinstance(value, bytes):
        out += value
        return start
    out += struct.pack("<I", len(value)) + bytes(4 * len(value))
    for k, part in enumerate(value):
        place = start + 4 + 4 * k
        struct.pack_into("<I", out, place, _table(out, part) - place)
    return start


def tensor(
    shape: tuple[int, ...], *, kind: int = 9, buffer: int = 0, scale: float | None = None, zero: int = 0
) -> T:
    fields: dict[int, Any] = {0: ints(*shape), 1: scalar("b", kind), 2: scalar("I", buffer), 3: octets(b"t")}
    if scale is not None:
        fields[4] = T({2: floats(scale), 3: longs(zero)})
    return T(fields)


def operator(
    code: int, inputs: tuple[int, ...], outputs: tuple[int, ...], kind: int = 0, options: T | None = None
) -> T:
    fields: dict[int, Any] = {0: scalar("I", code), 1: ints(*inputs), 2: ints(*outputs)}
    if options is not None:
        fields |= {3: scalar("B", kind), 4: options}
    return T(fields)


def model(
    codes: list[int],
    tensors: list[T],
    operators: list[T],
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    buffers: tuple[bytes, ...] = (),
) -> bytes:
    """A whole file; buffer 0 is the empty one, `buffers` are numbered from 1."""
    graph = T({0: tensors, 1: ints(*inputs), 2: ints(*outputs), 3: operators})
    stored = [T()] + [T({0: octets(content)}) for content in buffers]
    code_tables = [T({0: scalar("b", min(code, 127)), 3: scalar("i", code)}) for code in codes]
    return file_of(T({0: scalar("I", 3), 1: code_tables, 2: [graph], 4: stored}))
