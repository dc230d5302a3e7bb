"""Single-lead QRS detection, streaming and whole-record, bit for bit the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.qrs_frontend import MARGIN, RATE_HZ, UNITS_PER_MV, Conditioner, envelopes

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOOKAHEAD_S = 3.0  # a detection is reported at most this long after its R wave

_CELL = RATE_HZ // 2  # samples of a grid cell; the analysis advances in whole cells counted from the first sample
_PEAK_RADIUS = 20  # a candidate is the largest envelope value within +-100 ms
_LEVEL_CELLS = (16, 2)  # cells before and after that set the QRS level
_AHEAD = 3  # cells that must be known after the one decided on
_FLOOR = 0.02 * UNITS_PER_MV
_THRESHOLD = 0.35
_T_WAVE_RATIO = 0.5
_REFRACTORY = 40
_T_WAVE_SPAN = 76
_SNAP_RADIUS = 15
_BASE_RADIUS = 30
_HISTORY = 12 * _CELL + max(MARGIN, _BASE_RADIUS)
_PIECE_S = 60.0


@dataclass(frozen=True)
class Detections:
    """QRS complexes in time order: sample of the main deflection at the input rate, confidence 0..1."""

    sample: NDArray[np.int64]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sample)


class QrsDetector:
    """Feed samples with `push`, end with `flush`; both return the detections that became final."""

    def __init__(self, fs_hz: float) -> None:
        if not (math.isfinite(fs_hz) and fs_hz >= 50.0):
            raise ValueError(f"QRS detection needs a sampling rate of at least 50 Hz, not {fs_hz:g}")
        self._front = Conditioner(fs_hz)
        self._fs = fs_hz
        self._fed = 0
        self._raw = np.zeros(0)
        self._raw_start = 0
        self._y = np.zeros(_HISTORY)
        self._ok = np.zeros(_HISTORY, bool)
        self._y_start = -_HISTORY
        self._envelope = np.zeros(_HISTORY)
        self._envelope_stop = 0
        self._peaks = np.zeros(_LEVEL_CELLS[0] + 1)  # largest envelope of recent cells, -1 where not valid
        self._cells = 0  # cells with a known peak
        self._decided = 0  # cells decided
        self._pending: tuple[int, float, float] | None = None

    def push(self, x_mv: NDArray[np.floating], valid: Mask | None = None) -> Detections:
        """Take samples x_mv [n] in mV; valid [n] is False where the signal is missing (NaN counts as missing)."""
        x = np.asarray(x_mv)
        if valid is not None and len(valid) != len(x):
            raise ValueError("valid and x_mv differ in length")
        piece = max(1, int(_PIECE_S * self._fs))
        found: list[tuple[int, float]] = []
        for start in range(0, len(x), piece):
            part = slice(start, start + piece)
            found += self._advance(x[part], None if valid is None else np.asarray(valid[part], bool))
        self._fed += len(x)
        return _detections(found)

    def flush(self) -> Detections:
        """Decide on the remaining samples."""
        end = self._fed
        tail = np.zeros(math.ceil((LOOKAHEAD_S + 2) * self._fs))
        found = self._advance(tail, np.zeros(len(tail), bool))
        if self._pending is not None:
            found += self._finish(self._pending)
            self._pending = None
        return _detections([f for f in found if f[0] < end])

    def _advance(self, x: NDArray[np.floating], valid: Mask | None) -> list[tuple[int, float]]:
        raw, y, ok = self._front.push(x, valid)
        self._raw = np.concatenate([self._raw, raw])
        self._y = np.concatenate([self._y, y])
        self._ok = np.concatenate([self._ok, ok])
        have = self._y_start + len(self._y)
        cells = (have - MARGIN) // _CELL
        if cells <= self._cells:
            return []
        stop = cells * _CELL
        a = self._envelope_stop - MARGIN - self._y_start
        bands = envelopes(self._y[a : stop + MARGIN - self._y_start])
        fresh = bands[0] + bands[1] + bands[2]
        self._envelope = np.concatenate([self._envelope, fresh])
        self._envelope_stop = stop
        peaks = fresh.reshape(-1, _CELL).max(axis=1)
        good = self._ok[self._cells * _CELL - self._y_start : stop - self._y_start].reshape(-1, _CELL)
        peaks[good.mean(axis=1) < 0.5] = -1.0
        self._peaks = np.concatenate([self._peaks, peaks])
        self._cells = cells
        found = self._decide(max(self._decided, cells - _AHEAD))
        self._forget()
        return found

    def _decide(self, until: int) -> list[tuple[int, float]]:
        if until <= self._decided:
            return []
        first = self._cells - len(self._peaks)
        around = np.maximum(np.maximum(self._peaks[:-2], self._peaks[1:-1]), self._peaks[2:])  # cell first + 1 ...
        before, after = _LEVEL_CELLS
        a = self._decided - before - first - 1
        rows = np.lib.stride_tricks.sliding_window_view(around[max(a, 0) :], before + after + 1 + min(a, 0))
        rows = rows[: until - self._decided]
        known = rows >= 0
        ordered = np.sort(np.where(known, rows, np.inf), axis=1)
        middle = np.maximum(known.sum(axis=1) - 1, 0) // 2
        level = ordered[np.arange(len(rows)), middle]
        level = np.where(np.isfinite(level), level, 0.0)

        start, stop = self._decided * _CELL, until * _CELL
        origin = self._envelope_stop - len(self._envelope)
        window = self._envelope[start - _PEAK_RADIUS - origin : stop + _PEAK_RADIUS - origin]
        centre = window[_PEAK_RADIUS : len(window) - _PEAK_RADIUS]
        top = np.lib.stride_tricks.sliding_window_view(window, 2 * _PEAK_RADIUS + 1).max(axis=1)
        limit = np.maximum(_THRESHOLD * np.repeat(level, _CELL), _FLOOR)
        ok = self._ok[start - self._y_start : stop - self._y_start]
        at = np.flatnonzero((centre == top) & (centre >= limit) & ok)
        found: list[tuple[int, float]] = []
        for i, size, scale in zip((at + start).tolist(), centre[at].tolist(), limit[at].tolist(), strict=True):
            now = (i, size, min(1.0, 0.5 * size / scale))
            if self._pending is None:
                self._pending = now
                continue
            gap, ratio = i - self._pending[0], size / self._pending[1]
            if gap < _REFRACTORY:
                if ratio > 1:
                    self._pending = now
            elif gap >= _T_WAVE_SPAN or ratio >= _T_WAVE_RATIO:
                found += self._finish(self._pending)
                self._pending = now
        self._decided = until
        if self._pending is not None and stop - self._pending[0] > _T_WAVE_SPAN:
            found += self._finish(self._pending)
            self._pending = None
        return found

    def _finish(self, pending: tuple[int, float, float]) -> list[tuple[int, float]]:
        """Move to the main deflection: largest distance from the local median, then the raw extreme there."""
        i, _, confidence = pending
        a = i - self._y_start
        base = float(np.median(self._y[a - _BASE_RADIUS : a + _BASE_RADIUS + 1]))
        near = self._y[a - _SNAP_RADIUS : a + _SNAP_RADIUS + 1] - base
        j = int(np.argmax(np.abs(near)))
        up = near[j] > 0
        centre = (i - _SNAP_RADIUS + j) * self._fs / RATE_HZ
        reach = 0.01 * self._fs
        lo = max(math.ceil(centre - reach), 0)
        part = self._raw[lo - self._raw_start : math.floor(centre + reach) + 1 - self._raw_start]
        if not len(part):
            return [(max(round(centre), 0), confidence)]
        return [(lo + int(np.argmax(part) if up else np.argmin(part)), confidence)]

    def _forget(self) -> None:
        """Drop what no later decision can need."""
        keep = self._decided * _CELL - _HISTORY
        if keep > self._y_start:
            self._y = self._y[keep - self._y_start :]
            self._ok = self._ok[keep - self._y_start :]
            self._y_start = keep
        self._envelope = self._envelope[-(self._envelope_stop - keep) :]
        self._peaks = self._peaks[-(self._cells - self._decided + _LEVEL_CELLS[0] + 1) :]
        raw_keep = max(math.floor(keep * self._fs / RATE_HZ), self._raw_start)
        self._raw = self._raw[raw_keep - self._raw_start :]
        self._raw_start = raw_keep


def _detections(found: list[tuple[int, float]]) -> Detections:
    return Detections(
        np.array([sample for sample, _ in found], np.int64),
        np.array([confidence for _, confidence in found], np.float32),
    )


def detect_qrs(x_mv: NDArray[np.floating], fs_hz: float, valid: Mask | None = None) -> Detections:
    """All QRS complexes of one lead: x_mv [n] in mV at fs_hz; valid [n] False where samples are missing."""
    detector = QrsDetector(fs_hz)
    parts = [detector.push(x_mv, valid), detector.flush()]
    return Detections(np.concatenate([p.sample for p in parts]), np.concatenate([p.confidence for p in parts]))
