"""Samples for drawing: the record in pages of ten seconds, filtered when asked, kept while recently used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from engine.records.record import F32, Block, Bool, Record

if TYPE_CHECKING:
    from engine.signals.filters import FilterSpec

PAGE_S = 10.0
RUN_PAGES = 6  # filtered in one go
CACHE_BYTES = 96 << 20


class PageSource:
    """Thread-safe reader of one record with one filter. A page holds all leads."""

    def __init__(self, record: Record, spec: FilterSpec | None = None) -> None:
        self.record = record
        self.spec = spec
        self.page_len = max(1, round(PAGE_S * record.fs))
        self._pages: OrderedDict[int, Block] = OrderedDict()
        self._lock = threading.Lock()
        page_bytes = 5 * self.page_len * max(1, len(record.leads))
        self._limit = max(8, CACHE_BYTES // page_bytes)

    @property
    def last_page(self) -> int:
        """Index of the page with the record's last sample."""
        return max(0, (self.record.n_samples - 1) // self.page_len)

    def has(self, index: int) -> bool:
        """Whether a page is at hand, so that `page` returns at once."""
        with self._lock:
            return index in self._pages

    def page(self, index: int) -> Block:
        """Page `index`, read and filtered if it is not at hand."""
        self.fetch(index, index)
        with self._lock:
            if index in self._pages:
                self._pages.move_to_end(index)
                return self._pages[index]
        return self._load(index, index)[0]

    def fetch(self, first: int, last: int) -> None:
        """Bring pages first..last to hand, filtering neighbours that are missing in one go."""
        with self._lock:
            wanted = [i for i in range(max(0, first), min(last, self.last_page) + 1) if i not in self._pages]
        while wanted:
            run = 1
            while run < min(len(wanted), RUN_PAGES) and wanted[run] == wanted[0] + run:
                run += 1
            blocks = self._load(wanted[0], wanted[run - 1])
            with self._lock:
                for index, block in zip(wanted[:run], blocks, strict=True):
                    self._pages[index] = block
                while len(self._pages) > self._limit:
                    self._pages.popitem(last=False)
            wanted = wanted[run:]

    def read(self, start: int, stop: int) -> Block:
        """Samples [start, stop) of all leads, clipped to the record."""
        start, stop = max(0, start), min(stop, self.record.n_samples)
        leads = len(self.record.leads)
        if stop <= start:
            return Block(start, np.empty((leads, 0), np.float32), np.empty((leads, 0), np.bool_))
        values: list[F32] = []
        valid: list[Bool] = []
        first, last = start // self.page_len, (stop - 1) // self.page_len
        self.fetch(first, last)
        for index in range(first, last + 1):
            block = self.page(index)
            a, b = max(start, block.start) - block.start, min(stop, block.stop) - block.start
            values.append(block.values[:, a:b])
            valid.append(block.valid[:, a:b])
        if len(values) == 1:
            return Block(start, values[0], valid[0])
        return Block(start, np.concatenate(values, axis=1), np.concatenate(valid, axis=1))

    def missing(self, start: int, stop: int) -> list[int]:
        """Pages of [start, stop) that are not at hand."""
        start, stop = max(0, start), min(stop, self.record.n_samples)
        if stop <= start:
            return []
        with self._lock:
            wanted = range(start // self.page_len, (stop - 1) // self.page_len + 1)
            return [index for index in wanted if index not in self._pages]

    def _load(self, first: int, last: int) -> list[Block]:
        """Pages first..last, filtered together; what a filter needs on either side is read along."""
        start = first * self.page_len
        stop = min((last + 1) * self.page_len, self.record.n_samples)
        warm = 0 if self.spec is None else round(self.spec.warmup_s * self.record.fs)
        wide = self.record.read(start - warm, stop + warm)
        values = wide.values
        if self.spec is not None:
            from engine.signals.filters import apply_zero_phase

            values = apply_zero_phase(wide.values, self.record.fs, self.spec, wide.valid)
        blocks = []
        for a in range(start, stop, self.page_len):
            cut = slice(a - wide.start, min(a + self.page_len, stop) - wide.start)
            blocks.append(Block(a, values[:, cut], wide.valid[:, cut]))
        return blocks
