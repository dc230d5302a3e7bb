"""Mouse, wheel, touch-pad and keys: tools as small state machines, and the translation of events into moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture

from heartkit_gui.canvas.calipers import HANDLE_UI, VOLTAGE_REACH_MM, Caliper, value_of_y, y_of_value

if TYPE_CHECKING:
    from heartkit_gui.canvas.ecg_canvas import EcgCanvas

CLICK_UI = 4.0  # a press that moves less is a click
SNAP_UI = 7.0
NOTCH = 120  # of a mouse wheel, in Qt's eighths of a degree
ZOOM_RATIO = 1.35  # of a pinch, for one paper speed
NEW_CALIPER_S = 0.8
NEW_CALIPER_MV = 1.0
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


class Tool(Protocol):
    """What the left button does. Positions are device pixels of the surface."""

    def press(self, at: QPointF, snap: bool) -> None:
        """Button down."""

    def move(self, at: QPointF, snap: bool) -> None:
        """Pointer moved with the button down."""

    def release(self, at: QPointF) -> None:
        """Button up."""


class PanTool:
    """Drag moves the paper; a click chooses the beat under it."""

    def __init__(self, canvas: EcgCanvas) -> None:
        self._canvas = canvas
        self._pressed: QPointF | None = None
        self._origin = 0
        self._dragging = False

    def press(self, at: QPointF, snap: bool) -> None:
        """Remember where the paper was taken."""
        self._pressed, self._origin, self._dragging = at, self._canvas.view.origin_px, False

    def move(self, at: QPointF, snap: bool) -> None:
        """Pull the paper along."""
        if self._pressed is None:
            return
        dx = at.x() - self._pressed.x()
        if abs(dx) >= CLICK_UI * self._canvas.view.geometry.ui:
            self._dragging = True
        if self._dragging:
            self._canvas.move_to_px(self._origin - round(dx))

    def release(self, at: QPointF) -> None:
        """A press without a drag was a click."""
        if self._pressed is not None and not self._dragging:
            self._canvas.choose_beat_at(at)
        self._pressed = None


class CaliperTool:
    """Draws a new caliper, or moves the handle or the whole of the one there is."""

    def __init__(self, canvas: EcgCanvas, kind: str) -> None:
        self._canvas = canvas
        self.kind = kind
        self._handle: str | None = None
        self._before: QPointF | None = None
        self._start: Caliper | None = None
        self._new = False

    def press(self, at: QPointF, snap: bool) -> None:
        """Take the handle under the pointer, or begin a new caliper."""
        canvas = self._canvas
        self._before = at
        current = canvas.caliper
        self._handle = None if current is None or current.kind != self.kind else handle_at(canvas, current, at)
        self._new = self._handle is None
        if self._new:
            current = self._begin(at, snap)
            self._handle = "b"
        self._start = current
        canvas.set_caliper(current, self._handle or "b")

    def _begin(self, at: QPointF, snap: bool) -> Caliper | None:
        canvas = self._canvas
        if canvas.scene.record is None:
            return None
        sample = canvas.view.sample_at(at.x())
        if self.kind != "voltage":
            return Caliper(self.kind, canvas.view.snapped(sample, SNAP_UI) if snap else sample, sample)
        found = canvas.view.cell_at(at.x(), at.y())
        if found is None:
            return None
        row, lead = found
        value = value_of_y(canvas.scene, canvas.view.geometry, row, lead, at.y())
        return Caliper(self.kind, value, value, row, lead, sample)

    def move(self, at: QPointF, snap: bool) -> None:
        """Move what was taken."""
        canvas, start, before = self._canvas, self._start, self._before
        if start is None or before is None or self._handle is None:
            return
        geometry = canvas.view.geometry
        if self.kind == "voltage":
            delta = value_of_y(canvas.scene, geometry, start.row, start.lead, at.y()) - value_of_y(
                canvas.scene, geometry, start.row, start.lead, before.y()
            )
            moved = start.moved(self._handle, delta)
            if self._handle == "both":
                moved = replace(moved, at=start.at + geometry.scale.sample_of_px(at.x() - before.x()))
        else:
            delta = geometry.scale.sample_of_px(at.x() - before.x())
            moved = start.moved(self._handle, delta)
            if snap:
                moved = self._snapped(moved)
        canvas.set_caliper(moved, self._handle)

    def _snapped(self, caliper: Caliper) -> Caliper:
        view = self._canvas.view
        if self._handle == "a":
            return replace(caliper, a=view.snapped(caliper.a, SNAP_UI))
        if self._handle == "b":
            return replace(caliper, b=view.snapped(caliper.b, SNAP_UI))
        shift = view.snapped(caliper.a, SNAP_UI) - caliper.a
        return replace(caliper, a=caliper.a + shift, b=caliper.b + shift)

    def release(self, at: QPointF) -> None:
        """A press without a drag begins nothing."""
        canvas, before = self._canvas, self._before
        if self._new and before is not None:
            travel = max(abs(at.x() - before.x()), abs(at.y() - before.y()))
            if travel < CLICK_UI * canvas.view.geometry.ui:
                canvas.set_caliper(None, "b")
        self._start = self._before = None


def handle_at(canvas: EcgCanvas, caliper: Caliper, at: QPointF) -> str | None:
    """What of a caliper lies under a point: "a", "b", "both" or None."""
    geometry = canvas.view.geometry
    near = HANDLE_UI * geometry.ui
    if caliper.kind == "voltage":
        if abs(at.x() - canvas.view.x_of(caliper.at)) > VOLTAGE_REACH_MM * geometry.scale.px_per_mm + near:
            return None
        ends = [y_of_value(canvas.scene, geometry, caliper, v) for v in (caliper.a, caliper.b)]
        point = at.y()
    else:
        ends = [canvas.view.x_of(caliper.a), canvas.view.x_of(caliper.b)]
        point = at.x()
    distances = [abs(point - end) for end in ends]
    if min(distances) <= near:
        return "b" if distances[1] <= distances[0] else "a"
    return "both" if min(ends) < point < max(ends) else None


def default_caliper(canvas: EcgCanvas, kind: str) -> Caliper | None:
    """A caliper in the middle of the view, for the keyboard; on the selected beat where there is one."""
    record, geometry = canvas.scene.record, canvas.view.geometry
    if record is None or not geometry.rows:
        return None
    middle = (canvas.view_start + min(canvas.view_stop, record.n_samples)) / 2
    marks, beat = canvas.scene.marks, canvas.selected_beat
    if kind == "voltage":
        row = canvas.scene.marked_rows[-1] if canvas.scene.marked_rows else 0
        lead = canvas.scene.arrangement.rows[row].cells[0].lead
        if marks is not None and beat >= 0:
            middle = float(marks.beats.sample[beat])
        base = canvas.scene.offset(lead, geometry.scale)
        return Caliper(kind, base, base + NEW_CALIPER_MV, row, lead, middle)
    half = NEW_CALIPER_S * record.fs / 2
    if marks is not None and beat >= 0 and beat + 1 < len(marks.beats):
        return Caliper(kind, float(marks.beats.sample[beat]), float(marks.beats.sample[beat + 1]))
    return Caliper(kind, canvas.view.snapped(middle - half, SNAP_UI), canvas.view.snapped(middle + half, SNAP_UI))


class Interaction:
    """Turns the canvas's events into moves. Keys that are menu actions belong to the window, not here."""

    def __init__(self, canvas: EcgCanvas) -> None:
        self._canvas = canvas
        self._tools: dict[str, Tool] = {
            "pan": PanTool(canvas),
            **{kind: CaliperTool(canvas, kind) for kind in ("time", "voltage", "march")},
        }
        self._held: Tool | None = None
        self._zoom_rest = 0.0
        self._gain_rest = 0.0
        self._scroll_rest = 0.0
        self._pinch = 1.0

    # -- mouse --------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """Left uses the tool; middle always pans."""
        at = self._canvas.device_point(event.position())
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = self._tools[self._canvas.tool]
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._held = self._tools["pan"]
        if self._held is not None:
            self._held.press(at, snap=not event.modifiers() & ALT)
            if self._held is self._tools["pan"]:
                self._canvas.setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, event: QMouseEvent) -> None:
        """Drag, or only follow the pointer."""
        at = self._canvas.device_point(event.position())
        if self._held is not None:
            self._held.move(at, snap=not event.modifiers() & ALT)
        self._canvas.point_at(at)

    def release(self, event: QMouseEvent) -> None:
        """End of a drag or a click."""
        if self._held is not None:
            self._held.release(self._canvas.device_point(event.position()))
            self._held = None
            self._canvas.show_tool_cursor()

    # -- wheel and touch-pad --------------------------------------------------------------------------------------

    def wheel(self, event: QWheelEvent) -> None:
        """Wheel scrolls; with Ctrl it zooms time, with Alt or Shift the gain; touch-pads scroll by pixels."""
        canvas = self._canvas
        pixels, angle = event.pixelDelta(), event.angleDelta()
        turn = angle.y() if abs(angle.y()) >= abs(angle.x()) else angle.x()
        x = canvas.device_point(event.position()).x()
        if event.modifiers() & CONTROL:
            self._zoom_rest += turn / NOTCH
            while abs(self._zoom_rest) >= 1:
                direction = 1 if self._zoom_rest > 0 else -1
                self._zoom_rest -= direction
                canvas.zoom_time(direction, x)
        elif event.modifiers() & (ALT | SHIFT):
            self._gain_rest += turn / NOTCH
            while abs(self._gain_rest) >= 1:
                direction = 1 if self._gain_rest > 0 else -1
                self._gain_rest -= direction
                canvas.step_gain(direction)
        elif not pixels.isNull():
            dx = pixels.x() if abs(pixels.x()) >= abs(pixels.y()) else pixels.y()
            canvas.scroll_px(-dx * canvas.view.geometry.ui)
        else:
            # A notch is a tenth of the view; free-spinning wheels send parts of one.
            self._scroll_rest += -turn / NOTCH * canvas.view.geometry.time_width / 10
            whole = int(self._scroll_rest)
            self._scroll_rest -= whole
            canvas.scroll_px(whole)
        event.accept()

    def pinch(self, gesture: QPinchGesture) -> None:
        """Two fingers zoom time around their centre."""
        if gesture.state() == Qt.GestureState.GestureStarted:
            self._pinch = 1.0
        self._pinch_by(gesture.scaleFactor(), self._canvas.mapFromGlobal(gesture.centerPoint().toPoint()).x())

    def native_gesture(self, event: QNativeGestureEvent) -> bool:
        """Pinch on platforms that report it natively."""
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._pinch_by(1.0 + event.value(), event.position().x())
        return True

    def _pinch_by(self, factor: float, x: float) -> None:
        self._pinch *= max(0.1, factor)
        x *= self._canvas.view.geometry.ui
        while self._pinch >= ZOOM_RATIO:
            self._pinch /= ZOOM_RATIO
            self._canvas.zoom_time(1, x)
        while self._pinch <= 1 / ZOOM_RATIO:
            self._pinch *= ZOOM_RATIO
            self._canvas.zoom_time(-1, x)

    # -- keys -----------------------------------------------------------------------------------------------------

    def takes(self, event: QEvent) -> bool:
        """Gestures, and the Tab key before Qt takes it for the focus; False for every other event."""
        kind = event.type()
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and self.key(event):
                event.accept()
                return True
        elif kind == QEvent.Type.Gesture and isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self.pinch(pinch)
                return True
        elif kind == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            return self.native_gesture(event)
        return False

    def key(self, event: QKeyEvent) -> bool:
        """Navigation keys; False for the rest, which go on to the window."""
        canvas, key, mods = self._canvas, event.key(), event.modifiers()
        if mods & (Qt.KeyboardModifier.MetaModifier):
            return False
        if canvas.caliper is not None and canvas.tool != "pan" and self._caliper_key(key, mods):
            return True
        if mods & CONTROL and key not in (Qt.Key.Key_Home, Qt.Key.Key_End):
            return False
        match key:
            case Qt.Key.Key_PageDown:
                canvas.page(1.0)
            case Qt.Key.Key_PageUp:
                canvas.page(-1.0)
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                sign = 1 if key == Qt.Key.Key_Right else -1
                if mods & SHIFT:
                    canvas.scroll_seconds(sign)
                else:
                    canvas.page(sign * (0.5 if mods & ALT else 0.1))
            case Qt.Key.Key_Home:
                canvas.set_view_start(0)
            case Qt.Key.Key_End:
                canvas.set_view_start(canvas.scene.n_samples)
            case Qt.Key.Key_Tab:
                return canvas.next_beat()
            case Qt.Key.Key_Backtab:
                return canvas.previous_beat()
            case Qt.Key.Key_Escape:
                return canvas.escape()
            case _:
                return False
        return True

    def _caliper_key(self, key: int, mods: Qt.KeyboardModifier) -> bool:
        """Arrows move one end (Shift: ten times as far, Ctrl: the whole caliper); Return changes ends."""
        canvas, caliper = self._canvas, self._canvas.caliper
        assert caliper is not None
        scale = canvas.view.geometry.scale
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            canvas.set_caliper(caliper, "a" if canvas.caliper_handle == "b" else "b")
            return True
        along = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), 0)
        up = {Qt.Key.Key_Down: -1, Qt.Key.Key_Up: 1}.get(Qt.Key(key), 0)
        times = 10 if mods & SHIFT else 1
        handle = "both" if mods & CONTROL else canvas.caliper_handle
        sample_step = max(1.0, round(scale.samples_per_px * canvas.view.geometry.ui)) * times
        if caliper.kind == "voltage":
            if up:
                per_px = (
                    abs(1 / canvas.scene.px_per_unit(caliper.lead, canvas.view.geometry)) * canvas.view.geometry.ui
                )
                canvas.set_caliper(caliper.moved(handle, up * per_px * times), canvas.caliper_handle)
            elif along:
                canvas.set_caliper(replace(caliper, at=caliper.at + along * sample_step), canvas.caliper_handle)
            return bool(up or along)
        if along:
            canvas.set_caliper(caliper.moved(handle, along * sample_step), canvas.caliper_handle)
        return bool(along)
