"""Consistent Overhead Byte Stuffing (S. Cheshire and M. Baker, IEEE/ACM Trans. Networking 7(2), 1999)."""

from __future__ import annotations

GROUP = 254


def most_encoded_bytes(size: int) -> int:
    """Length of the longest encoding of `size` bytes, without the closing zero."""
    return size + max(1, -(-size // GROUP))


def cobs_encode(data: bytes) -> bytes:
    """The bytes without any zero; the zero that closes a frame is not added."""
    out = bytearray()
    runs = data.split(b"\0")
    for left, run in zip(range(len(runs) - 1, -1, -1), runs, strict=True):
        at = 0
        while len(run) - at >= GROUP:
            out.append(GROUP + 1)
            out += run[at : at + GROUP]
            at += GROUP
        if at < len(run) or left or not at:  # a full group that ends the data needs nothing after it
            out.append(len(run) - at + 1)
            out += run[at:]
    return bytes(out)


def cobs_decode(data: bytes) -> bytes | None:
    """The bytes that were encoded (`data` without the closing zero), or None when no encoder made this."""
    pieces = []
    at, size = 0, len(data)
    while at < size:
        code = data[at]
        end = at + code
        if not code or end > size:
            return None
        pieces.append(data[at + 1 : end])
        if code <= GROUP and end < size:
            pieces.append(b"\0")
        at = end
    return b"".join(pieces)
