"""Single-lead QRS detection, streaming and whole-record, bit for bit the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis import qrs_memory, qrs_path
from engine.analysis.qrs_features import CELL, CELLS_AFTER, CELLS_BEFORE, Candidates, describe, log2
from engine.analysis.qrs_frontend import MARGIN, RATE_HZ, Conditioner, envelopes, shape_signal
from engine.analysis.qrs_memory import Memory
from engine.analysis.qrs_model import SURE, own_scores, path_model
from engine.analysis.qrs_path import Node, PathFinder

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOOKAHEAD_S = 3.0  # a detection is reported at most this long after its R wave

_BLOCK = 16  # cells between updates of the memory (8 s)
_HOPELESS = -9.0  # own score below which a candidate is not put into the race
_SNAP_RADIUS = 15  # the main deflection is looked for within +-75 ms
_BASE_RADIUS = 30  # as distance from the median over +-150 ms
_SNAP_MS = 10.0  # and then within this reach at the input rate
_HISTORY = CELLS_BEFORE * CELL + max(MARGIN, _BASE_RADIUS)  # samples kept before the first undecided cell
_PIECE_S = 60.0  # longer input is taken in pieces, to bound memory


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
        self._fs = fs_hz
        self._front = Conditioner(fs_hz)
        self._memory = Memory()
        self._path = PathFinder(path_model())
        self._fed = 0  # input samples
        self._raw = np.zeros(0)  # conditioned input from sample _raw_start on
        self._raw_start = 0
        # At the internal rate, from sample _start on; a history of zeros saves the special cases.
        self._start = -_HISTORY
        self._y = np.zeros(_HISTORY)
        self._good = np.zeros(_HISTORY, bool)
        self._bands = np.zeros((3, _HISTORY))
        self._decided = 0  # cells whose candidates are in the race
        self._sure: dict[int, tuple[F64, F64, int, int]] = {}  # what the memory may learn, by candidate number
        self._lessons: list[tuple[F64, F64, int, int]] = []
        self._seen = 0  # candidates

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
        tail = np.zeros(math.ceil((LOOKAHEAD_S + 1) * self._fs))
        found = self._advance(tail, np.zeros(len(tail), bool))
        return _detections([f for f in found if f[0] < end])

    def _advance(self, x: NDArray[np.floating], valid: Mask | None) -> list[tuple[int, float]]:
        raw, y, good = self._front.push(x, valid)
        self._raw = np.concatenate([self._raw, raw])
        self._y = np.concatenate([self._y, y])
        self._good = np.concatenate([self._good, good])
        cells = (self._start + len(self._y) - MARGIN) // CELL
        until = cells - CELLS_AFTER
        if until <= self._decided:
            return []
        have = self._bands.shape[1]
        stop = cells * CELL - self._start
        self._bands = np.concatenate([self._bands, envelopes(self._y[have - MARGIN : stop + MARGIN])], axis=1)
        origin = self._decided - CELLS_BEFORE
        a = origin * CELL - self._start
        candidates = describe(self._bands[:, a:stop], self._good[a:stop], origin, self._decided, until)
        found = self._race(candidates, until)
        self._decided = until
        self._forget()
        return found

    def _race(self, all_candidates: Candidates, until: int) -> list[tuple[int, float]]:
        """Put the candidates of the cells [_decided, until) into the race, cell by cell."""
        found: list[tuple[int, float]] = []
        snippets = self._snippets(all_candidates.position)
        cell = self._decided
        while cell < until:
            block_end = min((cell // _BLOCK + 1) * _BLOCK, until)
            chosen = slice(*np.searchsorted(all_candidates.position, [cell * CELL, block_end * CELL]).tolist())
            candidates, shapes = all_candidates.part(chosen), snippets[chosen]
            remembered, names, offsets = self._memory.compare(candidates, shapes)
            own = own_scores(np.concatenate([candidates.features, remembered])).tolist()
            sizes = log2(candidates.bands.sum(axis=0)).tolist()
            fast = log2(candidates.bands[2]).tolist()
            positions = candidates.position.tolist()
            i = 0
            for c in range(cell, block_end):
                end = (c + 1) * CELL
                while i < len(positions) and positions[i] < end:
                    if own[i] > _HOPELESS:
                        self._path.add(positions[i], own[i], sizes[i], fast[i], self._seen + i)
                        if own[i] > SURE:
                            lesson = (candidates.bands[:, i], shapes[i], int(names[i]), int(offsets[i]))
                            self._sure[self._seen + i] = lesson
                    i += 1
                settled = self._path.settle(end - qrs_path.LAG)
                for node in settled:
                    found.append(self._locate(node))
                    if node.index in self._sure:
                        self._lessons.append(self._sure.pop(node.index))
            self._seen += len(positions)
            if block_end % _BLOCK == 0:
                self._learn()
            cell = block_end
        return found

    def _learn(self) -> None:
        if self._lessons:
            bands, shapes, names, offsets = zip(*self._lessons, strict=True)
            self._memory.learn(np.stack(bands, axis=1), np.stack(shapes), np.array(names), np.array(offsets))
            self._lessons = []
        self._sure = {k: v for k, v in self._sure.items() if k >= self._seen - 50}

    def _snippets(self, position: I64) -> F64:
        if not len(position):
            return np.zeros((0, 2 * qrs_memory.REACH + 1))
        margin = MARGIN + qrs_memory.REACH
        a = int(position[0]) - margin - self._start
        b = int(position[-1]) + margin + 1 - self._start
        signal = shape_signal(self._y[a:b])
        return np.lib.stride_tricks.sliding_window_view(signal, 2 * qrs_memory.REACH + 1)[position - position[0]]

    def _locate(self, node: Node) -> tuple[int, float]:
        """The main deflection: largest distance from the local median, then the extreme raw sample there."""
        confidence = 1.0 / (1.0 + math.exp(-node.own))
        a = node.position - self._start
        base = float(np.median(self._y[a - _BASE_RADIUS : a + _BASE_RADIUS + 1]))
        near = self._y[a - _SNAP_RADIUS : a + _SNAP_RADIUS + 1] - base
        j = int(np.argmax(np.abs(near)))
        centre = (node.position - _SNAP_RADIUS + j) * self._fs / RATE_HZ
        reach = _SNAP_MS / 1000 * self._fs
        low = max(math.ceil(centre - reach), 0)
        part = self._raw[low - self._raw_start : math.floor(centre + reach) + 1 - self._raw_start]
        if not len(part):
            return max(round(centre), 0), confidence
        return low + int(np.argmax(part) if near[j] > 0 else np.argmin(part)), confidence

    def _forget(self) -> None:
        """Drop what no later decision can need."""
        drop = self._decided * CELL - _HISTORY - self._start
        self._y, self._good, self._bands = self._y[drop:], self._good[drop:], self._bands[:, drop:]
        self._start += drop
        keep = max(math.floor((self._decided * CELL - 2 * qrs_path.LAG) * self._fs / RATE_HZ), self._raw_start)
        self._raw = self._raw[keep - self._raw_start :]
        self._raw_start = keep


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
