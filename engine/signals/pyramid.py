"""Min/max/validity pyramid of a record: any stretch of any length drawn from about as many cells as pixels.

Level 0 holds the smallest and largest valid sample of every 16 samples, each further level of four cells of the
one below. Built once in bounded memory, kept in a cache file keyed by the record's fingerprint, mapped rather
than read when opened again.
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import Cancelled, RecordError
from engine.records.record import Bool, Record
from engine.signals.columns import F32, Columns, column_edges, columns_from_samples, reduce_cells

__all__ = ["BASE", "FACTOR", "Columns", "Pyramid", "columns_from_samples", "default_cache_dir", "prune_cache"]

BASE = 16
FACTOR = 4
ANY_VALID = np.uint8(1)
ANY_INVALID = np.uint8(2)
MAGIC = b"HKPYR\r\n\x01"
HEADER_BYTES = 512
SUFFIX = ".pyramid"
_SAMPLES_PER_BLOCK = 1 << 21  # all leads together: 10 MB of values and validity at a time
_IN_MEMORY_BYTES = 64 << 20  # larger pyramids live in a temporary file, so that they can leave memory
_COARSEST_CELLS = 256


def default_cache_dir() -> Path:
    """The user's cache folder for pyramids (not created)."""
    from platformdirs import user_cache_path

    return user_cache_path("heartkit-workbench", appauthor=False) / "pyramids"


def prune_cache(cache_dir: Path, keep_bytes: int = 2 << 30) -> None:
    """Delete the longest unused pyramids until the folder holds at most `keep_bytes`. Never raises for the disk."""
    with suppress(OSError):
        found = [(path, path.stat()) for path in cache_dir.glob(f"*{SUFFIX}")]
        total = sum(stat.st_size for _, stat in found)
        for path, stat in sorted(found, key=lambda item: item[1].st_mtime):
            if total <= keep_bytes:
                break
            path.unlink(missing_ok=True)
            total -= stat.st_size


class Pyramid:
    """Min/max/validity pyramid of one record; thread-safe to query. Make one by `build` or `load`."""

    def __init__(self, fingerprint: str, n_samples: int, n_leads: int, payload: NDArray[np.uint8]) -> None:
        self.fingerprint = fingerprint
        self.n_samples = n_samples
        self.n_leads = n_leads
        self._payload = payload
        self._lo: list[F32] = []
        self._hi: list[F32] = []
        self._flags: list[NDArray[np.uint8]] = []
        offset = 0
        for cells in _level_cells(n_samples):
            count = n_leads * cells
            self._lo.append(payload[offset : offset + 4 * count].view("<f4").reshape(n_leads, cells))
            offset += 4 * count
            self._hi.append(payload[offset : offset + 4 * count].view("<f4").reshape(n_leads, cells))
            offset += 4 * count
            self._flags.append(payload[offset : offset + count].reshape(n_leads, cells))
            offset += _padded(count)

    @staticmethod
    def build(
        record: Record,
        *,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Pyramid:
        """Read the whole record once, block by block, and make its pyramid.

        `progress` is told the fraction done, 0 to 1, after every block; `cancelled` is asked before every block and
        raises `Cancelled` when it answers True. Reader faults pass through as they are.
        """
        n_leads = len(record.leads)
        pyramid = Pyramid(
            record.fingerprint, record.n_samples, n_leads, _allocate(_payload_bytes(record.n_samples, n_leads))
        )
        step = max(BASE, _SAMPLES_PER_BLOCK // max(1, n_leads) // BASE * BASE)
        for start in range(0, record.n_samples, step):
            if cancelled is not None and cancelled():
                raise Cancelled
            block = record.read(start, start + step)
            pyramid._fill(start // BASE, block.values, block.valid)
            if progress is not None:
                progress(block.stop / record.n_samples)
        for level in range(1, len(pyramid._lo)):
            pyramid._coarsen(level)
        return pyramid

    def columns(self, lead: int, start: float, stop: float, width: int) -> Columns:
        """`width` columns of `lead` over samples [start, stop), from the coarsest level that is fine enough.

        Where column edges fall on cell edges the answer is exact; elsewhere a column may also take in the rest of
        the cells at its two ends, less than one column's worth on each side. With fewer than `BASE` samples per
        column (see `covers`) use `columns_from_samples` on the record's own samples instead.
        """
        begin, end = column_edges(start, stop, width)
        level = self._level_for((stop - start) / width)
        cell = BASE * FACTOR**level
        begin, end = begin // cell, -(-end // cell)
        first = max(0, int(begin[0]))
        seen = slice(first, max(first, int(end[-1])))
        flags = self._flags[level][lead, seen]
        return reduce_cells(
            self._lo[level][lead, seen],
            self._hi[level][lead, seen],
            (flags & ANY_INVALID) != 0,
            begin - first,
            end - first,
        )

    @staticmethod
    def covers(start: float, stop: float, width: int) -> bool:
        """Whether a view holds enough samples per column to be drawn from the pyramid."""
        return (stop - start) >= BASE * width

    @property
    def n_bytes(self) -> int:
        """Size of the cells, in memory or on disk."""
        return self._payload.size

    def save(self, cache_dir: Path) -> Path:
        """Write the pyramid into `cache_dir` (made if need be), whole or not at all; RecordError if impossible."""
        target = cache_dir / f"{self.fingerprint}{SUFFIX}"
        temporary: Path | None = None
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=cache_dir, suffix=".part", delete=False) as file:
                temporary = Path(file.name)
                file.write(_header(self.fingerprint, self.n_samples, self.n_leads, zlib.crc32(self._payload.data)))
                file.write(self._payload.data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink()
            fault = f"the overview cache cannot be written: {error.strerror or error}"
            raise RecordError(fault, path=target) from error
        return target

    @staticmethod
    def load(record: Record, cache_dir: Path) -> Pyramid | None:
        """The cached pyramid of `record`, mapped from disk; None if there is none, or it is damaged or of another
        version (then `build` and `save` replace it)."""
        fingerprint, n_leads = record.fingerprint, len(record.leads)
        path = cache_dir / f"{fingerprint}{SUFFIX}"
        n_bytes = _payload_bytes(record.n_samples, n_leads)
        try:
            if path.stat().st_size != HEADER_BYTES + n_bytes:
                return None
            with path.open("rb") as file:
                header = file.read(HEADER_BYTES)
            if n_bytes == 0:
                payload = np.empty(0, np.uint8)
            else:
                payload = np.memmap(path, np.uint8, "r", HEADER_BYTES, (n_bytes,)).view(np.ndarray)
            if header != _header(fingerprint, record.n_samples, n_leads, zlib.crc32(payload.data)):
                return None
            with suppress(OSError):
                os.utime(path)  # marks it as used, for prune_cache
        except (OSError, ValueError):
            return None
        return Pyramid(fingerprint, record.n_samples, n_leads, payload)

    def _level_for(self, samples_per_column: float) -> int:
        level = 0
        while level + 1 < len(self._lo) and BASE * FACTOR ** (level + 1) <= samples_per_column:
            level += 1
        return level

    def _fill(self, first_cell: int, values: F32, valid: Bool) -> None:
        """Level 0 cells from samples that begin on a cell edge."""
        n_leads, n = values.shape
        cells = -(-n // BASE)
        target = slice(first_cell, first_cell + cells)
        flags = self._flags[0]
        if n % BASE:
            # The record's last cell: missing beyond the end is neither valid nor invalid.
            self._fill_last(first_cell + cells - 1, values[:, (cells - 1) * BASE :], valid[:, (cells - 1) * BASE :])
            cells, target = cells - 1, slice(first_cell, first_cell + cells - 1)
            values, valid = values[:, : cells * BASE], valid[:, : cells * BASE]
        if cells == 0:
            return
        for lead in range(n_leads):
            # Turned so that a cell's samples lie in different rows, the reductions run along memory.
            turned = np.ascontiguousarray(values[lead].reshape(cells, BASE).T)
            if valid[lead].all():
                self._lo[0][lead, target] = turned.min(axis=0)
                self._hi[0][lead, target] = turned.max(axis=0)
                flags[lead, target] = ANY_VALID
                continue
            ok = np.ascontiguousarray(valid[lead].reshape(cells, BASE).T)
            self._lo[0][lead, target] = np.where(ok, turned, np.float32(np.inf)).min(axis=0)
            self._hi[0][lead, target] = np.where(ok, turned, np.float32(-np.inf)).max(axis=0)
            flags[lead, target] = ok.any(axis=0) * ANY_VALID + ~ok.all(axis=0) * ANY_INVALID

    def _fill_last(self, cell: int, values: F32, valid: Bool) -> None:
        self._lo[0][:, cell] = np.where(valid, values, np.float32(np.inf)).min(axis=1)
        self._hi[0][:, cell] = np.where(valid, values, np.float32(-np.inf)).max(axis=1)
        self._flags[0][:, cell] = valid.any(axis=1) * ANY_VALID + ~valid.all(axis=1) * ANY_INVALID

    def _coarsen(self, level: int) -> None:
        """Fill a level from the one below it, lead by lead."""
        for lead in range(self.n_leads):
            for below, here, ufunc in (
                (self._lo[level - 1], self._lo[level], np.minimum),
                (self._hi[level - 1], self._hi[level], np.maximum),
                (self._flags[level - 1], self._flags[level], np.bitwise_or),
            ):
                source = below[lead]
                whole = source.size // FACTOR
                turned = np.ascontiguousarray(source[: whole * FACTOR].reshape(whole, FACTOR).T)
                here[lead, :whole] = ufunc.reduce(turned, axis=0)
                if source.size % FACTOR:
                    here[lead, whole] = ufunc.reduce(source[whole * FACTOR :])


def _level_cells(n_samples: int) -> list[int]:
    """Cells per lead of every level, finest first."""
    cells = [-(-n_samples // BASE)]
    while cells[-1] > _COARSEST_CELLS:
        cells.append(-(-cells[-1] // FACTOR))
    return cells


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // 4) * 4


def _payload_bytes(n_samples: int, n_leads: int) -> int:
    return sum(8 * n_leads * cells + _padded(n_leads * cells) for cells in _level_cells(n_samples))


def _allocate(n_bytes: int) -> NDArray[np.uint8]:
    if n_bytes <= _IN_MEMORY_BYTES:
        return np.zeros(n_bytes, np.uint8)
    with tempfile.TemporaryFile(suffix=SUFFIX) as file:
        # The mapping outlives the file object; the space is freed with the last reference to it.
        file.truncate(n_bytes)
        return np.memmap(file, np.uint8, "r+", 0, (n_bytes,)).view(np.ndarray)


def _header(fingerprint: str, n_samples: int, n_leads: int, crc: int) -> bytes:
    facts = {
        "version": 1,
        "fingerprint": fingerprint,
        "n_samples": n_samples,
        "n_leads": n_leads,
        "base": BASE,
        "factor": FACTOR,
        "layout": "per level, coarser last: lo <f4 [leads, cells], hi <f4 [leads, cells], flags u1 [leads, cells]",
        "crc32": crc,
    }
    return (MAGIC + json.dumps(facts).encode() + b"\n").ljust(HEADER_BYTES, b"\0")
