"""Beat types by a beat model, as beats come: each is judged for good once no later beat changes what is seen of it.

Beats are judged in groups of fixed places, so that nothing depends on how the stream was cut.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.growing_rows import GrowingRows
from engine.errors import ConfigError
from engine.records.annotations import AAMI_OF_SYMBOL
from engine.runtime.model import Model
from engine.tasks.beat_channels import BLOCK, CHANNELS, beat_rows, channels_of_rows, needed_from, seen_until
from engine.tasks.beat_snippets import context_s

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LONGEST_S = 3.0  # of signal around a beat that the analysis keeps for it
_GROUP = 4 * BLOCK  # beats judged at once


class BeatModel:
    """Collects what a beat model sees of one lead's beats.

    Memory: one row of `window.length` numbers for each of the last few hundred beats, and what was said of each.
    """

    def __init__(self, model: Model, fs_hz: float) -> None:
        config = model.card.config
        if model.card.task != "beat":
            raise ConfigError(f"{model.card.name} names no beats; it is a model for {model.card.task}")
        if context_s(config.window.length, config.window.rate_hz) > LONGEST_S:
            raise ConfigError(f"{model.card.name} looks farther around a beat than the analysis keeps signal")
        self.fs_hz = fs_hz
        self._model = model
        self._names = CHANNELS if config.window.channels == ("ecg",) else config.window.channels
        self._symbols = tuple(_symbol_of(name, labels) for name, labels in config.classes.items())
        self._centre: F64 = np.zeros(0)  # of the beats from `_first` on
        self._rows: F32 = np.zeros((0, config.window.length), np.float32)
        self._first = 0
        self._said: GrowingRows[np.float64] = GrowingRows(np.float64, len(self._symbols))

    @property
    def identity(self) -> str:
        """Model name and content, for provenance."""
        return self._model.card.identity

    def __deepcopy__(self, memo: dict[int, Any]) -> BeatModel:
        """A stream that goes its own way from here; the model itself keeps nothing between beats."""
        memo[id(self._model)] = self._model
        twin = object.__new__(BeatModel)
        memo[id(self)] = twin
        twin.__dict__.update({key: copy.deepcopy(value, memo) for key, value in self.__dict__.items()})
        return twin

    def take(self, values_mv: F32, start: int, r: I64) -> None:
        """The next beats `r` (sample numbers), with the signal around them; values_mv[0] is sample `start`."""
        window = self._model.card.config.window
        centre, rows = beat_rows(
            values_mv, self.fs_hz, r, length=window.length, grid_hz=window.rate_hz, origin=start
        )
        self._centre, self._rows = np.concatenate([self._centre, centre]), np.concatenate([self._rows, rows])
        while (seen := seen_until(len(self._said) + _GROUP, window.length)) <= self._first + len(self._rows):
            self._said.extend(self._judged(len(self._said) + _GROUP, seen))
            drop = needed_from(len(self._said), window.length) - self._first
            self._centre, self._rows = self._centre[drop:], self._rows[drop:]
            self._first += drop

    @property
    def symbols(self) -> tuple[str, ...]:
        """WFDB symbol of each class."""
        return self._symbols

    def probabilities(self) -> F64:
        """Probability of every class for every beat taken, [n, classes]."""
        n = self._first + len(self._rows)
        return np.concatenate([self._said.rows, self._judged(n, n)])

    def _judged(self, stop: int, seen: int) -> F64:
        """What the model says of the beats before `stop` not judged yet, looking at those before `seen`."""
        window, known = self._model.card.config.window, slice(0, seen - self._first)
        inputs = channels_of_rows(
            self._centre[known], self._rows[known], self.fs_hz, names=self._names, grid_hz=window.rate_hz
        )[len(self._said) - self._first : stop - self._first]
        said = [self._model.predict(inputs[k : k + 1]) for k in range(len(inputs))]
        return np.concatenate([np.zeros((0, len(self._symbols))), *said]).astype(np.float64)


def _symbol_of(name: str, labels: tuple[str, ...]) -> str:
    """The WFDB symbol of a class: the AAMI class that all its labels belong to."""
    aami = {AAMI_OF_SYMBOL.get(label, "Q") for label in labels}
    if len(aami) != 1:
        raise ConfigError(f'the class "{name}" mixes the beat types {", ".join(sorted(aami))}')
    return aami.pop()
