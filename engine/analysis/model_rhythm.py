"""The chance of atrial fibrillation around each beat, by a rhythm model over a stream."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.model_windows import ModelWindows
from engine.errors import ConfigError
from engine.runtime.model import Model

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

ATRIAL = ("afib", "aflut")


class RhythmModel:
    """Collects a rhythm model's windows of one lead; each moment gets the mean of the windows that hold it."""

    def __init__(self, model: Model, fs_hz: float) -> None:
        classes = model.card.config.classes
        self._columns = [i for i, labels in enumerate(classes.values()) if any(a in labels for a in ATRIAL)]
        if model.card.task != "rhythm" or not self._columns:
            raise ConfigError(
                f"{model.card.name} does not tell atrial fibrillation; it is a model for {model.card.task}"
            )
        window = model.card.config.window
        self.fs_hz = fs_hz
        self._windows = ModelWindows(model, fs_hz, window.hop or max(1, window.length // 2))
        self._start: list[int] = []
        self._chance: list[float] = []

    @property
    def identity(self) -> str:
        """Model name and content, for provenance."""
        return self._windows.model.card.identity

    def __deepcopy__(self, memo: dict[int, Any]) -> RhythmModel:
        """A stream that goes its own way from here; the model itself keeps nothing between windows."""
        memo[id(self._windows.model)] = self._windows.model
        twin = object.__new__(RhythmModel)
        memo[id(self)] = twin
        twin.__dict__.update({key: copy.deepcopy(value, memo) for key, value in self.__dict__.items()})
        return twin

    def push(self, values_mv: F32) -> None:
        """Take the next samples of the lead."""
        self._keep(self._windows.push(values_mv)[1])

    def finish(self) -> None:
        """The end of the lead."""
        self._keep(self._windows.flush()[1])

    def fibrillation(self, r: I64) -> F64:
        """Chance 0..1 at each of the samples `r`."""
        if not self._start:
            return np.zeros(len(r))
        start = np.array(self._start)
        total = np.concatenate([[0.0], np.cumsum(self._chance)])
        at = r * (self._windows.rate_hz / self.fs_hz)
        first = np.searchsorted(start + self._windows.length, at, side="right")
        last = np.maximum(np.searchsorted(start, at, side="right"), first + 1)
        last = np.minimum(last, len(start))
        first = np.minimum(first, last - 1)
        return (total[last] - total[first]) / (last - first)

    def _keep(self, outputs: list[Any]) -> None:
        for window in outputs:
            self._start.append(window.start)
            self._chance.append(float(window.output[self._columns].sum()))
