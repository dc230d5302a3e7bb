"""eRPC 1.9.1 as HeartKit's firmware speaks it: frames, calls and replies of the service GenericDataOperations.

A frame is u16 length, u16 CRC (polynomial 0x1021, start 0xEF4A) of the body, then the body; all little-endian.
There is no mark where a frame begins, so after a lost byte the reader looks for the next place that fits.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum

from engine.devices.faults import DeviceError

CRC_START = 0xEF4A
MOST_BODY_BYTES = 4096  # the firmware's message buffers
_VERSION = 1
_FRAME = struct.Struct("<HH")
_HEAD = struct.Struct("<BBBBI")  # type, request, service, codec version, sequence
_U32 = struct.Struct("<I")
_BLOCK = struct.Struct("<II")


class ErpcError(DeviceError):
    """What came is no eRPC, or another call than expected."""


class Kind(IntEnum):
    """What a message is."""

    INVOCATION = 0
    ONE_WAY = 1
    REPLY = 2
    NOTIFICATION = 3


class Service(IntEnum):
    """Who calls whom."""

    EVB_TO_PC = 1
    PC_TO_EVB = 2


class Request(IntEnum):
    """The calls of both services; PRINT exists from EVB to PC only."""

    SEND = 1
    FETCH = 2
    COMPUTE = 3
    PRINT = 4


class DataType(IntEnum):
    """What the buffer of a block holds."""

    UINT8 = 0
    UINT16 = 1
    UINT32 = 2
    INT8 = 3
    INT16 = 4
    INT32 = 5
    FLOAT32 = 6
    FLOAT64 = 7


class CallStatus(IntEnum):
    """How a call ended."""

    OK = 0
    FAILURE = 1
    BLOCK_TOO_LARGE = 2


@dataclass(frozen=True)
class DataBlock:
    """The only kind of argument: a described buffer. `length` and `command` mean what the two ends agree on."""

    length: int
    data_type: int
    description: str
    command: int
    buffer: bytes


@dataclass(frozen=True)
class Call:
    """A call, or a reply to one with the same service, request and sequence.

    block: the argument of SEND and COMPUTE, the result of FETCH and COMPUTE. text: the argument of PRINT.
    status: of a reply.
    """

    service: int
    request: int
    sequence: int
    kind: Kind = Kind.INVOCATION
    block: DataBlock | None = None
    text: str | None = None
    status: int | None = None

    def reply(self, status: CallStatus, block: DataBlock | None = None) -> Call:
        """The answer to this call."""
        return Call(self.service, self.request, self.sequence, Kind.REPLY, block, None, int(status))


def encode_call(call: Call) -> bytes:
    """The whole frame. Raises ErpcError when it is longer than the firmware's buffers."""
    parts = [_HEAD.pack(call.kind, call.request, call.service, _VERSION, call.sequence)]
    if call.block is not None:
        block = call.block
        parts.append(_BLOCK.pack(block.length, block.data_type))
        parts.append(_counted(block.description.encode("utf-8")))
        parts.append(_U32.pack(block.command) + _counted(block.buffer))
    if call.text is not None:
        parts.append(_counted(call.text.encode("utf-8")))
    if call.status is not None:
        parts.append(_U32.pack(call.status))
    body = b"".join(parts)
    if len(body) > MOST_BODY_BYTES:
        raise ErpcError(f"a call of {len(body)} bytes is longer than the {MOST_BODY_BYTES} that firmware takes")
    return _FRAME.pack(len(body), crc_hqx(body, CRC_START)) + body


def decode_body(body: bytes) -> Call:
    """The call or reply in a frame. Raises ErpcError when the body is not of GenericDataOperations."""
    try:
        return _decode(body)
    except (struct.error, ValueError) as fault:
        raise ErpcError(f"{len(body)} bytes are no call of GenericDataOperations") from fault


_WITH_BLOCK = {False: (Request.SEND, Request.COMPUTE), True: (Request.FETCH, Request.COMPUTE)}  # by "is a reply"


def _decode(body: bytes) -> Call:
    kind, request, service, version, sequence = _HEAD.unpack_from(body)
    if version != _VERSION:
        raise ValueError("another codec")
    base = (Service(service), Request(request), sequence, Kind(kind))
    at = _HEAD.size
    block: DataBlock | None = None
    text: str | None = None
    status: int | None = None
    is_reply = kind == Kind.REPLY
    if request == Request.PRINT and not is_reply:
        data, at = _read_counted(body, at)
        text = data.decode("utf-8", errors="replace")
    elif request in _WITH_BLOCK[is_reply]:
        block, at = _read_block(body, at)
    if is_reply:
        status = _U32.unpack_from(body, at)[0]
        at += _U32.size
    if at != len(body):
        raise ValueError("something left over")
    return Call(*base, block, text, status)


def _counted(data: bytes) -> bytes:
    return _U32.pack(len(data)) + data


def _read_counted(body: bytes, at: int) -> tuple[bytes, int]:
    (size,) = _U32.unpack_from(body, at)
    at += _U32.size
    if at + size > len(body):
        raise ValueError("longer than its frame")
    return body[at : at + size], at + size


def _read_block(body: bytes, at: int) -> tuple[DataBlock, int]:
    length, data_type = _BLOCK.unpack_from(body, at)
    description, at = _read_counted(body, at + _BLOCK.size)
    (command,) = _U32.unpack_from(body, at)
    buffer, at = _read_counted(body, at + _U32.size)
    return DataBlock(length, data_type, description.decode("utf-8", errors="replace"), command, buffer), at


class ErpcReader:
    """Bytes in whatever pieces they come, calls out. `skipped` counts bytes that belonged to no frame."""

    def __init__(self) -> None:
        self._pending = b""
        self.skipped = 0

    def feed(self, data: bytes) -> list[Call]:
        """The calls these bytes complete."""
        self._pending += data
        found: list[Call] = []
        at = 0
        while len(self._pending) - at >= _FRAME.size + _HEAD.size:
            size = self._plausible(at)
            if size is None:
                at += 1
                self.skipped += 1
                continue
            end = at + _FRAME.size + size
            if end > len(self._pending):
                break
            call = self._open(at, end)
            if call is None:
                at += 1
                self.skipped += 1
            else:
                found.append(call)
                at = end
        self._pending = self._pending[at:]
        return found

    def reset(self) -> None:
        """Forget a half-received frame: nothing came for a while, or the port was opened again."""
        self.skipped += len(self._pending)
        self._pending = b""

    def _plausible(self, at: int) -> int | None:
        """The size of the body when a frame may begin here."""
        size, _ = _FRAME.unpack_from(self._pending, at)
        kind, request, service, version, _ = _HEAD.unpack_from(self._pending, at + _FRAME.size)
        fits = _HEAD.size <= size <= MOST_BODY_BYTES and version == _VERSION
        known = kind in list(Kind) and request in list(Request) and service in list(Service)
        return size if fits and known else None

    def _open(self, at: int, end: int) -> Call | None:
        body = self._pending[at + _FRAME.size : end]
        if crc_hqx(body, CRC_START) != _FRAME.unpack_from(self._pending, at)[1]:
            return None
        try:
            return decode_body(body)
        except ErpcError:
            return None
