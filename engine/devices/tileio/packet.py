"""Tileio's packets over USB: 256 bytes each, from 0x55 to 0xAA, as Ambiq's ns-tileio and its dashboard use them.

| bytes | content |
| 0 | 0x55 |
| 1, 2 | slot 0-3; type: 0 signal, 1 metrics, 2 UIO |
| 3-4 | u16 length of the data, at most 248 |
| 5.. | data, padded with zeros |
| 253-254 | u16 CRC (polynomial 0x1021, start 0xEF4A) of length and data |
| 255 | 0xAA |

There is neither sequence nor time: a lost packet leaves no trace.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum

PACKET_BYTES = 256
MOST_DATA_BYTES = 248
USUAL_DATA_BYTES = 240  # senders keep to this
CRC_START = 0xEF4A
_FIRST, _LAST = 0x55, 0xAA
_U16 = struct.Struct("<H")
_DATA_AT, _CRC_AT = 5, 253
_SLOTS = 4
_UIO_BYTES = 8


class PacketType(IntEnum):
    """What the data of a packet are."""

    SIGNAL = 0
    METRICS = 1
    UIO = 2


@dataclass(frozen=True)
class Packet:
    """One packet. UIO without data asks for the present state."""

    slot: int
    type: PacketType
    data: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.slot < _SLOTS or len(self.data) > MOST_DATA_BYTES:
            raise ValueError(f"no packet has slot {self.slot} and {len(self.data)} bytes of data")
        if self.type is PacketType.UIO and len(self.data) not in (0, _UIO_BYTES):
            raise ValueError(f"UIO has {_UIO_BYTES} bytes or none, not {len(self.data)}")


def encode_packet(packet: Packet) -> bytes:
    """The 256 bytes."""
    out = bytearray(PACKET_BYTES)
    out[0], out[1], out[2], out[-1] = _FIRST, packet.slot, packet.type, _LAST
    _U16.pack_into(out, 3, len(packet.data))
    end = _DATA_AT + len(packet.data)
    out[_DATA_AT:end] = packet.data
    _U16.pack_into(out, _CRC_AT, crc_hqx(bytes(out[3:end]), CRC_START))
    return bytes(out)


class TileioReader:
    """Bytes in whatever pieces they come, packets out. After damage it looks on from the next byte.

    `skipped` counts bytes that belonged to no packet.
    """

    def __init__(self) -> None:
        self._pending = b""
        self.skipped = 0

    def feed(self, data: bytes) -> list[Packet]:
        """The packets these bytes complete."""
        self._pending += data
        found = []
        at = 0
        while True:
            start = self._pending.find(_FIRST, at)
            start = len(self._pending) if start < 0 else start
            self.skipped += start - at
            at = start
            if len(self._pending) - at < PACKET_BYTES:
                break
            packet = _open(self._pending[at : at + PACKET_BYTES])
            if packet is None:
                self.skipped += 1
                at += 1
            else:
                found.append(packet)
                at += PACKET_BYTES
        self._pending = self._pending[at:]
        return found


def _open(raw: bytes) -> Packet | None:
    (size,) = _U16.unpack_from(raw, 3)
    if raw[-1] != _LAST or size > MOST_DATA_BYTES:
        return None
    end = _DATA_AT + size
    if crc_hqx(raw[3:end], CRC_START) != _U16.unpack_from(raw, _CRC_AT)[0]:
        return None
    try:  # slot and type are outside the CRC
        return Packet(raw[1], PacketType(raw[2]), raw[_DATA_AT:end])
    except ValueError:
        return None
