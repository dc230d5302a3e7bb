"""Frames with right check sums and any contents, for fuzzing decoders and boards."""

from __future__ import annotations

import struct
from binascii import crc_hqx

import numpy as np

from engine.devices.protocol.cobs import cobs_encode
from engine.devices.protocol.messages import MESSAGES


def random_bodies(generator: np.random.Generator, count: int) -> list[tuple[int, bytes]]:
    """Bodies of every type: about right, so that many fit and many just do not."""
    found = []
    for _ in range(count):
        kind = MESSAGES[generator.integers(len(MESSAGES))]
        size = sum(wire.bits // 8 for _, wire in kind.fixed())
        body = bytearray(generator.integers(0, 256, size, np.uint8).tobytes())
        body = bytearray(b if generator.random() < 0.6 else 0 for b in body)
        tail = kind.tail()
        if tail is not None and tail[1].kind in ("i16", "i24"):
            leads, most = int(generator.integers(1, 14)), 500 // (2 * tail[1].bits // 8)
            n = int(generator.integers(1, max(2, most // leads)))
            body += (
                bytes((leads, n)) + generator.integers(0, 256, leads * n * tail[1].bits // 8, np.uint8).tobytes()
            )
        elif tail is not None and tail[1].kind == "text":
            body += b"words" * int(generator.integers(0, 60))
        elif tail is not None:
            data = generator.integers(0, 256, int(generator.integers(0, 400)), np.uint8).tobytes()
            if kind.PARTS:
                at = [name for name, _ in kind.fixed()].index("offset")
                before = sum(wire.bits // 8 for _, wire in kind.fixed()[:at])
                body[before : before + 4] = struct.pack("<HH", 3, len(data) + 3 + int(generator.integers(-1, 3)))
            body += data
        if generator.random() < 0.1:
            body = body[: int(generator.integers(0, len(body) + 1))]
        if generator.random() < 0.05:
            body += b"\x01"
        found.append((kind.TYPE if generator.random() < 0.97 else int(generator.integers(256)), bytes(body)))
    return found


def framed(kind: int, body: bytes, sequence: int, version: int = 1) -> bytes:
    plain = struct.pack("<BBH", version, kind, sequence) + body
    return cobs_encode(plain + struct.pack("<H", crc_hqx(plain, 0xFFFF))) + b"\0"
