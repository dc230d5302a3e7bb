"""Frames on the wire: COBS(version, type, sequence, body, CRC) and a closing zero (docs/protocol.md, "Frame").

A receiver is in step again at the next zero byte, whatever came before it.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass

from engine.devices.protocol.cobs import cobs_decode, cobs_encode, most_encoded_bytes
from engine.devices.protocol.fields import MalformedBodyError, Message
from engine.devices.protocol.messages import BY_TYPE, MOST_FRAME_BYTES, VERSION, BadReason

CRC_START = 0xFFFF  # CRC-16/CCITT-FALSE
MOST_WIRE_BYTES = most_encoded_bytes(MOST_FRAME_BYTES) + 1
FLUSH = b"\0\0"  # empty frames mean nothing; sent first, they end whatever half frame the receiver holds

_HEAD = struct.Struct("<BBH")
_CRC = struct.Struct("<H")
_LEAST = _HEAD.size + _CRC.size


@dataclass(frozen=True, slots=True)
class Frame:
    """A good frame. `sequence` counts the sender's frames modulo 65536, from 0 at boot or connection."""

    message: Message
    sequence: int
    size: int  # bytes on the wire, closing zero included


@dataclass(frozen=True, slots=True)
class BadFrame:
    """A frame that was refused; nothing in it may be used.

    `sequence` and `type` are known (and safe) only when the CRC was right: reasons VERSION, TYPE and BODY.
    """

    reason: BadReason
    detail: str
    size: int
    sequence: int | None = None
    type: int | None = None
    version: int | None = None


def encode(message: Message, sequence: int, *, version: int = VERSION) -> bytes:
    """The whole frame on the wire. Raises ValueError for values that do not fit the message or the frame.

    Another `version` is for tests of what happens when host and board do not fit.
    """
    body = message.pack()
    plain = _HEAD.pack(version, message.TYPE, sequence & 0xFFFF) + body
    if len(plain) + _CRC.size > MOST_FRAME_BYTES:
        raise ValueError(f"{type(message).__name__} of {len(body)} bytes does not fit a frame")
    return cobs_encode(plain + _CRC.pack(crc_hqx(plain, CRC_START))) + b"\0"


class FrameDecoder:
    """Bytes in whatever pieces they come, frames and refused frames out, in order."""

    def __init__(self) -> None:
        self._pending = b""
        self._overlong = 0  # bytes of the present frame already thrown away

    def feed(self, data: bytes) -> list[Frame | BadFrame]:
        """The frames these bytes complete."""
        *whole, pending = (self._pending + data).split(b"\0")
        found = [self._finish(raw) for raw in whole if raw or self._overlong]
        if len(pending) >= MOST_WIRE_BYTES:
            self._overlong += len(pending)
            pending = b""
        self._pending = pending
        return found

    def reset(self) -> None:
        """Forget a half-received frame, as after opening the port again."""
        self._pending, self._overlong = b"", 0

    def _finish(self, raw: bytes) -> Frame | BadFrame:
        size = len(raw) + self._overlong + 1
        self._overlong = 0
        if size > MOST_WIRE_BYTES:
            return BadFrame(BadReason.OVERLONG, f"{size} bytes without a frame end", size)
        return _open(raw, size)


def _open(raw: bytes, size: int) -> Frame | BadFrame:
    plain = cobs_decode(raw)
    if plain is None:
        return BadFrame(BadReason.COBS, "byte stuffing damaged", size)
    if len(plain) > MOST_FRAME_BYTES:
        return BadFrame(BadReason.OVERLONG, f"{len(plain)} bytes in a frame", size)
    if len(plain) < _LEAST:
        return BadFrame(BadReason.SHORT, f"{len(plain)} bytes are no frame", size)
    if crc_hqx(plain[:-2], CRC_START) != _CRC.unpack_from(plain, len(plain) - 2)[0]:
        return BadFrame(BadReason.CRC, "check sum wrong", size)
    version, number, sequence = _HEAD.unpack_from(plain)
    if version != VERSION:
        detail = f"firmware speaks protocol {version}, this program {VERSION}"
        return BadFrame(BadReason.VERSION, detail, size, sequence, number, version)
    kind = BY_TYPE.get(number)
    if kind is None:
        return BadFrame(BadReason.TYPE, f"message {number} is unknown", size, sequence, number, version)
    try:
        return Frame(kind.unpack(plain[_HEAD.size : -2]), sequence, size)
    except MalformedBodyError as fault:
        return BadFrame(BadReason.BODY, f"malformed body: {fault}", size, sequence, number, version)
