"""Front end of the QRS detector: any input to integer samples at 200 Hz, and three wavelet envelopes.

Everything after the first low-pass filter is integer arithmetic carried in float64 (all values below 2**53), so
sums do not depend on their order and a stream gives bit for bit what the whole file gives, however it is cut.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

RATE_HZ = 200  # internal rate: keeps the QRS band (to 45 Hz) with room to spare
UNITS_PER_MV = 10_000.0  # one integer step is 0.1 uV
_INPUT_LIMIT = float(2**31)  # steps: +-215 V
_LIMIT = float(2**20)  # steps, after the filters: +-105 mV
_CUTOFF_HZ = 45.0
_DRIFT_HZ = 0.3
_ORDER = 4

# Complex Morlet wavelets: centre frequency and relative bandwidth (standard deviation / centre).
BANDS_HZ = ((8.0, 0.45), (16.0, 0.45), (30.0, 0.40))
_TAP_SCALE = 1024.0


def _wavelet(centre_hz: float, relative_sd: float) -> tuple[F64, F64]:
    """Integer taps (real, imaginary) at RATE_HZ; a unit sine at the centre gives magnitude _TAP_SCALE."""
    sd = RATE_HZ / (2 * math.pi * relative_sd * centre_hz)
    half = math.ceil(2.6 * sd)
    k = np.arange(-half, half + 1)
    window = np.exp(-0.5 * (k / sd) ** 2)
    phase = 2 * math.pi * centre_hz * k / RATE_HZ
    real = window * np.cos(phase)
    imaginary = window * np.sin(phase)
    real -= window * (real.sum() / window.sum())  # no response to a constant
    imaginary -= window * k * ((imaginary @ k) / (window @ k**2))  # nor to a ramp
    scale = 2 * _TAP_SCALE / window.sum()
    taps = np.rint(real * scale)
    taps[half] -= taps.sum()
    return taps, np.rint(imaginary * scale)


_WAVELETS = tuple(_wavelet(*band) for band in BANDS_HZ)
MARGIN = max(len(real) // 2 for real, _ in _WAVELETS)  # samples of context the wavelets need on each side
_ROW = 25  # samples filtered by one row of the matrix product
_ROWS_AT_ONCE = 160  # keeps the intermediate results in the processor's cache


def _filter_matrix() -> F64:
    """[_ROW + 2 * MARGIN, 6 * _ROW]: filters a row of samples with every wavelet at once."""
    out = np.zeros((_ROW + 2 * MARGIN, 2 * len(_WAVELETS), _ROW))
    for part, taps in enumerate(taps for pair in _WAVELETS for taps in pair):
        for i in range(_ROW):
            first = i + MARGIN - len(taps) // 2
            out[first : first + len(taps), part, i] = taps
    return out.reshape(_ROW + 2 * MARGIN, -1)


_MATRIX = _filter_matrix()


def wavelet_bands(y: F64) -> tuple[F64, F64]:
    """Wavelet magnitudes [3, n] and shape signal [n] of integer samples y [n + 2 * MARGIN], n a multiple of 25.

    Both in the units of y. The shape signal (about 12-40 Hz, integers) is what QRS shapes are compared in.
    """
    rows = np.lib.stride_tricks.sliding_window_view(y, _ROW + 2 * MARGIN)[::_ROW]
    magnitude = np.empty((len(_WAVELETS), len(rows), _ROW))
    shape = np.empty((len(rows), _ROW))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        parts = (rows[block] @ _MATRIX).reshape(-1, len(_WAVELETS), 2, _ROW)
        np.add(parts[:, 1, 0], 2.0 * parts[:, 2, 0], out=shape[block])  # real parts at 16 and 30 Hz
        parts *= parts
        for band, out in enumerate(magnitude):
            np.add(parts[:, band, 0], parts[:, band, 1], out=out[block])
    np.sqrt(magnitude, out=magnitude)
    magnitude *= 1 / _TAP_SCALE
    shape *= 1 / _TAP_SCALE
    return magnitude.reshape(len(_WAVELETS), -1), np.rint(shape, out=shape).ravel()


class Conditioner:
    """Streaming: millivolts at the input rate to integer steps at the input rate and at RATE_HZ.

    Missing samples (NaN, or not valid) repeat the last good one, and the level after a gap is joined to the level
    before it, so that neither makes an edge. A high-pass filter (0.3 Hz) takes the drift of electrodes away. The
    low-pass filter (Butterworth, order 4) is undone in time by its delay at low frequency; the 200 Hz samples are
    read off by cubic interpolation.
    """

    def __init__(self, fs_hz: float) -> None:
        from scipy.signal import butter

        self.fs_hz = fs_hz
        cutoff = min(_CUTOFF_HZ, 0.4 * fs_hz)
        low_pass = butter(_ORDER, cutoff, fs=fs_hz, output="sos")
        high_pass = butter(1, _DRIFT_HZ, "highpass", fs=fs_hz, output="sos")
        self._sos = np.concatenate([low_pass, high_pass])
        self._zi = np.zeros((self._sos.shape[0], 2))
        # Low-frequency group delay of a Butterworth filter of order 4 is 2.613 / (2 pi cutoff).
        self._delay = 2.613126 / (2 * math.pi * cutoff) * fs_hz
        self._ratio = fs_hz / RATE_HZ
        self._last = 0.0  # last good sample, in steps
        self._offset = 0.0  # joins the levels across gaps
        self._good_before = False
        self._count = 0  # input samples taken
        self._made = 0  # samples made at RATE_HZ
        self._smooth = np.zeros(0)  # filter output from input sample _smooth_start on
        self._good = np.zeros(0, bool)
        self._smooth_start = 0

    def push(self, x_mv: NDArray[np.floating], valid: Mask | None) -> tuple[F64, Mask, F64, Mask]:
        """(steps [n], validity [n] at the input rate, steps [m], validity [m] at RATE_HZ)."""
        from scipy.signal import sosfilt

        good = np.isfinite(x_mv)
        if valid is not None:
            good &= valid
        raw = self._join(x_mv, good)
        smooth, self._zi = sosfilt(self._sos, raw, zi=self._zi)
        self._smooth = np.concatenate([self._smooth, smooth])
        self._good = np.concatenate([self._good, good])
        self._count += len(raw)
        y, ok = self._resample()
        return raw, good, y, ok

    def _join(self, x_mv: NDArray[np.floating], good: Mask) -> F64:
        steps = np.rint(np.where(good, x_mv, 0.0).astype(np.float64) * UNITS_PER_MV)
        np.clip(steps, -_INPUT_LIMIT, _INPUT_LIMIT, out=steps)
        if self._good_before and good.all():
            self._last = float(steps[-1]) if len(steps) else self._last
            return steps - self._offset
        source = np.maximum.accumulate(np.where(good, np.arange(len(good)), -1))
        held = np.where(source >= 0, steps[source], self._last)
        before = np.concatenate([[self._last], held[:-1]])
        resumes = good & ~np.concatenate([[self._good_before], good[:-1]])
        offset = self._offset + np.cumsum(np.where(resumes, steps - before, 0.0))
        if len(good):
            self._last, self._offset, self._good_before = float(held[-1]), float(offset[-1]), bool(good[-1])
        return held - offset

    def _resample(self) -> tuple[F64, Mask]:
        # Sample k sits at input position k * ratio, which the filter delivers `delay` later.
        stop = math.floor((self._count - 3 - self._delay) / self._ratio)
        k = np.arange(self._made, max(self._made, stop))
        position = k * self._ratio
        late = position + self._delay
        i = np.floor(late).astype(np.int64)
        u = late - i
        i -= self._smooth_start
        a, b, c, d = (self._smooth[i + j] for j in (-1, 0, 1, 2))
        y = b + 0.5 * u * ((c - a) + u * ((2 * a - 5 * b + 4 * c - d) + u * (3 * (b - c) + d - a)))
        y = np.clip(np.rint(y), -_LIMIT, _LIMIT)
        ok = self._good[np.rint(position).astype(np.int64) - self._smooth_start]
        self._made += len(k)
        keep = max(self._smooth_start, math.floor(self._made * self._ratio) - 2)
        self._smooth = self._smooth[keep - self._smooth_start :]
        self._good = self._good[keep - self._smooth_start :]
        self._smooth_start = keep
        return y, ok
