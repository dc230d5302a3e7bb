"""Whether a board's models say what the host says: every window run again here, on the samples received.

A thread of its own waits for the samples a window rests on, makes the model's input as the firmware makes it
(`board_input`), runs the host's copy and compares the raw outputs, byte for byte.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.devices.board_input import surroundings, window_input
from engine.devices.board_results import BoardResults, classes_of
from engine.devices.host_models import HostModel, open_host_model
from engine.devices.live_types import BoardResult
from engine.devices.protocol import ModelInfo, fnv1a
from engine.devices.ring import Ring, no_value
from engine.errors import EngineError

MOST_WAITING = 512
WAIT_S = 5.0
LOST = "samples it rests on were lost"
BUSY = "the host was too busy to compare"

I8 = NDArray[np.int8]


@dataclass(frozen=True)
class _Job:
    result: BoardResult
    model: ModelInfo
    ring: Ring
    segment_start: int
    nominal_hz: int


@dataclass(frozen=True)
class _Verdict:
    equal: bool | None
    host_classes: NDArray[np.uint8] | None = None
    why: str = ""


class Comparison:
    """Judges the results of a session, in order."""

    def __init__(self, results: BoardResults) -> None:
        self._results = results
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MOST_WAITING)
        self._models: dict[ModelInfo, HostModel | str] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="comparison", daemon=True)
        self._thread.start()

    def submit(
        self, result: BoardResult, model: ModelInfo | None, ring: Ring, segment_start: int, nominal_hz: int
    ) -> None:
        """Have a result judged; returns at once. `segment_start`: where its signal began."""
        if model is None:
            self._results.judge(result, None, None, "the board does not describe this model")
            return
        try:
            self._jobs.put_nowait(_Job(result, model, ring, segment_start, nominal_hz))
        except queue.Full:
            self._results.judge(result, None, None, BUSY)

    def close(self, timeout_s: float = 10.0) -> None:
        """Judge what waits, as far as its samples came, and end."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            verdict = self._verdict(job)
            self._results.judge(job.result, verdict.equal, verdict.host_classes, verdict.why)

    def _verdict(self, job: _Job) -> _Verdict:
        host = self._host_model(job)
        if isinstance(host, str):
            return _Verdict(None, why=host)
        before, after = surroundings(host.rule, job.nominal_hz)
        start = job.result.start
        job.ring.wait(start + after - 1, 0.0 if self._closing.is_set() else WAIT_S)
        if job.ring.head < start + after:
            return _Verdict(None, why=LOST)
        first = max(start - before, job.segment_start)
        codes = job.ring.read_adu(first, start + after)[0].astype(np.int64)
        holes = np.flatnonzero(codes == no_value(job.ring.bits))
        if holes.size and holes[-1] >= start - first:
            return _Verdict(None, why=LOST)
        known = codes[holes[-1] + 1 :] if holes.size else codes
        made = window_input(host.rule, known, job.nominal_hz, len(known) - after)
        if job.result.input_hash and fnv1a(made.tobytes()) != job.result.input_hash:
            # What the host lacks the board may have had; only a complete window proves a difference.
            return _Verdict(None, why=LOST) if holes.size else _Verdict(False, why="the inputs differ")
        return _compared(job, host, host.run(made))

    def _host_model(self, job: _Job) -> HostModel | str:
        if job.model not in self._models:
            uv_per_code = 1000.0 / float(job.ring.units_per_mv[0])
            try:
                self._models[job.model] = open_host_model(job.model, uv_per_code)
            except EngineError as error:
                self._models[job.model] = str(error)
        return self._models[job.model]


def _compared(job: _Job, host: HostModel, output: I8) -> _Verdict:
    classes = classes_of(output, job.model)
    if not host.is_exact:
        return _Verdict(None, classes, f"compared by class only: {host.why_not_exact}")
    result = job.result
    if result.output is not None:
        return _Verdict(bool(np.array_equal(result.output, output)), classes)
    return _Verdict(fnv1a(output.tobytes()) == result.output_hash, classes)
