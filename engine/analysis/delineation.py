"""P, QRS and T boundaries in one lead, without a learned model.

Method
------
1. Each beat is cut out of the signal on a 250 Hz grid anchored at its R (`delineation_grid`).
2. It is averaged with those of its neighbours whose QRS has the same shape, lined up by correlation
   (`delineation_neighbours`): what repeats stays, noise and fibrillatory waves fade.
3. QRS bounds by slope, T and P by the most prominent bump near its expected place and by the greatest trapezium
   area on either side of it (`delineation_waves`; Zhang et al. 2006 for the end of T).
4. A P candidate is reported when its logistic of repeatability, height, diastolic activity and RR regularity says
   so (`delineation_p_presence`).

`delineate` is a pure function with a bounded view: the row of beat k depends only on samples within
[r_k - CONTEXT_BEFORE_S, r_k + CONTEXT_AFTER_S] and on the positions of the CONTEXT_BEATS_BEFORE beats before and
CONTEXT_BEATS_AFTER beats after it that lie in that span. Given these, its bits do not depend on how much more was
supplied or on how beats are batched; the start and the end of the supplied signal count as missing samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.delineation_grid import (
    BEFORE,
    F64,
    GRID_HZ,
    I64,
    WIDTH,
    Bool,
    beat_windows,
)
from engine.analysis.delineation_neighbours import (
    NEIGHBOURS_AFTER,
    NEIGHBOURS_BEFORE,
    average,
    find_neighbours,
)
from engine.analysis.delineation_p_presence import FEATURES, features, is_p_wave
from engine.analysis.delineation_waves import p_wave, qrs_bounds, t_wave
from engine.analysis.types import ABSENT, FIDUCIAL_NAMES, Fiducials

ALGORITHM = "bump-trapezium 1"
CONTEXT_BEATS_BEFORE = NEIGHBOURS_BEFORE + 2
CONTEXT_BEATS_AFTER = NEIGHBOURS_AFTER
CONTEXT_BEATS = max(CONTEXT_BEATS_BEFORE, CONTEXT_BEATS_AFTER)
CONTEXT_BEFORE_S = 8.5
CONTEXT_AFTER_S = 3.5
LONGEST_RR_S = 2.5  # beats farther apart say nothing about each other
BLOCK = 256  # beats at a time, to stay in the processor's cache


@dataclass(frozen=True)
class PEvidence:
    """Candidates for P waves and the evidence on them, for fitting the weights of `delineation_p_presence`.

    on, peak, off: samples [beats], ABSENT where there was no room for a candidate; features: [beats, FEATURES].
    """

    on: I64
    peak: I64
    off: I64
    features: F64


def delineate(
    x_mv: NDArray[np.float32],
    offset: int,
    r: I64,
    fs_hz: float,
    *,
    valid: Bool | None = None,
    first: int = 0,
    last: int | None = None,
) -> Fiducials:
    """Wave boundaries of the beats r[first:last].

    Parameters
    ----------
    x_mv: one lead [n], mV; x_mv[0] is sample `offset` of the recording.
    r: R samples of the recording, ascending, with the context beats around the ones asked for.
    fs_hz: sampling rate, 100 to 2000 Hz.
    valid: [n], False where x_mv carries no signal. No wave is found there.

    Returns one row per beat asked for, ABSENT where a wave was not found. Raises ValueError for a rate or shapes
    that make no sense.
    """
    last = _check(x_mv, r, fs_hz, valid, first, last)
    x_mv, invalid = _without_nan(x_mv, valid)
    table = np.zeros((max(last - first, 0), len(FIDUCIAL_NAMES)), np.int64)
    for start, stop in _blocks(first, last):
        block = _delineate_block(x_mv, offset, r, fs_hz, invalid, start, stop)
        table[start - first : stop - first] = _to_samples(block.columns, r[start:stop], fs_hz)
    return Fiducials.from_table(table)


def p_evidence(x_mv: NDArray[np.float32], r: I64, fs_hz: float) -> PEvidence:
    """Every beat's P candidate and the evidence `delineate` decides on."""
    last = _check(x_mv, r, fs_hz, None, 0, None)
    x_mv, invalid = _without_nan(x_mv, None)
    wave, weighed = np.zeros((last, 3), np.int64), np.zeros((last, len(FEATURES)))
    for start, stop in _blocks(0, last):
        block = _delineate_block(x_mv, 0, r, fs_hz, invalid, start, stop)
        wave[start:stop] = _to_samples(block.candidates, r[start:stop], fs_hz)
        weighed[start:stop] = block.features
    return PEvidence(wave[:, 0], wave[:, 1], wave[:, 2], weighed)


def _check(
    x_mv: NDArray[np.float32], r: I64, fs_hz: float, valid: Bool | None, first: int, last: int | None
) -> int:
    if not 100.0 <= fs_hz <= 2000.0:
        raise ValueError(f"delineation needs a sampling rate of 100 to 2000 Hz, not {fs_hz:g}")
    if x_mv.ndim != 1 or (valid is not None and valid.shape != x_mv.shape):
        raise ValueError("the signal must be one row, with a validity of the same length")
    stop = len(r) if last is None else last
    if not 0 <= first <= len(r) or not 0 <= stop <= len(r):
        raise ValueError(f"no beats {first} to {stop} among {len(r)}")
    if stop > first and len(x_mv) == 0:
        raise ValueError("there are beats but no signal")
    return stop


def _without_nan(x_mv: NDArray[np.float32], valid: Bool | None) -> tuple[NDArray[np.float32], I64]:
    """The signal with zeros for what is not a number, and the sorted indices of all missing samples."""
    missing = ~np.isfinite(x_mv)
    if missing.any():
        x_mv = np.where(missing, np.float32(0), x_mv)
    if valid is not None:
        missing |= ~valid
    return x_mv, np.flatnonzero(missing)


def _blocks(first: int, last: int) -> list[tuple[int, int]]:
    return [(start, min(start + BLOCK, last)) for start in range(first, last, BLOCK)]


@dataclass(frozen=True)
class _Block:
    """Columns relative to R, NaN where absent: columns [beats, 9], candidates [beats, 3]; features [beats, ...]."""

    columns: F64
    candidates: F64
    features: F64


def _delineate_block(
    x_mv: NDArray[np.float32], offset: int, r: I64, fs_hz: float, invalid: I64, first: int, last: int
) -> _Block:
    low, high = max(0, first - CONTEXT_BEATS_BEFORE), min(len(r), last + CONTEXT_BEATS_AFTER)
    part = r[low:high]
    rr = _intervals(part, fs_hz)
    next_rr = np.append(rr[1:], np.nan)
    windows = beat_windows(x_mv, part - offset, fs_hz, invalid)
    own_qrs = qrs_bounds(windows.values)[:2]

    # One beat more in front: where its T wave ends is where the search for P begins.
    extra = 1 if first > 0 else 0
    rows = np.arange(first - extra - low, last - low)
    begin, end = windows.first[rows], windows.last[rows]
    neighbours = find_neighbours(windows, part, fs_hz, rows)
    mean = average(windows, neighbours)

    qrs_on, qrs_off, steep = qrs_bounds(mean)
    has_qrs = steep & (qrs_on >= begin) & (qrs_off <= end)
    next_qrs = next_rr + np.append(own_qrs[0][1:], 0)
    t = t_wave(mean, qrs_off, rr[rows], next_rr[rows], next_qrs[rows], end)
    has_t = has_qrs & t.found & ((t.off < end) | (end == WIDTH - 1))
    previous = np.full(len(rows), np.nan)
    previous[1:] = np.where(has_t, t.off, np.nan)[:-1] - rr[rows][1:]
    previous[~(previous >= 0)] = np.nan
    p = p_wave(mean, qrs_on, previous, begin)
    has_candidate = has_qrs & p.found & ((p.on > begin) | (begin == 0))
    evidence = features(windows, neighbours, p, qrs_on, own_qrs, previous, rr)
    has_p = has_candidate & is_p_wave(evidence)

    columns = np.stack(
        [
            *_where(has_p, p.on, p.peak, p.off),
            *_where(has_qrs, qrs_on),
            np.full(len(rows), float(BEFORE)),
            *_where(has_qrs, qrs_off),
            *_where(has_t, t.on, t.peak, t.off),
        ],
        axis=1,
    )
    candidates = np.stack(_where(has_candidate, p.on, p.peak, p.off), axis=1)
    return _Block(columns[extra:] - BEFORE, candidates[extra:] - BEFORE, evidence[extra:])


def _intervals(r: I64, fs_hz: float) -> F64:
    """Grid columns from each beat to the one before it, NaN where there is none within LONGEST_RR_S."""
    rr = np.full(len(r), np.nan)
    rr[1:] = np.diff(r) * (GRID_HZ / fs_hz)
    rr[rr > LONGEST_RR_S * GRID_HZ] = np.nan
    return rr


def _where(found: Bool, *columns: I64) -> list[F64]:
    return [np.where(found, column, np.nan) for column in columns]


def _to_samples(columns: F64, r: I64, fs_hz: float) -> I64:
    """Absolute samples, ABSENT where a column is NaN."""
    shift = np.rint(np.nan_to_num(columns) * (fs_hz / GRID_HZ)).astype(np.int64)
    samples: I64 = np.where(np.isnan(columns), ABSENT, r[:, None] + shift)
    return samples
