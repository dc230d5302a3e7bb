"""A recording of bytes as a port: it answers like the board it came from and sends what that board sent.

Requests are answered here; the recorded answers are left out, except that a START in the middle of the recording is
told again, as the board then counted from 0. Everything else passes as it came, damage included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from engine.devices.faults import RecordingEndedError
from engine.devices.protocol import Ack, DeviceInfo, Frame, FrameDecoder, Info, Start, Status
from engine.devices.raw_log import RawLog
from engine.devices.stand_in import StandIn
from engine.devices.transports import now_s

_MOST_AT_ONCE = 1 << 16


class ReplayTransport(StandIn):
    """`speed` 1: as it was; 10: ten times as fast; infinity: as fast as it is taken."""

    refusal = "this is a recording"

    def __init__(self, path: str, *, speed: float = 1.0) -> None:
        super().__init__(path)
        log = RawLog(path)
        self.header = log.header
        self._speed = speed
        self._chunks: Iterator[tuple[float, bytes]] = log.chunks()
        self._next: tuple[float, bytes] | None = next(self._chunks, None)
        self._first_s = self._next[0] if self._next is not None else 0.0
        self._clock_s = self._first_s
        self._began_s: float | None = None  # of playing
        self._filter = FrameDecoder()
        self._pending = b""

    @property
    def info(self) -> DeviceInfo:
        """The board that was recorded, as far as the recording can play it."""
        info, start = self.header.info, self.header.start
        leads = tuple(name for i, name in enumerate(info.leads) if start.lead_mask >> i & 1)
        return replace(
            info,
            board=f"{info.board} (recording)",
            leads=leads,
            rates_hz=(start.rate_hz,),
            true_rates_hz=(info.true_rate_hz(start.rate_hz),),
            uv_per_lsb_24=info.uv_per_lsb_24 if start.sample_bits == 24 else 0.0,
            sources=("sensor",),
            recordings=(),
            upload_formats=(),
        )

    def start(self, start: Start) -> str:
        """Play, or play on."""
        recorded = self.header.start
        same_leads = start.lead_mask.bit_count() == recorded.lead_mask.bit_count()
        if not same_leads or (start.sample_bits, start.rate_hz) != (recorded.sample_bits, recorded.rate_hz):
            return "the recording has other leads, or samples of another rate or width"
        if self._began_s is None:
            self._began_s = now_s()
            self._first_s = self._next[0] if self._next is not None else 0.0
        return ""

    def stop(self) -> None:
        """Hold on."""
        self._began_s = None

    def read(self, timeout_s: float) -> bytes:
        """Answers at once, recorded bytes when their time has come."""
        with self._news:
            if not self._answers and self._due_s() > 0:
                self._news.wait(min(timeout_s, self._due_s()))
        return self.take_answers() or self._played()

    def close(self) -> None:
        """Stop playing."""
        self._began_s = None

    def clock_s(self) -> float:
        """The time of then."""
        return self._clock_s

    def _due_s(self) -> float:
        """Seconds until the next recorded bytes; infinite while nothing plays."""
        if self._began_s is None:
            return math.inf
        if self._next is None or math.isinf(self._speed):
            return 0.0
        return self._began_s + (self._next[0] - self._first_s) / self._speed - now_s()

    def _played(self) -> bytes:
        out = bytearray()
        while self._began_s is not None and self._due_s() <= 0 and len(out) < _MOST_AT_ONCE:
            if self._next is None:
                if out:
                    break
                raise RecordingEndedError(f"{self.port}: the recording has ended")
            arrived_s, data = self._next
            # Bytes of one moment only, so that each frame keeps the time at which it came.
            if out and arrived_s != self._clock_s:
                break
            self._clock_s = arrived_s
            out += self._kept(data)
            self._next = next(self._chunks, None)
        return bytes(out)

    def _kept(self, data: bytes) -> bytes:
        """Recorded bytes without the board's answers to requests of then."""
        *whole, self._pending = (self._pending + data).split(b"\0")
        out = bytearray()
        for raw in whole:
            found = self._filter.feed(raw + b"\0")
            message = found[0].message if len(found) == 1 and isinstance(found[0], Frame) else None
            is_answer = isinstance(message, Info | Ack)
            is_start = isinstance(message, Ack) and message.request == Start.TYPE and message.status == Status.OK
            if not is_answer or is_start:
                out += raw + b"\0"
        return bytes(out)
