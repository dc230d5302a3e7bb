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

CARD_COLUMNS = 2


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
    """Highlight of a beat in the marked rows, and a card with its measurements. `surface` is the time region."""
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
        _draw_card(surface, index, shown[-1], left, right)


def _draw_card(surface: Surface, index: int, row: int, left: float, right: float) -> None:
    marks, record = surface.scene.marks, surface.scene.record
    assert marks is not None and record is not None
    ui, theme = surface.ui, surface.theme
    confidence = float(marks.beats.confidence[index])
    doubtful = confidence < LOW_CONFIDENCE
    seconds = int(marks.beats.sample[index]) / record.fs
    title = f"{marks.beats.symbol[index]}{'?' if doubtful else ''}   "
    title += axis_text(record.info.start_time, seconds, 0.1)
    lines = [*interval_lines(marks, index), ("Conf.", f"{confidence * 100:.0f} %")]
    line_height, name_width = 16 * ui, 40 * ui
    column_width = name_width + surface.font(11.5).horizontalAdvance("−0.00 mV") + 10 * ui
    per_column = -(-len(lines) // CARD_COLUMNS)
    size = QSizeF(CARD_COLUMNS * column_width + 14 * ui, (per_column + 1) * line_height + 14 * ui)
    box = _card_place(surface, size, row, left, right)
    surface.smooth(True)
    surface.painter.setPen(surface.inks.pen(theme.border_strong, 1.0, 0.7))
    surface.painter.setBrush(surface.inks.colour(theme.panel_raised, 0.97))
    surface.painter.drawRoundedRect(box, 6 * ui, 6 * ui)
    mark = QPointF(box.left() + 14 * ui, box.top() + 15 * ui)
    draw_beat_mark(surface, mark, KINDS[marks.beats.kind[index]], doubtful)
    surface.font(12, bold=True)
    surface.write(QRectF(box.left() + 25 * ui, box.top() + 6 * ui, size.width(), 18 * ui), title, theme.text)
    surface.font(11.5)
    for i, (name, value) in enumerate(lines):
        column, line = divmod(i, per_column)
        x, y = box.left() + 9 * ui + column * column_width, box.top() + 9 * ui + (line + 1) * line_height
        surface.write(QRectF(x, y, name_width, line_height), name, theme.text_muted)
        surface.write(QRectF(x + name_width, y, column_width - name_width, line_height), value, theme.text)


def _card_place(surface: Surface, size: QSizeF, row: int, left: float, right: float) -> QRectF:
    """On free paper above or below the rows where there is some, else beside the beat."""
    ui, geometry = surface.ui, surface.geometry
    middle = (left + right - size.width()) / 2
    furthest = max(2 * ui, surface.width - size.width() - 2 * ui)
    if geometry.rows[0].top - geometry.paper.top >= size.height() + 8 * ui and row == 0:
        x, y = middle, geometry.rows[0].top - size.height() - 4 * ui
    elif (
        geometry.paper.bottom - geometry.rows[-1].bottom >= size.height() + 8 * ui and row == len(geometry.rows) - 1
    ):
        x, y = middle, geometry.rows[-1].bottom + 4 * ui
    else:
        fits = right + 8 * ui + size.width() <= surface.width
        x = right + 8 * ui if fits else left - 8 * ui - size.width()
        lowest = geometry.paper.bottom - size.height() - 4 * ui
        y = min(max(geometry.paper.top + 4 * ui, geometry.rows[row].top + 20 * ui), lowest)
    return QRectF(min(max(2 * ui, x), furthest), y, size.width(), size.height())


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
