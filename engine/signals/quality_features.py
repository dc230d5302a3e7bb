"""What signal quality is judged by: per second, and per window of five seconds around it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.signals.filters import CausalFilter, FilterSpec
from engine.signals.gaps import held

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

WINDOW = 5  # cells
FLAT_MV = 0.012  # a range of up to two steps of a common converter (5 uV)

_FINE = FilterSpec(25.0, 100.0)  # muscle, mains
_QRS = FilterSpec(5.0, 20.0)
_WAVES = FilterSpec(0.67, 15.0)  # P, QRS, T and electrode motion
_FINE_BLOCKS = 20  # per cell
_WAVE_SAMPLES = 50  # per cell
_QUARTERS = 4
_MAINS_HZ = (50.0, 60.0)
_CLIPPED_S = 0.020
_CLIPPED_STEP_MV_PER_S = 10.0
_CLIPPED_STEP_MV = 0.03
_CLIPPED_FROM_MV = 0.5


@dataclass(frozen=True)
class Cells:
    """Facts of consecutive seconds of signal, one row each."""

    valid: F64  # share of samples
    lowest: F64  # mV
    highest: F64
    middle: F64  # [n, 4] medians of quarters
    rail: F64  # level in mV at which the signal is cut off, NaN if it is not
    fine: F64  # [n, 20] RMS of 50 ms blocks in 25-100 Hz
    qrs: F64  # largest magnitude in 5-20 Hz
    waves: F64  # [n, 50] samples of 0.67-15 Hz
    mains: F64  # [n, 2] amplitude at 50 and 60 Hz

    @property
    def flat(self) -> Bool:
        """Which cells hold no change to speak of."""
        return self.highest - self.lowest <= FLAT_MV

    def __len__(self) -> int:
        return len(self.valid)

    def __getitem__(self, rows: slice) -> Cells:
        return Cells(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __add__(self, later: Cells) -> Cells:
        return Cells(*(np.concatenate([getattr(self, f.name), getattr(later, f.name)]) for f in fields(self)))


class CellMeter:
    """Turns samples into `Cells` as they come; the same cells however the samples are cut."""

    def __init__(self, fs_hz: float) -> None:
        self.fs_hz = fs_hz
        self.length = max(2, round(fs_hz))
        self._filters = [CausalFilter(spec, fs_hz, 1) for spec in (_FINE, _QRS, _WAVES)]
        self._last = np.zeros(1)
        self._pending = np.zeros(0)
        self._pending_valid = np.zeros(0, np.bool_)
        angle = 2 * np.pi * np.arange(self.length) / fs_hz
        self._probes = [np.exp(-1j * angle * hz) * (2.0 / self.length) for hz in _MAINS_HZ]

    def push(self, x_mv: F32, valid: Bool) -> Cells:
        """The cells completed by these samples."""
        self._pending = np.concatenate([self._pending, x_mv])
        self._pending_valid = np.concatenate([self._pending_valid, valid])
        whole = len(self._pending) // self.length * self.length
        cells = self._cells(self._pending[:whole], self._pending_valid[:whole])
        self._pending, self._pending_valid = self._pending[whole:], self._pending_valid[whole:]
        return cells

    def rest(self) -> Cells:
        """One more cell from what is left, mirrored to full length; none from under half a cell."""
        left = len(self._pending)
        if 2 * left < self.length:
            return self._cells(np.zeros(0), np.zeros(0, np.bool_))
        fill = (0, self.length - left)
        return self._cells(np.pad(self._pending, fill, "reflect"), np.pad(self._pending_valid, fill, "reflect"))

    def _cells(self, x: F64, valid: Bool) -> Cells:
        """Cells of a whole number of them."""
        x = held(x[None], valid[None], self._last)
        if x.size:
            self._last = x[:, -1].copy()
        shape = (x.size // self.length, self.length)
        raw = x.reshape(shape)
        fine, qrs, waves = (f.push(x, valid[None]).reshape(shape) for f in self._filters)
        block = max(1, self.length // _FINE_BLOCKS)
        count = min(_FINE_BLOCKS, self.length // block)
        blocks = np.ascontiguousarray(fine[:, : count * block]).reshape(len(raw), count, block)
        picked = (np.arange(_WAVE_SAMPLES) * self.length) // _WAVE_SAMPLES
        mains = [np.abs((fine * probe).sum(axis=1)) for probe in self._probes]
        return Cells(
            valid=valid.reshape(shape).mean(axis=1),
            lowest=raw.min(axis=1),
            highest=raw.max(axis=1),
            middle=np.stack(
                [np.median(quarter, axis=1) for quarter in np.array_split(raw, _QUARTERS, axis=1)], axis=1
            ),
            rail=_rails(raw, self.fs_hz),
            fine=np.sqrt((blocks**2).mean(axis=2)),
            qrs=np.abs(qrs).max(axis=1),
            waves=waves[:, picked],
            mains=np.stack(mains, axis=1),
        )


def _rails(raw: F64, fs_hz: float) -> F64:
    """Level of each row [n, length] at which it is cut off: it arrives steeply, stays for 20 ms or more at exactly
    its extreme value and leaves steeply."""
    n, length = raw.shape
    found = np.full(n, np.nan)
    least = max(3, round(_CLIPPED_S * fs_hz))
    step = max(_CLIPPED_STEP_MV_PER_S / fs_hz, _CLIPPED_STEP_MV)
    for sign in (1.0, -1.0):
        level = (sign * raw).max(axis=1)
        at_rail = sign * raw == level[:, None]
        for row in np.flatnonzero(at_rail.sum(axis=1) >= least):
            if level[row] - np.median(sign * raw[row]) < _CLIPPED_FROM_MV:
                continue
            edges = np.flatnonzero(np.diff(at_rail[row].astype(np.int8), prepend=0, append=0))
            for begin, end in edges.reshape(-1, 2):
                sides = [level[row] - sign * raw[row, i] for i in (begin - 2, end + 1) if 0 <= i < length]
                if end - begin >= least and sides and min(sides) >= step:
                    found[row] = sign * level[row]
    return found


@dataclass(frozen=True)
class Windows:
    """Facts of windows of `WINDOW` cells, one row for each start cell, all in mV."""

    fine: F64  # median of the 50 ms RMS values in 25-100 Hz, mains left out: what lies between the beats
    qrs: F64  # typical QRS size in 5-20 Hz
    spread: F64  # interquartile range in 0.67-15 Hz
    baseline: F64  # range of the medians of quarter seconds
    mains: F64  # [n, 2] median amplitude at 50 and 60 Hz
    valid: F64  # smallest share of valid samples among the cells, 0 with a flat one among them


def windows(cells: Cells) -> Windows:
    """Facts of every run of `WINDOW` cells; empty for fewer cells."""
    if len(cells) < WINDOW:
        none = np.zeros(0)
        return Windows(none, none, none, none, np.zeros((0, 2)), none)
    lower, upper = np.percentile(_runs(cells.waves), [25, 75], axis=1)
    middle = _runs(cells.middle)
    mains = np.stack([np.median(_runs(cells.mains[:, [i]]), axis=1) for i in range(2)], axis=1)
    fine = np.median(_runs(cells.fine), axis=1)
    return Windows(
        fine=np.sqrt(np.maximum(fine**2 - mains[:, 0] ** 2 / 2 - mains[:, 1] ** 2 / 2, 0.0)),
        # Without the smallest: one second in five may hold no beat.
        qrs=np.median(np.sort(_runs(cells.qrs[:, None]), axis=1)[:, 1:], axis=1),
        spread=upper - lower,
        baseline=middle.max(axis=1) - middle.min(axis=1),
        mains=mains,
        valid=_runs(np.where(cells.flat, 0.0, cells.valid)[:, None]).min(axis=1),
    )


def _runs(rows: F64) -> F64:
    """[n, k] as [n - WINDOW + 1, WINDOW * k], each row the values of a run of cells in time order."""
    shaped = np.moveaxis(sliding_window_view(rows, WINDOW, axis=0), -1, 1)
    return np.ascontiguousarray(shaped).reshape(len(shaped), -1)
