"""Samples of a running stream for drawing: straight from the ring, or through a filter that runs along with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.records.record import Block
from heartkit_gui.canvas.pages import PageSource
from heartkit_gui.live.ring_record import RingRecord

if TYPE_CHECKING:
    from engine.signals.filters import FilterSpec

KEPT_S = 120.0  # filtered signal kept: the widest view at the slowest speed


class LivePages(PageSource):
    """Never waits and caches nothing but the filtered signal, which is made once, sample after sample.

    A filter that runs along cannot look ahead: it delays and narrows more than the one for recordings, and says so
    (`non_diagnostic`).
    """

    def __init__(self, record: RingRecord, spec: FilterSpec | None = None) -> None:
        super().__init__(record, spec)
        self._kept = 0
        if self.spec is None:
            return
        from engine.signals.filters import CausalFilter

        leads = len(record.leads)
        self._kept = max(1, round(KEPT_S * record.fs))
        self._values = np.zeros((leads, self._kept), np.float32)
        self._valid = np.zeros((leads, self._kept), np.bool_)
        self._filter = CausalFilter(self.spec, record.fs, leads)
        self._done = max(0, record.n_samples - self._kept)

    @property
    def non_diagnostic(self) -> bool:
        """Whether the filter narrows the diagnostic bandwidth."""
        return self.spec is not None and self.spec.non_diagnostic_causal

    def missing(self, start: float, stop: float) -> range:
        """Nothing ever is."""
        return range(0)

    def fetch(self, pages: range) -> None:
        """Nothing to do."""

    def read(self, start: float, stop: float) -> Block:
        """Samples [start, stop) of all leads as filtered, clipped to the stream so far."""
        if self.spec is None:
            return self.raw(start, stop)
        self._advance()
        first, last = max(0, int(start)), min(int(np.ceil(stop)), self._done)
        last = max(first, last)
        at = np.arange(first, last) % self._kept
        valid = self._valid[:, at]
        valid[:, : max(0, self._done - self._kept - first)] = False
        return Block(first, np.where(valid, self._values[:, at], np.float32(0)), valid)

    def raw(self, start: float, stop: float) -> Block:
        """Samples [start, stop) of all leads as received, clipped to the stream so far."""
        return self._read_record(max(0, int(start)), min(int(np.ceil(stop)), self.record.n_samples))

    def _advance(self) -> None:
        """Filter what has arrived since."""
        stop = self.record.n_samples
        self._done = max(self._done, stop - self._kept)
        if stop > self._done:
            block = self._read_record(self._done, stop)
            at = np.arange(self._done, stop) % self._kept
            self._values[:, at] = self._filter.push(block.values, block.valid)
            self._valid[:, at] = block.valid
            self._done = stop
