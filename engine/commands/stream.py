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
from typing import TYPE_CHECKING

from engine.analysis.stages import Stages
from engine.commands.fault_option import add_fault_option
from engine.commands.interruption import interruptible
from engine.devices.faults import DeviceError
from engine.records.atomic import check_places, write_atomic

if TYPE_CHECKING:
    from engine.devices.live import LiveSession
    from engine.devices.live_types import LiveStatistics

CONNECT_S = 15.0
LOOK_EVERY_S = 0.1
DONE, RECORDING_FAILED = 0, 2


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    from engine.devices.virtual import BOARDS

    parser = commands.add_parser(
        "stream",
        help="stream from a board, real or virtual, and compare its results with the host's",
        description="Stream until --seconds are over or Ctrl-C; then print what was received, lost and compared.",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--port",
        metavar="PORT",
        help="serial port, socket://HOST:PORT, lines:PORT (a board that prints numbers), tileio:PORT, a .hkraw "
        'recording, or "auto" (the one board that is plugged in)',
    )
    where.add_argument("--board", choices=BOARDS, help="start a virtual board")
    add_fault_option(parser)
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
    from engine.commands.stream_telling import figures, report

    stages = _checked(arguments)
    with interruptible(), _port(arguments) as (port, note, board):
        if note:
            print(note, file=sys.stderr)
        session = _session(port, stages, arguments)
        try:
            _start(session, arguments)
            _follow(session, arguments.seconds)
        finally:
            status = session.status
            session.close()
    statistics = _counted(session.statistics(), board)
    document = json.dumps(figures(statistics, status, session.recording), allow_nan=False)
    print(document if arguments.json == "-" else report(session, statistics))
    if arguments.json is not None and arguments.json != "-":
        write_atomic(Path(arguments.json), document.encode())
    if not statistics.samples:
        raise DeviceError(f"{port}: no samples came", hint=str(status))
    return RECORDING_FAILED if session.recording is not None and session.recording.fault else DONE


def _checked(arguments: argparse.Namespace) -> Stages:
    """Refuse, before anything is opened, what could not be done; the stages of the analysis."""
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise DeviceError("--seconds must be above 0")
    if arguments.fault and arguments.board is None:
        raise DeviceError("--fault is for --board simulator")
    if arguments.baud <= 0:
        raise DeviceError("--baud must be above 0")
    if arguments.edf and arguments.record is None:
        raise DeviceError("--edf says how to record: name the folder too", hint="--record DIR")
    check_places(arguments.json)
    stages = Stages.parse(arguments.stage)
    if not arguments.no_analysis:
        from engine.analysis.streaming import StreamingAnalysis

        StreamingAnalysis(1000.0, stages=stages)  # opens their models
    return stages


@contextmanager
def _port(arguments: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """The port to open, what the user should know about it, and which virtual board it is, if it is one.

    A virtual board lives as long as the block.
    """
    if arguments.board is not None:
        from engine.devices.virtual import start

        board = start(arguments.board, faults=arguments.fault)
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


def _session(port: str, stages: Stages, arguments: argparse.Namespace) -> LiveSession:
    from engine.devices.live import LiveSession

    return LiveSession(port, baud=arguments.baud, stages=stages, analyse=not arguments.no_analysis)


def _start(session: LiveSession, arguments: argparse.Namespace) -> None:
    from engine.devices.live_types import StreamOptions
    from engine.devices.protocol import Source
    from engine.devices.recorder import RecorderOptions

    session.open()
    session.wait_connected(CONNECT_S)
    if arguments.record is not None:
        _finish_interrupted(arguments.record)
        session.record(RecorderOptions(arguments.record, edf=arguments.edf))
    source = None if arguments.source is None else Source[arguments.source.upper()]
    session.start(StreamOptions(rate_hz=arguments.rate, n_leads=arguments.leads, source=source))


def _finish_interrupted(folder: Path) -> None:
    """Complete what an earlier run, which was killed, recorded there."""
    from engine.devices.recorder import recover, unfinished
    from engine.devices.recording_claim import is_claimed

    for part in unfinished(folder):
        if not is_claimed(part):
            try:
                print(f"finished a recording that was interrupted: {recover(part)}", file=sys.stderr)
            except DeviceError as error:
                print(error, file=sys.stderr)


def _follow(session: LiveSession, seconds: float | None) -> None:
    """Wait until the time is over, the recording played has ended, or Ctrl-C."""
    from engine.commands.stream_telling import Teller
    from engine.devices.link_state import LinkState

    until_s = math.inf if seconds is None else time.monotonic() + seconds
    teller = Teller(session)
    try:
        while session.status.state is not LinkState.CLOSED and (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(LOOK_EVERY_S, left_s))
            teller.look()
    except KeyboardInterrupt:
        pass
    finally:
        teller.end()
