"""A model run over a stream of samples in overlapping windows at fixed places.

The stream is resampled to the model's rate, and window k begins at its sample k * hop. What a window gives depends
on its samples alone, and every window is run by itself, so that nothing depends on how the stream was cut. Only
the last window is placed by the end of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.runtime.model import Model
from engine.signals.resample import StreamResampler

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class WindowOutput:
    """What the model said of the window that begins at `start`, a sample at the model's rate."""

    start: int
    output: F32


class ModelWindows:
    """Feeds one lead to a model."""

    def __init__(self, model: Model, fs_hz: float, hop: int) -> None:
        window = model.card.config.window
        self.model = model
        self.rate_hz = window.rate_hz
        self.length = window.length
        self.hop = hop
        self.n_samples = 0  # received, at the model's rate
        self._resampler = StreamResampler(fs_hz, window.rate_hz, 1)
        self._samples: F32 = np.zeros(0, np.float32)
        self._start = 0  # of the samples kept
        self._next = 0  # start of the next window
        self._history: F32 = np.zeros(0, np.float32)  # the last `length` samples, for the last window

    def push(self, values_mv: F32) -> tuple[F32, list[WindowOutput]]:
        """Take samples [n] at the stream's rate; those at the model's rate, and the windows now complete."""
        return self._take(self._resampler.push(values_mv[None, :])[0].astype(np.float32, copy=False))

    def flush(self) -> tuple[F32, list[WindowOutput]]:
        """The end of the stream: what is still owed, with a last window flush with the end.

        A stream shorter than one window is continued with its last value.
        """
        rest, found = self._take(self._resampler.flush()[0].astype(np.float32))
        if self.n_samples == 0:
            return rest, found
        if self.n_samples < self.length:
            padding = np.full(self.length - self.n_samples, self._history[-1], np.float32)
            return rest, [*found, self._run(0, np.concatenate([self._history, padding]))]
        last = self.n_samples - self.length
        if self._next - self.hop < last:
            found.append(self._run(last, self._history))
        return rest, found

    def _take(self, new: F32) -> tuple[F32, list[WindowOutput]]:
        self.n_samples += len(new)
        self._samples = np.concatenate([self._samples, new])
        self._history = np.concatenate([self._history, new])[-self.length :]
        found = []
        while self._next + self.length <= self.n_samples:
            begin = self._next - self._start
            found.append(self._run(self._next, self._samples[begin : begin + self.length]))
            self._next += self.hop
        drop = min(self._next, self.n_samples) - self._start
        self._samples, self._start = self._samples[drop:], self._start + drop
        return new, found

    def _run(self, start: int, samples: F32) -> WindowOutput:
        return WindowOutput(start, self.model.predict(samples[None, :, None])[0])
