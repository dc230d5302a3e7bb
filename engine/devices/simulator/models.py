"""Models on a simulated board: run by this computer on windows prepared as firmware prepares them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.devices.board_input import InputRule, bank, input_rule, surroundings, window_hop, window_input
from engine.devices.protocol import NO_VALUE_16, ModelInfo, ModelStats, Result, Results
from engine.devices.protocol.parts import pieces, room_for_data
from engine.devices.protocol.results import encode_class_runs, fnv1a
from engine.devices.simulator.signals import UV_PER_CODE
from engine.errors import ConfigError, EngineError
from engine.runtime.compiled import CompiledModel
from engine.runtime.model import read_card
from engine.runtime.quantized import TfliteModel

I16 = NDArray[np.int16]

MOST_MODELS = 32


@dataclass(frozen=True)
class Run:
    """One inference: the output tensor as bytes and the time it took."""

    output: bytes
    latency_us: int


class BoardModel:
    """An INT8 model. `rule` says how windows are made of the stream; None: it runs only on input that is sent."""

    def __init__(self, number: int, name: str, tflite: bytes) -> None:
        model = TfliteModel(tflite)
        (input_scale, input_zero), (output_scale, output_zero) = model.input_scale, model.output_scale
        if not (input_scale and output_scale):
            raise EngineError(f"{name} is not an INT8 model", hint="export it with quantization.format INT8")
        self.rule: InputRule | None = None
        self._model = _as_firmware_computes(tflite, model)
        self.info = ModelInfo(
            id=number,
            name=name,
            rate_hz=1.0,
            input_shape=model.input_shape[1:],
            output_shape=model.output_shape[1:],
            input_scale=input_scale,
            input_zero=input_zero,
            output_scale=output_scale,
            output_zero=output_zero,
            sha256=hashlib.sha256(tflite).hexdigest(),
        )

    @staticmethod
    def open(number: int, where: str | Path) -> BoardModel:
        """A built-in model by name, a model's folder, or its .tflite file. Raises EngineError."""
        card = read_card(where)
        made = BoardModel(number, card.name, card.path.read_bytes())
        with suppress(ConfigError):
            made.rule = input_rule(card, made.info.input_scale, made.info.input_zero, uv_per_code=UV_PER_CODE)
        made.info = replace(
            made.info,
            rate_hz=card.config.window.rate_hz,
            hop=window_hop(card) if made.rule else 0,
            task=card.task,
            classes=card.class_names,
        )
        return made

    @property
    def is_exact(self) -> bool:
        """Computed as firmware computes it."""
        return isinstance(self._model, CompiledModel)

    @property
    def input_bytes(self) -> int:
        """Size of the input tensor."""
        return int(np.prod(self.info.input_shape))

    def run(self, tensor: bytes) -> Run:
        """Run it on an int8 input tensor."""
        x = np.frombuffer(tensor, np.int8).reshape(1, *self.info.input_shape)
        begin_s = time.perf_counter()
        y = self._model.run_quantized(x)
        return Run(y.tobytes(), round((time.perf_counter() - begin_s) * 1e6))


def _as_firmware_computes(tflite: bytes, model: TfliteModel) -> CompiledModel | TfliteModel:
    """The model compiled from the C that firmware runs; without a compiler the interpreter, which nearly agrees."""
    try:
        return CompiledModel.open(tflite)
    except EngineError:
        return model


@dataclass
class _Progress:
    window: int = 0  # number of the next window in this stretch of signal
    windows: int = 0
    last_us: int = 0
    worst_us: int = 0


class StreamedModels:
    """Models that follow the first lead of a stream. A sample without value ends a stretch of signal."""

    def __init__(self, models: dict[int, BoardModel], rate_hz: int, results: int, mask: int) -> None:
        self._models = {number: m for number, m in models.items() if m.rule is not None}
        self._rate_hz = rate_hz
        self._results = results
        self._codes: I16 = np.zeros(0, np.int16)
        self._first = 0  # index of _codes[0]
        self._origin: int | None = None  # index of the stretch's first sample
        self._progress: dict[int, _Progress] = {}
        self.mask = 0
        self.set_mask(mask)

    def set_mask(self, mask: int) -> None:
        """Switch models on and off; one that joins begins with the next whole window."""
        for number in range(MOST_MODELS):
            if mask >> number & 1 and not self.mask >> number & 1 and number in self._models:
                progress = self._progress.setdefault(number, _Progress())
                progress.window = self._joins_at(number)
        self.mask = mask

    def cut(self) -> None:
        """The signal goes on elsewhere: a new stretch."""
        self._origin = None

    def push(self, index: int, codes: I16) -> Iterator[Result]:
        """The next samples of the lead; the results of the windows they complete, in pieces."""
        edges = np.flatnonzero(np.diff((codes == NO_VALUE_16).astype(np.int8))) + 1
        at = 0
        for run in np.split(codes, edges):
            if run[0] == NO_VALUE_16:
                self._origin = None
            else:
                self._extend(index + at, run)
                for number in self._running():
                    yield from self._advance(number)
                self._forget()
            at += len(run)

    def statistics(self) -> list[ModelStats]:
        """One for each model that is on."""
        rows = []
        for number in self._running():
            p = self._progress[number]
            rows.append(ModelStats(number, p.windows, 0, p.last_us, p.worst_us))
        return rows

    def _running(self) -> list[int]:
        return [number for number in self._models if self.mask >> number & 1]

    def _extend(self, index: int, run: I16) -> None:
        if self._origin is None or index != self._first + len(self._codes):
            self._origin = self._first = index
            self._codes = run.copy()
            for progress in self._progress.values():
                progress.window = 0
        else:
            self._codes = np.concatenate([self._codes, run])

    def _starts_at(self, number: int, window: int) -> int:
        """Index of a window's first sample."""
        rule = self._rule(number)
        made = bank(self._rate_hz, rule.rate_hz)
        return (self._origin or 0) + window * self._models[number].info.hop * made.down // made.up

    def _joins_at(self, number: int) -> int:
        if self._origin is None:
            return 0
        window = 0
        while self._starts_at(number, window) < self._first + len(self._codes):
            window += 1
        return window

    def _advance(self, number: int) -> Iterator[Result]:
        progress, rule = self._progress[number], self._rule(number)
        before, needed = surroundings(rule, self._rate_hz)
        while True:
            start = self._starts_at(number, progress.window)
            if start + needed > self._first + len(self._codes):
                return
            have_before = min(before, start - self._first)
            codes = self._codes[start - have_before - self._first :].astype(np.int64)
            tensor = window_input(rule, codes, self._rate_hz, have_before).tobytes()
            run = self._models[number].run(tensor)
            progress.window += 1
            progress.windows += 1
            progress.last_us = run.latency_us
            progress.worst_us = max(progress.worst_us, run.latency_us)
            yield from self._result(number, start, tensor, run)

    def _result(self, number: int, start: int, tensor: bytes, run: Run) -> Iterator[Result]:
        model, rule = self._models[number], self._rule(number)
        made = bank(self._rate_hz, rule.rate_hz)
        encoding, data = self._encoded(model, run.output)
        for offset, piece in pieces(data, room_for_data(Result)):
            yield Result(
                index=start,
                window=rule.length * made.down // made.up,
                model=number,
                encoding=encoding,
                latency_us=run.latency_us,
                input_hash=fnv1a(tensor),
                output_hash=fnv1a(run.output),
                offset=offset,
                total=len(data),
                data=piece,
            )

    def _encoded(self, model: BoardModel, output: bytes) -> tuple[Results, bytes]:
        if self._results == Results.HASH_ONLY:
            return Results.HASH_ONLY, b""
        classes = model.info.output_shape[-1]
        if self._results == Results.CLASS_RUNS and model.info.classes and classes == len(model.info.classes):
            scores = np.frombuffer(output, np.int8).reshape(-1, classes)
            return Results.CLASS_RUNS, encode_class_runs(scores.argmax(axis=1).astype(np.uint8))
        return Results.TENSOR, output

    def _forget(self) -> None:
        """Drop samples that no window needs any more."""
        needed = self._first + len(self._codes)
        for number in self._running():
            before, _ = surroundings(self._rule(number), self._rate_hz)
            needed = min(needed, self._starts_at(number, self._progress[number].window) - before)
        oldest = self._first + len(self._codes) - self._longest_memory()
        drop = max(0, max(needed, oldest) - self._first) if self._running() else max(0, oldest - self._first)
        self._codes = self._codes[drop:]
        self._first += drop

    def _longest_memory(self) -> int:
        """Samples kept for models that may join or are behind."""
        spans = [sum(surroundings(self._rule(n), self._rate_hz)) for n in self._models]
        return 2 * max(spans, default=self._rate_hz)

    def _rule(self, number: int) -> InputRule:
        rule = self._models[number].rule
        assert rule is not None  # only models with a rule are kept
        return rule
