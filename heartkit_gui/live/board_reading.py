"""From the results of the board's models to marks on the trace. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.analysis.types import ABSENT, Analysis
from engine.devices.live_types import BoardResult, Disagreement
from engine.devices.protocol import ModelInfo
from engine.signals.span import Span
from heartkit_gui.canvas.marks import KINDS, WAVES, BeatMarks, Spans
from heartkit_gui.live.board_marks import NO_BEATS, BoardMarks

U8 = NDArray[np.uint8]

SAME_WAVE_S = 0.04  # boundaries nearer than this count as the same
SETTLED_S = 2.0  # the newest findings of the host may still change
UNKNOWN = 255
WAVE_CLASSES = {"p": 1, "p-wave": 1, "qrs": 2, "t": 3, "t-wave": 3}
RHYTHM_OF_CLASS = {
    "sr": "N", "nsr": "N", "normal": "N", "sbrad": "SBR", "sb": "SBR", "stach": "ST", "st": "ST",
    "afib": "AFIB", "af": "AFIB", "aflut": "AFIB", "gsvt": "SVTA", "svt": "SVTA", "noise": "NOISE",
    "inconclusive": "UNKNOWN",
}  # fmt: skip
BEAT_OF_CLASS = {"normal": "N", "nsr": "N", "n": "N", "pac": "S", "s": "S", "pvc": "V", "v": "V", "f": "F"}


def board_marks(
    results: Sequence[BoardResult],
    differs: Iterable[Disagreement],
    models: Sequence[ModelInfo],
    analysis: Analysis | None,
    rate_hz: float,
) -> BoardMarks:
    """What the board found, from results in order of arrival; of overlapping windows the later one holds."""
    by_id = {model.id: model for model in models}
    waves, rhythm, beats = [], [], []
    for result in results:
        model = by_id.get(result.model_id)
        if model is None or result.classes is None or not len(result.classes):
            continue
        if model.task == "segmentation":
            waves.append((result, _wave_codes(result.classes, model.classes)))
        elif model.task == "beat":
            beats.append((result, _class_name(model, int(result.classes[0]))))
        elif model.task in ("rhythm", "arrhythmia"):
            rhythm.append((result, _class_name(model, int(result.classes[0]))))
    start, mask = wave_mask(waves)
    return BoardMarks(
        waves=Spans(_runs(start, mask)),
        rhythm=Spans(_rhythm_spans(rhythm)),
        beats=_beats(beats),
        compared=Spans(merged(Span(r.start, r.stop, "") for r in results if r.equal)),
        differs=Spans([Span(d.start, d.stop, "class") for d in differs] + _unequal(results)),
        doubted=Spans(_doubts(start, mask, analysis, rate_hz)),
    )


def wave_mask(windows: Sequence[tuple[BoardResult, U8]]) -> tuple[int, U8]:
    """First sample and class of each sample since: 0 none, 1 P, 2 QRS, 3 T, UNKNOWN where no window lies."""
    if not windows:
        return 0, np.zeros(0, np.uint8)
    first = min(result.start for result, _ in windows)
    mask = np.full(max(result.stop for result, _ in windows) - first, UNKNOWN, np.uint8)
    for result, codes in windows:
        at = np.arange(result.stop - result.start)
        mask[result.start - first : result.stop - first] = codes[at * len(codes) // max(1, len(at))]
    return first, mask


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that touch or overlap joined to one."""
    whole: list[Span] = []
    for span in sorted(spans, key=_start):
        if whole and span.start <= whole[-1].stop:
            whole[-1] = Span(whole[-1].start, max(whole[-1].stop, span.stop), span.label)
        else:
            whole.append(span)
    return whole


def _start(span: Span) -> int:
    return span.start


def _wave_codes(classes: U8, names: Sequence[str]) -> U8:
    """Codes 0 to 3 of a model's classes; a model without names has none, P, QRS, T in this order."""
    if not names:
        return np.minimum(classes, 3).astype(np.uint8)
    table = np.array([WAVE_CLASSES.get(name.lower(), 0) for name in names], np.uint8)
    return table[np.minimum(classes, len(table) - 1)]


def _class_name(model: ModelInfo, number: int) -> str:
    return model.classes[number].lower() if number < len(model.classes) else str(number)


def _runs(first: int, mask: U8) -> list[Span]:
    names = ("", *(wave[0] for wave in WAVES))
    edges = [0, *(np.flatnonzero(np.diff(mask)) + 1).tolist(), len(mask)] if len(mask) else []
    return [Span(first + a, first + b, names[mask[a]]) for a, b in pairwise(edges) if 0 < mask[a] < len(names)]


def _rhythm_spans(windows: Sequence[tuple[BoardResult, str]]) -> list[Span]:
    """One statement a window, each until the next begins; equal neighbours are one."""
    spans: list[Span] = []
    ordered = sorted(windows, key=_window_start)
    for k, (result, name) in enumerate(ordered):
        stop = min(result.stop, ordered[k + 1][0].start) if k + 1 < len(ordered) else result.stop
        label = RHYTHM_OF_CLASS.get(name, name.upper())
        if spans and spans[-1].label == label and result.start <= spans[-1].stop:
            spans[-1] = Span(spans[-1].start, max(spans[-1].stop, stop), label)
        elif stop > result.start:
            spans.append(Span(result.start, stop, label))
    return spans


def _window_start(window: tuple[BoardResult, str]) -> int:
    return window[0].start


def _beats(windows: Sequence[tuple[BoardResult, str]]) -> BeatMarks:
    """A beat in the middle of each window."""
    if not windows:
        return NO_BEATS
    ordered = sorted(windows, key=_window_start)
    symbols = tuple(BEAT_OF_CLASS.get(name, "Q") for _, name in ordered)
    return BeatMarks(
        np.array([(result.start + result.stop) // 2 for result, _ in ordered], np.int64),
        np.array([KINDS.index(symbol) for symbol in symbols], np.int8),
        symbols,
        np.ones(len(ordered), np.float32),
    )


def _unequal(results: Sequence[BoardResult]) -> list[Span]:
    """Windows with other bytes but the same classes: a mark at their end."""
    return [
        Span(r.stop - max(1, (r.stop - r.start) // 50), r.stop, "bytes")
        for r in results
        if r.equal is False and (r.classes is None or r.host_classes is None or _same(r.classes, r.host_classes))
    ]


def _same(a: U8, b: U8) -> bool:
    return len(a) == len(b) and bool((a == b).all())


def _doubts(first: int, mask: U8, analysis: Analysis | None, rate_hz: float) -> list[Span]:
    """Where the host's analysis has another wave for longer than two boundaries may differ."""
    if analysis is None or not len(mask):
        return []
    stop = min(first + len(mask), analysis.n_samples - round(SETTLED_S * rate_hz))
    if stop <= first:
        return []
    host = np.zeros(stop - first, np.uint8)
    table = analysis.fiducials.table()
    for code, (_, onset, _, offset) in enumerate(WAVES, 1):
        for a, b in table[:, [onset, offset]].tolist():
            if a != ABSENT and b != ABSENT and b > first and a < stop:
                host[max(0, a - first) : b - first + 1] = code
    board = mask[: stop - first]
    other = (host != board) & (board != UNKNOWN)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], other, [False]]))).tolist()
    least = SAME_WAVE_S * rate_hz
    return [
        Span(first + a, first + b, "waves") for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > least
    ]
