"""Boundaries of QRS, T and P in beat windows: search rules on matrices [beats, columns] of `delineation_grid`.

QRS  outward from R to the first stretch where the slope stays under a fraction of the steepest slope.
T, P the bump that stands highest over the chord of its flanks, weighted by where such a wave is expected; its ends
     by the greatest trapezium area between the steepest flank and the level beyond (Zhang et al., An algorithm for
     robust and efficient location of T-wave ends in electrocardiograms, IEEE TBME 53, 2006), used on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.delineation_grid import (
    BEFORE,
    COLUMNS,
    F64,
    I64,
    WIDTH,
    Bool,
    argmax_between,
    at,
    bump,
    derivative,
    hold_after,
    hold_before,
    smooth,
)

# Lengths and places are in grid columns of 4 ms. Chosen on the 159 LUDB records outside the validation split: on
# lead II and, with the same weight, on the mean of I, aVF, V1, V2 and V5.
QRS_CORE = 20  # the steepest slope is looked for within 80 ms of R
QRS_ON_FRACTION, QRS_OFF_FRACTION = 0.12, 0.14  # of the steepest slope: less is quiet
QRS_ON_QUIET, QRS_OFF_QUIET = 4, 6  # quiet columns that end the complex
QRS_ON_REACH, QRS_OFF_REACH = 40, 60
QRS_ON_SHIFT = -2

T_LEAST_HEIGHT_MV, P_LEAST_HEIGHT_MV = 0.001, 0.003  # over the chord of the flanks
T_SMOOTH, T_BUMP_SMOOTH, T_BUMP_HALF = 5, 9, 12
T_EXPECTED, T_EXPECTED_PER_RR, T_EXPECTED_SD = 40.0, 0.1, 16.0  # its peak after R
T_REACH, T_SPAN = (32, 28), (20, 22)  # see _trapezium_ends
T_ON_OWN, T_ON_PEAK, T_ON_QRS, T_ON_CONSTANT = 0.55, 0.32, 0.21, -5.7  # Huber regression
P_SMOOTH, P_BUMP_SMOOTH, P_BUMP_HALF = 5, 7, 9
P_EXPECTED, P_EXPECTED_SD = -27.0, 12.0  # its peak from QRS onset
P_INVERTED = 0.6  # an inverted wave must be that much higher to be preferred
P_REACH, P_SPAN, P_OFF_SHIFT = (16, 14), (10, 10), -1
P_EARLIEST = 75


@dataclass(frozen=True)
class Wave:
    """One wave per beat, columns [beats]. sign: +1 upright, -1 inverted. found: False where there was no room."""

    on: I64
    peak: I64
    off: I64
    sign: F64
    found: Bool


def _quiet_run(quiet: Bool, length: int) -> Bool:
    """[beats, columns - length + 1], True where `length` quiet columns start."""
    count = np.cumsum(quiet, axis=1, dtype=np.int32)
    count = np.concatenate((np.zeros((len(quiet), 1), np.int32), count), axis=1)
    return count[:, length:] - count[:, :-length] == length


def qrs_bounds(rows: F64) -> tuple[I64, I64, Bool]:
    """Onset and offset columns of the QRS complex around column BEFORE, and whether there is any slope at all."""
    part = slice(BEFORE - QRS_ON_REACH - 20, BEFORE + QRS_OFF_REACH + 20)
    origin = part.start
    core = slice(BEFORE - QRS_CORE - origin, BEFORE + QRS_CORE + 1 - origin)

    slope = np.abs(derivative(smooth(rows[:, part], 3)))
    quiet = slope < QRS_ON_FRACTION * slope[:, core].max(axis=1, keepdims=True)
    low, high = BEFORE - QRS_ON_REACH - origin, BEFORE - 2 - origin
    runs = _quiet_run(quiet, QRS_ON_QUIET)[:, low - QRS_ON_QUIET + 1 : high - QRS_ON_QUIET + 1]
    on = np.where(runs.any(axis=1), high - 1 - runs[:, ::-1].argmax(axis=1), low) + QRS_ON_SHIFT

    slope = np.abs(derivative(smooth(rows[:, part], 5)))
    quiet = slope < QRS_OFF_FRACTION * slope[:, core].max(axis=1, keepdims=True)
    low, high = BEFORE + 4 - origin, BEFORE + QRS_OFF_REACH - origin
    runs = _quiet_run(quiet, QRS_OFF_QUIET)[:, low:high]
    off = np.where(runs.any(axis=1), low + runs.argmax(axis=1), high)
    return on + origin, off + origin, slope[:, core].max(axis=1) > 0


def _trapezium_ends(
    upright: F64, peak: I64, low: I64, high: I64, reach: tuple[int, int], span: tuple[int, int]
) -> tuple[I64, I64]:
    """Onset and offset of an upright wave at `peak` inside low..high.

    reach: how far from the peak the steepest flank may be; span: how far beyond it the end may be (on, off).
    """
    slope = derivative(upright)
    columns = np.arange(upright.shape[1])
    fall = argmax_between(-slope, peak + 1, np.minimum(peak + reach[1], high))
    edge = np.minimum(fall + span[1], high)
    area = (at(upright, fall)[:, None] - upright) * (2 * edge[:, None] - columns - fall[:, None])
    off = argmax_between(area, fall, edge)
    rise = argmax_between(slope, np.maximum(peak - reach[0], low), peak - 1)
    edge = np.maximum(rise - span[0], low)
    area = (at(upright, rise)[:, None] - upright) * (rise[:, None] + columns - 2 * edge[:, None])
    on = argmax_between(area, edge, rise)
    return on, off


def _stands(height: F64, centre: I64, low: I64, high: I64, least_mv: float) -> Bool:
    """Whether the bump at `centre` is a wave: high enough, not the flank of one that peaks outside low..high."""
    here = at(height, centre)
    flank = ((centre <= low) & (at(height, centre - 1) > here)) | (
        (centre >= high) & (at(height, centre + 1) > here)
    )
    return ~flank & (here >= least_mv)


def t_wave(rows: F64, qrs_off: I64, rr: F64, next_rr: F64, next_qrs: F64, last: I64) -> Wave:
    """T wave of each beat.

    rr: columns to the previous beat, next_rr: to the next; next_qrs: column where its QRS begins (all NaN where
    unknown); last: last usable column.
    """
    known = np.where(np.isnan(next_rr), np.where(np.isnan(rr), 200.0, rr), next_rr)
    mean_rr = np.clip(0.5 * (known + np.where(np.isnan(rr), known, rr)), 100.0, 320.0)
    expected = BEFORE + T_EXPECTED + T_EXPECTED_PER_RR * mean_rr
    limit = np.fmin(np.fmin(BEFORE + next_rr - 22, next_qrs - 2), float(WIDTH))
    high = np.minimum(np.minimum(limit, WIDTH - 2), last).astype(np.int64)
    low = qrs_off + 4
    peak_high = np.minimum(high - 6, (BEFORE + 0.75 * known).astype(np.int64))

    origin = BEFORE
    part = hold_before(rows[:, origin:], qrs_off - origin)
    columns = COLUMNS[origin:]
    height = bump(smooth(part, T_BUMP_SMOOTH), T_BUMP_HALF)
    prior = np.exp(-0.5 * ((columns - expected[:, None]) / T_EXPECTED_SD) ** 2)
    centre = argmax_between(np.abs(height) * prior, low + 8 - origin, peak_high - origin)
    sign = np.where(at(height, centre) < 0, -1.0, 1.0)
    upright = smooth(part, T_SMOOTH) * sign[:, None]
    peak = argmax_between(
        upright, np.maximum(centre - 10, low + 8 - origin), np.minimum(centre + 10, peak_high - origin)
    )
    on, off = _trapezium_ends(upright, peak, low - origin, high - origin, T_REACH, T_SPAN)
    # The rise is often too gentle to end anywhere; what peak and QRS say of the onset steadies it.
    drawn = T_ON_OWN * on + T_ON_PEAK * peak + T_ON_QRS * (qrs_off - origin) + T_ON_CONSTANT
    on = np.clip(np.rint(drawn).astype(np.int64), np.minimum(low - origin, peak - 1), peak - 1)
    stands = _stands(height * sign[:, None], centre, low + 8 - origin, peak_high - origin, T_LEAST_HEIGHT_MV)
    found = (low + 8 <= peak_high) & (last >= expected) & (on < peak) & (peak < off) & stands
    return Wave(on + origin, peak + origin, off + origin, sign, found)


def p_wave(rows: F64, qrs_on: I64, previous_t_off: F64, first: I64) -> Wave:
    """The best candidate for a P wave of each beat; whether it is one is decided in `delineation_p_presence`.

    previous_t_off: column where the T wave of the beat before ends (NaN where out of sight); first: first usable
    column.
    """
    start = np.where(np.isnan(previous_t_off), 0.0, previous_t_off).astype(np.int64)
    start = np.minimum(np.maximum(start, qrs_on - P_EARLIEST), qrs_on - 24)
    low = np.maximum(np.maximum(start - 4, first), 1)
    peak_low, peak_high = np.maximum(start, first) + 5, qrs_on - 9

    part = hold_after(rows[:, : BEFORE + 1], qrs_on)
    columns = COLUMNS[: BEFORE + 1]
    height = bump(smooth(part, P_BUMP_SMOOTH), P_BUMP_HALF)
    prior = np.exp(-0.5 * ((columns - (qrs_on + P_EXPECTED)[:, None]) / P_EXPECTED_SD) ** 2)
    score = np.where(height > 0, height, -P_INVERTED * height) * prior
    centre = argmax_between(score, peak_low, peak_high)
    sign = np.where(at(height, centre) < 0, -1.0, 1.0)
    upright = smooth(part, P_SMOOTH) * sign[:, None]
    peak = argmax_between(upright, np.maximum(centre - 6, peak_low), np.minimum(centre + 6, peak_high))
    on, off = _trapezium_ends(upright, peak, low, qrs_on, P_REACH, P_SPAN)
    off = np.maximum(off + P_OFF_SHIFT, peak + 1)
    on = np.where(np.isnan(previous_t_off), on, np.maximum(on, np.minimum(np.ceil(previous_t_off), peak - 1)))
    on = on.astype(np.int64)
    stands = _stands(height * sign[:, None], centre, peak_low, peak_high, P_LEAST_HEIGHT_MV)
    found = (peak_low <= peak_high) & (on < peak) & stands
    return Wave(on, peak, off, sign, found)
