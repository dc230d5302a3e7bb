"""Figures of every epoch for TensorBoard, written without TensorFlow: an event file is a list of TFRecords.

Format: tensorflow/core/util/event.proto and the TFRecord framing (length, masked CRC-32C, data, masked CRC-32C).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_MASK = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78  # of CRC-32C, reflected


class EventFile:
    """A new event file in a folder; several in one folder are one run to TensorBoard."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"events.out.tfevents.{time.time_ns() // 1_000_000}.heartkit"
        self._append(_double(1, time.time()) + _bytes(3, b"brain.Event:2"))

    def write(self, epoch: int, figures: Mapping[str, float]) -> None:
        """One scalar for every figure."""
        values = b"".join(
            _bytes(1, _bytes(1, name.encode()) + b"\x15" + struct.pack("<f", value))
            for name, value in figures.items()
        )
        self._append(_double(1, time.time()) + b"\x10" + _varint(epoch) + _bytes(5, values))

    def _append(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        with self.path.open("ab") as file:
            file.write(length + _masked_crc(length) + event + _masked_crc(event))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _bytes(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _double(number: int, value: float) -> bytes:
    return bytes([number << 3 | 1]) + struct.pack("<d", value)


def _masked_crc(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _table()[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)
