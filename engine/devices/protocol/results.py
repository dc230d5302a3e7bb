"""What the bytes of a RESULT mean."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.devices.protocol.fields import MalformedBodyError

FNV_START, FNV_PRIME = 2166136261, 16777619


def fnv1a(data: bytes) -> int:
    """FNV-1a of 32 bits (G. Fowler, L. C. Noll, K.-P. Vo; RFC 9923), the hash of tensors in RESULT and OUTPUT."""
    value = FNV_START
    for byte in data:
        value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return value


def encode_class_runs(classes: NDArray[np.uint8]) -> bytes:
    """Classes [n] as pairs of class and length 1-255."""
    if not len(classes):
        return b""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(classes)) + 1, [len(classes)]])
    out = bytearray()
    for start, stop in pairwise(starts):
        for at in range(int(start), int(stop), 255):
            out += bytes((int(classes[start]), min(255, int(stop) - at)))
    return bytes(out)


def decode_class_runs(data: bytes) -> NDArray[np.uint8]:
    """Classes [n] of pairs of class and length. Raises MalformedBodyError for half a pair or an empty run."""
    pairs = np.frombuffer(data[: len(data) // 2 * 2], np.uint8).reshape(-1, 2)
    if len(data) % 2 or (len(pairs) and not pairs[:, 1].all()):
        raise MalformedBodyError("runs of classes are pairs of class and length")
    return np.repeat(pairs[:, 0], pairs[:, 1])
