"""What happens to bytes between a simulated board and the host: nothing, or the faults asked for, reproducibly."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_WAITING_BYTES = 4096  # in the cable, as in the buffers of a serial port; then the board must wait


@dataclass(frozen=True)
class Faults:
    """What is wrong with a board and its cable; all zero: nothing.

    drop, duplicate: share of the board's frames that vanish or come twice. corrupt, lose: share of bytes, both
    ways, with a flipped bit or missing. jitter_s: longest random delay of a frame (order is kept). burst_s:
    frames come together, once in this time. drift_ppm: how much faster the board's clock runs than it says.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    lose: float = 0.0
    jitter_s: float = 0.0
    burst_s: float = 0.0
    drift_ppm: float = 0.0

    def __post_init__(self) -> None:
        for name in ("drop", "duplicate", "corrupt", "lose"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name):g}")
        if self.jitter_s < 0 or self.burst_s < 0 or abs(self.drift_ppm) > 100_000:
            raise ValueError("times are not negative and the drift is at most 100000 ppm")


class Cable:
    """Frames go in, bytes come out when their time has come. Times are seconds of any one clock."""

    def __init__(self, seed: int = 0) -> None:
        self.faults = Faults()
        self._random = np.random.default_rng(seed)
        self._queue: deque[tuple[float, bytes]] = deque()
        self._waiting = 0
        self._last_s = 0.0
        self._stalled_until_s = float("-inf")

    @property
    def has_room(self) -> bool:
        """False while as much is waiting as a port buffers."""
        return self._waiting < MOST_WAITING_BYTES

    def send(self, frames: Sequence[bytes], now_s: float) -> None:
        """Frames of the board, on their way to the host."""
        faults = self.faults
        for frame in frames:
            if faults.drop and self._random.random() < faults.drop:
                continue
            copies = 2 if faults.duplicate and self._random.random() < faults.duplicate else 1
            late_s = faults.jitter_s * self._random.random() if faults.jitter_s else 0.0
            self._last_s = max(self._last_s, now_s + late_s)
            for _ in range(copies):
                damaged = self.damage(frame)
                self._queue.append((self._last_s, damaged))
                self._waiting += len(damaged)

    def damage(self, data: bytes) -> bytes:
        """Bytes as they come out at the other end."""
        faults = self.faults
        if not (data and (faults.corrupt or faults.lose)):
            return data
        octets = np.frombuffer(data, np.uint8).copy()
        hit = self._random.random(len(octets)) < faults.corrupt
        octets[hit] ^= (1 << self._random.integers(0, 8, int(hit.sum()))).astype(np.uint8)
        return octets[self._random.random(len(octets)) >= faults.lose].tobytes()

    def receive(self, now_s: float) -> bytes:
        """What reaches the host by now."""
        if now_s < self._stalled_until_s:
            return b""
        burst_s = self.faults.burst_s
        until_s = now_s if not burst_s else now_s // burst_s * burst_s
        pieces = []
        while self._queue and self._queue[0][0] <= until_s:
            pieces.append(self._queue.popleft()[1])
        data = b"".join(pieces)
        self._waiting -= len(data)
        return data

    def stall(self, until_s: float) -> None:
        """Let nothing through until then."""
        self._stalled_until_s = until_s

    def cut(self) -> None:
        """Lose what is on its way, but for the first half of the frame that is being sent."""
        half = self._queue[0] if self._queue else None
        self._queue.clear()
        self._waiting = 0
        if half is not None:
            self._queue.append((half[0], half[1][: len(half[1]) // 2]))
            self._waiting = len(self._queue[0][1])

    def clear(self) -> None:
        """Lose all that is on its way."""
        self._queue.clear()
        self._waiting = 0
