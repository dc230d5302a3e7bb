"""`EcgCanvas`: one record on calibrated paper, with its findings, under mouse and keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.analysis.types import Analysis
from engine.records.annotations import Annotations
from engine.records.record import Record
from heartkit_gui.canvas.accessible import announce, describe_beat, describe_state
from heartkit_gui.canvas.calipers import TOOLS, Caliper, caliper_text
from heartkit_gui.canvas.comparison_lane import draw_other
from heartkit_gui.canvas.cursor import readout
from heartkit_gui.canvas.interaction import Interaction, default_caliper
from heartkit_gui.canvas.layouts import LAYOUTS, available_layouts
from heartkit_gui.canvas.loader import PageLoader
from heartkit_gui.canvas.scale import DEFAULT_GAIN, GAINS, SPEEDS, plausible_px_per_mm, step, zoom_step
from heartkit_gui.canvas.scene import OVERLAYS, Scene
from heartkit_gui.canvas.screen import Attention, DrawLane, Screen
from heartkit_gui.canvas.viewport import Viewport
from heartkit_gui.theme.tokens import PAPER, Theme

if TYPE_CHECKING:
    from engine.signals.filters import FilterSpec
    from engine.signals.pyramid import Pyramid
    from heartkit_gui.model.comparison import Comparison

__all__ = ["GAINS", "LAYOUTS", "OVERLAYS", "SPEEDS", "TOOLS", "EcgCanvas"]

CLICK_BEAT_UI = 40.0  # a click this far from any beat selects none


class EcgCanvas(QWidget):
    """Draws and moves; knows nothing of files, analysis or menus.

    `scene` is what is shown, `view` which part of it and how large. Points handed between them and the tools are
    in device pixels. `draw_below` draws the lane below the traces, for which the scene makes room.
    """

    view_changed = Signal(int, int)  # first sample, sample after the last
    cursor_moved = Signal(str)  # time and values under the pointer
    beat_selected = Signal(int)  # index, -1 for none
    scale_changed = Signal()  # speed, gain, calibration or filter
    tool_changed = Signal(str)
    caliper_changed = Signal(str)  # reading, "" for none
    read_failed = Signal(str)  # the record could not be read, one sentence

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        scene: Scene | None = None,
        draw_below: DrawLane = draw_other,
    ) -> None:
        super().__init__(parent)
        self.scene = scene or Scene(PAPER)
        self._draw_below = draw_below
        self.view = Viewport(self.scene)
        self.caliper: Caliper | None = None
        self.caliper_handle = "b"
        self.selected_beat = -1
        self._screen = Screen(self.scene, self.view, self.font().family(), self._draw_below)
        self._calibrated: float | None = None
        self._pointer: QPointF | None = None
        self._tool = "pan"
        self._direction = 1
        self._fault_told = ""
        self._centred_at = 0
        self._interaction = Interaction(self)
        self._loader = PageLoader(self)
        self._loader.loaded.connect(self._pages_loaded)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(4)
        self._idle.timeout.connect(self._when_idle)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName("ECG")
        self.show_tool_cursor()
        self._describe()

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_record(self, record: Record | None, pyramid: Pyramid | None = None) -> None:
        """Show a record from its start, without findings; None shows empty paper."""
        self.select_beat(-1)
        self.clear_calipers()
        self.scene.set_record(record, pyramid)
        self.view.position = 0.0
        self._fault_told = ""
        if self.view.fits:
            self.view.fit()
        self._changed(moved=True)

    def set_pyramid(self, pyramid: Pyramid | None) -> None:
        """The overview of the record, when it is ready."""
        self.scene.set_pyramid(pyramid)
        self._changed()

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Findings to overlay; the selected beat is kept where it still exists."""
        self.scene.set_analysis(analysis)
        if self.scene.marks is None or self.selected_beat >= len(self.scene.marks.beats):
            self.select_beat(-1)
        self._changed()

    def set_annotations(self, annotations: Annotations | None) -> None:
        """Annotations of a reference annotator, in a lane of their own."""
        self.scene.set_reference(annotations)
        self._changed()

    def set_comparison(self, comparison: Comparison | None) -> None:
        """Another analysis of the same lead, in a lane below the traces."""
        self.scene.set_comparison(comparison)
        self._changed()

    def set_layout(self, name: str) -> None:
        """One of LAYOUTS; a record without the twelve standard leads is stacked."""
        if name not in LAYOUTS:
            raise ValueError(f"no layout {name!r}")
        self.scene.layout = name
        self.scene.arrange()
        self._changed(moved=True)

    @property
    def ecg_layout(self) -> str:
        """The layout in force (`QWidget.layout` is something else)."""
        return self.scene.arrangement.layout

    def available_layouts(self) -> tuple[str, ...]:
        """Layouts that the record can fill."""
        record = self.scene.record
        return LAYOUTS if record is None else available_layouts([lead.name for lead in record.leads])

    def set_leads(self, indices: Sequence[int] | None) -> None:
        """Leads of the stacked layout, in this order; None for all."""
        self.scene.chosen = None if indices is None else tuple(indices)
        self.scene.arrange()
        self._changed(moved=True)

    def set_inverted(self, leads: Sequence[int]) -> None:
        """Leads to show upside down; their names say so."""
        self.scene.set_inverted(leads)
        self._changed()

    def set_filter(self, spec: FilterSpec | None) -> None:
        """Filter for display; its state is written on the trace."""
        self.scene.set_filter(spec)
        self._rescaled()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.scene.theme = theme
        self.scene.changed()
        self._changed()

    def set_overlay_visible(self, name: str, visible: bool) -> None:
        """Show or hide one of OVERLAYS."""
        self.scene.set_overlay(name, visible)
        self._changed()

    def overlay_visible(self, name: str) -> bool:
        """Whether an overlay is shown."""
        return name in self.scene.overlays

    # -- scale --------------------------------------------------------------------------------------------------

    @property
    def speed(self) -> float:
        """Paper speed, mm/s."""
        return self.view.speed

    @property
    def gain(self) -> float:
        """Gain, mm/mV."""
        return self.view.gain

    @property
    def pixels_per_mm(self) -> float:
        """Logical pixels per millimetre of paper: as calibrated, else what the screen reports."""
        return self._calibrated or plausible_px_per_mm(self.screen().physicalDotsPerInch())

    def set_pixels_per_mm(self, value: float | None) -> None:
        """Screen calibration in logical pixels per mm; None goes back to what the screen reports."""
        if value is not None and not value > 0:
            raise ValueError(f"pixels per mm must be positive, not {value}")
        self._calibrated = value
        self._rescaled()

    def set_speed(self, mm_per_s: float, anchor_x: float | None = None) -> None:
        """Paper speed; the sample at `anchor_x` (device pixels, left edge by default) stays where it is."""
        self.view.set_speed(mm_per_s, anchor_x)
        self._rescaled()

    def set_gain(self, mm_per_mv: float) -> None:
        """Gain, mm/mV."""
        if not mm_per_mv > 0:
            raise ValueError(f"gain must be positive, not {mm_per_mv}")
        self.view.gain = mm_per_mv
        self._rescaled()

    def zoom_time(self, direction: int, anchor_x: float | None = None) -> None:
        """Next faster (1) or slower (-1) paper speed around a point, by default the middle of the view."""
        if anchor_x is None:
            anchor_x = self.view.geometry.margin + self.view.geometry.time_width / 2
        self.set_speed(zoom_step(self.speed, direction), anchor_x)

    def step_gain(self, direction: int) -> None:
        """Next larger (1) or smaller (-1) gain."""
        self.set_gain(step(GAINS, self.gain, direction))

    def reset_gain(self) -> None:
        """Back to 10 mm/mV."""
        self.set_gain(DEFAULT_GAIN)

    def fit_to_width(self) -> None:
        """The whole record across the view, at whatever speed that takes; shown as non-standard."""
        self.view.fit()
        self._rescaled()

    def _rescaled(self) -> None:
        self._changed(moved=True)
        self.scale_changed.emit()

    # -- where we are -------------------------------------------------------------------------------------------

    @property
    def view_start(self) -> int:
        """First sample shown."""
        return self.view.start

    @property
    def view_stop(self) -> int:
        """Sample after the last one shown (may lie beyond the record)."""
        return self.view.stop

    def set_view_start(self, sample: float) -> None:
        """Move so that `sample` is at the left edge, as far as the record goes."""
        before = self.view.position
        self.view.position = float(sample)
        self.view.clamp()
        self._direction = 1 if self.view.position >= before else -1
        if self.view.position != before:
            self._changed(moved=True)

    def centre_on(self, sample: float) -> None:
        """Move so that `sample` is in the middle."""
        self.set_view_start(sample - (self.view_stop - self.view_start) / 2)

    def page(self, fraction: float) -> None:
        """Move by a fraction of the view."""
        self.scroll_px(fraction * self.view.geometry.time_width)

    def scroll_px(self, pixels: float) -> None:
        """Move by device pixels."""
        self.move_to_px(self.view.origin_px + round(pixels))

    def scroll_seconds(self, seconds: float) -> None:
        """Move by seconds."""
        self.set_view_start(self.view.position + seconds * self.view.scale.fs)

    def move_to_px(self, origin: int) -> None:
        """Move so that the left edge lies `origin` device pixels after sample 0."""
        self.set_view_start(self.view.scale.sample_of_px(origin))

    # -- beats and tools ----------------------------------------------------------------------------------------

    def select_beat(self, index: int) -> None:
        """Highlight a beat and bring it into view; -1 for none."""
        marks = self.scene.marks
        if marks is None or not 0 <= index < len(marks.beats):
            index = -1
        if index == self.selected_beat:
            return
        self.selected_beat = index
        if marks is not None and index >= 0:
            at = int(marks.beats.sample[index])
            edge = 0.06 * (self.view_stop - self.view_start)
            if not self.view_start + edge <= at <= self.view_stop - edge:
                self.centre_on(at)
            announce(self, describe_beat(self.scene, index))
        self._describe()
        self.update()
        self.beat_selected.emit(index)

    def next_beat(self) -> bool:
        """Select the next beat, or the first in view; False where there is none."""
        return self._step_beat(1)

    def previous_beat(self) -> bool:
        """Select the previous beat, or the last in view; False where there is none."""
        return self._step_beat(-1)

    def _step_beat(self, direction: int) -> bool:
        marks = self.scene.marks
        found = -1
        if marks is not None:
            found = marks.beats.beside(self.selected_beat, direction, self.view_start, self.view_stop)
        if found >= 0:
            self.select_beat(found)
        return found >= 0

    def choose_beat_at(self, at: QPointF) -> None:
        """Select the beat at a point in device pixels, or none."""
        marks = self.scene.marks
        if marks is None:
            return
        sample = self.view.sample_at(at.x())
        near = marks.beats.nearest(sample)
        reach = CLICK_BEAT_UI * self.view.ratio * self.view.scale.samples_per_px
        self.select_beat(near if near is not None and abs(int(marks.beats.sample[near]) - sample) <= reach else -1)

    @property
    def tool(self) -> str:
        """The tool in hand, one of TOOLS."""
        return self._tool

    def set_tool(self, name: str) -> None:
        """Take a tool. A caliper is put in the middle of the view, ready for mouse and arrow keys."""
        if name not in TOOLS:
            raise ValueError(f"no tool {name!r}")
        if name == self._tool:
            return
        self._tool = name
        self.show_tool_cursor()
        if name != "pan" and (self.caliper is None or self.caliper.kind != name):
            self.set_caliper(default_caliper(self, name), "b")
        self.tool_changed.emit(name)

    def clear_calipers(self) -> None:
        """Remove the caliper; the tool stays in hand."""
        if self.caliper is not None:
            self.set_caliper(None, "b")

    def set_caliper(self, caliper: Caliper | None, handle: str) -> None:
        """Show a caliper; `handle` is the end that the arrow keys move."""
        self.caliper = caliper
        self.caliper_handle = handle if handle in ("a", "b") else self.caliper_handle
        self.caliper_changed.emit(self.caliper_text())
        announce(self, self.caliper_text())
        self.update()

    def caliper_text(self) -> str:
        """Reading of the caliper, "" without one."""
        record = self.scene.record
        if self.caliper is None or record is None:
            return ""
        return caliper_text(self.caliper, record.fs, record.leads[self.caliper.lead].unit)

    def escape(self) -> bool:
        """Undo one step of attention: caliper and tool, then selected beat; False with nothing to undo."""
        if self.caliper is not None or self._tool != "pan":
            self.clear_calipers()
            self.set_tool("pan")
            return True
        if self.selected_beat >= 0:
            self.select_beat(-1)
            return True
        return False

    def show_tool_cursor(self) -> None:
        """Pointer shape of the tool in hand."""
        pan = self._tool == "pan"
        self.setCursor(Qt.CursorShape.ArrowCursor if pan else Qt.CursorShape.CrossCursor)

    def point_at(self, at: QPointF | None) -> None:
        """Move the crosshair to a point in device pixels; None hides it."""
        self._pointer = at
        text = ""
        if at is not None and at.x() >= self.view.geometry.margin:
            row = self.view.geometry.row_at(at.y())
            text = readout(self.scene, self.view.geometry, self.view.sample_at(at.x()), row)
        self.cursor_moved.emit(text)
        self.update()

    # -- keeping up ---------------------------------------------------------------------------------------------

    def finish_loading(self) -> None:
        """Read and filter everything in view before returning, for pictures that must be complete."""
        self._loader.wait()
        if self.scene.pages is not None and self.scene.is_filtered(self.view.scale):
            self.scene.pages.fetch(self.scene.pages.page_range(self.view_start, self.view_stop))
        self._pages_loaded()

    def _pages_loaded(self) -> None:
        self._screen.arrived()
        self._changed()
        self._recentre()

    def _changed(self, moved: bool = False) -> None:
        self.view.ratio = self.devicePixelRatioF()
        self.view.density = self.pixels_per_mm
        self.view.size = (round(self.width() * self.view.ratio), round(self.height() * self.view.ratio))
        self.view.clamp()
        if moved and not self.scene.is_centred(self.view.scale):
            self._recentre()
        self._describe()
        self.update()
        if moved:
            self.view_changed.emit(self.view_start, self.view_stop)

    def _recentre(self) -> None:
        """Bring strayed traces back: at once in a new scene, else when there is time and the view has moved on."""
        if not self.isVisible():
            return
        start, stop, scale = self.view_start, self.view_stop, self.view.scale
        if not self.scene.is_centred(scale) or abs(start - self._centred_at) > (stop - start) / 4:
            self._centred_at = start
            if self.scene.recentre(start, stop, self.view.geometry):
                self.update()

    def _describe(self) -> None:
        view = (self.view.scale, self.view_start, self.view_stop)
        self.setAccessibleDescription(describe_state(self.scene, *view, self.selected_beat))

    def _when_idle(self) -> None:
        """Bring strayed traces back and draw one tile ahead; again until there is nothing to do."""
        if self.scene.record is None or not self.isVisible():
            return
        self._recentre()
        if self._screen.draw_ahead(self._direction):
            self._idle.start()
        self._load_awaited()

    def _load_awaited(self) -> None:
        """Have the pages loaded that tiles wait for, and tell of a record that cannot be read."""
        pages = self.scene.pages
        if pages is None:
            return
        self._loader.request(pages, self._screen.awaited)
        if pages.fault and pages.fault != self._fault_told:
            self._fault_told = pages.fault
            QTimer.singleShot(0, self, self._tell_fault)

    def _tell_fault(self) -> None:
        self.read_failed.emit(self._fault_told)

    # -- Qt -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """One frame; what it still waits for is asked for, and neighbouring tiles are drawn when there is time."""
        painter = QPainter(self)
        at = Attention(self.selected_beat, self.caliper, self.caliper_handle, self._pointer)
        self._screen.paint(painter, at)
        painter.end()
        self._load_awaited()
        self._idle.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        self._changed()
        if self.view.fits:
            self.view.fit()
        self._changed(moved=True)

    def showEvent(self, event: QShowEvent) -> None:
        """The screen is known from now on."""
        self._changed(moved=True)

    def event(self, event: QEvent) -> bool:
        """Gestures, the Tab key (which Qt would take for the focus) and changes of screen."""
        kind = event.type()
        if self._interaction.takes(event):
            return True
        if kind in (QEvent.Type.ScreenChangeInternal, QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._screen = Screen(self.scene, self.view, self.font().family(), self._draw_below)
            self._rescaled()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Navigation keys; the rest goes on to the window's actions."""
        if not self._interaction.key(event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag or click."""
        self._interaction.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag or point."""
        self._interaction.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag or click."""
        self._interaction.release(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the crosshair."""
        self.point_at(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll and zoom."""
        self._interaction.wheel(event)

    def device_point(self, position: QPointF) -> QPointF:
        """Logical widget position to device pixels."""
        return position * self.view.ratio

    def sizeHint(self) -> QSize:
        """Room for ten seconds of twelve leads."""
        return QSize(1100, 640)

    def minimumSizeHint(self) -> QSize:
        """Small enough for any dock arrangement."""
        return QSize(320, 200)
