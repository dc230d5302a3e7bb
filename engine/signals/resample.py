"""Change of sampling rate by a polyphase windowed-sinc filter: no delay, no aliases, files and streams alike."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Kaiser window over 16 zero crossings a side: flat to 0.76 of the lower Nyquist frequency, -60 dB from there on up.
_CROSSINGS = 16
_BETA = 6.0
_CUTOFF = 0.88
_LARGEST_TERM = 20_000
_BLOCK = 1 << 15  # outputs computed at a time, so that the work stays in cache


def ratio(fs_in_hz: float, fs_out_hz: float) -> Fraction:
    """fs_out / fs_in as a fraction with terms of at most 20,000; ConfigError where there is none."""
    if not (fs_in_hz > 0 and fs_out_hz > 0):
        raise ConfigError(f"cannot resample from {fs_in_hz:g} Hz to {fs_out_hz:g} Hz")
    wanted = Fraction(fs_out_hz).limit_denominator(1_000_000) / Fraction(fs_in_hz).limit_denominator(1_000_000)
    found = wanted.limit_denominator(_LARGEST_TERM)
    if found.numerator > _LARGEST_TERM or abs(float(found / wanted) - 1) > 1e-7:
        raise ConfigError(
            f"cannot resample from {fs_in_hz:g} Hz to {fs_out_hz:g} Hz: the ratio is not simple enough"
        )
    return found


def output_length(n: int, fs_in_hz: float, fs_out_hz: float) -> int:
    """Samples that `resample` makes of `n`: those at times before the end of the last input sample."""
    up = ratio(fs_in_hz, fs_out_hz)
    return -(-n * up.numerator // up.denominator)


def convert_positions(positions: I64, fs_in_hz: float, fs_out_hz: float) -> I64:
    """Sample numbers at another rate, to the nearest sample, halves up; negative (absent) ones stay as they are."""
    positions = np.asarray(positions, np.int64)
    up = ratio(fs_in_hz, fs_out_hz)
    nearest = (2 * positions * up.numerator + up.denominator) // (2 * up.denominator)
    return np.where(positions < 0, positions, nearest)


def resample(x: NDArray, fs_in_hz: float, fs_out_hz: float) -> NDArray:
    """`x` [..., n] at another rate, [..., `output_length`], in its own dtype; sample 0 stays at time 0.

    Beyond its ends the signal is taken to go on at its first and last value. Missing samples must be filled before.
    """
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    stream = StreamResampler(fs_in_hz, fs_out_hz, len(rows))
    y = np.concatenate([stream.push(rows), stream.flush()], axis=1)
    return y.reshape(*x.shape[:-1], y.shape[1]).astype(x.dtype, copy=False)


def filter_bank(fs_in_hz: float, fs_out_hz: float) -> tuple[int, int, F64]:
    """`up`, `down` and taps [up, 2 reach + 1]: output m is row m * down % up on inputs m * down // up +- reach."""
    step = ratio(fs_in_hz, fs_out_hz)
    return step.numerator, step.denominator, _phases(step.numerator, step.denominator).copy()


class StreamResampler:
    """The same sample by sample; bit-identical to `resample` however the input is cut.

    `push` returns the outputs whose surroundings are known, about 16 samples of the lower rate behind the input.
    """

    def __init__(self, fs_in_hz: float, fs_out_hz: float, channels: int) -> None:
        step = ratio(fs_in_hz, fs_out_hz)
        self._up, self._down = step.numerator, step.denominator
        self._taps = _phases(self._up, self._down)
        self._reach = self._taps.shape[1] // 2
        self._first = 0  # input position of the first sample in the buffer
        self._buffer = np.zeros((channels, 0))
        self._received = 0
        self._made = 0

    def push(self, x: NDArray) -> NDArray:
        """The next samples [channels, n]; answer [channels, m] in the same dtype."""
        if x.shape[1] == 0:
            return x[:, :0]
        new = x.astype(np.float64)
        if self._received == 0:
            self._first = -self._reach
            self._buffer = np.repeat(new[:, :1], self._reach, axis=1)
        self._buffer = np.concatenate([self._buffer, new], axis=1)
        self._received += x.shape[1]
        # Output m rests on inputs up to floor(m down / up) + reach.
        last_input = self._received - 1 - self._reach
        ready = -(-((last_input + 1) * self._up) // self._down) if last_input >= 0 else 0
        return self._make(max(ready, self._made)).astype(x.dtype, copy=False)

    def flush(self) -> NDArray:
        """The outputs still owed at the end of the stream, float64."""
        if self._received == 0:
            return np.zeros((len(self._buffer), 0))
        self._buffer = np.concatenate([self._buffer, np.repeat(self._buffer[:, -1:], self._reach, axis=1)], axis=1)
        return self._make(-(-self._received * self._up // self._down))

    def _make(self, stop: int) -> F64:
        y = np.zeros((len(self._buffer), stop - self._made))
        for begin in range(self._made, stop, _BLOCK):
            m = np.arange(begin, min(begin + _BLOCK, stop))
            phase = m * self._down % self._up
            first = m * self._down // self._up - self._reach - self._first
            part = y[:, begin - self._made : begin - self._made + len(m)]
            # Tap after tap, so that no output depends on which others are computed with it.
            for tap in range(self._taps.shape[1]):
                part += self._taps[phase, tap] * self._buffer[:, first + tap]
        self._made = stop
        keep_from = stop * self._down // self._up - self._reach
        if keep_from > self._first:
            self._buffer = self._buffer[:, keep_from - self._first :]
            self._first = keep_from
        return y


@lru_cache(maxsize=16)
def _phases(up: int, down: int) -> F64:
    """Filter [up, taps]: row p weighs the inputs around an output that lies p/up after the middle one."""
    cutoff = _CUTOFF * min(1.0, up / down)  # of the input's Nyquist frequency
    width = _CROSSINGS / cutoff
    reach = int(np.ceil(width))
    distance = np.arange(-reach, reach + 1)[None, :] - np.arange(up)[:, None] / up
    inside = np.clip(1.0 - (distance / width) ** 2, 0.0, None)
    taps = np.sinc(distance * cutoff) * np.i0(_BETA * np.sqrt(inside)) * (inside > 0)
    return taps / taps.sum(axis=1, keepdims=True)
