"""What exists only while a simulated board streams: the samples on their way and the models that follow them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.devices.protocol import MOST_BODY_BYTES, NO_VALUE_16, NO_VALUE_24, Result, Samples, Samples24, Start
from engine.devices.simulator.models import StreamedModels
from engine.devices.simulator.noise import Noise
from engine.devices.simulator.signals import Injected, Source

BUFFER_S = 2.0  # of samples that wait for the link
FRAMES_PER_S = 25
_HEAD_BYTES = 6  # of SAMPLES

I16 = NDArray[np.int16]


class Stream:
    """Between one START and the next. Times are seconds of the board's clock."""

    def __init__(self, start: Start, leads: tuple[str, ...], models: StreamedModels, seed: int) -> None:
        self.start = start
        self.leads = leads
        self.models = models
        self.noise = Noise(start.rate_hz, seed)
        self.source: Source = Injected(len(leads))
        self.index = 0  # of the next sample
        self.dropped = 0
        self.worst_gap_s = 0.0
        self.queue_high_bytes = 0
        self._sample_bytes = start.sample_bits // 8 * len(leads)
        self.most_per_frame = min(255, (MOST_BODY_BYTES - _HEAD_BYTES) // self._sample_bytes)
        usual = min(self.most_per_frame, max(1, start.rate_hz // FRAMES_PER_S))
        self.per_frame = start.samples_per_frame or usual
        self._origin = 0  # the index that was due ...
        self._origin_s: float | None = None  # ... at this time
        self._waiting: deque[I16] = deque()  # blocks [n, leads] for the link
        self._waiting_count = 0
        self._told_dropped = 0
        self._sent_s: float | None = None

    def begin(self, source: Source, clock_s: float) -> None:
        """Go on with another source; the signals before and after have nothing to do with each other."""
        self.source = source
        self.models.cut()
        self._origin, self._origin_s = self.index, clock_s if source.begun else None

    def sample(self, clock_s: float, off: Sequence[int]) -> Iterator[Result]:
        """Take the samples due by now; columns in `off` have no contact. Results of the models come out."""
        if not self.source.begun:
            return
        if self._origin_s is None:
            self._origin, self._origin_s = self.index, clock_s
        due = self._origin + math.floor((clock_s - self._origin_s) * self.start.rate_hz + 1e-6)
        count, buffer = due - self.index, round(BUFFER_S * self.start.rate_hz)
        if count > buffer:  # stood still for longer than the buffer: that time is a hole, never made up for
            missed = count - buffer // 2
            self._drop(self._waiting_count)
            self.index += missed
            self.dropped += missed
            self.models.cut()
            count -= missed
        if count <= 0:
            return
        codes = self.noise.add(self.source.take(count))
        if off:
            codes = codes.copy()
            codes[:, off] = NO_VALUE_16
        yield from self.models.push(self.index, codes[:, 0])
        self.index += count
        self._waiting.append(codes)
        self._waiting_count += count
        self._drop(self._waiting_count - buffer)
        self.queue_high_bytes = max(self.queue_high_bytes, self._waiting_count * self._sample_bytes)

    def next_frame(self, clock_s: float) -> Samples | None:
        """The oldest samples that wait, when they fill a frame."""
        if self._waiting_count < self.per_frame:
            return None
        index = (self.index - self._waiting_count) % (1 << 32)
        block = self._take(self.per_frame)
        if self._sent_s is not None:
            self.worst_gap_s = max(self.worst_gap_s, clock_s - self._sent_s)
        self._sent_s = clock_s
        if self.start.sample_bits == 24:
            return Samples24(index, np.where(block == NO_VALUE_16, NO_VALUE_24, block.astype(np.int32)))
        return Samples(index, block)

    def newly_dropped(self) -> int:
        """Samples dropped since this was last asked."""
        count, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        return count

    def _drop(self, count: int) -> None:
        if count > 0:
            self._take(count)
            self.dropped += count

    def _take(self, count: int) -> I16:
        self._waiting_count -= count
        taken = []
        while count:
            block = self._waiting.popleft()
            if len(block) > count:
                self._waiting.appendleft(block[count:])
                block = block[:count]
            taken.append(block)
            count -= len(block)
        return np.concatenate(taken)
