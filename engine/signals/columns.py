"""What one pixel column of a trace shows: the range of the samples under it, and whether any are missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """`width` pixel columns of one lead, arrays of shape [width].

    lo, hi: smallest and largest valid sample under the column, float32 in the lead's unit (0 where not `valid`).
    valid: at least one valid sample is under the column.
    gap: at least one missing sample is under the column. Columns outside the record have neither.
    """

    lo: F32
    hi: F32
    valid: Bool
    gap: Bool

    def joined(self) -> Columns:
        """The same columns stretched to touch their left neighbour, so that bars drawn side by side form a line.

        Columns next to a gap or outside the record are not stretched across it.
        """
        lo, hi = self.lo.copy(), self.hi.copy()
        touch = self.valid[1:] & self.valid[:-1] & ~self.gap[1:] & ~self.gap[:-1]
        lo[1:][touch] = np.minimum(self.lo[1:], self.hi[:-1])[touch]
        hi[1:][touch] = np.maximum(self.hi[1:], self.lo[:-1])[touch]
        return Columns(lo, hi, self.valid, self.gap)


def column_edges(start: float, stop: float, width: int) -> tuple[I64, I64]:
    """First sample and sample after the last one of each of `width` columns over [start, stop), int64 [width].

    Positions may be fractional and outside the record. Neighbouring columns share no sample unless there are more
    columns than samples; then every column holds the one sample it lies on.
    """
    if width < 1 or not stop > start:
        raise ValueError(f"cannot divide samples {start} to {stop} into {width} columns")
    edges = np.floor(start + np.arange(width + 1) * ((stop - start) / width)).astype(np.int64)
    return edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)


def columns_from_samples(
    values: F32, valid: Bool, start: float, stop: float, width: int, first: int = 0
) -> Columns:
    """Columns straight from samples, for views with fewer samples per column than a pyramid cell holds.

    `values` float32 [n] and `valid` bool [n] begin at sample `first` of the record and should cover [start, stop)
    as far as the record goes. The answer is exact.
    """
    begin, end = column_edges(start, stop, width)
    lo = np.where(valid, values, np.float32(np.inf))
    hi = np.where(valid, values, np.float32(-np.inf))
    return reduce_cells(lo, hi, ~valid, begin - first, end - first)


def reduce_cells(lo: F32, hi: F32, missing: Bool, begin: I64, end: I64) -> Columns:
    """Columns over cells [begin, end) of arrays [n]; cells outside 0..n are left out.

    `lo` and `hi` hold +inf and -inf in cells without a valid sample, `missing` marks cells with a missing one.
    """
    n = len(lo)
    width = len(begin)
    first = np.clip(begin, 0, n)
    last = np.clip(end, 0, n)
    inside = last > first
    low = np.full(width, np.inf, np.float32)
    high = np.full(width, -np.inf, np.float32)
    gap = np.zeros(width, np.bool_)
    if inside.any():
        a, b = first[inside], last[inside]
        low[inside] = _pairwise(np.minimum, lo, a, b)
        high[inside] = _pairwise(np.maximum, hi, a, b)
        if missing.any():
            gap[inside] = _pairwise(np.logical_or, missing, a, b)
    valid = high >= low
    return Columns(np.where(valid, low, np.float32(0)), np.where(valid, high, np.float32(0)), valid, gap)


def _pairwise(ufunc: np.ufunc, x: NDArray, begin: I64, end: I64) -> NDArray:
    """`ufunc` reduced over x[begin[i]:end[i]] for ascending, non-empty ranges."""
    origin, final = int(begin[0]), int(end[-1])
    window = x[origin:final]
    pairs = np.empty(2 * len(begin), np.int64)
    pairs[0::2] = begin - origin
    pairs[1::2] = end - origin
    # reduceat takes ranges as alternate begins and ends but no index equal to the length: the last end is left out
    # (its range runs to the end by itself) unless earlier ranges end there too.
    if not (pairs[:-1] >= final - origin).any():
        return ufunc.reduceat(window, pairs[:-1])[0::2]
    return ufunc.reduceat(np.append(window, window[-1:]), pairs)[0::2]
