"""Single-lead QRS detection, streaming and whole-record, bit for bit the same.

How it works, at 200 Hz and in steps of half a second counted from the first sample:

1. `qrs_frontend`: anti-alias filter, resampling, rounding to integers; magnitudes of three complex Morlet wavelets
   at 8, 16 and 30 Hz, where QRS energy lies (Thakor, Webster, Tompkins 1984; wavelets: Li, Zheng, Tai 1995).
2. `qrs_features`: every local maximum of their sum is a candidate. Ratios to the usual QRS size of the last 8 s, to
   the background in each band and to the neighbourhood describe it.
3. `qrs_memory`: ratios to, and correlation with, the sizes and shapes of beats found beyond doubt. The memory stays
   as it is through noise.
4. `qrs_model`: additive piecewise linear log odds that a candidate is a beat.
5. `qrs_path`: the best sequence, by Viterbi's recursion over a semi-Markov conditional random field (Sarawagi,
   Cohen 2004), whose pair scores hold the rhythm and tell T and P waves from beats. 1.2 s later it is final.
6. R is placed where the signal is farthest from its local mean.

The weights of 4 and 5 are fitted by maximum likelihood (`benchmarks/fit_qrs.py`) on half of the MIT-BIH arrhythmia
records, clean and with recorded noise. There is no neural network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis import qrs_memory, qrs_path
from engine.analysis.qrs_features import CELL, CELLS_AFTER, CELLS_BEFORE, Candidates, describe
from engine.analysis.qrs_frontend import MARGIN, RATE_HZ, Conditioner, wavelet_bands
from engine.analysis.qrs_memory import Lesson, Memory
from engine.analysis.qrs_model import QrsModel, fitted_model
from engine.analysis.qrs_path import SURE, Node, PathFinder

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOOKAHEAD_S = 3.0  # a detection is reported at most this long after its R wave

_BLOCK = 32  # cells between updates of the memory (16 s); sooner in the first block
_HOPELESS = -9.0  # own score below which a candidate is not put into the race
_SNAP_RADIUS = 13  # the main deflection is looked for within +-65 ms
_MEAN_RADIUS = 20  # as distance from the mean over +-100 ms
_REFINE_MS = 10.0  # and then within this reach at the input rate
_OWN_LIMIT, _CONFIDENCE_SLOPE, _CONFIDENCE_OFFSET = 8.0, 1.0, -1.5
# Samples kept before the first undecided cell.
_HISTORY = CELLS_BEFORE * CELL + max(MARGIN, _MEAN_RADIUS + _SNAP_RADIUS)
_PIECE_S = 60.0  # longer input is taken in pieces, to bound memory


@dataclass(frozen=True)
class Detections:
    """QRS complexes in time order: sample of the main deflection at the input rate, confidence 0..1."""

    sample: NDArray[np.int64]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sample)


class QrsDetector:
    """Feed samples with `push`, end with `flush`; both return the detections that became final.

    A QRS complex at sample s is reported by the time s + LOOKAHEAD_S * fs_hz samples were pushed. The result does
    not depend on how the samples are cut into pushes. Gain, polarity and offset of the lead do not matter, but
    complexes below about 20 uV are not seen. Memory use is constant.

    fs_hz: sampling rate, at least 50 Hz (100 Hz or more for full accuracy); else ValueError.
    model: weights to use instead of those that ship.
    """

    def __init__(self, fs_hz: float, model: QrsModel | None = None) -> None:
        if not (math.isfinite(fs_hz) and fs_hz >= 50.0):
            raise ValueError(f"QRS detection needs a sampling rate of at least 50 Hz, not {fs_hz:g}")
        self._fs = fs_hz
        self._front = Conditioner(fs_hz)
        self._model = model or fitted_model()
        self._memory = Memory()
        self._path = PathFinder(self._model.path)
        self._fed = 0  # input samples
        self._raw = np.zeros(0)  # conditioned input from sample _raw_start on
        self._raw_good = np.zeros(0, bool)
        self._raw_start = 0
        # At the internal rate, from sample _start on; a history of zeros saves the special cases.
        self._start = -_HISTORY
        self._y = np.zeros(_HISTORY)
        self._good = np.zeros(_HISTORY, bool)
        self._bands = np.zeros((3, _HISTORY))
        self._shape = np.zeros(_HISTORY)
        self._ended = False
        self._decided = 0  # cells whose candidates are in the race
        self._lessons: list[Lesson] = []  # what the memory will learn at the end of the block

    def push(self, x_mv: NDArray[np.floating], valid: Mask | None = None) -> Detections:
        """Take samples x_mv [n] in mV; valid [n] is False where the signal is missing (NaN counts as missing).

        No detection lies on a missing sample.
        """
        if self._ended:
            raise RuntimeError("the detector has been flushed")
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
        """Decide on the remaining samples; the detector takes no more."""
        self._ended = True
        tail = np.zeros(math.ceil((LOOKAHEAD_S + 1) * self._fs))
        found = self._advance(tail, np.zeros(len(tail), bool))
        return _detections([f for f in found if f[0] < self._fed])

    def _advance(self, x: NDArray[np.floating], valid: Mask | None) -> list[tuple[int, float]]:
        raw, raw_good, y, good = self._front.push(x, valid)
        self._raw = np.concatenate([self._raw, raw])
        self._raw_good = np.concatenate([self._raw_good, raw_good])
        self._y = np.concatenate([self._y, y])
        self._good = np.concatenate([self._good, good])
        cells = (self._start + len(self._y) - MARGIN) // CELL
        until = cells - CELLS_AFTER
        if until <= self._decided:
            return []
        have = self._bands.shape[1]
        stop = cells * CELL - self._start
        bands, shape = wavelet_bands(self._y[have - MARGIN : stop + MARGIN])
        self._bands = np.concatenate([self._bands, bands], axis=1)
        self._shape = np.concatenate([self._shape, shape])
        origin = self._decided - CELLS_BEFORE
        a = origin * CELL - self._start
        candidates = describe(self._bands[:, a:stop], self._good[a:stop], origin, self._decided, until)
        found = self._race(candidates, until)
        self._decided = until
        self._forget()
        return found

    def _race(self, candidates: Candidates, until: int) -> list[tuple[int, float]]:
        """Put the candidates of the cells [_decided, until) into the race, cell by cell."""
        beats: list[Node] = []
        around = np.lib.stride_tricks.sliding_window_view(self._shape, 2 * qrs_memory.REACH + 1)
        snippets = around[candidates.position - qrs_memory.REACH - self._start]
        cell = self._decided
        while cell < until:
            stop = min(_block_end(cell), until)
            chosen = slice(*np.searchsorted(candidates.position, [cell * CELL, stop * CELL]).tolist())
            nodes = self._judge(candidates.part(chosen), snippets[chosen])
            waiting = 0
            while cell < stop:
                cell += 1
                while waiting < len(nodes) and nodes[waiting].position < cell * CELL:
                    self._path.add(nodes[waiting])
                    waiting += 1
                settled = self._path.settle(cell * CELL - qrs_path.LAG)
                beats += settled
                self._lessons += [node.lesson for node in settled if node.lesson]
            if stop == _block_end(stop - 1):
                self._memory.learn(self._lessons)
                self._lessons = []
        return self._locate(beats)

    def _judge(self, candidates: Candidates, snippets: F64) -> list[Node]:
        """Those candidates that are worth a place in the race, with their own scores."""
        known = self._memory.compare(candidates, snippets)
        own = self._model.own_scores(np.concatenate([candidates.features, known.features]))
        worthy = np.flatnonzero((own > _HOPELESS) & ~known.unlike)
        nodes = [
            Node(*row)
            for row in zip(
                candidates.position[worthy].tolist(),
                own[worthy].tolist(),
                candidates.log_size[worthy].tolist(),
                candidates.log_bands[2, worthy].tolist(),
                strict=True,
            )
        ]
        for node, i in zip(nodes, worthy.tolist(), strict=True):
            if node.own > SURE:
                node.lesson = Lesson(candidates.bands[:, i], snippets[i], int(known.name[i]), int(known.offset[i]))
        return nodes

    def _locate(self, beats: list[Node]) -> list[tuple[int, float]]:
        """The main deflection: farthest from the mean of the 0.2 s around, then the raw extreme there."""
        if not beats:
            return []
        position = np.array([node.position for node in beats])
        rows = np.arange(len(beats))
        near = position[:, None] + np.arange(-_SNAP_RADIUS, _SNAP_RADIUS + 1)
        sums = np.cumsum(np.concatenate([[0.0], self._y]))
        middle = near - self._start
        mean = (sums[middle + _MEAN_RADIUS + 1] - sums[middle - _MEAN_RADIUS]) / (2 * _MEAN_RADIUS + 1)
        deviation = self._y[middle] - mean
        deviation[~self._good[middle]] = 0.0
        at = np.abs(deviation).argmax(axis=1)
        sign = np.where(deviation[rows, at] > 0, 1.0, -1.0)
        centre = np.rint(near[rows, at] * (self._fs / RATE_HZ)).astype(np.int64)
        reach = int(_REFINE_MS / 1000 * self._fs)
        around = centre[:, None] + np.arange(-reach, reach + 1)
        index = np.clip(around - self._raw_start, 0, len(self._raw) - 1)
        raw = np.where(self._raw_good[index], sign[:, None] * self._raw[index], -np.inf)
        sample = index[rows, raw.argmax(axis=1)] + self._raw_start
        return list(zip(sample.tolist(), [_confidence(node) for node in beats], strict=True))

    def _forget(self) -> None:
        """Drop what no later decision can need."""
        drop = self._decided * CELL - _HISTORY - self._start
        self._y, self._good = self._y[drop:], self._good[drop:]
        self._bands, self._shape = self._bands[:, drop:], self._shape[drop:]
        self._start += drop
        keep = max(math.floor((self._decided * CELL - 2 * qrs_path.LAG) * self._fs / RATE_HZ), self._raw_start)
        self._raw = self._raw[keep - self._raw_start :]
        self._raw_good = self._raw_good[keep - self._raw_start :]
        self._raw_start = keep


def _block_end(cell: int) -> int:
    """The cell before which the memory is next updated."""
    for early in (_BLOCK // 8, _BLOCK // 4, _BLOCK // 2):
        if cell < early:
            return early
    return (cell // _BLOCK + 1) * _BLOCK


def _confidence(beat: Node) -> float:
    """Probability that this is a beat, by its own score and the interval before it.

    Calibrated on DS1 clean and with noise, and on noise alone.
    """
    score = min(max(beat.own, -_OWN_LIMIT), _OWN_LIMIT) + beat.pair
    return 1.0 / (1.0 + math.exp(-(_CONFIDENCE_SLOPE * score + _CONFIDENCE_OFFSET)))


def _detections(found: list[tuple[int, float]]) -> Detections:
    return Detections(
        np.array([sample for sample, _ in found], np.int64),
        np.array([confidence for _, confidence in found], np.float32),
    )


def detect_qrs(x_mv: NDArray[np.floating], fs_hz: float, valid: Mask | None = None) -> Detections:
    """All QRS complexes of one lead: x_mv [n] in mV at fs_hz; valid [n] is False where samples are missing.

    The same as one `QrsDetector`, pushed once and flushed.
    """
    detector = QrsDetector(fs_hz)
    parts = [detector.push(x_mv, valid), detector.flush()]
    return Detections(np.concatenate([p.sample for p in parts]), np.concatenate([p.confidence for p in parts]))
