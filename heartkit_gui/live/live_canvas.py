"""`LiveCanvas`: the stream on calibrated paper, as roll or sweep, with the findings of host and board."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.analysis.types import Analysis
from engine.devices.protocol import ModelInfo
from engine.records.annotations import Annotations
from engine.signals.filters import FilterSpec
from heartkit_gui.canvas.accessible import describe_view
from heartkit_gui.canvas.ecg_canvas import GAINS
from heartkit_gui.canvas.scale import DEFAULT_GAIN, plausible_px_per_mm, step, zoom_step
from heartkit_gui.canvas.viewport import Viewport
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.changes import first_change
from heartkit_gui.live.live_screen import LiveScreen
from heartkit_gui.live.playhead import Playhead
from heartkit_gui.live.ring_record import RingRecord
from heartkit_gui.live.scene import LiveScene
from heartkit_gui.live.trace_ring import MODES, Mode
from heartkit_gui.model.excerpt import excerpt
from heartkit_gui.theme.tokens import PAPER, Theme

RECENTRE_S = 1.0
FRAMES_KEPT = 240
LOW_ROW_MM = 20.0  # rows lower than this, in which 1 mV would not fit, are drawn at half the gain at first
MARGIN_S = 4.0  # findings beyond the left edge that are kept
DESCRIBE_S = 2.0


class LiveCanvas(QWidget):
    """Follows a stream. `pull` is called by a frame timer; nothing else moves the drawing."""

    scale_changed = Signal()  # speed or gain
    painted = Signal(int)  # sample after the newest one painted
    freeze_wanted = Signal(int)  # sample under the pointer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = LiveScene(PAPER)
        self.view = Viewport(self.scene)
        self.frame_ms: deque[float] = deque(maxlen=FRAMES_KEPT)  # time each of the last frames took to paint
        self.moved = False  # the last frame showed newer samples than the one before
        self._mode: Mode = "sweep"
        self._screen = LiveScreen(self.scene, self.view, self.font().family())
        self._playhead = Playhead(1.0)
        self._calibrated: float | None = None
        self._analysis: Analysis | None = None
        self._dirty: int | None = None
        self._recentred_s = self._described_s = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Live ECG")
        self.setAccessibleDescription("No stream.")

    # -- what is shown

    @property
    def record(self) -> RingRecord | None:
        """The stream."""
        return self.scene.record

    def set_stream(self, record: RingRecord | None) -> None:
        """Follow another stream; None shows empty paper."""
        self.scene.set_record(record, None)
        self.scene.board = self._analysis = self._dirty = None
        self._playhead = Playhead(record.fs if record is not None else 1.0)
        self.frame_ms.clear()
        self._changed()

    def set_analysis(self, analysis: Analysis | None) -> None:
        """The host's findings so far; only what can be seen is looked at."""
        record = self.scene.record
        if record is None:
            return
        former = self.scene.marks
        self._analysis = analysis
        seen = None
        if analysis is not None:
            start = max(0, int(record.n_samples - self._samples_in_view() - MARGIN_S * record.fs))
            seen = excerpt(analysis, start, max(record.ring.head, analysis.n_samples))
            bad = tuple(span for span in analysis.quality if span.stop > start)  # whole, so that they compare
            seen = replace(seen, quality=bad)
        self.scene.set_findings(seen)
        self._touch(first_change(former, self.scene.marks))

    def set_board(self, marks: BoardMarks | None) -> None:
        """The board's findings."""
        self.scene.board = marks

    def show_board(self, models: Sequence[ModelInfo]) -> None:
        """Make room for what models on the board find; none take it away."""
        self.scene.show_board(models)
        self._changed()

    def set_marks(self, annotations: Annotations | None) -> None:
        """Events that the user marked."""
        self.scene.set_reference(annotations)
        self._changed()

    def set_leads(self, indices: Sequence[int] | None) -> None:
        """Leads to show, None for all."""
        self.scene.chosen = None if indices is None else tuple(indices)
        self.scene.arrange()
        self.fit_gain()

    def set_filter(self, spec: FilterSpec | None) -> None:
        """Filter for display; its state is written on the trace."""
        self.scene.set_filter(spec)
        self._changed()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.scene.theme = theme
        self.scene.changed()
        self._changed()

    def set_overlay_visible(self, name: str, visible: bool) -> None:
        """Show or hide one of the overlays."""
        self.scene.set_overlay(name, visible)
        self._changed()

    @property
    def mode(self) -> Mode:
        """Roll or sweep."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Roll or sweep."""
        if mode not in MODES:
            raise ValueError(f"no mode {mode!r}")
        self._mode = mode
        self._changed()

    # -- scale

    @property
    def speed(self) -> float:
        """Paper speed, mm/s."""
        return self.view.speed

    @property
    def gain(self) -> float:
        """Gain, mm/mV."""
        return self.view.gain

    def set_pixels_per_mm(self, value: float | None) -> None:
        """Screen calibration in logical pixels per mm; None goes back to what the screen reports."""
        self._calibrated = value
        self._rescaled()

    def set_speed(self, mm_per_s: float, anchor_x: float | None = None) -> None:
        """Paper speed; the newest sample stays where it is."""
        self.view.set_speed(mm_per_s, None)
        self._rescaled()

    def set_gain(self, mm_per_mv: float) -> None:
        """Gain, mm/mV."""
        self.view.gain = mm_per_mv
        self._rescaled()

    def fit_gain(self) -> None:
        """The standard gain, or a smaller one where the rows are low."""
        rows = self.view.geometry.rows
        low = bool(rows) and rows[0].height / self.view.scale.px_per_mm < LOW_ROW_MM
        self.set_gain(DEFAULT_GAIN / 2 if low else DEFAULT_GAIN)

    def zoom_time(self, direction: int) -> None:
        """Next faster (1) or slower (-1) paper speed."""
        self.set_speed(zoom_step(self.speed, direction))

    def step_gain(self, direction: int) -> None:
        """Next larger (1) or smaller (-1) gain."""
        self.set_gain(step(GAINS, self.gain, direction))

    def _rescaled(self) -> None:
        self._changed()
        self.scale_changed.emit()

    # -- frames

    @property
    def position(self) -> int:
        """Sample after the newest one drawn."""
        return self.scene.n_samples

    def pull(self, now_s: float) -> None:
        """Draw what has come, at a time of a steady clock. Called once per frame, on the GUI thread."""
        record = self.scene.record
        if record is None:
            return
        before = record.stop
        record.stop = int(self._playhead.advance(now_s, record.ring.head))
        if now_s - self._recentred_s >= RECENTRE_S or not self.scene.is_centred(self.view.scale):
            self._recentred_s = now_s
            self._recentre()
        if now_s - self._described_s >= DESCRIBE_S:
            self._described_s = now_s
            self._describe()
        self.moved = record.stop != before
        if self.moved or self._dirty is not None:
            self.update()

    def _recentre(self) -> None:
        stop = self.scene.n_samples
        if stop > 0 and self.scene.recentre(max(0, stop - self._samples_in_view()), stop, self.view.geometry):
            self.update()

    @property
    def seconds_in_view(self) -> float:
        """Width of the view."""
        return self.view.geometry.time_width / self.view.scale.px_per_s

    def _samples_in_view(self) -> int:
        return round(self.view.scale.sample_of_px(self.view.geometry.time_width))

    def _touch(self, sample: int | None) -> None:
        """Have everything from a sample on drawn again."""
        if sample is not None:
            self._dirty = sample if self._dirty is None else min(self._dirty, sample)
            self.update()

    def _changed(self) -> None:
        self.view.ratio = self.devicePixelRatioF()
        self.view.density = self._calibrated or plausible_px_per_mm(self.screen().physicalDotsPerInch())
        self.view.size = (round(self.width() * self.view.ratio), round(self.height() * self.view.ratio))
        self._describe()
        self.update()

    def _describe(self) -> None:
        if self.scene.record is None:
            self.setAccessibleDescription("No stream.")
            return
        stop = self.scene.n_samples
        start = max(0, stop - self._samples_in_view())
        text = describe_view(self.scene, self.view.scale, start, stop)
        self.setAccessibleDescription(f"{self._mode.capitalize()}. {text}")

    # -- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """One frame."""
        begun = time.perf_counter()
        dirty, self._dirty = self._dirty, None
        painter = QPainter(self)
        self._screen.paint(painter, self._mode, dirty)
        painter.end()
        self.frame_ms.append((time.perf_counter() - begun) * 1e3)
        self.painted.emit(self.position)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        self._changed()

    def showEvent(self, event: QShowEvent) -> None:
        """The screen is known from now on."""
        self._changed()

    def event(self, event: QEvent) -> bool:
        """Changes of screen and font."""
        kind = event.type()
        if kind in (QEvent.Type.ScreenChangeInternal, QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._screen = LiveScreen(self.scene, self.view, self.font().family())
            self._changed()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Gain and speed; the rest goes on to the window's actions."""
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            direction = 1 if event.key() == Qt.Key.Key_Plus else -1
            (self.zoom_time if control else self.step_gain)(direction)
        elif event.key() == Qt.Key.Key_Equal:
            if control:
                self.zoom_time(1)
            else:
                self.set_gain(DEFAULT_GAIN)
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_Home) and not control:
            self.freeze_wanted.emit(self._left_edge())
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Freeze."""
        self.freeze_wanted.emit(self._left_edge())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl the paper speed, with Shift the gain; a plain turn back in time freezes."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned == 0:
            return
        direction = 1 if turned > 0 else -1
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_time(direction)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.step_gain(direction)
        elif direction > 0:
            self.freeze_wanted.emit(self._left_edge())
        event.accept()

    def _left_edge(self) -> int:
        return max(0, self.scene.n_samples - self._samples_in_view())

    @Slot()
    def show_latest(self) -> None:
        """Give up what was drawn and begin again at the newest sample."""
        if self.scene.record is not None:
            self._playhead = Playhead(self.scene.record.fs)
        self._changed()

    def sizeHint(self) -> QSize:
        """Room for ten seconds of twelve leads."""
        return QSize(1000, 600)

    def minimumSizeHint(self) -> QSize:
        """Small enough for any arrangement."""
        return QSize(320, 200)
