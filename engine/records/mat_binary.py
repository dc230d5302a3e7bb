"""Variables in MATLAB files of versions 4 and 5 (5 to 7), without running anything found in them.

Only what a recording can need is read: numbers, text, cells of those, and single structs, whose fields get names
like "ecg.fs". Every length is checked against the bytes at hand before anything is allocated, and compressed
variables are inflated with a bound. After "MAT-File Format" (MathWorks, R2015b).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.limits import MAX_ARRAY_BYTES

Variable = NDArray[np.generic] | str | list[str]

_V4_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXT_TYPES = {16: "utf-8", 17: "utf-16", 18: "utf-32", 4: "utf-16", 2: "utf-8", 1: "utf-8"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)
_COMPLEX, _LOGICAL = 0x08, 0x02
_MAX_DEPTH = 6
_MAX_VARIABLES = 10_000


def read_mat4(data: bytes) -> dict[str, Variable]:
    """Variables of a MATLAB 4 file."""
    found: dict[str, Variable] = {}
    at = 0
    while at + 20 <= len(data) and len(found) < _MAX_VARIABLES:
        order = "<" if int.from_bytes(data[at : at + 4], "little") < 5000 else ">"
        kind, rows, columns, is_complex, name_length = np.frombuffer(data, f"{order}i4", 5, at).tolist()
        precision, matrix = kind // 10 % 10, kind % 10
        if not (0 <= kind < 5000 and precision < 6 and min(rows, columns, name_length) >= 0):
            raise RecordError("is damaged: a variable starts with impossible numbers")
        form = np.dtype(order + _V4_TYPES[precision])
        start = at + 20 + name_length
        size = rows * columns * form.itemsize
        at = start + size * (2 if is_complex else 1)
        if at > len(data):
            raise RecordError(f"promises {rows:,} x {columns:,} numbers, more than the file holds")
        name = data[start - name_length : start].split(b"\0")[0].decode("latin-1")
        values = np.frombuffer(data, form, rows * columns, start).reshape((rows, columns), order="F")
        if matrix == 1:
            found[name] = _lines(values)
        elif matrix == 0 and not is_complex:
            found[name] = values
    return found


def read_mat5(data: bytes) -> dict[str, Variable]:
    """Variables of a MATLAB 5, 6 or 7 file."""
    order = ">" if data[126:128] == b"MI" else "<"
    found: dict[str, Variable] = {}
    budget = MAX_ARRAY_BYTES
    for kind, body in _elements(memoryview(data)[128:], order):
        if kind == _COMPRESSED:
            inflater = zlib.decompressobj()
            try:
                inflated = inflater.decompress(body, budget + 1)
            except zlib.error as error:
                raise RecordError("is damaged: a compressed variable cannot be inflated") from error
            if len(inflated) > budget:
                raise RecordError(f"inflates to more than {MAX_ARRAY_BYTES >> 30} GiB")
            budget -= len(inflated)
            for inner, content in _elements(memoryview(inflated), order):
                if inner == _MATRIX:
                    _matrix(content, order, "", found, 0)
        elif kind == _MATRIX:
            _matrix(body, order, "", found, 0)
        if len(found) > _MAX_VARIABLES:
            raise RecordError(f"holds more than {_MAX_VARIABLES:,} variables")
    return found


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each data element."""
    at = 0
    while at + 8 <= len(data):
        kind, size = np.frombuffer(data, f"{order}u4", 2, at).tolist()
        if kind >> 16:  # small element: size and up to four bytes of content share the tag
            size, kind = kind >> 16, kind & 0xFFFF
            start, stop = at + 4, at + 4 + size
            at += 8
            if size > 4:
                raise RecordError("is damaged: a small element is too long")
        else:
            start, stop = at + 8, at + 8 + size
            at = stop if kind == _COMPRESSED else -(-stop // 8) * 8
        if stop > len(data):
            raise RecordError("ends in the middle of a variable")
        yield kind, data[start:stop]


def _matrix(data: memoryview, order: str, name: str, found: dict[str, Variable], depth: int) -> None:
    """Put a matrix, or the fields of a struct, into `found`, under its own name if it is not nested."""
    if depth > _MAX_DEPTH or len(found) > _MAX_VARIABLES:
        return
    parts = list(_elements(data, order))
    if len(parts) < 3 or len(parts[0][1]) < 8:
        return
    flags = int(np.frombuffer(parts[0][1], f"{order}u4", 1)[0])
    shape = np.frombuffer(parts[1][1], f"{order}i4").tolist()
    name = name or bytes(parts[2][1]).decode("latin-1")
    kind, parts = flags & 0xFF, parts[3:]
    if not shape or len(shape) > 32 or min(shape) < 0:
        raise RecordError(f"gives variable {name} impossible dimensions")
    if kind == _STRUCT:
        _struct(parts, order, name, prod(shape), found, depth)
    elif kind == _CELL:
        texts: dict[str, Variable] = {}
        for i, (inner, body) in enumerate(parts[:_MAX_VARIABLES]):
            if inner == _MATRIX:
                _matrix(body, order, str(i), texts, depth + 1)
        if texts and all(isinstance(x, str) for x in texts.values()):
            found[name] = [x for x in texts.values() if isinstance(x, str)]
    elif kind == _CHAR and parts:
        found[name] = _text(parts[0], order, shape)
    elif kind in _NUMERIC and parts and not flags >> 8 & (_COMPLEX | _LOGICAL):
        form, body = parts[0]
        if form not in _TYPES:
            return
        values = (
            np.frombuffer(body, order + _TYPES[form]) if len(body) % np.dtype(_TYPES[form]).itemsize == 0 else None
        )
        if values is None or values.size != prod(shape):
            raise RecordError(f"promises {prod(shape):,} numbers for variable {name}, but holds another count")
        found[name] = values.reshape(shape, order="F")


def _struct(
    parts: list[tuple[int, memoryview]], order: str, name: str, count: int, found: dict[str, Variable], depth: int
) -> None:
    """The fields of a single struct; arrays of structs hold no recording we know of."""
    if count != 1 or len(parts) < 2 or len(parts[0][1]) < 4:
        return
    width = int(np.frombuffer(parts[0][1], f"{order}i4", 1)[0])
    if width <= 0:
        return
    blob = bytes(parts[1][1])
    names = [blob[i : i + width].split(b"\0")[0].decode("latin-1") for i in range(0, len(blob), width)]
    for field, (kind, body) in zip(names, parts[2:], strict=False):
        if kind == _MATRIX and len(body):
            _matrix(body, order, f"{name}.{field}", found, depth + 1)


def _text(part: tuple[int, memoryview], order: str, shape: list[int]) -> Variable:
    """A character array: one string a row."""
    kind, body = part
    encoding = _TEXT_TYPES.get(kind, "latin-1")
    if encoding != "utf-8":
        encoding += "-le" if order == "<" else "-be"
    text = bytes(body).decode(encoding, "replace")
    if len(shape) != 2 or shape[0] <= 1 or len(text) != prod(shape):
        return text.strip(" \0")
    return ["".join(text[row :: shape[0]]).strip(" \0") for row in range(shape[0])]


def _lines(values: NDArray[np.generic]) -> Variable:
    """Rows of character codes as text."""
    rows = [
        "".join(chr(int(code)) for code in row if 0 < code < 0x110000).strip() for row in values.real[:1000, :1000]
    ]
    return rows[0] if len(rows) == 1 else rows
