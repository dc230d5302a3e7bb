"""Samples for drawing: the record in pages of ten seconds, filtered when asked, kept while recently used."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import EngineError
from engine.records.record import F32, Block, Bool, Record

if TYPE_CHECKING:
    from engine.signals.filters import FilterSpec

PAGE_S = 10.0
RUN_PAGES = 6  # filtered in one go
CACHE_BYTES = 96 << 20
QUICK_VALUES = 250_000  # filtering so many takes about as long as drawing them; more is left to a thread


class PageSource:
    """Thread-safe reader of one record with one filter. A page holds all leads.

    A stretch that cannot be read counts as missing; `fault` then says why, for the user.
    """

    def __init__(self, record: Record, spec: FilterSpec | None = None) -> None:
        self.record = record
        self.spec = None if spec is None or spec.is_empty else spec
        self.page_len = max(1, round(PAGE_S * record.fs))
        self.fault = ""
        self._pages: OrderedDict[int, Block] = OrderedDict()
        self._lock = threading.Lock()
        page_bytes = 5 * self.page_len * max(1, len(record.leads))
        self._limit = max(2 * RUN_PAGES, CACHE_BYTES // page_bytes)

    @property
    def non_diagnostic(self) -> bool:
        """Whether the filter narrows the diagnostic bandwidth."""
        return self.spec is not None and self.spec.non_diagnostic

    def page_range(self, start: float, stop: float) -> range:
        """Pages that hold samples [start, stop), clipped to the record."""
        first, last = max(0, int(start)), min(int(np.ceil(stop)), self.record.n_samples)
        return range(first // self.page_len, (last - 1) // self.page_len + 1) if last > first else range(0)

    def missing(self, start: float, stop: float) -> range:
        """Smallest range of pages around those of [start, stop) that are not at hand."""
        with self._lock:
            absent = [index for index in self.page_range(start, stop) if index not in self._pages]
        return range(absent[0], absent[-1] + 1) if absent else range(0)

    def is_quick(self, pages: range) -> bool:
        """Whether bringing these pages to hand is a matter of milliseconds."""
        if self.spec is None or not pages:
            return True
        if "scipy.signal" not in sys.modules:  # importing it takes most of a second
            return False
        length = len(pages) * self.page_len + 2 * self.spec.warmup_s * self.record.fs
        return length * len(self.record.leads) <= QUICK_VALUES

    def fetch(self, pages: range) -> None:
        """Bring pages to hand, filtering neighbours that are missing in one go."""
        with self._lock:
            wanted = [index for index in pages if index not in self._pages]
        while wanted:
            run = 1
            while run < min(len(wanted), RUN_PAGES) and wanted[run] == wanted[0] + run:
                run += 1
            self._keep(wanted[0], self._load(wanted[0], wanted[run - 1]))
            wanted = wanted[run:]

    def read(self, start: float, stop: float) -> Block:
        """Samples [start, stop) of all leads as filtered, clipped to the record."""
        pages = self.page_range(start, stop)
        if not pages:
            return self._nothing(max(0, int(start)), 0)
        first, last = max(0, int(start)), min(int(np.ceil(stop)), self.record.n_samples)
        self.fetch(pages)
        values: list[F32] = []
        valid: list[Bool] = []
        for index in pages:
            block = self._page(index)
            cut = slice(max(first, block.start) - block.start, min(last, block.stop) - block.start)
            values.append(block.values[:, cut])
            valid.append(block.valid[:, cut])
        if len(values) == 1:
            return Block(first, values[0], valid[0])
        return Block(first, np.concatenate(values, axis=1), np.concatenate(valid, axis=1))

    def raw(self, start: float, stop: float) -> Block:
        """Samples [start, stop) of all leads as recorded, clipped to the record."""
        if self.spec is None and stop - start <= self._limit * self.page_len:
            return self.read(start, stop)
        return self._read_record(max(0, int(start)), min(int(np.ceil(stop)), self.record.n_samples))

    def _page(self, index: int) -> Block:
        with self._lock:
            block = self._pages.get(index)
            if block is not None:
                self._pages.move_to_end(index)
                return block
        return self._load(index, index)[0]  # dropped again before it was used: a view wider than the cache

    def _keep(self, first: int, blocks: list[Block]) -> None:
        with self._lock:
            for index, block in enumerate(blocks, first):
                self._pages[index] = block
            while len(self._pages) > self._limit:
                self._pages.popitem(last=False)

    def _load(self, first: int, last: int) -> list[Block]:
        """Pages first..last, filtered together; what a filter needs on either side is read along."""
        start = first * self.page_len
        stop = min((last + 1) * self.page_len, self.record.n_samples)
        warm = 0 if self.spec is None else round(self.spec.warmup_s * self.record.fs)
        wide = self._read_record(max(0, start - warm), min(stop + warm, self.record.n_samples))
        values = wide.values
        if self.spec is not None:
            from engine.signals.filters import apply_zero_phase

            values = apply_zero_phase(wide.values, self.record.fs, self.spec, wide.valid)
        blocks = []
        for a in range(start, stop, self.page_len):
            cut = slice(a - wide.start, min(a + self.page_len, stop) - wide.start)
            blocks.append(Block(a, values[:, cut], wide.valid[:, cut]))
        return blocks

    def _read_record(self, start: int, stop: int) -> Block:
        try:
            return self.record.read(start, stop)
        except (EngineError, OSError) as error:
            self.fault = str(error)
            return self._nothing(start, max(0, stop - start))

    def _nothing(self, start: int, length: int) -> Block:
        shape = (len(self.record.leads), length)
        return Block(start, np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
