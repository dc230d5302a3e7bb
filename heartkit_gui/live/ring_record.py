"""A stream seen as a record, so that everything that draws a record can draw it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.records.record import F32, Bool, Lead, Record, RecordInfo


class SampleSource(Protocol):
    """The part of `engine.devices.ring.Ring` that drawing needs."""

    rate_hz: float
    lead_names: tuple[str, ...]

    @property
    def head(self) -> int:
        """Sample after the newest."""

    @property
    def tail(self) -> int:
        """Oldest sample kept."""

    def read(self, start: int, stop: int, leads: Sequence[int] | None = None) -> tuple[F32, Bool]:
        """Samples in mV, float32 [leads, n], and which of them exist, bool [leads, n]."""


class RingRecord(Record):
    """Samples [first, stop) of a ring; sample 0 of the record is sample `first` of the ring.

    `stop` may be moved on while the stream runs. What the ring no longer keeps, or lost, is missing data.
    """

    def __init__(
        self,
        ring: SampleSource,
        name: str,
        *,
        first: int = 0,
        stop: int | None = None,
        start_time: datetime | None = None,
    ) -> None:
        leads = tuple(Lead(lead) for lead in ring.lead_names)
        super().__init__(RecordInfo(name, Path(name), "stream", ring.rate_hz, 0, leads, start_time))
        self.ring = ring
        self.first = first
        self.stop = ring.head if stop is None else stop

    @property
    def n_samples(self) -> int:
        """Samples per lead so far."""
        return max(0, self.stop - self.first)

    @property
    def duration_s(self) -> float:
        """Length so far, in seconds."""
        return self.n_samples / self.fs

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        return self.ring.read(self.first + start, self.first + stop, leads)
