"""Counts of frames and bytes, by the sequence that frames carry."""

from __future__ import annotations

_HALF = 1 << 15


class FrameCounts:
    """What came over the link. One thread counts, any may look."""

    def __init__(self) -> None:
        self.frames = 0
        self.frames_bad = 0
        self.frames_lost = 0
        self.bytes_received = 0
        self._next: int | None = None

    def good(self, sequence: int) -> None:
        """A good frame. A step ahead in its sequence is a loss; one back a repetition, or a board begun anew."""
        if self._next is not None:
            missing = (sequence - self._next) & 0xFFFF
            self.frames_lost += missing if missing < _HALF else 0
        self._next = (sequence + 1) & 0xFFFF
        self.frames += 1

    def forget_sequence(self) -> None:
        """The board or the link is a new one."""
        self._next = None
