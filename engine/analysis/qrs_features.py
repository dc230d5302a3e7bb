"""Candidates for QRS complexes, and what can be said of each from the wavelet envelopes around it.

All features are ratios, as `log2` of one size over another, so the detector does not know the gain of the lead.
Nothing here depends on earlier decisions: a candidate's features are a function of the samples in the 9 s before
and 1 s after its cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.qrs_frontend import UNITS_PER_MV

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

CELL = 100  # samples at the internal rate (0.5 s); the analysis advances in whole cells
CELLS_BEFORE = 17  # context of a cell
CELLS_AFTER = 2

PEAK_RADIUS = 20  # a candidate is the largest envelope value within +-100 ms
_FLOOR = 0.012 * UNITS_PER_MV  # and at least 12 uV
_SMALLEST = 1 / 8  # and at least this part of the level
_LEVEL_BEFORE, _LEVEL_AFTER = 16, 1  # cells that set the level
_NOISE_REACH = 2  # cells each way that set the local background
_NOISE_STRIDE = 10  # the background is the median of every tenth sample

# Windows in which a neighbour may be larger: first and last sample after the candidate.
_NEIGHBOURS = ((-44, -20), (-72, -20), (-160, -73), (20, 44), (20, 72), (73, 140))
CLEAN = 5.0  # log2: a background less than 1/32 of the level is as good as none
_MEANS = (12, 30, 100)  # half widths of the windows whose mean is compared with the peak

NAMES = (
    "total/level",
    *(f"band{b}/level" for b in range(3)),
    *(f"band{b}/background" for b in range(3)),
    *(f"background{b}/level" for b in range(3)),
    "long background/level",
    *(f"total/neighbour{n}" for n in range(len(_NEIGHBOURS))),
    *(f"band2/neighbour{n}" for n in range(len(_NEIGHBOURS))),
    *(f"total/mean{h}" for h in _MEANS),
)


@dataclass(frozen=True)
class Candidates:
    """Local maxima of the total envelope, in time order; sizes as `log2` of integer steps."""

    position: I64  # [n] at the internal rate
    bands: F64  # [3, n] envelope of each band, not as logarithm
    log_size: F64  # [n] sum of the bands
    log_bands: F64  # [3, n]
    log_background: F64  # [3, n] local background of each band
    log_level: F64  # [3, n] usual QRS size of each band
    features: F64  # [len(NAMES), n]

    def part(self, chosen: slice | I64) -> Candidates:
        """Some of them."""
        return Candidates(
            self.position[chosen],
            self.bands[:, chosen],
            self.log_size[chosen],
            self.log_bands[:, chosen],
            self.log_background[:, chosen],
            self.log_level[:, chosen],
            self.features[:, chosen],
        )


def log2(x: F64) -> F64:
    """Piecewise linear base-2 logarithm (exact at powers of two, error below 0.09), the same on every machine."""
    mantissa, exponent = np.frexp(np.maximum(x, 1.0))
    return exponent + 2.0 * mantissa - 2.0


def describe(bands: F64, good: Mask, origin: int, first: int, until: int) -> Candidates:
    """Candidates in the cells [first, until).

    bands [3, n] and good [n] start at cell `origin`, at most CELLS_BEFORE before `first`, and reach CELLS_AFTER
    cells past `until`. Samples that are not good hold no candidate, and cells with few good ones set no level.
    """
    total = bands[0] + bands[1] + bands[2]
    cells = total.shape[0] // CELL
    usable = good.reshape(cells, CELL).mean(axis=1) >= 0.5

    # The level: median over cells of the largest envelope within a cell and its two neighbours.
    argmax = total.reshape(cells, CELL).argmax(axis=1) + np.arange(cells) * CELL
    peak = np.where(usable, total[argmax], -1.0)
    trio = np.stack(
        [np.arange(cells), np.maximum(np.arange(cells) - 1, 0), np.minimum(np.arange(cells) + 1, cells - 1)]
    )
    strongest = trio[peak[trio].argmax(axis=0), np.arange(cells)]
    at_strongest = argmax[strongest]
    some = peak[strongest] >= 0
    sizes = np.concatenate([total[None, at_strongest], bands[:, at_strongest]])
    level_cells = _running_median(sizes, some, _LEVEL_BEFORE, _LEVEL_AFTER)
    thin = bands.reshape(3, cells, CELL)[:, :, ::_NOISE_STRIDE]
    middle = thin.shape[2] // 2
    medians = np.partition(thin, middle, axis=2)[:, :, middle]
    background_cells = _running_median(medians, usable, _NOISE_REACH, _NOISE_REACH)
    summed = medians[0] + medians[1] + medians[2]
    long_cells = _running_median(summed[None], usable, _LEVEL_BEFORE, _LEVEL_AFTER)[0]

    maxima = _RangeMaximum(total)
    low, high = (first - origin) * CELL, (until - origin) * CELL
    inside = np.arange(low, high)
    here = total[low:high]
    limit = np.maximum(_SMALLEST * level_cells[0], _FLOOR)
    chosen = (here >= np.repeat(limit[first - origin : until - origin], CELL)) & good[low:high]
    chosen[chosen] = maxima.over(inside[chosen], 0, 0) == maxima.over(inside[chosen], -PEAK_RADIUS, PEAK_RADIUS)
    at = inside[chosen]
    # A plateau would give several equal maxima: keep the first.
    at = at[np.concatenate([[True], np.diff(at) > PEAK_RADIUS])] if len(at) else at

    cell = at // CELL
    size = log2(total[at])
    band_size = log2(bands[:, at])
    level = log2(level_cells[:, cell])
    background = np.maximum(log2(background_cells[:, cell]), level[1:] - CLEAN)
    long_background = np.maximum(log2(long_cells[cell]), level[0] - CLEAN)
    fast = _RangeMaximum(bands[2])
    sums = np.concatenate([[0.0], np.cumsum(np.rint(total))])
    rows = [size - level[0], *(band_size - level[1:]), *(band_size - background), *(background - level[1:])]
    rows.append(long_background - level[0])
    rows += [size - np.maximum(log2(maxima.over(at, a, b)), level[0] - CLEAN) for a, b in _NEIGHBOURS]
    rows += [band_size[2] - np.maximum(log2(fast.over(at, a, b)), level[3] - CLEAN) for a, b in _NEIGHBOURS]
    for half in _MEANS:
        start, stop = np.maximum(at - half, 0), np.minimum(at + half + 1, len(total))
        rows.append(size - log2((sums[stop] - sums[start]) / (2 * half + 1)))
    return Candidates(at + origin * CELL, bands[:, at], size, band_size, background, level[1:], np.stack(rows))


def _running_median(values: F64, use: Mask, before: int, after: int) -> F64:
    """Lower median of each row's values[i - before : i + after + 1] where `use` holds; 0 where it never does."""
    rows, count = values.shape
    padded = np.full((rows, before + count + after), np.inf)
    padded[:, before : before + count] = np.where(use, values, np.inf)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, before + after + 1, axis=1), axis=2)
    known = np.isfinite(ordered[0]).sum(axis=1)
    found = ordered[:, np.arange(count), np.maximum(known - 1, 0) // 2]
    return np.where(known > 0, found, 0.0)


class _RangeMaximum:
    """Largest value of x, to single precision, over windows of up to 127 samples; outside x counts as 0."""

    def __init__(self, x: F64) -> None:
        self._size = len(x)
        self._pad = 256
        level = np.pad(x.astype(np.float32), self._pad)
        self._levels = [level]
        for k in range(6):
            step = 1 << k
            level = np.maximum(level[:-step], level[step:])
            self._levels.append(level)

    def over(self, at: I64, first: int, last: int) -> F64:
        """max(x[at + first : at + last + 1])."""
        power = (last - first + 1).bit_length() - 1
        level = self._levels[power]
        start = at + first + self._pad
        return np.maximum(level[start], level[start + (last - first + 1) - (1 << power)])
