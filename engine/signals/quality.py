"""Signal quality: where a lead is missing, flat, off, cut off or too noisy to read, and why.

Judged second by second. A second is noisy when, over the windows of five seconds around it, the activity between
the beats (above 25 Hz, and the spread below 15 Hz) is large for the size of the QRS complexes. The weights are a
logistic fit on MIT-BIH DS1, LUDB and CinC 2017 against electrode motion and muscle noise of the MIT-BIH Noise
Stress Test database at 0 and -6 dB, amplitudes varied threefold; `benchmarks/quality.py` prints what it finds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.signals.quality_features import WINDOW, CellMeter, Cells, Windows, windows
from engine.signals.span import Span

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

LOWEST_RATE_HZ = 80.0  # noise is not judged below it
LEAD_OFF_MV = 2.0  # a flat line this far from the level before it
BASELINE_MV = 4.0
MAINS_MV = 0.2
MAINS_OF_QRS = 0.25
_MUSCLE_FROM = 0.07  # fine activity as a share of the spread; electrode motion has less
_LEAST_VALID = 0.8  # share of samples in a second that is judged
_SCORE_LIMIT = 6.0
_FLOOR_MV = 1e-4
_REASONS = ("electrode motion", "muscle", "baseline wander", "mains 50 Hz", "mains 60 Hz")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a stretch; an empty label when nothing is."""

    label: str = ""
    detail: str = ""
    confidence: float = 1.0


_FLAT = Verdict("flat", "constant")
_GAP = Verdict("gap")


@dataclass(frozen=True)
class Noise:
    """Noise of consecutive windows: score [n], above 0 when too noisy, NaN where not judged; and its kind."""

    score: F64
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, rows: slice) -> Noise:
        return Noise(self.score[rows], self.reasons[rows])

    def __add__(self, later: Noise) -> Noise:
        return Noise(np.concatenate([self.score, later.score]), self.reasons + later.reasons)

    @staticmethod
    def of(found: Windows, fs_hz: float) -> Noise:
        """Judge windows."""
        if fs_hz < LOWEST_RATE_HZ:
            return Noise(np.full(len(found.fine), np.nan), ("",) * len(found.fine))
        fine, spread, qrs = (np.maximum(x, _FLOOR_MV) for x in (found.fine, found.spread, found.qrs))
        score = 12.6 + 3.5 * np.log(fine) + np.log(spread) - 1.5 * np.log(qrs)
        hum = np.max(found.mains, axis=1)
        humming = (hum >= MAINS_MV) & (hum >= MAINS_OF_QRS * qrs)
        wandering = found.baseline >= BASELINE_MV
        score = np.where(humming | wandering, np.maximum(score, 2.0), score)
        score = np.clip(np.where(found.valid >= _LEAST_VALID, score, np.nan), -_SCORE_LIMIT, _SCORE_LIMIT)
        kinds = np.where(fine >= _MUSCLE_FROM * spread, 1, 0)
        kinds = np.where(wandering, 2, kinds)
        kinds = np.where(humming, 3 + np.argmax(found.mains, axis=1), kinds)
        return Noise(score, tuple(_REASONS[kind] for kind in kinds))

    def around(self, cells: int) -> tuple[F64, NDArray[np.int64]]:
        """For each of `cells` cells the mean score of the windows that hold it (NaN: none) and the worst one."""
        scores = np.full((cells, WINDOW), np.nan)
        for back in range(WINDOW):
            known = self.score[: max(0, cells - back)]
            scores[back : back + len(known), back] = known
        total = np.zeros(cells)
        for back in range(WINDOW):
            total += np.nan_to_num(scores[:, back])
        count = np.isfinite(scores).sum(axis=1)
        worst = np.argmax(np.nan_to_num(scores, nan=-np.inf), axis=1)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return mean, np.arange(cells) - worst


@dataclass
class _Open:
    """A span under way: how many samples each detail holds, and the confidence summed over samples."""

    start: int
    stop: int
    label: str
    details: dict[str, int] = field(default_factory=dict)
    confidence: float = 0.0

    def grow(self, stop: int, detail: str, confidence: float) -> None:
        count = stop - self.stop
        self.details[detail] = self.details.get(detail, 0) + count
        self.confidence += confidence * count
        self.stop = stop

    def closed(self) -> Span:
        detail = max(self.details, key=lambda text: self.details[text])
        confidence = round(self.confidence / (self.stop - self.start), 3)
        return Span(self.start, self.stop, self.label, confidence, detail)


class QualityMeter:
    """Quality of one lead as its samples arrive; the same spans however the samples are cut.

    `push` returns the spans that have become final, in time order and without overlap; labels are those of
    `QUALITY_LABELS`. A verdict comes about six seconds after its samples, a span when it has ended. Gaps are exact
    to the sample, everything else to the second.
    """

    def __init__(self, fs_hz: float) -> None:
        self.fs_hz = fs_hz
        self._meter = CellMeter(fs_hz)
        self._cells = self._meter.rest()  # from cell number `_first` on
        self._noise = Noise.of(windows(self._cells), fs_hz)  # of the windows that begin at these cells
        self._first = 0
        self._decided = 0  # cells with a verdict
        self._level_mv = 0.0  # in the last cell before `_first` that was not flat
        self._valid = np.zeros(0, np.bool_)  # of the samples of undecided cells
        self._open: _Open | None = None

    def push(self, x_mv: F32, valid: Bool | None = None) -> tuple[Span, ...]:
        """Take the next samples [n] in mV; missing ones have `valid` False."""
        valid = np.ones(len(x_mv), np.bool_) if valid is None else valid
        self._valid = np.concatenate([self._valid, valid])
        self._take(self._meter.push(x_mv, valid))
        return self._decide(self._first + len(self._cells) - (WINDOW - 1))

    def flush(self) -> tuple[Span, ...]:
        """The spans still open, at the end of the stream."""
        self._take(self._meter.rest())
        spans = list(self._decide(self._first + len(self._cells)))
        spans += self._mark(self._decided * self._meter.length, self._valid, Verdict())
        if self._open is not None:
            spans.append(self._open.closed())
        self._open, self._valid = None, self._valid[:0]
        return tuple(spans)

    def _take(self, new: Cells) -> None:
        if len(new):
            self._cells = self._cells + new
            self._noise = self._noise + Noise.of(windows(self._cells[len(self._noise) :]), self.fs_hz)

    def _decide(self, until: int) -> tuple[Span, ...]:
        """Verdicts on the cells before `until`, and the spans that end among them."""
        if until <= self._decided:
            return ()
        length = self._meter.length
        spans: list[Span] = []
        verdicts = self._verdicts(until)
        position = start = self._decided * length
        for cell, verdict in [*sorted(verdicts.items()), (until, Verdict())]:
            for stop, found in ((cell * length, Verdict()), ((cell + 1) * length, verdict)):
                if position < stop <= until * length:
                    # The last cell of a stream may be longer than its samples.
                    spans += self._mark(position, self._valid[position - start : stop - start], found)
                    position = stop
        self._valid = self._valid[position - start :]
        self._decided = until
        self._forget(until - WINDOW)
        return tuple(spans)

    def _verdicts(self, until: int) -> dict[int, Verdict]:
        """What is wrong with the cells from `_decided` to `until`, by cell number; nothing for good ones."""
        cells, noise, first = self._cells, self._noise, self._first
        judged = cells.valid >= _LEAST_VALID
        flat = judged & cells.flat
        beside = np.zeros(len(flat) + 2, np.bool_)
        beside[1:-1] = flat
        flat &= beside[:-2] | beside[2:]
        score, source = noise.around(len(cells))
        found: dict[int, Verdict] = {}
        clipped = judged & ~np.isnan(cells.rail)
        for i in np.flatnonzero(flat | clipped | (judged & (score > 0))):
            if not self._decided <= first + i < until:
                continue
            middle = float(cells.middle[i, 0])
            if flat[i]:
                away = abs(middle - self._level_before(int(i), flat)) >= LEAD_OFF_MV
                verdict = Verdict("lead_off", f"stuck at {middle:+.1f} mV", 0.9) if away else _FLAT
            elif clipped[i]:
                verdict = Verdict("saturated", f"clipped at {cells.rail[i]:+.1f} mV", 0.9)
            else:
                verdict = Verdict("noisy", noise.reasons[source[i]], 1 / (1 + math.exp(-float(score[i]))))
            found[first + int(i)] = verdict
        return found

    def _level_before(self, i: int, flat: Bool) -> float:
        lively = np.flatnonzero(~flat[:i])
        return float(self._cells.middle[lively[-1], 0]) if lively.size else self._level_mv

    def _forget(self, before: int) -> None:
        """Drop the cells before number `before`."""
        count = before - self._first
        if count <= 0:
            return
        dropped = self._cells[:count]
        lively = np.flatnonzero(~dropped.flat)
        if lively.size:
            self._level_mv = float(dropped.middle[lively[-1], 0])
        self._cells, self._noise = self._cells[count:], self._noise[count:]
        self._first = before

    def _mark(self, start: int, valid: Bool, verdict: Verdict) -> list[Span]:
        """Add samples from `start` on to the span under way, or close it; missing ones are a gap."""
        spans = []
        edges = np.flatnonzero(np.diff(valid)) + 1
        for begin, end in pairwise([0, *edges.tolist(), len(valid)]):
            if end == begin:
                continue
            found = verdict if valid[begin] else _GAP
            if self._open is not None and self._open.label != found.label:
                spans.append(self._open.closed())
                self._open = None
            if found.label:
                if self._open is None:
                    self._open = _Open(start + begin, start + begin, found.label)
                self._open.grow(start + end, found.detail, found.confidence)
        return spans
