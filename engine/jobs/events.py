"""The events of a job: JSON lines on standard output for machines, or a call for code in the same process.

Every line is one object {"v": 1, "time": seconds since 1970, "event": KIND, ...}:
`started` {command}, `progress` {stage, done, total, note}, `metric` {epoch, values},
`artefact` {name, path}, `message` {text}, `warning` {text}, `error` {text, hint},
`finished` {result}, `cancelled` {}.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TextIO

from engine.errors import Cancelled

VERSION = 1
PROGRESS_EVERY_S = 0.1
Kind = Literal["started", "progress", "metric", "artefact", "message", "warning", "error", "finished", "cancelled"]
Sink = Callable[[Mapping[str, Any]], None]


class Job:
    """What a running job tells and asks: every long function of the engine takes one.

    `sink` receives the events (None: nobody listens); `cancelled` is asked now and then.
    """

    def __init__(self, sink: Sink | None = None, cancelled: Callable[[], bool] | None = None) -> None:
        self._sink = sink
        self._cancelled = cancelled
        self._stage, self._told = "", 0.0

    def emit(self, kind: Kind, **fields: Any) -> None:
        """Tell something."""
        if self._sink is not None:
            self._sink({"v": VERSION, "time": round(time.time(), 3), "event": kind, **fields})

    def progress(self, stage: str, done: float, total: float, note: str = "") -> None:
        """How far a stage is; also the place where a cancel request takes effect (raises Cancelled).

        May be called for every small step: what comes sooner than PROGRESS_EVERY_S after the last is not told.
        """
        self.check()
        now = time.monotonic()
        if stage == self._stage and done < total and now - self._told < PROGRESS_EVERY_S:
            return
        self._stage, self._told = stage, now
        self.emit("progress", stage=stage, done=done, total=total, note=note)

    def metric(self, epoch: int, values: Mapping[str, float]) -> None:
        """Figures of one epoch (0-based)."""
        self.emit("metric", epoch=epoch, values={k: float(v) for k, v in values.items()})

    def artefact(self, name: str, path: Path) -> None:
        """A file that was written."""
        self.emit("artefact", name=name, path=str(path))

    def message(self, text: str) -> None:
        """Something worth a line in the log."""
        self.emit("message", text=text)

    def warning(self, text: str) -> None:
        """Something the user should know though work goes on."""
        self.emit("warning", text=text)

    def check(self) -> None:
        """Raise Cancelled when that was asked for."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled


def json_lines(stream: TextIO | None = None) -> Sink:
    """A sink that writes one JSON object a line, flushed; numbers that JSON lacks become null."""
    out = stream or sys.stdout

    def write(event: Mapping[str, Any]) -> None:
        out.write(json.dumps(_plain(event), allow_nan=False) + "\n")
        out.flush()

    return write


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _plain(value.item())
    return value if isinstance(value, str | int | bool | type(None)) else str(value)
