"""Calipers: two points in time or two levels of voltage, kept in samples and millivolts so that they stay on the
signal while the view moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt

from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.canvas.surface import CENTRE, Surface

TOOLS: tuple[str, ...] = ("pan", "time", "voltage", "march")
HANDLE_UI = 7.0
VOLTAGE_REACH_MM = 9.0
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
    """Reading of a caliper: "812 ms, 74 bpm", "1.24 mV"."""
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


def draw_caliper(surface: Surface, caliper: Caliper, active: str) -> None:
    """Draw one caliper; `active` is the handle that the keyboard moves. `surface` is the time region."""
    scene = surface.scene
    if scene.record is None or not surface.geometry.rows:
        return
    surface.smooth(True)
    if caliper.kind == "voltage":
        _draw_voltage(surface, caliper, active, scene.record.leads[caliper.lead].unit)
        return
    colour, ui, paper, painter = surface.theme.caliper, surface.ui, surface.geometry.paper, surface.painter
    x_a, x_b = surface.x(caliper.a), surface.x(caliper.b)
    if caliper.kind == "march" and abs(x_b - x_a) >= 3 * ui:
        _draw_marches(surface, x_a, abs(x_b - x_a))
    left, right = min(x_a, x_b), max(x_a, x_b)
    surface.fill(QRectF(left, paper.top, right - left, paper.height), colour, 0.07)
    for handle, x in (("a", x_a), ("b", x_b)):
        painter.setPen(surface.inks.pen(colour, (2.2 if handle == active else 1.3) * ui))
        painter.drawLine(QPointF(x, paper.top), QPointF(x, paper.bottom))
    y = paper.top + 32 * ui
    painter.setPen(surface.inks.pen(colour, 1.3 * ui))
    painter.drawLine(QPointF(left, y), QPointF(right, y))
    for x, side in ((left, 1), (right, -1)):
        painter.drawLine(QPointF(x, y), QPointF(x + side * 5 * ui, y - 3.5 * ui))
        painter.drawLine(QPointF(x, y), QPointF(x + side * 5 * ui, y + 3.5 * ui))
    _draw_tag(surface, (left + right) / 2, y - 16 * ui, caliper_text(caliper, scene.record.fs))


def _draw_marches(surface: Surface, x_a: float, period: float) -> None:
    paper = surface.geometry.paper
    first = int(-x_a // period)
    last = min(int((surface.width - x_a) // period), first + MAX_MARCHES)
    surface.painter.setPen(surface.inks.pen(surface.theme.caliper, surface.ui, 0.8, dashed=True))
    for k in range(first, last + 1):
        x = x_a + k * period
        surface.painter.drawLine(QPointF(x, paper.top), QPointF(x, paper.bottom))


def _draw_voltage(surface: Surface, caliper: Caliper, active: str, unit: str) -> None:
    colour, ui, painter = surface.theme.caliper, surface.ui, surface.painter
    x = surface.x(caliper.at)
    reach = VOLTAGE_REACH_MM * surface.scale.px_per_mm
    y_a, y_b = (y_of_value(surface.scene, surface.geometry, caliper, v) for v in (caliper.a, caliper.b))
    top, bottom = min(y_a, y_b), max(y_a, y_b)
    surface.fill(QRectF(x - reach, top, 2 * reach, bottom - top), colour, 0.08)
    for handle, y in (("a", y_a), ("b", y_b)):
        painter.setPen(surface.inks.pen(colour, (2.2 if handle == active else 1.3) * ui))
        painter.drawLine(QPointF(x - reach, y), QPointF(x + reach, y))
    painter.setPen(surface.inks.pen(colour, 1.3 * ui))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    _draw_tag(surface, x + reach + 36 * ui, (top + bottom) / 2, caliper_text(caliper, 1.0, unit))


def _draw_tag(surface: Surface, x: float, y: float, text: str) -> None:
    ui = surface.ui
    width = surface.font(12, bold=True).horizontalAdvance(text) + 14 * ui
    left = min(max(x - width / 2, 2 * ui), max(2 * ui, surface.width - width - 2 * ui))
    box = QRectF(left, y - 10 * ui, width, 20 * ui)
    surface.painter.setPen(Qt.PenStyle.NoPen)
    surface.painter.setBrush(surface.inks.colour(surface.theme.caliper))
    surface.painter.drawRoundedRect(box, 4 * ui, 4 * ui)
    surface.write(box, text, surface.theme.caliper_text, CENTRE)
