"""Calipers: two points in time or two levels of voltage, kept in samples and millivolts so that they stay on the
signal while the view moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.scene import Scene

TOOLS: tuple[str, ...] = ("pan", "time", "voltage", "march")
HANDLE_UI = 7.0
MAX_MARCHES = 400


@dataclass(frozen=True, slots=True)
class Caliper:
    """`a` and `b` are samples for "time" and "march", values in the lead's unit for "voltage"; a voltage caliper
    also has its lead, row and the sample it stands at."""

    kind: str
    a: float
    b: float
    row: int = 0
    lead: int = 0
    at: float = 0.0

    def moved(self, handle: str, delta: float) -> Caliper:
        """With handle "a", "b" or "both" moved by `delta`."""
        return replace(
            self,
            a=self.a + (delta if handle in ("a", "both") else 0.0),
            b=self.b + (delta if handle in ("b", "both") else 0.0),
        )


def caliper_text(caliper: Caliper, fs: float, unit: str = "mV") -> str:
    """ "812 ms, 74 bpm"; "1.24 mV"."""
    if caliper.kind == "voltage":
        return f"{abs(caliper.b - caliper.a):.2f} {unit}"
    seconds = abs(caliper.b - caliper.a) / fs
    text = f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.2f} s"
    if 0.1 <= seconds <= 10:
        text += f", {60 / seconds:.0f} bpm"
    return f"March {text}" if caliper.kind == "march" else text


def y_of_value(scene: Scene, geometry: Geometry, caliper: Caliper, value: float) -> float:
    """Height of a voltage caliper's level."""
    row = min(caliper.row, len(geometry.rows) - 1)
    gain = scene.px_per_unit(caliper.lead, geometry) * cell_sign(scene, row, caliper.lead)
    return geometry.rows[row].baseline - (value - scene.offset(caliper.lead, geometry.scale)) * gain


def value_of_y(scene: Scene, geometry: Geometry, row: int, lead: int, y: float) -> float:
    """Inverse of `y_of_value`."""
    gain = scene.px_per_unit(lead, geometry) * cell_sign(scene, row, lead)
    return (geometry.rows[row].baseline - y) / gain + scene.offset(lead, geometry.scale)


def cell_sign(scene: Scene, row: int, lead: int) -> int:
    """-1 where the row shows the lead upside down."""
    return next((cell.sign for cell in scene.arrangement.rows[row].cells if cell.lead == lead), 1)


def draw_caliper(
    painter: QPainter, scene: Scene, geometry: Geometry, caliper: Caliper, active: str, origin: float, inks: Inks
) -> None:
    """Draw one caliper; `active` is the handle that the keyboard moves. `painter` is at the time region."""
    if scene.record is None or not geometry.rows:
        return
    colour = scene.theme.caliper
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if caliper.kind == "voltage":
        _draw_voltage(painter, scene, geometry, caliper, active, origin, inks)
        return
    scale, ui, paper = geometry.scale, geometry.ui, geometry.paper
    x_a, x_b = (scale.px_of_sample(v) - origin for v in (caliper.a, caliper.b))
    if caliper.kind == "march" and abs(x_b - x_a) >= 3 * ui:
        _draw_marches(painter, geometry, x_a, x_b, colour, inks)
    left, right = min(x_a, x_b), max(x_a, x_b)
    painter.fillRect(QRectF(left, paper.top, right - left, paper.height), inks.colour(colour, 0.07))
    for handle, x in (("a", x_a), ("b", x_b)):
        painter.setPen(inks.pen(colour, (2.2 if handle == active else 1.3) * ui))
        painter.drawLine(QPointF(x, paper.top), QPointF(x, paper.bottom))
    y = paper.top + 30 * ui
    painter.setPen(inks.pen(colour, 1.3 * ui))
    painter.drawLine(QPointF(left, y), QPointF(right, y))
    for x, side in ((left, 1), (right, -1)):
        painter.drawLine(QPointF(x, y), QPointF(x + side * 5 * ui, y - 3.5 * ui))
        painter.drawLine(QPointF(x, y), QPointF(x + side * 5 * ui, y + 3.5 * ui))
    _draw_tag(
        painter, scene, geometry, (left + right) / 2, y - 15 * ui, caliper_text(caliper, scene.record.fs), inks
    )


def _draw_marches(painter: QPainter, geometry: Geometry, x_a: float, x_b: float, colour: str, inks: Inks) -> None:
    period = abs(x_b - x_a)
    first = int(-x_a // period)
    last = int((geometry.time_width - x_a) // period)
    painter.setPen(inks.pen(colour, 1.0 * geometry.ui, 0.8, dashed=True))
    for k in range(first, min(last, first + MAX_MARCHES) + 1):
        x = x_a + k * period
        painter.drawLine(QPointF(x, geometry.paper.top), QPointF(x, geometry.paper.bottom))


def _draw_voltage(
    painter: QPainter, scene: Scene, geometry: Geometry, caliper: Caliper, active: str, origin: float, inks: Inks
) -> None:
    assert scene.record is not None
    colour, ui = scene.theme.caliper, geometry.ui
    x = geometry.scale.px_of_sample(caliper.at) - origin
    reach = 9 * geometry.scale.px_per_mm
    y_a, y_b = (y_of_value(scene, geometry, caliper, v) for v in (caliper.a, caliper.b))
    top, bottom = min(y_a, y_b), max(y_a, y_b)
    painter.fillRect(QRectF(x - reach, top, 2 * reach, bottom - top), inks.colour(colour, 0.08))
    for handle, y in (("a", y_a), ("b", y_b)):
        painter.setPen(inks.pen(colour, (2.2 if handle == active else 1.3) * ui))
        painter.drawLine(QPointF(x - reach, y), QPointF(x + reach, y))
    painter.setPen(inks.pen(colour, 1.3 * ui))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    unit = scene.record.leads[caliper.lead].unit
    _draw_tag(
        painter, scene, geometry, x + reach + 34 * ui, (top + bottom) / 2, caliper_text(caliper, 1.0, unit), inks
    )


def _draw_tag(
    painter: QPainter, scene: Scene, geometry: Geometry, x: float, y: float, text: str, inks: Inks
) -> None:
    ui = geometry.ui
    font = inks.font(12 * ui, bold=True)
    width = QFontMetricsF(font).horizontalAdvance(text) + 14 * ui
    left = min(max(x - width / 2, 2 * ui), max(2 * ui, geometry.time_width - width - 2 * ui))
    box = QRectF(left, y - 10 * ui, width, 20 * ui)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(inks.colour(scene.theme.caliper))
    painter.drawRoundedRect(box, 4 * ui, 4 * ui)
    painter.setFont(font)
    painter.setPen(inks.pen(scene.theme.caliper_text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
