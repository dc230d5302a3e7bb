"""What the detector remembers of the beats it was sure of: their size in each band, and their shapes.

The memory outlives noise: it changes only by beats found beyond doubt, so that after minutes of artefact the
detector still knows what a QRS complex of this lead looks like. It is updated between blocks of a fixed length
counted from the first sample, hence the same for a stream and for a file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.qrs_features import Candidates, log2

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

HALF = 18  # shape: +-90 ms at the internal rate
SLACK = 4  # a candidate may be off by up to 20 ms
REACH = HALF + SLACK

_SIZES = 24  # beats whose size is remembered
_SHAPES = 3
_SAME = 0.75  # correlation from which a beat is of a known shape
_SLOWEST = 16  # a shape moves by at least 1/16 towards each new beat of its kind
_MAX_WEIGHT = 60.0
_MEMORY_BEATS = 300.0  # a shape not seen for so many beats has lost most of its weight
_UNKNOWN_CORRELATION = 0.7  # until there is a shape to compare with

NAMES = (
    *(f"band{b}/remembered" for b in range(3)),
    *(f"background{b}/remembered" for b in range(3)),
    "correlation",
    "correlation with the usual shape",
    "size in the shape",
)


class Memory:
    """Sizes and shapes of sure beats."""

    def __init__(self) -> None:
        self._sizes: list[F64] = []
        self._shapes: list[F64] = []
        self._weights: list[float] = []
        self._names: list[int] = []  # a new number for every new shape
        self._named = 0

    def compare(self, found: Candidates, snippets: F64) -> tuple[F64, I64, I64]:
        """(features [len(NAMES), n], name of the most similar shape [n] or -1, its offset [n]) of the candidates.

        snippets [n, 2 * REACH + 1]: the shape signal around each, integers below 2**22.
        """
        n = len(found.position)
        usual = np.median(np.array(self._sizes), axis=0)[:, None] if len(self._sizes) >= 4 else found.level
        usual = log2(usual)
        best = np.full(n, -1.0)
        which, offset = np.full(n, -1), np.full(n, SLACK)
        size = np.zeros(n)
        main = np.full(n, _UNKNOWN_CORRELATION)
        known = [i for i, weight in enumerate(self._weights) if weight >= 2]
        strongest = max(known, key=lambda i: self._weights[i], default=-1)
        windows = np.lib.stride_tricks.sliding_window_view(snippets, 2 * HALF + 1, axis=1)
        squares = np.cumsum(np.pad(snippets * snippets, ((0, 0), (1, 0))), axis=1)
        energy = squares[:, 2 * HALF + 1 :] - squares[:, : 2 * SLACK + 1]
        rows = np.arange(n)
        for i, shape in enumerate(self._shapes):
            own = float(shape @ shape)
            product = windows @ shape
            correlation = product / np.sqrt(energy * own + 1.0)
            lag = correlation.argmax(axis=1)
            value = correlation[rows, lag]
            better = value > best
            best[better], which[better], offset[better] = value[better], i, lag[better]
            size[better] = product[rows, lag][better] / (own + 1.0)
            if i == strongest:
                main = value
        unknown = np.isin(which, known, invert=True)
        shape_correlation = np.where(unknown, main, best)
        amplitude = log2(np.clip(np.where(unknown, 1.0, size), 1 / 64, 64) * 1024) - 10
        features = np.stack(
            [
                *(log2(found.bands) - usual),
                *(log2(found.background) - usual),
                shape_correlation,
                main,
                amplitude,
            ]
        )
        names = np.array([*self._names, -1])  # index -1 is no shape
        return features, np.where(best > _SAME, names[which], -1), offset

    def learn(self, bands: F64, snippets: F64, which: I64, offset: I64) -> None:
        """Add sure beats [n], in time order; bands [3, n], snippets as in `compare`, which and offset from there."""
        for row, snippet, name, lag in zip(bands.T, snippets, which.tolist(), offset.tolist(), strict=True):
            self._sizes.append(row)
            if name in self._names:
                i = self._names.index(name)
            else:
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
