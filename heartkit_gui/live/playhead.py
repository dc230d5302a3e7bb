"""Where the drawing is in a stream that arrives in bursts."""

from __future__ import annotations

LONGEST_LAG_S = 0.5  # farther behind, the drawing jumps
PULL_PER_S = 4.0  # share of the deviation taken back in a second
FORGET = 0.98  # of the burst size, each burst


class Playhead:
    """Moves evenly at the stream's rate, as close behind the newest sample as the bursts allow."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._position: float | None = None
        self._now_s = 0.0
        self._head = 0
        self._burst = 0.0

    def advance(self, now_s: float, head: int) -> float:
        """Position at a time of a steady clock, when the stream has come to sample `head`; never beyond it."""
        elapsed_s, self._now_s = now_s - self._now_s, now_s
        arrived, self._head = head - self._head, head
        if self._position is None or not 0 <= head - self._position <= LONGEST_LAG_S * self._rate_hz:
            self._position = float(head)
            return self._position
        if arrived > 0:
            self._burst = max(float(arrived), self._burst * FORGET)
        behind = head - self._position
        step = self._rate_hz * elapsed_s + PULL_PER_S * elapsed_s * (behind - self._burst / 2)
        self._position = min(float(head), self._position + max(0.0, step))
        return self._position
