"""Giving memory back to the system where the C library keeps it."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


@cache
def _trim() -> Any:
    """glibc's malloc_trim, or None where there is none."""
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None


def give_back_memory() -> None:
    """Return freed memory to the system.

    Snapshots of a growing analysis free many blocks of ever other sizes, which glibc would hold on to: measured
    over minutes, a stream seemed to need megabytes that nobody used.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
