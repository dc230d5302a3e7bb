"""How a message of the wire protocol is declared: fields with a width, a meaning and limits.

`messages.py` is the table; the codec runs on it and the firmware's C and the documentation are generated from it.
All numbers are little-endian. A body is its fixed-width fields in order, then at most one field of variable size.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any, ClassVar, Self, dataclass_transform

import numpy as np
from numpy.typing import NDArray

WIDTHS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
MOST_LEADS = 16


class Direction(Enum):
    """Who sends a message."""

    TO_BOARD = "host to board"
    TO_HOST = "board to host"


@dataclasses.dataclass(frozen=True)
class Wire:
    """How one field travels: its kind, what it means, its unit and the values it may take."""

    kind: str
    about: str
    unit: str = ""
    enum: type[IntEnum] | None = None
    low: int = 0
    high: int | None = None

    @property
    def bits(self) -> int:
        """Width of a fixed field or of one value of a table of samples."""
        return int("".join(c for c in self.kind if c.isdigit()))


class MalformedBodyError(ValueError):
    """The bytes of a body do not fit the table."""


def u8(about: str, unit: str = "", *, default: Any = dataclasses.MISSING, **limits: Any) -> Any:
    """A field of one byte."""
    return _field("u8", about, unit, default, limits)


def u16(about: str, unit: str = "", *, default: Any = dataclasses.MISSING, **limits: Any) -> Any:
    """A field of two bytes."""
    return _field("u16", about, unit, default, limits)


def u32(about: str, unit: str = "", *, default: Any = dataclasses.MISSING, **limits: Any) -> Any:
    """A field of four bytes."""
    return _field("u32", about, unit, default, limits)


def u64(about: str, unit: str = "", *, default: Any = dataclasses.MISSING, **limits: Any) -> Any:
    """A field of eight bytes."""
    return _field("u64", about, unit, default, limits)


def text(about: str, *, default: Any = dataclasses.MISSING) -> Any:
    """UTF-8 text up to the end of the body."""
    return _field("text", about, "", default, {})


def data(about: str, *, default: Any = dataclasses.MISSING) -> Any:
    """Bytes up to the end of the body."""
    return _field("bytes", about, "", default, {})


def samples16(about: str) -> Any:
    """u8 leads, u8 count, then i16 values, all leads of the first sample first: an array [count, leads]."""
    return _field("i16", about, "", dataclasses.MISSING, {})


def samples24(about: str) -> Any:
    """u8 leads, u8 count, then i24 values, all leads of the first sample first: an array [count, leads]."""
    return _field("i24", about, "", dataclasses.MISSING, {})


def _field(kind: str, about: str, unit: str, default: Any, limits: dict[str, Any]) -> Any:
    return dataclasses.field(default=default, metadata={"wire": Wire(kind, about, unit, **limits)})


class Message:
    """One message; two are equal when they are of one type and travel as the same bytes."""

    TYPE: ClassVar[int]
    DIRECTION: ClassVar[Direction]
    PARTS: ClassVar[bool]
    _fixed: ClassVar[tuple[tuple[str, Wire], ...]]
    _tail: ClassVar[tuple[str, Wire] | None]
    _layout: ClassVar[struct.Struct]

    def pack(self) -> bytes:
        """The body. Raises ValueError for a value that does not fit its field."""
        cls = type(self)
        values = [int(getattr(self, name)) for name, _ in cls._fixed]
        cls._check(values)
        try:
            head = cls._layout.pack(*values)
        except struct.error as fault:
            raise ValueError(f"{cls.__name__}: {fault}") from None
        body = head if cls._tail is None else head + _pack_tail(getattr(self, cls._tail[0]), cls._tail[1].kind)
        if cls.PARTS:
            self._check_part(body)
        return body

    @classmethod
    def unpack(cls, body: bytes) -> Self:
        """The message with this body. Raises MalformedBodyError when it does not fit the table."""
        size = cls._layout.size
        if len(body) < size or (cls._tail is None and len(body) > size):
            raise MalformedBodyError(f"{cls.__name__} of {len(body)} bytes")
        values = list(cls._layout.unpack_from(body))
        make: Callable[..., Self] = cls
        cls._check(values)
        if cls._tail is None:
            return make(*values)
        message = make(*values, _unpack_tail(body[size:], cls._tail[1].kind))
        if cls.PARTS:
            message._check_part(body)
        return message

    @classmethod
    def fixed(cls) -> tuple[tuple[str, Wire], ...]:
        """Name and declaration of the fields of fixed width, in order."""
        return cls._fixed

    @classmethod
    def tail(cls) -> tuple[str, Wire] | None:
        """Name and declaration of the field of variable size, if there is one."""
        return cls._tail

    @classmethod
    def _check(cls, values: list[int]) -> None:
        for value, (name, wire) in zip(values, cls._fixed, strict=True):
            if value < wire.low or (wire.high is not None and value > wire.high):
                raise MalformedBodyError(f"{cls.__name__}.{name} is {value}")

    def _check_part(self, body: bytes) -> None:
        carried = len(body) - self._layout.size
        offset, total = getattr(self, "offset"), getattr(self, "total")  # noqa: B009 - PARTS says they exist
        if offset + carried > total or (carried == 0 and total > 0):
            raise MalformedBodyError(f"{type(self).__name__}: {carried} bytes at {offset} of {total}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Message) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash((self.TYPE, self.pack()))


@dataclass_transform(
    frozen_default=True, eq_default=False, field_specifiers=(u8, u16, u32, u64, text, data, samples16, samples24)
)
def message(number: int, direction: Direction, *, parts: bool = False) -> Any:
    """Class decorator: a frozen dataclass that is message `number`.

    With `parts` the message carries one piece of a longer block and has the fields `offset` and `total`: the
    piece must lie inside the block.
    """

    def declare(cls: type[Message]) -> type[Message]:
        made = dataclasses.dataclass(frozen=True, eq=False)(cls)
        wires = [(f.name, f.metadata["wire"]) for f in dataclasses.fields(made)]  # type: ignore[arg-type]
        fixed = tuple((name, wire) for name, wire in wires if wire.kind in WIDTHS)
        if len(wires) - len(fixed) > 1 or wires[: len(fixed)] != list(fixed):
            raise TypeError(f"{cls.__name__}: one field of variable size at most, and last")
        made.TYPE, made.DIRECTION, made.PARTS = number, direction, parts
        made._fixed, made._tail = fixed, wires[-1] if len(wires) > len(fixed) else None
        made._layout = struct.Struct("<" + "".join(WIDTHS[wire.kind] for _, wire in fixed))
        return made

    return declare


def _pack_tail(value: Any, kind: str) -> bytes:
    if kind == "text":
        return str(value).encode("utf-8")
    if kind == "bytes":
        return bytes(value)
    bits = int(kind[1:])
    table = np.asarray(value)
    if table.ndim != 2 or not (1 <= table.shape[0] <= 255 and 1 <= table.shape[1] <= MOST_LEADS):
        raise ValueError(f"samples are an array [count 1-255, leads 1-{MOST_LEADS}], not {table.shape}")
    limit = 1 << (bits - 1)
    if table.dtype.kind not in "iu" or int(table.min()) < -limit or int(table.max()) >= limit:
        raise ValueError(f"samples must be integers of {bits} bits")
    head = bytes((table.shape[1], table.shape[0]))
    if bits == 16:
        return head + np.ascontiguousarray(table, "<i2").tobytes()
    wide = np.ascontiguousarray(table, "<i4").view(np.uint8).reshape(-1, 4)
    return head + wide[:, :3].tobytes()


def _unpack_tail(body: bytes, kind: str) -> str | bytes | NDArray[Any]:
    if kind == "text":
        return body.decode("utf-8", errors="replace")
    if kind == "bytes":
        return body
    width = int(kind[1:]) // 8
    if len(body) < 2:
        raise MalformedBodyError("samples without leads and count")
    leads, count = body[0], body[1]
    if not 1 <= leads <= MOST_LEADS or count < 1 or len(body) != 2 + leads * count * width:
        raise MalformedBodyError(f"{len(body) - 2} bytes for {count} samples of {leads} leads")
    if width == 2:
        return np.frombuffer(body, "<i2", offset=2).reshape(count, leads)
    wide = np.zeros((leads * count, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(body, np.uint8, offset=2).reshape(-1, 3)
    return (wide.view("<i4") >> 8).reshape(count, leads)
