"""WFDB signal formats: stored bytes to integers and back.

Layouts follow signal(5) in the WFDB Applications Guide (PhysioNet). A packed format keeps `group` samples in
`group_bytes` bytes. The most negative code of a format means "no sample here"; format 8, which stores first
differences, and formats without such a code have `invalid` None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.signedinteger]
Bytes = NDArray[np.uint8]

NO_SAMPLE = -(1 << 31)  # stands for a missing sample where the format itself has no code for it


@dataclass(frozen=True, slots=True)
class SignalFormat:
    """How one format packs samples; `bits` wide, `group` samples in `group_bytes` bytes."""

    code: str
    bits: int
    group: int
    group_bytes: int
    dtype: str  # numpy type of the decoded samples
    invalid: int | None

    @property
    def gap_code(self) -> int:
        """The value that stands for a missing sample among decoded ones."""
        return NO_SAMPLE if self.invalid is None else self.invalid

    @property
    def low(self) -> int:
        """Smallest value that can be stored as a sample."""
        return -(1 << (self.bits - 1)) + (self.invalid is not None)

    @property
    def high(self) -> int:
        """Largest value that can be stored."""
        return (1 << (self.bits - 1)) - 1

    def samples_in(self, n_bytes: int) -> int:
        """Whole samples that `n_bytes` bytes hold; a cut group still gives those that are complete."""
        groups, rest = divmod(max(n_bytes, 0), self.group_bytes)
        return groups * self.group + _SAMPLES_IN_REST.get(self.code, {}).get(rest, 0)

    def bytes_for(self, n_samples: int) -> int:
        """Bytes that hold `n_samples` samples, in the shortest form that every reader accepts."""
        groups, rest = divmod(n_samples, self.group)
        return groups * self.group_bytes + _BYTES_FOR_REST.get(self.code, {}).get(rest, 0)


_SAMPLES_IN_REST = {"212": {2: 1}, "310": {2: 1, 3: 1}, "311": {2: 1, 3: 2}}
_BYTES_FOR_REST = {"212": {1: 2}, "310": {1: 2, 2: 4}, "311": {1: 2, 2: 4}}

FORMATS = {
    f.code: f
    for f in (
        SignalFormat("8", 8, 1, 1, "i4", None),
        SignalFormat("16", 16, 1, 2, "i2", -(1 << 15)),
        SignalFormat("24", 24, 1, 3, "i4", -(1 << 23)),
        SignalFormat("32", 32, 1, 4, "i4", -(1 << 31)),
        SignalFormat("61", 16, 1, 2, "i2", -(1 << 15)),
        SignalFormat("80", 8, 1, 1, "i2", -(1 << 7)),
        SignalFormat("160", 16, 1, 2, "i2", -(1 << 15)),
        SignalFormat("212", 12, 2, 3, "i2", -(1 << 11)),
        SignalFormat("310", 10, 3, 4, "i2", -(1 << 9)),
        SignalFormat("311", 10, 3, 4, "i2", -(1 << 9)),
    )
}
FLAC_FORMATS = {
    "508": SignalFormat("508", 8, 1, 0, "i2", -(1 << 7)),
    "516": SignalFormat("516", 16, 1, 0, "i2", -(1 << 15)),
    "524": SignalFormat("524", 24, 1, 0, "i4", -(1 << 23)),
}
NO_FILE = SignalFormat("0", 16, 1, 0, "i2", -(1 << 15))


def decode(form: SignalFormat, data: bytes) -> Ints:
    """All whole samples in `data`, which starts at a group; for format 8 these are the differences."""
    count = form.samples_in(len(data))
    if form.group == 1:
        whole = np.frombuffer(data, np.uint8, count * form.group_bytes)
        return _DECODERS[form.code](whole)
    groups = -(-count // form.group)
    padded = data[: groups * form.group_bytes].ljust(groups * form.group_bytes, b"\0")
    return _DECODERS[form.code](np.frombuffer(padded, np.uint8))[:count]


def encode(form: SignalFormat, samples: NDArray[np.integer]) -> bytes:
    """The stored form of samples in range, starting at a group; the inverse of `decode`."""
    short = -len(samples) % form.group
    flat = np.concatenate([samples, np.zeros(short, samples.dtype)]) if short else samples
    return _ENCODERS[form.code](flat).tobytes()[: form.bytes_for(len(samples))]


def _decode_24(raw: Bytes) -> Ints:
    out = np.zeros((len(raw) // 3, 4), np.uint8)
    out[:, 1:] = raw.reshape(-1, 3)
    # The sample sits in the upper three bytes; the arithmetic shift extends its sign.
    return out.view("<i4")[:, 0] >> 8


def _decode_212(raw: Bytes) -> Ints:
    triples = raw.reshape(-1, 3)
    out = np.empty((len(triples), 2), np.int16)
    middle = triples[:, 1].astype(np.int16)
    np.bitwise_or(middle << 12, triples[:, 0].astype(np.int16) << 4, out=out[:, 0])
    np.bitwise_or((middle & 0xF0) << 8, triples[:, 2].astype(np.int16) << 4, out=out[:, 1])
    out >>= 4
    return out.reshape(-1)


def _decode_310(raw: Bytes) -> Ints:
    words = raw.view("<u2").reshape(-1, 2)
    out = np.empty((len(words), 3), np.uint16)
    out[:, :2] = words << 5
    out[:, 2] = (words[:, 1] & 0xF800) | ((words[:, 0] & 0xF800) >> 5)
    return (out.view(np.int16) >> 6).reshape(-1)


def _decode_311(raw: Bytes) -> Ints:
    words = raw.view("<u4")
    out = np.empty((len(words), 3), np.int32)
    for i, shift in enumerate((22, 12, 2)):
        out[:, i] = (words << np.uint32(shift)).view(np.int32) >> 22
    return out.astype(np.int16).reshape(-1)


_DECODERS = {
    "8": lambda raw: raw.view(np.int8),
    "16": lambda raw: raw.view("<i2"),
    "24": _decode_24,
    "32": lambda raw: raw.view("<i4"),
    "61": lambda raw: raw.view(">i2").astype(np.int16),
    "80": lambda raw: raw.astype(np.int16) - np.int16(128),
    "160": lambda raw: (raw.view("<u2") ^ 0x8000).view(np.int16),
    "212": _decode_212,
    "310": _decode_310,
    "311": _decode_311,
}


def _encode_24(flat: NDArray[np.integer]) -> Bytes:
    return np.ascontiguousarray(flat.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3])


def _encode_212(flat: NDArray[np.integer]) -> Bytes:
    pairs = (flat.astype(np.int32) & 0xFFF).reshape(-1, 2)
    out = np.empty((len(pairs), 3), np.uint8)
    out[:, 0] = pairs[:, 0] & 0xFF
    out[:, 1] = (pairs[:, 0] >> 8) | ((pairs[:, 1] >> 8) << 4)
    out[:, 2] = pairs[:, 1] & 0xFF
    return out


def _encode_310(flat: NDArray[np.integer]) -> NDArray[np.uint16]:
    triples = (flat.astype(np.int32) & 0x3FF).reshape(-1, 3)
    out = np.empty((len(triples), 2), "<u2")
    out[:, 0] = (triples[:, 0] << 1) | ((triples[:, 2] & 0x1F) << 11)
    out[:, 1] = (triples[:, 1] << 1) | ((triples[:, 2] >> 5) << 11)
    return out


def _encode_311(flat: NDArray[np.integer]) -> NDArray[np.uint32]:
    triples = (flat.astype(np.uint32) & 0x3FF).reshape(-1, 3)
    return (triples[:, 0] | (triples[:, 1] << 10) | (triples[:, 2] << 20)).astype("<u4")


_ENCODERS = {
    "8": lambda flat: flat.astype(np.int8),
    "16": lambda flat: flat.astype("<i2"),
    "24": _encode_24,
    "32": lambda flat: flat.astype("<i4"),
    "61": lambda flat: flat.astype(">i2"),
    "80": lambda flat: (flat + 128).astype(np.uint8),
    "160": lambda flat: (flat.astype(np.int32) + 32768).astype("<u2"),
    "212": _encode_212,
    "310": _encode_310,
    "311": _encode_311,
}
