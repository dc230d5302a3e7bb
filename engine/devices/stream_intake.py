"""From frames to the sample axis: the ring, the account of losses, clock and latency. Runs on the reader thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.devices.clock_fit import ClockFit
from engine.devices.latency import LatencyHistogram
from engine.devices.protocol import DeviceInfo, Samples, Samples24, Start
from engine.devices.ring import Ring
from engine.devices.sample_axis import Account, Placement, SampleAxis

SLACK_S = 10.0  # a step in the index further ahead of the clock is no loss: a board counts anew, or a frame lies

Ints = NDArray[np.signedinteger]
SampleSink = Callable[[int, Ints], None]


@dataclass(frozen=True)
class StreamShape:
    """What makes two streams fit one ring."""

    rate_hz: float
    leads: tuple[str, ...]
    units_per_mv: float
    bits: int

    @staticmethod
    def of(start: Start, info: DeviceInfo) -> StreamShape:
        """The shape of the stream that a board sends on a START."""
        leads = tuple(name for i, name in enumerate(info.leads) if start.lead_mask >> i & 1)
        uv = info.uv_per_lsb_24 if start.sample_bits == 24 else info.uv_per_lsb
        return StreamShape(info.true_rate_hz(start.rate_hz), leads, 1000.0 / uv, start.sample_bits)

    def ring(self, seconds: float) -> Ring:
        """An empty ring for it."""
        scales = [self.units_per_mv] * len(self.leads)
        return Ring(self.rate_hz, self.leads, scales, bits=self.bits, seconds=seconds)


class StreamIntake:
    """One stream of samples into one ring. `sink` is told of every stretch placed: (position, codes [leads, n])."""

    def __init__(self, shape: StreamShape, ring: Ring, sink: SampleSink | None = None) -> None:
        self.shape = shape
        self.ring = ring
        self.axis = SampleAxis()
        self.clock = ClockFit()
        self.latency = LatencyHistogram()
        self.worst_gap_s = math.nan
        self.writing = threading.Lock()  # held while samples go to the ring and the sink
        self.misfits = 0  # frames of another shape, which are not used
        self._sink = sink
        self._began_s: float | None = None
        self._arrived_s: float | None = None

    @property
    def account(self) -> Account:
        """Samples received, lost, repeated."""
        return self.axis.account

    @property
    def elapsed_s(self) -> float:
        """From the first START to the newest samples."""
        began_s, arrived_s = self._began_s, self._arrived_s
        return arrived_s - began_s if began_s is not None and arrived_s is not None else 0.0

    def restart(self, arrived_s: float, first_index: int | None) -> None:
        """The board counts anew from now on; how long it was away is read from the host's clock."""
        self._began_s = arrived_s if self._began_s is None else self._began_s
        away_s = 0.0 if self._arrived_s is None else arrived_s - self._arrived_s
        self.axis.open_segment(round(away_s * self.shape.rate_hz), first_index)

    def take(self, message: Samples, sequence: int, arrived_s: float, transit_s: float) -> Placement | None:
        """Place a frame's samples; None for a frame of another shape. `transit_s`: the shortest way known."""
        bits = 24 if isinstance(message, Samples24) else 16
        if message.leads != len(self.shape.leads) or bits != self.shape.bits:
            self.misfits += 1
            return None
        segments = len(self.axis.segments)
        longest = self._longest_gap(arrived_s)
        place = self.axis.place(message.index, message.count, sequence, longest_gap=longest)
        if place.skip == message.count:
            return place
        codes = message.values[place.skip :].T
        with self.writing:
            self.ring.write(place.start, codes)
            if self._sink is not None:
                self._sink(place.start, codes)
        if len(self.axis.segments) != segments:
            self.clock = ClockFit()
        elif self._arrived_s is not None:
            self.worst_gap_s = float(np.fmax(self.worst_gap_s, arrived_s - self._arrived_s))
        self._arrived_s = arrived_s
        self._time(arrived_s, transit_s)
        return place

    @property
    def _board_s(self) -> float:
        """Time from the beginning of the segment to its newest sample, by the board's clock."""
        return (self.axis.stop - self.axis.segments[-1].start) / self.shape.rate_hz

    def _longest_gap(self, arrived_s: float) -> int:
        """As many samples as can be missing before a frame that arrives now."""
        line = self.clock.line
        passed_s = 0.0 if line is None else max(0.0, arrived_s - line.host_s(self._board_s))
        return round((passed_s + SLACK_S) * self.shape.rate_hz)

    def _time(self, arrived_s: float, transit_s: float) -> None:
        board_s = self._board_s
        self.clock.add(board_s, arrived_s)
        line = self.clock.line
        if line is not None:
            self.latency.add(1000 * (max(0.0, arrived_s - line.host_s(board_s)) + transit_s))
