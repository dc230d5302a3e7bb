"""From RESULT messages to results on the session's sample axis, and the figures of each model."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.devices.live_types import BoardResult, Disagreement, ModelFigures
from engine.devices.protocol import (
    Assembler,
    DeviceInfo,
    MalformedBodyError,
    ModelInfo,
    ModelStats,
    Result,
    Results,
    decode_class_runs,
)

MOST_RESULTS = 40_000  # an hour of a board that sends ten a second

U8 = NDArray[np.uint8]


class BoardResults:
    """All results of a session. The reader thread adds, a comparison judges, any thread looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[BoardResult] = deque(maxlen=MOST_RESULTS)
        self._assemblers: dict[int, Assembler] = {}
        self._stats: dict[int, ModelStats] = {}
        self._names: dict[int, str] = {}
        self._counts: dict[int, list[int]] = {}  # windows, compared, equal
        self._arrivals: dict[int, deque[float]] = {}

    def restart(self) -> None:
        """The board counts anew; half results are void."""
        with self._lock:
            self._assemblers.clear()
            self._stats.clear()
            self._arrivals.clear()

    def take(
        self, message: Result, info: DeviceInfo, position: Callable[[int], int | None], arrived_s: float
    ) -> BoardResult | None:
        """The result that this message completes; None while pieces are missing, or when its window is unknown."""
        key: Hashable = (message.index, message.encoding)
        block = self._assemblers.setdefault(message.model, Assembler()).add(message, key)
        start = position(message.index)
        if block is None or start is None:
            return None
        model = next((m for m in info.models if m.id == message.model), None)
        output, classes = _read(message, block, model)
        result = BoardResult(
            start=start,
            stop=start + message.window,
            model_id=message.model,
            model=model.name if model is not None else f"model {message.model}",
            latency_us=message.latency_us,
            instructions=message.instructions,
            input_hash=message.input_hash,
            output_hash=message.output_hash,
            output=output,
            classes=classes,
        )
        with self._lock:
            self._kept.append(result)
            self._names[message.model] = result.model
            self._counts.setdefault(message.model, [0, 0, 0])[0] += 1
            self._arrivals.setdefault(message.model, deque(maxlen=16)).append(arrived_s)
        return result

    def take_stats(self, message: ModelStats) -> None:
        """The board's own figures of a model."""
        with self._lock:
            self._stats[message.model] = message

    def forget_before(self, position: int) -> None:
        """Results of windows that ended before; the counts stay."""
        with self._lock:
            while self._kept and self._kept[0].stop <= position:
                self._kept.popleft()

    def judge(self, result: BoardResult, equal: bool | None, host_classes: U8 | None, why: str) -> None:
        """What the host made of the same window."""
        with self._lock:
            for place in range(len(self._kept) - 1, -1, -1):
                if self._kept[place] is result:
                    self._kept[place] = replace(result, equal=equal, host_classes=host_classes, why=why)
                    break
            if equal is not None:
                counts = self._counts.setdefault(result.model_id, [0, 0, 0])
                counts[1] += 1
                counts[2] += equal

    def between(self, start: int, stop: int) -> tuple[BoardResult, ...]:
        """Results whose window overlaps [start, stop), in order of arrival."""
        with self._lock:
            return tuple(r for r in self._kept if r.start < stop and start < r.stop)

    def disagreements(self, start: int, stop: int) -> tuple[Disagreement, ...]:
        """Where board and host say different classes, in time order."""
        spans = [span for result in self.between(start, stop) for span in _differences(result)]
        return tuple(sorted((s for s in spans if s.start < stop and start < s.stop), key=lambda s: s.start))

    @property
    def totals(self) -> tuple[int, int, int]:
        """Windows received, compared and equal."""
        with self._lock:
            columns = list(self._counts.values())
        return sum(c[0] for c in columns), sum(c[1] for c in columns), sum(c[2] for c in columns)

    def figures(self) -> tuple[ModelFigures, ...]:
        """One row a model, by id."""
        with self._lock:
            last = {r.model_id: r for r in self._kept}
            return tuple(self._figures(number, last.get(number)) for number in sorted(self._names))

    def _figures(self, number: int, last: BoardResult | None) -> ModelFigures:
        windows, compared, equal = self._counts[number]
        stats = self._stats.get(number)
        times = self._arrivals.get(number, deque())
        pace = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0
        last_us = last.latency_us if last is not None else 0
        return ModelFigures(
            model_id=number,
            model=self._names[number],
            windows=windows,
            skipped=stats.skipped if stats is not None else 0,
            inferences_per_s=pace,
            last_us=last_us,
            worst_us=max(stats.worst_us, last_us) if stats is not None else last_us,
            instructions=last.instructions if last is not None else 0,
            compared=compared,
            equal=equal,
            why=last.why if last is not None else "",
        )


def classes_of(output: NDArray[np.int8], model: ModelInfo) -> U8 | None:
    """The class of each output step (one for a whole window); None for outputs that are no classes."""
    columns = model.output_shape[-1]
    if columns < 2 or output.size % columns or (model.classes and len(model.classes) != columns):
        return None
    return output.reshape(-1, columns).argmax(axis=1).astype(np.uint8)


def _read(message: Result, block: bytes, model: ModelInfo | None) -> tuple[NDArray[np.int8] | None, U8 | None]:
    """Output tensor and classes, as far as the message holds them."""
    if message.encoding == Results.TENSOR:
        output = np.frombuffer(block, np.int8)
        return output, classes_of(output, model) if model is not None else None
    if message.encoding == Results.CLASS_RUNS:
        try:
            return None, decode_class_runs(block)
        except MalformedBodyError:
            return None, None
    return None, None


def _differences(result: BoardResult) -> list[Disagreement]:
    ours, theirs = result.host_classes, result.classes
    if ours is None or theirs is None or len(ours) != len(theirs) or not len(ours):
        return []
    change = np.flatnonzero((np.diff(ours) != 0) | (np.diff(theirs) != 0)) + 1
    edges = np.concatenate([[0], change, [len(ours)]])
    width = (result.stop - result.start) / len(ours)
    return [
        Disagreement(
            result.start + round(a * width),
            result.start + round(b * width),
            result.model_id,
            int(theirs[a]),
            int(ours[a]),
        )
        for a, b in itertools.pairwise(edges)
        if ours[a] != theirs[a]
    ]
