"""Bounds that every reader applies before it allocates or believes a header."""

from __future__ import annotations

import math

MAX_SIGNALS = 512
MAX_RATE_HZ = 100_000.0
MAX_ARRAY_BYTES = 2 << 30
_MAX_PROMISED_S = 31 * 86_400.0
_MAX_PROMISED_RATIO = 1000


def rate_fault(rate_hz: float) -> str | None:
    """What is wrong with a sampling rate, or None."""
    if not math.isfinite(rate_hz) or rate_hz <= 0:
        return f"its sampling rate is {rate_hz:g} Hz"
    if rate_hz > MAX_RATE_HZ:
        return f"its sampling rate is {rate_hz:g} Hz, above the {MAX_RATE_HZ:g} Hz accepted"
    return None


def believed_length(promised: int, present: int, fs: float) -> int:
    """Length of a truncated record in samples: as promised by the header, or as present where that is absurd.

    A believable promise keeps its length, so that the missing stretch is seen as a gap. One beyond a month, or
    a thousand times what is there, is taken for a damaged count.
    """
    if promised <= present:
        return promised
    believable = promised <= _MAX_PROMISED_S * fs and promised <= _MAX_PROMISED_RATIO * max(present, 1)
    return promised if believable else present
