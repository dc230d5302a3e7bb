"""The live view: device and board on the left, the trace in the middle, numbers and link on the right."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.analysis.types import Analysis
from engine.devices.heart_rate import RateLimits, heart_rate
from engine.devices.link_state import LinkState
from engine.devices.live import LiveSession
from engine.devices.live_types import LiveStatistics, StreamOptions
from engine.devices.protocol import Source
from heartkit_gui.actions.registry import ActionRegistry
from heartkit_gui.live import figures
from heartkit_gui.live.asks import InjectNoise, SelectModels, SelectSource
from heartkit_gui.live.board_panel import BoardPanel
from heartkit_gui.live.board_reading import board_marks
from heartkit_gui.live.board_trace import board_trace
from heartkit_gui.live.device_panel import DevicePanel
from heartkit_gui.live.event_marks import event_marks
from heartkit_gui.live.fault_panel import FaultPanel
from heartkit_gui.live.freeze_view import FreezeView
from heartkit_gui.live.link_panel import LinkPanel
from heartkit_gui.live.live_bar import LiveBar
from heartkit_gui.live.live_canvas import LiveCanvas
from heartkit_gui.live.live_note import LiveNote
from heartkit_gui.live.log_panel import LogPanel
from heartkit_gui.live.number_panel import NumberPanel
from heartkit_gui.live.ring_record import RingRecord
from heartkit_gui.live.state_words import StateWords, state_words
from heartkit_gui.live.stream_words import stream_words
from heartkit_gui.model.excerpt import excerpt
from heartkit_gui.services.live import LiveService, steady_s
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.panel import scrolling

FRAME_MS = 16
POLL_MS = 200
LEFT_PX, RIGHT_PX = 284, 316
LEAST_PX = (480, 240)
POINCARE_S = 300.0
DELAYS_KEPT = 60 * 120
BOARD_MARGIN_S = 6.0
UNFILTERED = "unfiltered"


class LiveView(QWidget):
    """Pulls from the session: every frame the samples, five times a second everything else."""

    stream_changed = Signal()  # a stream began, ended, froze or thawed
    status_changed = Signal(object)  # StreamWords
    recording_finished = Signal(object)  # RecorderStatus
    open_wanted = Signal(object)  # path of a finished recording

    def __init__(self, service: LiveService, registry: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._service = service
        self._shown: LiveSession | None = None
        self._generation = 0
        self._analysis: Analysis | None = None
        self._events = 0
        self._was_recording = False
        self._told_of: Path | None = None  # the recording whose end was told last
        self._streams = self._has_board = False
        self._delays: deque[float] = deque(maxlen=DELAYS_KEPT)
        self._painted: deque[float] = deque(maxlen=240)
        self.canvas = LiveCanvas()
        self.freezer = FreezeView()
        self.bar = LiveBar(registry)
        self.devices = DevicePanel()
        self.board = BoardPanel()
        self.faults = FaultPanel()
        self.log = LogPanel()
        self.numbers = NumberPanel()
        self.link = LinkPanel()
        self.note = LiveNote()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.canvas)
        self._stack.addWidget(self.freezer)
        self._build()
        self._frame = QTimer(self)
        self._frame.setTimerType(Qt.TimerType.PreciseTimer)
        self._frame.setInterval(FRAME_MS)
        self._frame.timeout.connect(self._pull)
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self.poll)
        self._connect()
        self.board.hide()

    def _build(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.bar, self.note):
            column.addWidget(part)
        column.addWidget(self._stack, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(True)
        splitter.addWidget(_side("Device and board", self.devices, self.board, self.faults, self.log))
        splitter.addWidget(middle)
        splitter.addWidget(_side("Findings and link", self.numbers, self.link))
        for index, stretch in enumerate((0, 1, 0)):
            splitter.setStretchFactor(index, stretch)
        splitter.setSizes([LEFT_PX, 900, RIGHT_PX])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _connect(self) -> None:
        service, devices = self._service, self.devices
        devices.virtual_wanted.connect(service.start_virtual)
        devices.port_wanted.connect(self._open_port)
        devices.look_wanted.connect(service.look_for_boards)
        devices.leave_wanted.connect(service.leave)
        devices.retry_wanted.connect(service.retry)
        devices.lines_wanted.connect(service.read_lines)
        service.found.connect(devices.show_found)
        service.changed.connect(self.poll)
        self.board.source_wanted.connect(self._select_source)
        self.board.noise_wanted.connect(self._inject_noise)
        self.board.models_wanted.connect(self._select_models)
        self.board.options_wanted.connect(self._restart)
        self.bar.leads_chosen.connect(self.canvas.set_leads)
        self.numbers.limits.limits_chosen.connect(self._limit_rate)
        self.canvas.painted.connect(self._note_frame)
        self.canvas.freeze_wanted.connect(self.freeze)
        self.freezer.thaw_wanted.connect(self.thaw)
        self.note.open_wanted.connect(self.open_wanted)

    # -- what the commands use

    @property
    def session(self) -> LiveSession | None:
        """The session shown."""
        return self._service.session

    @property
    def has_stream(self) -> bool:
        """Whether there are samples to see."""
        return self.canvas.record is not None

    @property
    def is_frozen(self) -> bool:
        """Whether the last hour is looked at instead of the present."""
        return self._stack.currentWidget() is self.freezer

    @property
    def is_recording(self) -> bool:
        """Whether a recording is under way."""
        recording = self.session.recording if self.session is not None else None
        return recording is not None and recording.is_recording

    @property
    def delays_ms(self) -> list[float]:
        """From board to screen, of the last frames."""
        return list(self._delays)

    @Slot()
    @Slot(int)
    def freeze(self, at: int | None = None) -> None:
        """Stop the picture, not the stream; sample `at` comes to the left edge."""
        record = self.canvas.record
        if record is None or self.is_frozen:
            return
        for name in ("speed", "gain"):
            getattr(self.freezer.canvas, f"set_{name}")(getattr(self.canvas, name))
        self._stack.setCurrentWidget(self.freezer)
        self.freezer.freeze(record, self.session, at, self.canvas.scene.chosen)
        self.stream_changed.emit()

    @Slot()
    def thaw(self) -> None:
        """Follow the stream again."""
        if self.is_frozen:
            self._stack.setCurrentWidget(self.canvas)
            self.freezer.release()
            self.canvas.show_latest()
            self.canvas.setFocus()
            self.stream_changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        sides = (self.devices, self.board, self.faults, self.log, self.numbers, self.link)
        for part in (self.canvas, self.freezer, self.note, *sides):
            part.set_theme(theme)

    def set_pixels_per_mm(self, value: float | None) -> None:
        """Calibration of the screen."""
        self.canvas.set_pixels_per_mm(value)
        self.freezer.canvas.set_pixels_per_mm(value)

    def shutdown(self) -> None:
        """Stop looking."""
        self._frame.stop()
        self._poll.stop()
        self.freezer.shutdown()

    # -- following the session

    @Slot()
    def poll(self) -> None:
        """Look at everything but the samples."""
        self._service.poll()
        session = self._service.session
        if session is not self._shown or (session is not None and session.generation != self._generation):
            self._begin(session)
        words = self._show_state(session)
        self.status_changed.emit(stream_words(session, words.title, self._filter_label()))
        if session is None:
            return
        told = session.statistics()
        self._show_recording(session)
        if self.isVisible():
            self._show_findings(session, told)
            self._show_link(session, told)
            self.log.show_lines(session.log_lines)

    def _begin(self, session: LiveSession | None) -> None:
        """Another session, or another stream of it."""
        self.thaw()
        if session is not self._shown:
            self.board.silence()
        self._shown, self._generation = session, session.generation if session is not None else 0
        self._analysis, self._events = None, 0
        self._delays.clear()
        ring = session.ring if session is not None else None
        if session is None or ring is None:
            self.canvas.set_stream(None)
        else:
            began = datetime.now() - timedelta(seconds=ring.head / ring.rate_hz)
            name = session.info.board if session.info is not None else session.port
            self.canvas.set_stream(RingRecord(ring, name, start_time=began))
            self.canvas.fit_gain()
            self.bar.show_leads(ring.lead_names)
        self.numbers.clear(figures.rhythm_text(None) if ring is not None else "")
        if session is not None:
            session.limits = self.numbers.limits.limits
        self.stream_changed.emit()

    def _filter_label(self) -> str:
        """The filter in force at the rate of the stream."""
        pages = self.canvas.scene.pages
        return pages.spec.label if pages is not None and pages.spec is not None else UNFILTERED

    def _show_state(self, session: LiveSession | None) -> StateWords:
        service = self._service
        words = self._words(session)
        has_board = service.is_open and session is not None and session.info is not None
        if has_board != self._has_board:
            self._has_board = has_board
            self.devices.fold(has_board)
            self.board.setEnabled(has_board)
            self.stream_changed.emit()
        self.devices.card.show_words(
            words,
            can_leave=service.is_open or bool(service.under_way),
            can_retry=not service.is_open and not service.under_way and service.last is not None,
            can_read_lines=service.can_read_lines,
        )
        self.note.show_state(words if words.level == "fault" else None)
        info = session.info if session is not None else None
        self.board.show_board(info, session.options if session is not None else StreamOptions())
        self.faults.show_simulator(service.simulator)
        self.canvas.show_board(info.models if info is not None else ())
        return words

    def _words(self, session: LiveSession | None) -> StateWords:
        """The state, with who streams what where all is well."""
        service = self._service
        status = session.status if session is not None and service.is_open else None
        since_s = steady_s() - status.since_s if status is not None else 0.0
        words = state_words(status, service.under_way, service.retry_in_s, since_s)
        ring, info = (session.ring, session.info) if session is not None else (None, None)
        if words.level == "good" and not words.reason and ring is not None and info is not None:
            leads = f"{len(ring.lead_names)} leads" if len(ring.lead_names) > 1 else f"lead {ring.lead_names[0]}"
            words = replace(words, reason=f"{info.board}, {ring.rate_hz:g} Hz, {leads}")
        return words

    def _show_findings(self, session: LiveSession, told: LiveStatistics) -> None:
        analysis, record = session.analysis, self.canvas.record
        if record is None:
            return
        view_s = self.canvas.seconds_in_view + BOARD_MARGIN_S
        start = max(0, record.ring.head - round(view_s * record.fs))
        if analysis is not None and analysis is not self._analysis:
            self.canvas.set_analysis(analysis)
            if self.is_frozen and not self.freezer.is_settled:
                self.freezer.show_findings(session)
        streams = self._service.is_open and session.status.state is LinkState.STREAMING
        if analysis is not self._analysis or streams != self._streams:
            self._analysis, self._streams = analysis, streams
            self._show_numbers(session, told)
        info = session.info
        if info is not None and info.models:
            seen = excerpt(analysis, start, analysis.n_samples) if analysis is not None else None
            window = (start, record.ring.head)
            results, differs = session.results(*window), session.disagreements(*window)
            marks = board_marks(results, differs, info.models, seen, record.fs)
            self.canvas.set_board(replace(marks, trace=board_trace(results, info.models, record)))
        events = session.events
        if len(events) != self._events:
            if any(event.kind == "boot" for event in events[self._events :]):
                self.board.silence()
            self._events = len(events)
            self.canvas.set_marks(event_marks(events, record.fs))

    def _show_numbers(self, session: LiveSession, told: LiveStatistics) -> None:
        """Rate, rhythm and remarks are of now: without a stream there are none."""
        analysis = self._analysis
        if analysis is None:
            self.numbers.clear(figures.rhythm_text(None) if self._streams else figures.NO_SIGNAL)
            return
        recent_from = max(0, analysis.n_samples - round(POINCARE_S * analysis.fs))
        recent = excerpt(analysis, recent_from, analysis.n_samples)
        present = figures.Present()
        if self._streams:
            present = figures.Present(
                figures.rate_text(heart_rate(analysis)),
                figures.rhythm_text(analysis),
                figures.alert_text(session.rate_alert),
                figures.lead_off_text(told.board.lead_off_mask, session.info),
                goes_on=True,
            )
        self.numbers.show_findings(analysis, recent, present)

    def _show_link(self, session: LiveSession, told: LiveStatistics) -> None:
        delays = np.array(self._delays)
        paint = np.percentile(delays, [50, 95]) if len(delays) else (math.nan, math.nan)
        frames = [] if self.is_frozen or not self._streams else list(self.canvas.frame_ms)
        frame_ms = float(np.percentile(frames, 95)) if frames else math.nan
        now = steady_s()
        per_s = sum(1 for at in self._painted if now - at <= 1.0)
        rows = figures.link_rows(told, (float(paint[0]), float(paint[1])), float(per_s), frame_ms)
        self.link.show_rows(rows, delays)
        self.board.show_figures(told, self._service.recorded_instructions)

    def _show_recording(self, session: LiveSession) -> None:
        recording = session.recording
        is_recording = recording is not None and recording.is_recording
        words = figures.recorded(recording.seconds, recording.size_bytes) if recording and is_recording else ""
        self.bar.show_recording(words)
        ended = recording is not None and not is_recording and recording.folder != self._told_of
        if recording is not None and ended:
            self._told_of = recording.folder
            self.note.show_recording(recording)
            self.recording_finished.emit(recording)
        if ended or is_recording != self._was_recording:
            self._was_recording = is_recording
            self.stream_changed.emit()

    # -- frames

    @Slot()
    def _pull(self) -> None:
        if not self.is_frozen:
            self.canvas.pull(steady_s())

    @Slot(int)
    def _note_frame(self, position: int) -> None:
        """A frame was painted up to a sample."""
        now = steady_s()
        self._painted.append(now)
        due_s = self._shown.due_s(position) if self._shown is not None else None
        if due_s is not None and self.canvas.moved:
            self._delays.append(1000 * (now - due_s))

    def showEvent(self, event: QShowEvent) -> None:
        """Follow while visible."""
        self._frame.start()
        self._poll.start()
        self.poll()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """The stream goes on by itself; a recording that ends is still told of."""
        self._frame.stop()
        super().hideEvent(event)

    def minimumSizeHint(self) -> QSize:
        """Always the same, so that words that come and go here never squeeze the panels of the review."""
        return QSize(*LEAST_PX)

    # -- what the panels ask for

    @Slot(str, int)
    def _open_port(self, port: str, baud: int) -> None:
        self._service.connect_port(port, baud or None)

    @Slot(object, int)
    def _select_source(self, source: Source, item: int) -> None:
        if source is Source.INJECT:
            self._service.inject()
        else:
            self._service.ask("source", SelectSource(source, item))

    @Slot(dict)
    def _inject_noise(self, levels: dict[str, float]) -> None:
        self._service.ask("noise", InjectNoise(levels))

    @Slot(tuple)
    def _select_models(self, ids: tuple[int, ...]) -> None:
        self._service.ask("models", SelectModels(ids))

    @Slot(object)
    def _limit_rate(self, limits: RateLimits) -> None:
        if self._shown is not None:
            self._shown.limits = limits

    @Slot(object)
    def _restart(self, options: StreamOptions) -> None:
        self._service.restart(options)


def _side(name: str, *parts: QWidget) -> QWidget:
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(12, 10, 12, 12)
    column.setSpacing(8)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return scrolling(body, name)
