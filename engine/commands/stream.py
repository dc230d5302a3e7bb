"""`stream`: samples and results of a board, live; figures at the end."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.analysis.stages import Stages
from engine.devices.faults import DeviceError
from engine.records.atomic import write_atomic

if TYPE_CHECKING:
    from engine.devices.live import LiveSession
    from engine.devices.live_types import LiveStatistics

BOARDS = ("an386", "an547", "host", "simulator")
CONNECT_S = 15.0
TELL_EVERY_S = 0.5


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "stream",
        help="stream from a board, real or virtual, and compare its results with the host's",
        description="Stream until --seconds are over or Ctrl-C; then print what was received, lost and compared.",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--port", metavar="PORT", help='serial port, socket://HOST:PORT, a .hkraw recording, or "auto"'
    )
    where.add_argument("--board", choices=BOARDS, help="start a virtual board")
    parser.add_argument("--rate", type=int, metavar="HZ", help="sampling rate (default: the board's first)")
    parser.add_argument("--leads", type=int, metavar="N", help="number of leads (default: all)")
    parser.add_argument(
        "--source",
        choices=["sensor", "replay"],
        help="where the board takes samples from (default: its sensor; a recording on emulated boards)",
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="how long (default: until Ctrl-C)")
    parser.add_argument("--record", type=Path, metavar="DIR", help="record samples (WFDB) and bytes into a folder")
    parser.add_argument("--edf", action="store_true", help="with --record: also as EDF+")
    parser.add_argument("--json", metavar="FILE|-", help="write the figures as JSON")
    parser.add_argument("--baud", type=int, default=115_200, help="speed of a serial port (default: %(default)s)")
    parser.add_argument(
        "--stage",
        metavar="STAGE=ALGORITHM",
        action="append",
        default=[],
        help="which algorithm makes a stage of the host's analysis, as for analyze",
    )
    parser.add_argument("--no-analysis", action="store_true", help="do not analyse on the host")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Stream and tell."""
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise DeviceError("--seconds must be above 0")
    with _port(arguments) as (port, note, board):
        if note:
            print(note, file=sys.stderr)
        session = _session(port, arguments)
        try:
            _start(session, arguments)
            _follow(session, arguments.seconds)
        finally:
            session.close()
    statistics = _counted(session.statistics(), board)
    document = json.dumps(figures(statistics), allow_nan=False)
    if arguments.json is not None and arguments.json != "-":
        write_atomic(Path(arguments.json), document.encode())
    print(document if arguments.json == "-" else _report(session, statistics))
    return 0


def figures(told: LiveStatistics) -> dict[str, Any]:
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
        "models": [
            {
                "model": model.model,
                "windows": model.windows,
                "windows_compared": model.compared,
                "windows_equal": model.equal,
                "inferences_per_s": _number(model.inferences_per_s),
                "instructions": model.instructions or None,
                "last_us": model.last_us,
            }
            for model in told.models
        ],
        "reconnections": told.reconnections,
    }


@contextmanager
def _port(arguments: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """The port to open, what the user should know about it, and which virtual board it is, if it is one.

    A virtual board lives as long as the block.
    """
    if arguments.board is not None:
        from engine.devices.virtual import start

        board = start(arguments.board)
        try:
            yield board.url, board.note, board.board
        finally:
            board.close()
    elif arguments.port == "auto":
        from engine.devices.discovery import only_board

        yield only_board(), "", ""
    else:
        yield arguments.port, "", ""


def _counted(told: LiveStatistics, board: str) -> LiveStatistics:
    """With the instructions of emulated processors, which are counted apart from the stream."""
    from engine.devices.instruction_count import count_instructions

    counts = count_instructions(board, [model.model for model in told.models])
    models = (replace(m, instructions=m.instructions or counts.get(m.model, 0)) for m in told.models)
    return replace(told, models=tuple(models))


def _session(port: str, arguments: argparse.Namespace) -> LiveSession:
    from engine.devices.live import LiveSession

    return LiveSession(
        port, baud=arguments.baud, stages=Stages.parse(arguments.stage), analyse=not arguments.no_analysis
    )


def _start(session: LiveSession, arguments: argparse.Namespace) -> None:
    from engine.devices.live_types import StreamOptions
    from engine.devices.protocol import Source
    from engine.devices.recorder import RecorderOptions

    session.open()
    session.wait_connected(CONNECT_S)
    if arguments.record is not None:
        session.record(RecorderOptions(arguments.record, edf=arguments.edf))
    source = None if arguments.source is None else Source[arguments.source.upper()]
    session.start(StreamOptions(rate_hz=arguments.rate, n_leads=arguments.leads, source=source))


def _follow(session: LiveSession, seconds: float | None) -> None:
    """Wait until the time is over, the recording played has ended, or Ctrl-C."""
    from engine.devices.link_state import LinkState

    began_s = time.monotonic()
    is_shown = sys.stderr.isatty()
    try:
        while session.status.state is not LinkState.CLOSED:
            left_s = math.inf if seconds is None else seconds - (time.monotonic() - began_s)
            if left_s <= 0:
                break
            time.sleep(min(TELL_EVERY_S, left_s))
            if is_shown:
                print(f"\r\x1b[K{_line(session)}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        if is_shown:
            print(file=sys.stderr)


def _line(session: LiveSession) -> str:
    """One line on how it is going."""
    from engine.devices.heart_rate import heart_rate
    from engine.devices.link_state import LinkState

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


def _report(session: LiveSession, told: LiveStatistics) -> str:
    info, analysis, recording = session.info, session.analysis, session.recording
    lines = [f"{info.board}, {info.firmware}" if info is not None else session.port]
    lost = f"{told.samples_lost:,} lost" + (f", {told.samples_unknown:,} unknown" if told.samples_unknown else "")
    lines.append(f"{told.samples:,} samples in {told.elapsed_s:.1f} s, {lost}; {told.frames_bad:,} frames bad")
    latency = told.latency
    if latency.n:
        lines.append(f"latency {latency.p50_ms:.0f} / {latency.p95_ms:.0f} / {latency.p99_ms:.0f} ms (50/95/99 %)")
    if told.drift_ppm is not None:
        lines.append(f"the board's clock runs {told.drift_ppm:+.1f} ppm against this computer's")
    for model in told.models:
        cost = f", {model.instructions:,} instructions each" if model.instructions else ""
        lines.append(f"{model.model}: {model.windows} windows, {model.equal} of {model.compared} equal{cost}")
    if analysis is not None:
        lines.append(analysis.summary)
    if recording is not None:
        lines.append(f"recorded: {recording.header_path}" + (f" ({recording.fault})" if recording.fault else ""))
    return "\n".join(lines)


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
