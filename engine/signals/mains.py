"""Mains interference tracked as a sine and subtracted, without touching the ECG.

A notch filter rings on every QRS. Here short blocks (three mains periods) are fitted by a sine on a parabola, and
the running median of their complex amplitudes over 1.5 s, corrected for the drift of the mains frequency, is
taken away. The few blocks that hold a QRS are outliers that the median ignores.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

F64 = NDArray[np.float64]
C128 = NDArray[np.complex128]
Bool = NDArray[np.bool_]

_PERIODS_PER_BLOCK = 3
_BLOCKS = 25  # in the median: 1.5 s at 50 Hz
_FEWEST = 5  # fitted blocks needed before anything is subtracted
_DRIFT_HZ = 0.5  # largest deviation of the mains frequency that is followed


class _Tracker:
    """Fits blocks and makes medians of them; holds no signal state."""

    def __init__(self, fs_hz: float, mains_hz: float) -> None:
        self.fs_hz = fs_hz
        self.mains_hz = mains_hz
        self.block = max(8, round(_PERIODS_PER_BLOCK * fs_hz / mains_hz))
        m = np.arange(self.block)
        angle = 2 * np.pi * mains_hz * m / fs_hz
        centred = m - m.mean()
        basis = np.stack([np.cos(angle), -np.sin(angle), np.ones(self.block), centred, centred**2], axis=1)
        fit = np.linalg.pinv(basis)
        self._fit: C128 = fit[0] + 1j * fit[1]
        self._largest_turn = 2 * np.pi * _DRIFT_HZ * self.block / fs_hz

    def amplitudes(self, x: F64, valid: Bool | None, first_block: int) -> C128:
        """Complex amplitude [channels, blocks] of whole blocks `x`; NaN where a sample is missing."""
        channels, n = x.shape
        shaped = x.reshape(channels, n // self.block, self.block)
        # Summed in a fixed order, so that the answer does not depend on how many blocks come at once.
        total = np.zeros(shaped.shape[:2], np.complex128)
        for i in range(self.block):
            total += shaped[:, :, i] * self._fit[i]
        starts = (first_block + np.arange(shaped.shape[1])) * self.block
        total *= np.exp(-1j * self._phase(starts))
        if valid is not None:
            total[~valid.reshape(shaped.shape).all(axis=2)] = np.nan
        return total

    def smooth(self, amplitudes: C128, reference: int) -> tuple[C128, F64]:
        """Median amplitude and turn per block (rad) of every run of `_BLOCKS` blocks.

        `amplitudes` [channels, b + _BLOCKS - 1] gives [channels, b]; the amplitude holds at block `reference` of
        its run. 0 where fewer than `_FEWEST` blocks are fitted.
        """
        runs = sliding_window_view(amplitudes, _BLOCKS, axis=1)
        steps = np.angle(runs[..., 1:] * np.conj(runs[..., :-1]))
        turn = np.clip(_median(steps), -self._largest_turn, self._largest_turn)
        turned = runs * np.exp(1j * turn[..., None] * (reference - np.arange(_BLOCKS)))
        smooth = _median(turned.real) + 1j * _median(turned.imag)
        smooth[np.isfinite(runs).sum(axis=-1) < _FEWEST] = 0.0
        return smooth, turn

    def sine(self, amplitude: C128, turn: F64, distance: F64, position: NDArray[np.int64]) -> F64:
        """The sine at absolute `position`, `distance` blocks after where `amplitude` holds."""
        return (amplitude * np.exp(1j * (self._phase(position) + turn * distance))).real

    def _phase(self, position: NDArray[np.int64]) -> F64:
        return 2 * np.pi * np.mod(position * self.mains_hz, self.fs_hz) / self.fs_hz


def _median(x: F64) -> F64:
    """Median over the last axis, leaving out NaN; 0 where there is nothing else."""
    ordered = np.sort(x, axis=-1)
    count = np.isfinite(x).sum(axis=-1)
    lower = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[..., None], axis=-1)[..., 0]
    upper = np.take_along_axis(ordered, np.minimum(count // 2, x.shape[-1] - 1)[..., None], axis=-1)[..., 0]
    return np.where(count > 0, 0.5 * (lower + upper), 0.0)


def subtract_mains(x: F64, fs_hz: float, mains_hz: float, valid: Bool | None = None) -> F64:
    """`x` [..., n] without mains, from the blocks on both sides of every sample. Shorter than 0.3 s: unchanged."""
    tracker = _Tracker(fs_hz, mains_hz)
    n = x.shape[-1]
    blocks = n // tracker.block
    if blocks < _FEWEST:
        return x
    rows = x.reshape(-1, n)
    whole = slice(0, blocks * tracker.block)
    ok = None if valid is None else np.broadcast_to(valid, x.shape).reshape(-1, n)[:, whole]
    half = _BLOCKS // 2
    edge = np.full((len(rows), half), np.nan, np.complex128)
    fitted = np.concatenate([edge, tracker.amplitudes(rows[:, whole], ok, 0), edge], axis=1)
    smooth, turn = tracker.smooth(fitted, half)
    position = np.arange(n)
    place = (position - (tracker.block - 1) / 2) / tracker.block  # in blocks, whole numbers at their centres
    left = np.clip(np.floor(place).astype(np.int64), 0, max(blocks - 2, 0))
    share = np.clip(place - left, 0.0, 1.0)
    before = tracker.sine(smooth[:, left], turn[:, left], place - left, position)
    after = tracker.sine(smooth[:, left + 1], turn[:, left + 1], place - left - 1, position)
    return (rows - ((1 - share) * before + share * after)).reshape(x.shape)


class MainsSubtractor:
    """The same for streams, from past blocks only; bit-identical however the input is cut."""

    def __init__(self, fs_hz: float, mains_hz: float, channels: int) -> None:
        self._tracker = _Tracker(fs_hz, mains_hz)
        self._position = 0
        self._tail = np.zeros((channels, 0))  # samples of the block under way
        self._tail_valid = np.zeros((channels, 0), np.bool_)
        self._fitted = np.full((channels, _BLOCKS - 1), np.nan, np.complex128)
        # The two latest estimates: during a block the answer fades from the older to the newer.
        self._smooth = np.zeros((channels, 2), np.complex128)
        self._turn = np.zeros((channels, 2))

    def push(self, x: F64, valid: Bool | None = None) -> F64:
        """The next samples [channels, n] of the stream without mains. No delay; begins after five blocks."""
        block = self._tracker.block
        ok = np.ones(x.shape, np.bool_) if valid is None else valid
        joined = np.concatenate([self._tail, x], axis=1)
        joined_valid = np.concatenate([self._tail_valid, ok], axis=1)
        first_block = self._position // block
        complete = joined.shape[1] // block
        whole = slice(0, complete * block)
        smooth, turn = self._smooth, self._turn
        if complete:
            fresh = self._tracker.amplitudes(joined[:, whole], joined_valid[:, whole], first_block)
            fitted = np.concatenate([self._fitted, fresh], axis=1)
            new_smooth, new_turn = self._tracker.smooth(fitted, _BLOCKS - 1)
            smooth = np.concatenate([smooth, new_smooth], axis=1)
            turn = np.concatenate([turn, new_turn], axis=1)
            self._fitted = fitted[:, -(_BLOCKS - 1) :]
        position = self._position + np.arange(x.shape[1])
        newer = position // block - first_block + 1  # index into `smooth` of the block before the sample's own
        within = (position % block + 1) / block
        distance = (position % block - (block - 1) / 2) / block
        old = self._tracker.sine(smooth[:, newer - 1], turn[:, newer - 1], distance + 2, position)
        new = self._tracker.sine(smooth[:, newer], turn[:, newer], distance + 1, position)
        self._smooth, self._turn = smooth[:, -2:], turn[:, -2:]
        self._tail, self._tail_valid = joined[:, whole.stop :], joined_valid[:, whole.stop :]
        self._position += x.shape[1]
        return x - ((1 - within) * old + within * new)
