"""The live session of the window: connecting, starting virtual boards and asking the board things, off the GUI
thread. The views look at `session` as often as they paint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.analysis.stages import DEFAULT, Stages
from engine.errors import EngineError
from engine.records.hints import TextHints
from engine.resources import built_in_record
from heartkit_gui.live.virtual_boards import TITLES
from heartkit_gui.services.errands import Errands, Failed

if TYPE_CHECKING:
    from engine.devices.discovery import Candidate
    from engine.devices.live import LiveSession
    from engine.devices.live_types import StreamOptions
    from engine.devices.simulator import Simulator
    from engine.devices.virtual import VirtualBoard

ANSWER_S = 20.0  # an emulated board on a busy machine
WANTED_LEAD = "II"
LATER = "The stream keeps its algorithms; those chosen now begin with the next connection."


@dataclass(frozen=True)
class Connected:
    """A session under way, and the virtual board behind it, if any."""

    session: LiveSession
    board: VirtualBoard | None = None


class LiveService(QObject):
    """One session at a time; the session before stays until another begins, so that it can be looked at."""

    changed = Signal()  # another session, or another thing under way
    found = Signal(object)  # tuple of boards found
    failed = Signal(str, str, str)  # title, sentence, details
    remarked = Signal(str)  # worth a word in passing

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session: LiveSession | None = None
        self.board: VirtualBoard | None = None
        self.under_way = ""
        self._stages: Stages = DEFAULT
        self.recorded_instructions: Mapping[str, int] = {}  # of an emulated board's models: it counts none now
        self.is_open = False  # a session is connected or tries to be
        self.to_inject: tuple[Path, TextHints | None] | None = None  # the record that the input "inject" plays
        self.last: Callable[[], None] | None = None  # what would connect once more
        self._baud: int | None = None  # as asked for with the last port
        self._errands: Errands | None = None
        self._started = False
        self._request = 0

    @property
    def stages(self) -> Stages:
        """Algorithms of the next stream; the one that runs keeps those that it began with."""
        return self._stages

    @stages.setter
    def stages(self, stages: Stages) -> None:
        if stages != self._stages and self.is_open:
            self.remarked.emit(LATER)
        self._stages = stages

    # -- connecting

    def start_virtual(self, kind: str) -> None:
        """Start a virtual board and stream from it."""
        self.last = partial(self.start_virtual, kind)
        self._begin(f"Starting: {TITLES[kind]}", _StartVirtual(kind, self.stages))

    def connect_port(self, port: str, baud: int | None = None) -> None:
        """Connect to a port and stream from whoever answers; goes on trying until `leave`."""
        self.last = partial(self.connect_port, port, baud)
        self._baud = baud
        self._begin(f"Opening {port}", _OpenPort(port, baud, self.stages))

    def retry(self) -> None:
        """Connect once more to what was connected last."""
        if self.last is not None and not self.is_open and not self.under_way:
            self.last()

    @property
    def can_read_lines(self) -> bool:
        """Whether what comes from the port is not understood, but might be lines of numbers."""
        from engine.devices.line_transport import PREFIX
        from engine.devices.link_state import LinkState

        session = self.session
        if session is None or not self.is_open or session.status.state is not LinkState.GARBAGE:
            return False
        return not session.port.startswith(PREFIX)

    def read_lines(self) -> None:
        """Take what comes from the port for lines of numbers."""
        from engine.devices.line_transport import PREFIX

        if self.session is not None and self.can_read_lines:
            speed = f"?baud={self._baud}" if self._baud else ""
            self.connect_port(f"{PREFIX}{self.session.port}{speed}")

    @property
    def retry_in_s(self) -> float | None:
        """Seconds until a lost board is looked for again; None where that is not waited for."""
        at_s = self.session.retry_at_s if self.session is not None and self.is_open else None
        return None if at_s is None else max(0.0, at_s - steady_s())

    @property
    def simulator(self) -> Simulator | None:
        """The simulated board that streams, whose faults can be set; None where another one does."""
        simulator: Simulator | None = self.board.simulator if self.board is not None else None
        return simulator

    def leave(self) -> None:
        """Let the board go; what was received stays."""
        if not self.is_open and not self.under_way:
            return
        self._request += 1
        self.is_open, self.under_way = False, ""
        ended, self.board = Connected(self.session, self.board) if self.session else None, None
        if ended is not None:
            self._do("end", _End(ended))
        self.changed.emit()

    def look_for_boards(self) -> None:
        """List ports and ask who is there; `found` follows."""
        self._do("look", _look, self._deliver_found)

    # -- the session under way

    def ask(self, key: str, what: Callable[[LiveSession], object], title: str = "The board refused") -> None:
        """Have the session asked something, off the GUI thread; of waiting asks with one key the last counts."""
        if self.session is not None:
            self._do(key, _Ask(self.session, what), _Answer(self, title))

    def poll(self) -> None:
        """Let a session that is connected begin to stream. Called now and then by the view."""
        session = self.session
        if session is not None and self.is_open and not self._started and session.info is not None:
            self._started = True
            self.ask("start", begin_stream, "The board cannot stream")

    def inject(self) -> None:
        """Have the board take its samples from the open record, or from the built-in one."""
        from heartkit_gui.live.asks import InjectRecord

        path, hints = self.to_inject or (built_in_record(), None)
        self.ask("source", InjectRecord(path, hints))

    def restart(self, options: StreamOptions) -> None:
        """Stream anew with other options."""
        self.ask("start", _Restart(options), "The board cannot stream like that")

    def shutdown(self) -> None:
        """End session and board, deliver nothing more."""
        self._request += 1
        if self._errands is None:
            return
        if self.session is not None:
            self._errands.give("end", _End(Connected(self.session, self.board)))
        self._errands.close(8.0)
        self.session = self.board = None

    def _do(self, key: str, work: Callable[[], object], deliver: Callable[[object], None] | None = None) -> None:
        if self._errands is None:
            self._errands = Errands("live errands", self)
        self._errands.give(key, work, deliver)

    def _begin(self, under_way: str, work: Callable[[], Connected]) -> None:
        self.leave()
        self._request += 1
        self.under_way = under_way
        self.changed.emit()
        self._do("connect", work, _Deliver(self, self._request))

    def take(self, request: int, outcome: object) -> None:
        """What came of connecting, unless another request came since."""
        if request != self._request:
            if isinstance(outcome, Connected):
                self._do("end late", _End(outcome))
            return
        self.under_way = ""
        if isinstance(outcome, Failed):
            self.changed.emit()
            self.failed.emit("No live session", outcome.sentence, outcome.details)
            return
        assert isinstance(outcome, Connected)
        self.session, self.board, self.is_open = outcome.session, outcome.board, True
        self._started = outcome.board is not None
        self.recorded_instructions = _recorded_instructions(outcome.board)
        self.changed.emit()
        if outcome.board is not None and outcome.board.note:
            self.remarked.emit(outcome.board.note)

    def _deliver_found(self, outcome: object) -> None:
        if isinstance(outcome, Failed):
            self.failed.emit("Cannot look for boards", outcome.sentence, outcome.details)
        else:
            self.found.emit(outcome)


def _recorded_instructions(board: VirtualBoard | None) -> Mapping[str, int]:
    """What an inference of each model was counted to take when the image of a virtual board was made."""
    from engine.devices.virtual import recorded_instructions

    return {} if board is None else recorded_instructions(board.board)


def begin_stream(session: LiveSession) -> None:
    """Stream from a board that answers, from a recording where it has no sensor of its own."""
    from engine.devices.live_types import StreamOptions
    from engine.devices.protocol import Source

    info = session.info
    if info is None:
        return
    if WANTED_LEAD in info.leads:
        session.analyse_lead(WANTED_LEAD)
    acts = info.simulated or info.emulated
    replays = acts and "replay" in info.sources
    session.start(StreamOptions(source=Source.REPLAY if replays else Source.SENSOR))


@dataclass(frozen=True)
class _StartVirtual:
    kind: str
    stages: Stages

    def __call__(self) -> Connected:
        from engine.devices import virtual
        from engine.devices.live import LiveSession

        board = virtual.start(self.kind)
        session = LiveSession(board.url, stages=self.stages)
        try:
            session.open()
            session.wait_connected(ANSWER_S)
            begin_stream(session)
        except EngineError:
            session.close()
            board.close()
            raise
        return Connected(session, board)


@dataclass(frozen=True)
class _OpenPort:
    port: str
    baud: int | None
    stages: Stages

    def __call__(self) -> Connected:
        from engine.devices.live import LiveSession
        from engine.devices.transports import DEFAULT_BAUD

        session = LiveSession(self.port, baud=self.baud or DEFAULT_BAUD, stages=self.stages)
        session.open()
        return Connected(session)


@dataclass(frozen=True)
class _End:
    ended: Connected

    def __call__(self) -> None:
        with suppress(EngineError):
            self.ended.session.close()
        if self.ended.board is not None:
            self.ended.board.close()


@dataclass(frozen=True)
class _Ask:
    session: LiveSession
    what: Callable[[LiveSession], object]

    def __call__(self) -> object:
        return self.what(self.session)


@dataclass(frozen=True)
class _Restart:
    options: StreamOptions

    def __call__(self, session: LiveSession) -> None:
        session.start(self.options)


@dataclass(frozen=True)
class _Deliver:
    service: LiveService
    request: int

    def __call__(self, outcome: object) -> None:
        self.service.take(self.request, outcome)


@dataclass(frozen=True)
class _Answer:
    service: LiveService
    title: str

    def __call__(self, outcome: object) -> None:
        if isinstance(outcome, Failed):
            self.service.failed.emit(self.title, outcome.sentence, outcome.details)


def _look() -> tuple[Candidate, ...]:
    from engine.devices.discovery import discover

    return tuple(discover())


def steady_s() -> float:
    """The clock of streams and frames."""
    return time.monotonic()
