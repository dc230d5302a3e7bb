"""What `stream` says: changes of state and a line on how it goes meanwhile, figures and a report at the end."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from engine.devices.heart_rate import heart_rate
from engine.devices.link_state import LinkState, LinkStatus
from engine.devices.live import LiveSession
from engine.devices.live_types import LiveStatistics, ModelFigures
from engine.devices.recorder import RecorderStatus

LINE_EVERY_S = 0.5


class Teller:
    """Follows a session on standard error: what goes wrong and heals in lines of its own, the rest on one line."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._began_s = time.monotonic()
        self._status = session.status
        self._told: set[str] = set()
        self._is_terminal = sys.stderr.isatty()
        self._next_line_s = 0.0

    def look(self) -> None:
        """Say what is new."""
        session, status, recording = self._session, self._session.status, self._session.recording
        if status is not self._status:
            if status.state.is_fault or self._status.state.is_fault:
                self._say(str(status))
            self._status = status
        for fault in (recording.fault if recording is not None else "", session.analysis_fault):
            if fault and fault not in self._told:
                self._told.add(fault)
                self._say(fault)
        if self._is_terminal and time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            print(f"\r\x1b[K{_line(session)}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal:
            print(file=sys.stderr)

    def _say(self, sentence: str) -> None:
        start = "\r\x1b[K" if self._is_terminal else ""
        print(f"{start}{time.monotonic() - self._began_s:6.1f} s  {sentence}", file=sys.stderr, flush=True)


def figures(told: LiveStatistics, status: LinkStatus, recording: RecorderStatus | None) -> dict[str, Any]:
    """The contract's figures and some more; None where something was not measured."""
    counted = [model for model in told.models if model.instructions and model.windows]
    inferences = sum(model.windows for model in counted)
    instructions = sum(model.instructions * model.windows for model in counted)
    return {
        "seconds": _number(told.elapsed_s),
        "samples": told.samples,
        "samples_lost": told.samples_lost,
        "samples_unknown": told.samples_unknown,
        "frames": told.frames,
        "frames_bad": told.frames_bad,
        "frames_lost": told.frames_lost,
        "windows": told.windows,
        "windows_compared": told.windows_compared,
        "windows_equal": told.windows_equal,
        "latency_ms": {
            "p50": _number(told.latency.p50_ms),
            "p95": _number(told.latency.p95_ms),
            "p99": _number(told.latency.p99_ms),
        },
        "drift_ppm": None if told.drift_ppm is None else _number(told.drift_ppm),
        "instructions_per_inference": round(instructions / inferences) if inferences else None,
        "models": [_model(model) for model in told.models],
        "reconnections": told.reconnections,
        "state": status.state.value,
        "reason": status.reason,
        "recording": None if recording is None else _recording(recording),
    }


def report(session: LiveSession, told: LiveStatistics) -> str:
    """The end of a stream for people."""
    info, analysis, recording = session.info, session.analysis, session.recording
    lines = [f"{info.board}, {info.firmware}" if info is not None else session.port]
    lost = f"{told.samples_lost:,} lost" + (f", {told.samples_unknown:,} unknown" if told.samples_unknown else "")
    whole = f", {100 * told.frames_whole:.2f} % of all whole" if told.frames_lost else ""
    frames = f"{told.frames_bad:,} frames bad{whole}"
    lines.append(f"{told.samples:,} samples in {told.elapsed_s:.1f} s, {lost}; {frames}")
    latency = told.latency
    if latency.n:
        lines.append(f"latency {latency.p50_ms:.0f} / {latency.p95_ms:.0f} / {latency.p99_ms:.0f} ms (50/95/99 %)")
    if told.drift_ppm is not None:
        lines.append(f"the board's clock runs {told.drift_ppm:+.1f} ppm against this computer's")
    for model in told.models:
        cost = f", {model.instructions:,} instructions each" if model.instructions else ""
        equal = f"{model.equal} of {model.compared} equal" if model.compared else "none compared"
        lines.append(f"{model.model}: {_windows(model.windows)}, {equal}{cost}")
    lines += sorted({model.why for model in told.models if model.why and not model.compared})
    if analysis is not None:
        lines.append(analysis.summary)
    if recording is not None:
        lines.append(f"recorded: {recording.header_path}" + (f" ({recording.fault})" if recording.fault else ""))
    return "\n".join(lines)


def _windows(number: int) -> str:
    return f"{number:,} window{'' if number == 1 else 's'}"


def _model(model: ModelFigures) -> dict[str, Any]:
    return {
        "model": model.model,
        "windows": model.windows,
        "windows_compared": model.compared,
        "windows_equal": model.equal,
        "inferences_per_s": _number(model.inferences_per_s),
        "instructions": model.instructions or None,
        "last_us": model.last_us,
    }


def _recording(recording: RecorderStatus) -> dict[str, Any]:
    return {
        "path": str(recording.header_path),
        "samples": recording.n_samples,
        "samples_dropped": recording.samples_dropped,
        "fault": recording.fault,
    }


def _line(session: LiveSession) -> str:
    """One line on how it is going."""
    if session.status.state is not LinkState.STREAMING:
        return str(session.status)
    told, analysis = session.statistics(), session.analysis
    rate = heart_rate(analysis) if analysis is not None else math.nan
    parts = [
        f"{told.elapsed_s:6.1f} s",
        f"{told.samples:,} samples",
        f"{told.samples_lost:,} lost",
        f"{told.frames_bad:,} frames bad",
        f"{told.latency.p95_ms:.0f} ms p95" if told.latency.n else "",
        f"{rate:.0f}/min" if not math.isnan(rate) else "",
        f"{told.windows_equal} of {told.windows_compared} windows equal" if told.windows_compared else "",
    ]
    return "  ".join(part for part in parts if part)


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
