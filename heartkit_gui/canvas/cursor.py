"""The layers that change with every move: crosshair, selected beat."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF

from engine.analysis.types import ABSENT
from heartkit_gui.canvas.accessible import interval_lines
from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.lanes import axis_text
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.marks import KINDS, LOW_CONFIDENCE
from heartkit_gui.canvas.overlays import draw_beat_mark
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.canvas.surface import Surface

STRIP_LINE_UI = 18.0


def draw_crosshair(surface: Surface, x: float, y: float) -> None:
    """Hair lines at a point of the time region."""
    paper = surface.geometry.paper
    if not (0 <= x < surface.width and paper.top <= y < paper.bottom):
        return
    pixel = max(1.0, round(surface.ui))
    surface.fill(QRectF(round(x), paper.top, pixel, paper.height), surface.theme.crosshair, 0.65)
    if surface.geometry.row_at(y) is not None:
        surface.fill(QRectF(0, round(y), surface.width, pixel), surface.theme.crosshair, 0.35)


def draw_selected_beat(surface: Surface, index: int) -> None:
    """Highlight of a beat in the marked rows, and a strip with its measurements. `surface` is the time region."""
    scene, geometry, ui = surface.scene, surface.geometry, surface.ui
    marks = scene.marks
    if marks is None or not 0 <= index < len(marks.beats) or not geometry.rows:
        return
    at = int(marks.beats.sample[index])
    seconds = at / surface.scale.fs
    present = [int(s) for s in marks.fiducials[index] if s != ABSENT]
    pad = 0.05 * surface.scale.fs
    left = surface.x(min([at - pad, *(s - pad for s in present)]))
    right = surface.x(max([at + pad, *(s + pad for s in present)]))
    if right < 0 or left > surface.width:
        return
    shown = []
    for row in scene.marked_rows:
        spans = cells_between(scene.arrangement.rows[row], seconds, seconds + 1e-6)
        if spans and spans[0].cell.lead == scene.marked_lead():
            shown.append(row)
    surface.smooth(True)
    surface.painter.setPen(surface.inks.pen(surface.theme.selection, 1.2 * ui, 0.9))
    surface.painter.setBrush(surface.inks.colour(surface.theme.selection, 0.10))
    for row in shown:
        band = geometry.rows[row]
        area = QRectF(left, band.top + ui, right - left, band.height - 2 * ui)
        surface.painter.drawRoundedRect(area, 4 * ui, 4 * ui)
    if shown:
        _draw_measurements(surface, index, shown[-1], (left + right) / 2)


def _draw_measurements(surface: Surface, index: int, row: int, middle: float) -> None:
    """One line above or below the row, so that the trace is not covered; a second where the view is narrow."""
    marks, record = surface.scene.marks, surface.scene.record
    assert marks is not None and record is not None
    ui, theme, paper = surface.ui, surface.theme, surface.geometry.paper
    confidence = float(marks.beats.confidence[index])
    doubtful = confidence < LOW_CONFIDENCE
    time = axis_text(record.info.start_time, int(marks.beats.sample[index]) / record.fs, 0.1)
    items = [
        (f"{marks.beats.symbol[index]}{'?' if doubtful else ''}", time),
        *interval_lines(marks, index),
        ("Conf.", f"{confidence * 100:.0f} %"),
    ]
    lines = _in_lines(surface, items, surface.width - 8 * ui)
    widths = [sum(width for *_, width in line) for line in lines]
    size = QSizeF(max(widths) + 22 * ui, (len(lines) * STRIP_LINE_UI + 6) * ui)
    x = min(max(middle - size.width() / 2, 2 * ui), max(2 * ui, surface.width - size.width() - 2 * ui))
    band = surface.geometry.rows[row]
    y = band.top - size.height() - 3 * ui
    if y < paper.top:
        y = min(band.bottom + 3 * ui, paper.bottom - size.height() - 3 * ui)
    box = QRectF(QPointF(x, y), size)
    surface.smooth(True)
    surface.painter.setPen(surface.inks.pen(theme.selection, 1.0, 0.8))
    surface.painter.setBrush(surface.inks.colour(theme.panel_raised, 0.96))
    surface.painter.drawRoundedRect(box, 5 * ui, 5 * ui)
    draw_beat_mark(surface, QPointF(x + 10 * ui, y + 12 * ui), KINDS[marks.beats.kind[index]], doubtful)
    for k, line in enumerate(lines):
        at, top = x + 18 * ui, y + (3 + k * STRIP_LINE_UI) * ui
        for name, value, name_width, width in line:
            surface.font(11)
            surface.write(QRectF(at, top, name_width, STRIP_LINE_UI * ui), name, theme.text_muted)
            surface.font(11, bold=True)
            surface.write(QRectF(at + name_width, top, width, STRIP_LINE_UI * ui), value, theme.text)
            at += width


def _in_lines(
    surface: Surface, items: list[tuple[str, str]], room: float
) -> list[list[tuple[str, str, float, float]]]:
    """Items as (name, value, width of the name, whole width), broken into lines of at most `room` pixels."""
    plain, bold = surface.font(11), surface.font(11, bold=True)
    lines: list[list[tuple[str, str, float, float]]] = [[]]
    used = 0.0
    for name, value in items:
        name_width = plain.horizontalAdvance(name) + 4 * surface.ui
        width = name_width + bold.horizontalAdvance(value) + 12 * surface.ui
        if lines[-1] and used + width > room - 22 * surface.ui:
            lines.append([])
            used = 0.0
        lines[-1].append((name, value, name_width, width))
        used += width
    return lines


def readout(scene: Scene, geometry: Geometry, sample: float, row: int | None) -> str:
    """Time and value of every lead at a point in time; the lead under the pointer comes first."""
    record = scene.record
    if record is None or not 0 <= sample < record.n_samples:
        return ""
    at = int(sample)
    seconds = at / record.fs
    parts = [axis_text(record.info.start_time, seconds, 0.01)]
    cells = []
    for i, arranged in enumerate(scene.arrangement.rows):
        span = cells_between(arranged, seconds, seconds + 1e-6)
        if span:
            cells.append((i != row, i, span[0].cell))
    block = None
    if scene.pages is not None and not scene.awaited(at, at + 1, geometry.scale):
        filtered = scene.is_filtered(geometry.scale)
        block = scene.pages.read(at, at + 1) if filtered else scene.pages.raw(at, at + 1)
    seen = set()
    for _, _, cell in sorted(cells, key=lambda item: item[:2]):
        if block is None or block.values.shape[1] == 0 or cell.lead in seen:
            continue
        seen.add(cell.lead)
        lead = record.leads[cell.lead]
        value = float(block.values[cell.lead, 0]) * cell.sign
        if not block.valid[cell.lead, 0]:
            parts.append(f"{cell.label} no data")
        else:
            number = f"{value:+.2f}" if lead.is_voltage else f"{value:.4g}"
            parts.append(f"{cell.label} {number} {lead.unit}")
    return "   ".join(parts)
