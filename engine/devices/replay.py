"""A recording of bytes as a port: it answers like the board it came from and sends what that board sent.

Requests are answered here. Recorded answers give way to ones to nobody, so that the count of frames stays whole,
except that a START in the middle of the recording is told again, as the board then counted from 0. Everything else
passes as it came, damage included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from engine.devices.faults import RecordingEndedError
from engine.devices.protocol import (
    Ack,
    DeviceInfo,
    Frame,
    FrameDecoder,
    Info,
    Message,
    Start,
    Status,
    encode,
)
from engine.devices.raw_log import RawLog
from engine.devices.stand_in import StandIn
from engine.devices.transports import now_s

_MOST_AT_ONCE = 1 << 16
_TO_NOBODY = Ack(request=0, request_sequence=0)


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
        self._played_sequence = _first_sequence(log)

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
            uv_per_lsb=info.uv_per_lsb if start.sample_bits == 16 else 0.0,
            uv_per_lsb_24=info.uv_per_lsb_24 if start.sample_bits == 24 else 0.0,
            sources=("sensor",),
            recordings=(),
            upload_formats=(),
        )

    def start(self, start: Start) -> str:
        """Play, or play on."""
        recorded = self.header.start
        n_leads = recorded.lead_mask.bit_count()
        if start.lead_mask.bit_count() != n_leads:
            return f"of a recording all leads are played; it has {n_leads}"
        if (start.sample_bits, start.rate_hz) != (recorded.sample_bits, recorded.rate_hz):
            return f"the recording has {recorded.sample_bits} bits at {recorded.rate_hz} Hz"
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
            return self.take_answers() or self._played()  # nothing is played before the answer to START

    def close(self) -> None:
        """Stop playing."""
        self._began_s = None

    def clock_s(self) -> float:
        """The time of then."""
        return self._clock_s

    def frame(self, message: Message) -> bytes:
        """An answer of ours: it looks like a repetition among the recorded frames, never like a loss."""
        return encode(message, self._played_sequence)

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
        """Recorded bytes with the board's answers to requests of then made out to nobody."""
        *whole, self._pending = (self._pending + data).split(b"\0")
        out = bytearray()
        for raw in whole:
            found = [frame for frame in self._filter.feed(raw + b"\0") if isinstance(frame, Frame)]
            is_answer = bool(found) and isinstance(found[0].message, Info | Ack)
            if is_answer and not _is_start(found[0].message):
                out += encode(_TO_NOBODY, found[0].sequence)
            else:
                out += raw + b"\0"
            if found:
                self._played_sequence = found[0].sequence
        return bytes(out)


def _is_start(message: Message) -> bool:
    return isinstance(message, Ack) and message.request == Start.TYPE and message.status == Status.OK


def _first_sequence(log: RawLog) -> int:
    """Of the first good frame."""
    decoder = FrameDecoder()
    found = (frame for _, data in log.chunks() for frame in decoder.feed(data))
    return next((frame.sequence for frame in found if isinstance(frame, Frame)), 0)
