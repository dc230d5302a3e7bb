"""Per-beat morphology measures: what beat typing needs to know of the signal, one row of numbers a beat.

Every number of a row comes from the samples within `CONTEXT_S` of its R and from its own fiducials, by elementwise
arithmetic in a fixed order, so a row is bit-identical however the beats are batched.

A beat is read off on a grid of 8 ms around R (triangular averaging, so the rate of the record hardly matters), less
the median of the grid (the level of the line at rest). The QRS window is then moved so that the centre of its slope
energy lies at its middle: rows of equal shape line up whatever point of the QRS the detector chose.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import ABSENT, Fiducials

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

CONTEXT_S = 0.52  # samples this far before and after R are looked at
STEP_MS = 8.0
_HALF = 64  # grid points on either side of R
_REACH = 5  # the window follows the slope energy by at most this many grid steps
_CHUNK = 4096

QRS_POINTS = 33  # aligned window, -128..128 ms around the centre of slope energy
P_POINTS = 17  # -320..-64 ms, every 16 ms
T_POINTS = 18  # 152..424 ms, every 16 ms

SCALARS = (
    "max_mv",  # highest and lowest value of the QRS window
    "min_mv",
    "upslope_mv_s",
    "downslope_mv_s",
    "area_mv_ms",  # of the rectified QRS window
    "width_ms",  # time in which the middle 90 % of the slope energy falls
    "half_width_ms",  # time above half of the largest rectified value
    "late_share",  # slope energy after the centre / all
    "noise_mv",  # median second difference outside the QRS
    "rest_mv",  # level subtracted
    "spike_mv",  # largest deflection of a few milliseconds before R (pacing)
    "qrs_ms",  # from the fiducials; NaN where absent
    "pr_ms",
    "p_mv",
)
COLUMNS: tuple[str, ...] = (
    *(f"qrs_{i}" for i in range(QRS_POINTS)),
    *(f"p_{i}" for i in range(P_POINTS)),
    *(f"t_{i}" for i in range(T_POINTS)),
    *SCALARS,
)
QRS = slice(0, QRS_POINTS)
P = slice(QRS_POINTS, QRS_POINTS + P_POINTS)
T = slice(P.stop, P.stop + T_POINTS)
COLUMN = {name: i for i, name in enumerate(COLUMNS)}


def beat_features(
    x_mv: F32, offset: int, r: I64, fiducials: Fiducials, fs_hz: float, *, first: int = 0, last: int | None = None
) -> F32:
    """Features of beats [first, last): float32 [last - first, len(COLUMNS)].

    Parameters
    ----------
    x_mv: one lead, mV, float32 [n]; its first sample is number `offset` of the record. Samples outside repeat the
        edge, so at the ends of a record and only there less than `CONTEXT_S` around R is enough.
    r: R samples of all beats, record numbering, int64 [m].
    fiducials: waves of beats [first, last) only.
    fs_hz: sampling rate; 50 Hz or more.
    """
    last = len(r) if last is None else last
    out = np.empty((max(0, last - first), len(COLUMNS)), dtype=np.float32)
    table = fiducials.table()
    for start in range(first, last, _CHUNK):
        stop = min(start + _CHUNK, last)
        out[start - first : stop - first] = _rows(
            x_mv, offset, r[start:stop], table[start - first : stop - first], fs_hz
        )
    return out


def _kernel(fs_hz: float) -> tuple[I64, F32]:
    """Sample offsets [taps, grid] from R and weights of the triangular average at every grid point."""
    at = np.arange(-_HALF, _HALF + 1) * (STEP_MS / 1000 * fs_hz)
    half = max(1.0, STEP_MS / 1000 * fs_hz)
    reach = int(np.ceil(half))
    offsets = np.floor(at)[None, :].astype(np.int64) + np.arange(-reach, reach + 2)[:, None]
    weight = np.maximum(0.0, 1.0 - np.abs(offsets - at[None, :]) / half)
    weight /= weight.sum(axis=0, keepdims=True)
    return offsets, weight.astype(np.float32)


def _sum(parts: F32) -> F32:
    """Sum over the columns, left to right, the same for any number of rows."""
    total = parts[:, 0].copy()
    for column in range(1, parts.shape[1]):
        total += parts[:, column]
    return total


def _rows(x_mv: F32, offset: int, r: I64, table: I64, fs_hz: float) -> F32:
    n = len(r)
    offsets, weight = _kernel(fs_hz)
    grid = np.zeros((n, 2 * _HALF + 1), dtype=np.float32)
    last_sample = len(x_mv) - 1
    for shift, share in zip(offsets, weight, strict=True):
        if share.any():
            grid += x_mv[np.clip((r - offset)[:, None] + shift, 0, last_sample)] * share
    rest = np.median(grid, axis=1)
    grid -= rest[:, None]

    middle = _HALF
    slope = (grid[:, 2:] - grid[:, :-2]) * np.float32(0.5 / STEP_MS * 1000)  # mV/s at grid point i + 1
    energy = slope * slope
    near = energy[:, middle - 1 - 15 : middle - 1 + 16].copy()
    near -= np.float32(0.05) * near.max(axis=1, keepdims=True)
    np.maximum(near, 0, out=near)
    total = _sum(near) + np.float32(1e-12)
    centre = _sum(near * np.arange(-15, 16, dtype=np.float32)) / total
    np.clip(centre, -_REACH, _REACH, out=centre)
    whole = np.floor(centre)
    part = (centre - whole)[:, None]
    rows = np.arange(n)[:, None]

    def aligned(first: int, last: int, stride: int) -> F32:
        at = middle + whole[:, None].astype(np.int64) + np.arange(first, last + 1, stride)
        return grid[rows, at] * (1 - part) + grid[rows, at + 1] * part

    qrs = aligned(-16, 16, 1)
    p_wave = aligned(-40, -8, 2)
    t_wave = aligned(19, 53, 2)
    out = np.full((n, len(COLUMNS)), np.nan, dtype=np.float32)
    out[:, QRS], out[:, P], out[:, T] = qrs, p_wave, t_wave

    def put(name: str, values: NDArray[np.floating]) -> None:
        out[:, COLUMN[name]] = values

    d = (qrs[:, 2:] - qrs[:, :-2]) * np.float32(0.5 / STEP_MS * 1000)
    e = d * d
    cumulative = np.zeros((n, e.shape[1] + 1), dtype=np.float32)
    for column in range(e.shape[1]):
        cumulative[:, column + 1] = cumulative[:, column] + e[:, column]
    share = cumulative / (cumulative[:, -1:] + np.float32(1e-12))
    size = np.abs(qrs)
    put("max_mv", qrs.max(axis=1))
    put("min_mv", qrs.min(axis=1))
    put("upslope_mv_s", d.max(axis=1))
    put("downslope_mv_s", d.min(axis=1))
    put("area_mv_ms", _sum(size) * np.float32(STEP_MS))
    put("width_ms", ((share > 0.05) & (share < 0.95)).sum(axis=1) * STEP_MS)
    put("half_width_ms", (size > 0.5 * size.max(axis=1, keepdims=True)).sum(axis=1) * STEP_MS)
    put("late_share", 1 - share[:, 16])
    outside = np.concatenate([grid[:, : middle - 20], grid[:, middle + 20 :]], axis=1)
    bend = np.abs(outside[:, 2:] - 2 * outside[:, 1:-1] + outside[:, :-2])
    put("noise_mv", np.median(bend, axis=1))
    put("rest_mv", rest)
    put("spike_mv", _spike(x_mv, offset, r, fs_hz))

    ms = 1000.0 / fs_hz
    p_on, p_peak, qrs_on, qrs_off = table[:, 0], table[:, 1], table[:, 3], table[:, 5]
    both = (qrs_on != ABSENT) & (qrs_off != ABSENT)
    put("qrs_ms", np.where(both, (qrs_off - qrs_on) * ms, np.nan))
    both = (p_on != ABSENT) & (qrs_on != ABSENT)
    put("pr_ms", np.where(both, (qrs_on - p_on) * ms, np.nan))
    # A P peak outside the context would make the row depend on samples that a stream no longer holds.
    seen = (
        (p_peak != ABSENT)
        & (r - p_peak <= CONTEXT_S * fs_hz)
        & (p_peak >= offset)
        & (p_peak <= offset + last_sample)
    )
    peak_mv = x_mv[np.clip(p_peak - offset, 0, last_sample)] - rest
    put("p_mv", np.where(seen, peak_mv, np.nan))
    return out


def _spike(x_mv: F32, offset: int, r: I64, fs_hz: float) -> F32:
    """Largest deflection, mV, 12..140 ms before R that is back on its level 4 ms later; 0 if there is none."""
    w = max(1, round(0.004 * fs_hz))
    lag = np.arange(-round(0.14 * fs_hz), -round(0.012 * fs_hz) + 1)
    at = (r - offset)[:, None] + lag
    last = len(x_mv) - 1
    here, before, after, earlier = (x_mv[np.clip(at + d, 0, last)] for d in (0, -w, w, -2 * w))
    height = np.maximum(np.minimum(here - before, here - after), np.minimum(before - here, after - here))
    unrest = np.maximum(np.abs(after - before), np.abs(before - earlier))
    return np.where(unrest < 0.35 * height, height, np.float32(0)).max(axis=1)
