"""Samples of this computer into a board: a recording goes through the board's source INJECT, over and over.

The board takes the samples at its own rate; this side keeps about half a second ahead of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.devices.client import BoardClient
from engine.devices.faults import DeviceError, LinkLostError, NoAnswerError
from engine.devices.protocol import MOST_BODY_BYTES, NO_VALUE_16, Inject
from engine.devices.stream_intake import StreamShape
from engine.devices.transports import now_s
from engine.records.record import Record
from engine.signals.gaps import held
from engine.signals.resample import StreamResampler

AHEAD_S = 0.5
FRAME_S = 0.1
_BLOCK_S = 10.0
_PAUSE_S = 0.05
_HEAD_BYTES = 6  # of INJECT
_HIGHEST = 32767

I16 = NDArray[np.int16]


class InjectedRecord:
    """The voltage leads of a record as codes of a stream, [n, leads], endlessly; leads are repeated if too few."""

    def __init__(self, record: Record, shape: StreamShape) -> None:
        voltage = [i for i, lead in enumerate(record.leads) if lead.is_voltage]
        if not voltage:
            raise DeviceError("has no lead in volts to inject", path=record.path)
        self._record, self._shape = record, shape
        self._leads = [voltage[k % len(voltage)] for k in range(len(shape.leads))]
        same_rate = record.fs == shape.rate_hz
        self._resampler = None if same_rate else StreamResampler(record.fs, shape.rate_hz, len(self._leads))
        self._at = 0
        self._ready: I16 = np.zeros((0, len(self._leads)), np.int16)
        self._before = np.zeros(len(self._leads))

    def take(self, count: int) -> I16:
        """The next samples."""
        while len(self._ready) < count:
            self._ready = np.concatenate([self._ready, self._next_block()])
        out, self._ready = self._ready[:count], self._ready[count:]
        return out

    def _next_block(self) -> I16:
        stop = min(self._at + round(_BLOCK_S * self._record.fs), self._record.n_samples)
        block = self._record.read(self._at, stop, self._leads)
        self._at = stop if stop < self._record.n_samples else 0
        filled = held(block.values.astype(np.float64), block.valid, self._before)
        self._before = filled[:, -1]
        values_mv = filled if self._resampler is None else self._resampler.push(filled)
        codes = np.rint(values_mv * self._shape.units_per_mv)
        return np.clip(codes, NO_VALUE_16 + 1, _HIGHEST).astype(np.int16).T


class Injector:
    """Feeds a board until closed. `restarts` counts the board's STARTs: with each it expects samples from 0 on."""

    def __init__(
        self, client: BoardClient, samples: InjectedRecord, shape: StreamShape, restarts: Callable[[], int]
    ):
        self.fault = ""
        self._client, self._samples, self._shape, self._restarts = client, samples, shape, restarts
        n_leads = len(shape.leads)
        most = min(255, (MOST_BODY_BYTES - _HEAD_BYTES) // (2 * n_leads))
        self._per_frame = max(1, min(most, round(FRAME_S * shape.rate_hz)))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="injector", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop feeding."""
        self._closing.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        ahead = round(AHEAD_S * self._shape.rate_hz)
        seen, sent, began_s = self._restarts(), 0, now_s()
        while not self._closing.is_set():
            if self._restarts() != seen:
                seen, sent, began_s = self._restarts(), 0, now_s()
            due = (now_s() - began_s) * self._shape.rate_hz + ahead - sent
            if due < self._per_frame:
                self._closing.wait(_PAUSE_S)
                continue
            codes = self._samples.take(self._per_frame)
            try:
                self._client.request(Inject(index=sent & 0xFFFFFFFF, values=codes))
            except (LinkLostError, NoAnswerError):
                self._closing.wait(_PAUSE_S)  # it comes back by itself, with a START
            except DeviceError as error:
                self.fault = str(error)  # refused: no room, or another source by now
                self._closing.wait(AHEAD_S)
            else:
                self.fault = ""
            sent += len(codes)
