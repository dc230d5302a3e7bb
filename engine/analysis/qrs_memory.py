"""What the detector remembers of the beats it was sure of: their size in each band, and their shapes.

The memory outlives noise: it changes only by beats found beyond doubt, so that after minutes of artefact the
detector still knows what a QRS complex of this lead looks like. It is updated between blocks of a fixed length
counted from the first sample, hence the same for a stream and for a file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.analysis.qrs_features import CLEAN, Candidates, log2

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

HALF = 18  # shape: +-90 ms at the internal rate
SLACK = 4  # a candidate may be off by up to 20 ms
REACH = HALF + SLACK

_SIZES = 24  # beats whose size is remembered
_ENOUGH = 4  # of them to go by
_SHAPES = 3
_SAME = 0.75  # correlation from which a beat is of a known shape
_SLOWEST = 16  # a shape moves by at least 1/16 towards each new beat of its kind
_MAX_WEIGHT = 60.0
_MEMORY_BEATS = 300.0  # a shape not seen for so many beats has lost most of its weight
_KNOWN_WEIGHT = 2.0  # of a shape seen at least twice
_SMALL = -2.75  # log2 of size / remembered size, in the two lower bands, below which a candidate is too small
_UNLIKE_CORRELATION = 0.75  # unless it looks like a beat
_TRUSTED_BLOCKS = 20  # blocks without a sure beat after which smaller beats are thought possible again
_UNKNOWN_CORRELATION = 0.7  # until there is a shape to compare with

NAMES = (
    *(f"band{b}/remembered" for b in range(3)),
    *(f"background{b}/remembered" for b in range(3)),
    "correlation",
    "correlation with the usual shape",
    "size in the shape",
)


class Lesson(NamedTuple):
    """A sure beat: its envelopes [3], the shape signal around it, and what `Memory.compare` made of it."""

    bands: F64
    snippet: F64
    name: int
    offset: int


class Comparison(NamedTuple):
    """Candidates against the memory."""

    features: F64  # [len(NAMES), n]
    name: I64  # [n] of the most similar shape, or -1
    offset: I64  # [n] of the candidate in that shape
    unlike: NDArray[np.bool_]  # [n] much smaller than the beats remembered, and of another shape


class Memory:
    """Sizes and shapes of sure beats."""

    def __init__(self) -> None:
        self._sizes: list[F64] = []
        self._shapes: list[F64] = []
        self._weights: list[float] = []
        self._names: list[int] = []  # a new number for every new shape
        self._named = 0
        self._idle = 0  # blocks without a sure beat

    def compare(self, found: Candidates, snippets: F64) -> Comparison:
        """Candidates against sizes and shapes.

        snippets [n, 2 * REACH + 1]: the shape signal around each candidate, integers below 2**23.
        """
        n = len(found.position)
        features = np.empty((len(NAMES), n))
        usual = found.log_level
        if len(self._sizes) >= _ENOUGH:
            usual = log2(np.sort(self._sizes, axis=0)[len(self._sizes) // 2])[:, None]
        np.subtract(found.log_bands, usual, out=features[:3])
        np.maximum(found.log_background - usual, -CLEAN, out=features[3:6])
        names, offset = np.full(n, -1), np.full(n, SLACK)
        if not self._shapes:
            features[6:8] = _UNKNOWN_CORRELATION
            features[8] = 0.0
            return Comparison(features, names, offset, np.zeros(n, bool))

        shapes = np.array(self._shapes)
        own = (shapes * shapes).sum(axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(snippets, 2 * HALF + 1, axis=1)
        squares = np.cumsum(snippets * snippets, axis=1)
        energy = squares[:, 2 * HALF :].copy()
        energy[:, 1:] -= squares[:, : 2 * SLACK]
        product = windows @ shapes.T  # [n, lags, shapes]
        correlation = product / np.sqrt(energy[:, :, None] * own + 1.0)
        lag = correlation.argmax(axis=1)  # [n, shapes]
        rows = np.arange(n)[:, None]
        value = correlation[rows, lag, np.arange(len(own))]
        which = value.argmax(axis=1)
        rows = rows[:, 0]
        best = value[rows, which]
        weights = np.array(self._weights)
        strongest = int(weights.argmax())
        known = (weights >= _KNOWN_WEIGHT)[which]
        main = value[:, strongest] if weights[strongest] >= _KNOWN_WEIGHT else np.full(n, _UNKNOWN_CORRELATION)
        features[6] = np.where(known, best, main)
        features[7] = main
        offset = lag[rows, which]
        size = product[rows, offset, which] / (own[which] + 1.0)
        features[8] = log2(np.minimum(np.maximum(np.where(known, size, 1.0), 1 / 64), 64) * 1024) - 10
        names = np.where(best > _SAME, np.array(self._names)[which], -1)
        return Comparison(features, names, offset, unlike(features) & (self._idle < _TRUSTED_BLOCKS))

    def learn(self, lessons: list[Lesson]) -> None:
        """Add the sure beats of a block, in time order."""
        self._idle = 0 if lessons else self._idle + 1
        for bands, snippet, name, lag in lessons:
            self._sizes.append(bands)
            i = self._names.index(name) if name in self._names else -1
            if i < 0:
                i, lag = self._closest(snippet)
            if i < 0:
                self._replace(snippet[SLACK : SLACK + 2 * HALF + 1].copy())
                continue
            rate = 1.0 / min(self._weights[i] + 1.0, _SLOWEST)
            self._shapes[i] = np.rint(
                self._shapes[i] + rate * (snippet[lag : lag + 2 * HALF + 1] - self._shapes[i])
            )
            self._weights[i] = min(self._weights[i] + 1.0, _MAX_WEIGHT)
            fade = 1.0 - 1.0 / _MEMORY_BEATS
            self._weights = [max(weight * fade, 1.0) for weight in self._weights]
        self._sizes = self._sizes[-_SIZES:]

    def _closest(self, snippet: F64) -> tuple[int, int]:
        """(index, offset) of the shape that a beat of no known shape has meanwhile come to equal, or (-1, _)."""
        for i, shape in enumerate(self._shapes):
            product = np.lib.stride_tricks.sliding_window_view(snippet, 2 * HALF + 1) @ shape
            lag = int(product.argmax())
            part = snippet[lag : lag + 2 * HALF + 1]
            if product[lag] > _SAME * np.sqrt(float(part @ part) * float(shape @ shape) + 1.0):
                return i, lag
        return -1, SLACK

    def _replace(self, shape: F64) -> None:
        if len(self._shapes) == _SHAPES:
            weakest = min(range(_SHAPES), key=self._weights.__getitem__)
            for part in (self._shapes, self._weights, self._names):
                del part[weakest]
        self._shapes.append(shape)
        self._weights.append(1.0)
        self._names.append(self._named)
        self._named += 1


def unlike(features: F64) -> NDArray[np.bool_]:
    """Whether candidates [n] are much smaller than the beats remembered, and of another shape.

    This keeps pauses and asystole free of beats made of noise, while a change of the gain or of the electrodes,
    which leaves the shape or most of the size, goes through.
    """
    small: NDArray[np.bool_] = features[0] + features[1] < 2 * _SMALL
    return small & (features[6] < _UNLIKE_CORRELATION)
