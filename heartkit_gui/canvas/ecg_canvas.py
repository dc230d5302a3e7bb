"""`EcgCanvas`: one record on calibrated paper, with its findings, under mouse and keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QSizePolicy, QWidget

from engine.analysis.types import Analysis
from engine.records.annotations import Annotations
from engine.records.record import Record
from heartkit_gui.canvas.accessible import announce, describe_beat, describe_view
from heartkit_gui.canvas.calipers import TOOLS, Caliper, caliper_text, draw_caliper
from heartkit_gui.canvas.cursor import draw_crosshair, draw_selected_beat, readout
from heartkit_gui.canvas.geometry import Geometry, lay_out
from heartkit_gui.canvas.grid import paper_image
from heartkit_gui.canvas.interaction import SNAP_UI, Interaction, default_caliper
from heartkit_gui.canvas.lanes import (
    draw_axis,
    draw_footer,
    draw_lanes,
    draw_lead_names,
    draw_pulses,
    draw_quality_text,
)
from heartkit_gui.canvas.layouts import LAYOUTS, available_layouts, cells_between
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.scale import (
    DEFAULT_GAIN,
    DEFAULT_SPEED,
    GAINS,
    MAX_SPEED,
    MIN_SPEED,
    SPEEDS,
    Scale,
    plausible_px_per_mm,
    step,
    zoom_step,
)
from heartkit_gui.canvas.scene import OVERLAYS, Scene
from heartkit_gui.canvas.tiles import TileCache, grid_top
from heartkit_gui.theme.tokens import PAPER, Theme

if TYPE_CHECKING:
    from engine.signals.filters import FilterSpec
    from engine.signals.pyramid import Pyramid

__all__ = ["GAINS", "LAYOUTS", "OVERLAYS", "SPEEDS", "TOOLS", "EcgCanvas"]

CLICK_BEAT_UI = 40.0  # a click this far from any beat selects none
AHEAD = 2  # tiles drawn ahead on either side while idle


class EcgCanvas(QWidget):
    """Draws and moves; knows nothing of files, analysis or menus."""

    view_changed = Signal(int, int)  # first sample, sample after the last
    cursor_moved = Signal(str)  # time and values under the pointer
    beat_selected = Signal(int)  # index, -1 for none
    scale_changed = Signal()
    tool_changed = Signal(str)
    caliper_changed = Signal(str)  # reading, "" for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = Scene(PAPER)
        self._inks = Inks(self.font().family())
        self._tiles = TileCache(self._inks)
        self._margin_image: QImage | None = None
        self._margin_key: object = None
        self._speed, self._gain = DEFAULT_SPEED, DEFAULT_GAIN
        self._px_per_mm: float | None = None  # logical pixels, as calibrated; None asks the screen
        self._fit = False
        self._start = 0.0  # sample at the left edge
        self._geometry: Geometry | None = None
        self._pointer: QPointF | None = None
        self._tool = "pan"
        self._direction = 1
        self.caliper: Caliper | None = None
        self.caliper_handle = "b"
        self.selected_beat = -1
        self._interaction = Interaction(self)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(4)
        self._idle.timeout.connect(self._draw_ahead)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName("ECG")
        self.show_tool_cursor()
        self._describe()

    # -- what is shown --------------------------------------------------------------------------------------------

    def set_record(self, record: Record | None, pyramid: Pyramid | None = None) -> None:
        """Show a record from its start, without findings; None shows empty paper."""
        self.scene.set_record(record, pyramid)
        self._start, self.selected_beat = 0.0, -1
        self.clear_calipers()
        self._changed(moved=True)

    def set_pyramid(self, pyramid: Pyramid | None) -> None:
        """The overview of the record, when it is ready."""
        self.scene.pyramid = pyramid
        self.scene.changed()
        self._changed()

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Findings to overlay."""
        self.scene.set_analysis(analysis)
        if self.scene.marks is None or self.selected_beat >= len(self.scene.marks.beats):
            self.select_beat(-1)
        self._changed()

    def set_annotations(self, annotations: Annotations | None) -> None:
        """Annotations of a reference annotator, in a lane of their own."""
        self.scene.set_reference(annotations)
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
        self._changed(moved=True)
        self.scale_changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.scene.theme = theme
        self.scene.changed()
        self._changed()

    def set_overlay_visible(self, name: str, visible: bool) -> None:
        """Show or hide one of OVERLAYS."""
        if name not in OVERLAYS:
            raise ValueError(f"no overlay {name!r}")
        (self.scene.overlays.add if visible else self.scene.overlays.discard)(name)
        self.scene.changed()
        self._changed()

    def overlay_visible(self, name: str) -> bool:
        """Whether an overlay is shown."""
        return name in self.scene.overlays

    # -- scale ----------------------------------------------------------------------------------------------------

    @property
    def speed(self) -> float:
        """Paper speed, mm/s."""
        return self._speed

    @property
    def gain(self) -> float:
        """Gain, mm/mV."""
        return self._gain

    @property
    def pixels_per_mm(self) -> float:
        """Logical pixels per millimetre of paper."""
        if self._px_per_mm is not None:
            return self._px_per_mm
        return plausible_px_per_mm(self.screen().physicalDotsPerInch())

    def set_speed(self, mm_per_s: float, anchor_px: float | None = None) -> None:
        """Paper speed; the sample at `anchor_px` (device pixels, left edge by default) stays where it is."""
        speed = min(max(mm_per_s, MIN_SPEED), MAX_SPEED)
        self._fit = False
        if speed == self._speed:
            return
        anchor = 0.0 if anchor_px is None else max(0.0, anchor_px - self.geometry_px.margin)
        sample = self._start + self.geometry_px.scale.sample_of_px(anchor)
        self._speed = speed
        self._geometry = None
        self._start = sample - self.geometry_px.scale.sample_of_px(anchor)
        self._rescaled()

    def set_gain(self, mm_per_mv: float) -> None:
        """Gain, mm/mV."""
        if mm_per_mv != self._gain and mm_per_mv > 0:
            self._gain = mm_per_mv
            self._rescaled()

    def set_pixels_per_mm(self, value: float | None) -> None:
        """Screen calibration in logical pixels per mm; None goes back to what the screen reports."""
        self._px_per_mm = value
        self._rescaled()

    def zoom_time(self, direction: int, anchor_px: float | None = None) -> None:
        """Next faster (1) or slower (-1) paper speed around a point, by default the middle of the view."""
        if anchor_px is None:
            anchor_px = self.geometry_px.margin + self.geometry_px.time_width / 2
        self.set_speed(zoom_step(self._speed, direction), anchor_px)

    def step_gain(self, direction: int) -> None:
        """Next larger (1) or smaller (-1) gain."""
        self.set_gain(step(GAINS, self._gain, direction))

    def reset_gain(self) -> None:
        """Back to 10 mm/mV."""
        self.set_gain(DEFAULT_GAIN)

    def fit_to_width(self) -> None:
        """The whole record across the view, at whatever speed that takes; shown as non-standard."""
        record = self.scene.record
        if record is None or record.n_samples == 0:
            return
        for _ in range(3):  # the margin depends on the speed
            usable = max(1, self.geometry_px.time_width - 1)
            speed = usable / record.duration_s / self.geometry_px.scale.px_per_mm
            self._speed = min(max(speed, MIN_SPEED), MAX_SPEED)
            self._geometry = None
        self._fit, self._start = True, 0.0
        self._rescaled()

    def _rescaled(self) -> None:
        self._changed(moved=True)
        self.scale_changed.emit()

    # -- where we are -----------------------------------------------------------------------------------------------

    @property
    def geometry_px(self) -> Geometry:
        """The surface in device pixels."""
        if self._geometry is None:
            ratio = self.devicePixelRatioF()
            fs = 1.0 if self.scene.record is None else self.scene.record.fs
            scale = Scale(fs, self._speed, self._gain, self.pixels_per_mm * ratio)
            size = (round(self.width() * ratio), round(self.height() * ratio))
            self._geometry = lay_out(self.scene.arrangement, scale, ratio, *size, self.scene.lanes)
        return self._geometry

    @property
    def origin_px(self) -> int:
        """Time position of the left edge, in device pixels from sample 0."""
        return round(self.geometry_px.scale.px_of_sample(self._start))

    @property
    def view_start(self) -> int:
        """First sample shown."""
        return round(self._start)

    @property
    def view_stop(self) -> int:
        """Sample after the last one shown (may lie beyond the record)."""
        return round(self._start + self.geometry_px.scale.sample_of_px(self.geometry_px.time_width))

    def set_view_start(self, sample: float) -> None:
        """Move so that `sample` is at the left edge, as far as the record goes."""
        self._direction = 1 if sample >= self._start else -1
        self._start = float(sample)
        self._changed(moved=True)

    def centre_on(self, sample: float) -> None:
        """Move so that `sample` is in the middle."""
        self.set_view_start(sample - (self.view_stop - self.view_start) / 2)

    def page(self, fraction: float) -> None:
        """Move by a fraction of the view."""
        self.scroll_px(fraction * self.geometry_px.time_width)

    def scroll_px(self, pixels: float) -> None:
        """Move by device pixels."""
        self.move_to_px(self.origin_px + round(pixels))

    def scroll_seconds(self, seconds: float) -> None:
        """Move by seconds."""
        self.set_view_start(self._start + seconds * self.geometry_px.scale.fs)

    def move_to_px(self, origin: int) -> None:
        """Move so that the left edge lies `origin` device pixels after sample 0."""
        self.set_view_start(self.geometry_px.scale.sample_of_px(origin))

    def _clamp(self) -> None:
        geometry = self.geometry_px
        room = self.scene.n_samples - geometry.scale.sample_of_px(geometry.time_width)
        self._start = min(max(self._start, 0.0), max(0.0, room))

    def sample_at(self, x: float) -> float:
        """Sample under a device pixel column of the surface."""
        geometry = self.geometry_px
        return geometry.scale.sample_of_px(self.origin_px + x - geometry.margin)

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """Row and lead under a point in device pixels."""
        row = self.geometry_px.row_at(at.y())
        if row is None:
            return None
        seconds = self.sample_at(at.x()) / self.geometry_px.scale.fs
        spans = cells_between(self.scene.arrangement.rows[row], seconds, seconds + 1e-6)
        return (row, spans[0].cell.lead) if spans else None

    def snapped(self, sample: float) -> float:
        """The fiducial within a few pixels of a sample, else the sample."""
        marks = self.scene.marks
        if marks is None:
            return sample
        reach = SNAP_UI * self.geometry_px.ui * self.geometry_px.scale.samples_per_px
        near = marks.nearest_fiducial(sample, reach)
        return sample if near is None else float(near)

    def device_point(self, position: QPointF) -> QPointF:
        """Logical widget position to device pixels."""
        return position * self.devicePixelRatioF()

    # -- beats, tools -------------------------------------------------------------------------------------------------

    def select_beat(self, index: int) -> None:
        """Highlight a beat and bring it into view; -1 for none."""
        marks = self.scene.marks
        count = 0 if marks is None else len(marks.beats)
        index = index if 0 <= index < count else -1
        if index == self.selected_beat:
            return
        self.selected_beat = index
        if marks is not None and index >= 0:
            at = int(marks.beats.sample[index])
            edge = 0.06 * (self.view_stop - self.view_start)
            if not self.view_start + edge <= at <= self.view_stop - edge:
                self.centre_on(at)
        self._describe()
        if index >= 0:
            announce(self, describe_beat(self.scene, index))
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
        if marks is None or len(marks.beats) == 0:
            return False
        if self.selected_beat < 0:
            visible = marks.beats.between(self.view_start, self.view_stop)
            index = (visible.start if direction > 0 else visible.stop - 1) if len(visible) else visible.start
        else:
            index = self.selected_beat + direction
        if not 0 <= index < len(marks.beats):
            return False
        self.select_beat(index)
        return True

    def choose_beat_at(self, at: QPointF) -> None:
        """Select the beat at a point in device pixels, or none."""
        marks = self.scene.marks
        if marks is None:
            return
        sample = self.sample_at(at.x())
        near = marks.beats.nearest(sample)
        reach = CLICK_BEAT_UI * self.geometry_px.ui * self.geometry_px.scale.samples_per_px
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
        """Undo one step of attention: caliper, tool, selected beat; False where there was nothing to undo."""
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
        """Move the crosshair; device pixels, None hides it."""
        self._pointer = at
        inside = at is not None and at.x() >= self.geometry_px.margin
        row = self.geometry_px.row_at(at.y()) if at is not None else None
        text = (
            readout(self.scene, self.geometry_px, self.sample_at(at.x()), row) if at is not None and inside else ""
        )
        self.cursor_moved.emit(text)
        self.update()

    # -- keeping up ---------------------------------------------------------------------------------------------------

    def _changed(self, moved: bool = False) -> None:
        self._geometry = None
        self._clamp()
        if moved and self.isVisible():
            self.scene.recentre(self.view_start, self.view_stop, self.geometry_px)
        self._describe()
        self.update()
        if moved:
            self.view_changed.emit(self.view_start, self.view_stop)

    def _describe(self) -> None:
        text = describe_view(self.scene, self.geometry_px.scale, self.view_start, self.view_stop)
        if self.selected_beat >= 0:
            text = f"{describe_beat(self.scene, self.selected_beat)}. {text}"
        self.setAccessibleDescription(text)

    def _draw_ahead(self) -> None:
        """Draw one tile beside the view, first in the direction of travel; again until there is nothing to do."""
        if self.scene.record is None or not self.isVisible():
            return
        geometry = self.geometry_px
        visible = self._tiles.visible(geometry, self.origin_px)
        last = int(geometry.scale.px_of_sample(self.scene.n_samples)) // 256
        after = [visible.stop + k for k in range(AHEAD)]
        before = [visible.start - 1 - k for k in range(AHEAD)]
        for index in (*after, *before) if self._direction > 0 else (*before, *after):
            if 0 <= index <= last and not self._tiles.has(index, self.scene, geometry):
                self._tiles.tile(index, self.scene, geometry)
                self._idle.start()
                return

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tiles, then everything that stays on the screen or moves by itself."""
        geometry, scene, inks = self.geometry_px, self.scene, self._inks
        origin = self.origin_px
        painter = QPainter(self)
        painter.scale(1 / geometry.ui, 1 / geometry.ui)
        painter.save()
        painter.translate(geometry.margin, 0)
        self._tiles.draw(painter, scene, geometry, origin)
        draw_lead_names(painter, geometry, scene, origin, inks)
        draw_quality_text(painter, geometry, scene, origin, inks)
        if self.selected_beat >= 0:
            draw_selected_beat(painter, scene, geometry, self.selected_beat, origin, inks)
        if self.caliper is not None:
            draw_caliper(painter, scene, geometry, self.caliper, self.caliper_handle, origin, inks)
        painter.restore()
        painter.drawImage(0, 0, self._margin())
        draw_lanes(painter, geometry, scene, origin, inks)
        draw_axis(painter, geometry, scene, origin, inks)
        draw_footer(painter, geometry, scene, inks)
        if self._pointer is not None:
            draw_crosshair(painter, scene, geometry, self._pointer.x(), self._pointer.y(), inks)
        painter.end()
        self._idle.start()

    def _margin(self) -> QImage:
        """Paper and calibration pulses left of the time region."""
        geometry = self.geometry_px
        key = (self.scene.version, geometry)
        if self._margin_image is None or key != self._margin_key:
            height = max(1, round(geometry.axis.top))
            image = paper_image(
                geometry.margin,
                height,
                geometry.paper,
                0.0,
                grid_top(geometry),
                geometry.scale.px_per_mm,
                self.scene.theme,
            )
            painter = QPainter(image)
            if self.scene.record is not None:
                draw_pulses(painter, geometry, self.scene, self._inks)
            painter.end()
            self._margin_image, self._margin_key = image, key
        return self._margin_image

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        self._geometry = None
        if self._fit:
            self.fit_to_width()
        else:
            self._changed(moved=True)

    def showEvent(self, event: QShowEvent) -> None:
        """The screen is known from now on."""
        self._changed(moved=True)

    def event(self, event: QEvent) -> bool:
        """Gestures, the Tab key (which Qt would take for the focus) and changes of screen."""
        kind = event.type()
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and self._interaction.key(event):
                event.accept()
                return True
        elif kind == QEvent.Type.Gesture and isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self._interaction.pinch(pinch)
                return True
        elif kind == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if self._interaction.native_gesture(event):
                return True
        elif kind in (QEvent.Type.ScreenChangeInternal, QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._inks = Inks(self.font().family())
            self._tiles = TileCache(self._inks)
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

    def sizeHint(self) -> QSize:
        """Room for ten seconds of twelve leads."""
        return QSize(1100, 640)

    def minimumSizeHint(self) -> QSize:
        """Small enough for any dock arrangement."""
        return QSize(320, 200)
