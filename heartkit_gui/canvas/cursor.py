"""The layers that change with every move: crosshair, selected beat."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from engine.analysis.types import ABSENT
from heartkit_gui.canvas.accessible import interval_lines
from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.lanes import axis_text
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.marks import KINDS, LOW_CONFIDENCE
from heartkit_gui.canvas.overlays import draw_beat_mark
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.scene import Scene

CARD_COLUMNS = 2


def draw_crosshair(painter: QPainter, scene: Scene, geometry: Geometry, x: float, y: float, inks: Inks) -> None:
    """Hair lines at a point. `painter` is at the left edge of the surface."""
    paper = geometry.paper
    if not (geometry.margin <= x < geometry.width and paper.top <= y < paper.bottom):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    colour = inks.colour(scene.theme.crosshair, 0.65)
    pixel = max(1.0, round(geometry.ui))
    painter.fillRect(QRectF(round(x), paper.top, pixel, paper.height), colour)
    row = geometry.row_at(y)
    if row is not None:
        colour = inks.colour(scene.theme.crosshair, 0.35)
        painter.fillRect(QRectF(geometry.margin, round(y), geometry.time_width, pixel), colour)


def draw_selected_beat(
    painter: QPainter, scene: Scene, geometry: Geometry, index: int, origin: float, inks: Inks
) -> None:
    """Highlight of a beat in the marked rows, and a card with its measurements. `painter` is at the time region."""
    marks = scene.marks
    if marks is None or not 0 <= index < len(marks.beats) or not geometry.rows:
        return
    scale, ui, theme = geometry.scale, geometry.ui, scene.theme
    at = int(marks.beats.sample[index])
    present = marks.fiducials[index][marks.fiducials[index] != ABSENT]
    pad = 0.05 * scale.fs
    first = min([at - 2 * pad, *(int(s) - pad for s in present)])
    last = max([at + 2 * pad, *(int(s) + pad for s in present)])
    left, right = scale.px_of_sample(first) - origin, scale.px_of_sample(last) - origin
    if right < 0 or left > geometry.time_width:
        return
    lead = scene.marked_lead()
    card_row = None
    for row in scene.marked_rows:
        band = geometry.rows[row]
        seconds = at / scale.fs
        spans = cells_between(scene.arrangement.rows[row], seconds, seconds + 1e-6)
        if not spans or spans[0].cell.lead != lead:
            continue
        card_row = row
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(inks.pen(theme.selection, 1.2 * ui, 0.9))
        painter.setBrush(inks.colour(theme.selection, 0.10))
        area = QRectF(left, band.top + ui, right - left, band.height - 2 * ui)
        painter.drawRoundedRect(area, 4 * ui, 4 * ui)
    if card_row is not None:
        _draw_card(painter, scene, geometry, index, card_row, left, right, inks)


def _draw_card(
    painter: QPainter, scene: Scene, geometry: Geometry, index: int, row: int, left: float, right: float, inks: Inks
) -> None:
    marks, record = scene.marks, scene.record
    assert marks is not None and record is not None
    ui, theme, band = geometry.ui, scene.theme, geometry.rows[row]
    kind = KINDS[marks.beats.kind[index]]
    confidence = float(marks.beats.confidence[index])
    doubtful = confidence < LOW_CONFIDENCE
    seconds = int(marks.beats.sample[index]) / record.fs
    title = (
        f"{marks.beats.symbol[index]}{'?' if doubtful else ''}   {axis_text(record.info.start_time, seconds, 0.1)}"
    )
    lines = interval_lines(marks, index)
    lines.append(("Conf.", f"{confidence * 100:.0f} %"))
    bold, plain = inks.font(12 * ui, bold=True), inks.font(11.5 * ui)
    line_height = 16 * ui
    name_width = 38 * ui
    column_width = name_width + QFontMetricsF(plain).horizontalAdvance("−0.000 mV") + 8 * ui
    rows = -(-len(lines) // CARD_COLUMNS)
    width = CARD_COLUMNS * column_width + 14 * ui
    height = (rows + 1) * line_height + 14 * ui
    x = right + 8 * ui if right + 8 * ui + width <= geometry.time_width else left - 8 * ui - width
    x = min(max(2 * ui, x), max(2 * ui, geometry.time_width - width - 2 * ui))
    y = min(max(geometry.paper.top + 4 * ui, band.top + 20 * ui), geometry.paper.bottom - height - 4 * ui)
    box = QRectF(x, y, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(inks.pen(theme.border_strong, 1.0, 0.7))
    painter.setBrush(inks.colour(theme.panel_raised, 0.96))
    painter.drawRoundedRect(box, 6 * ui, 6 * ui)
    draw_beat_mark(painter, scene, inks, ui, QPointF(x + 14 * ui, y + 15 * ui), kind, doubtful)
    painter.setFont(bold)
    painter.setPen(inks.pen(theme.text))
    left_middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(QRectF(x + 25 * ui, y + 6 * ui, width - 30 * ui, line_height + 2 * ui), left_middle, title)
    painter.setFont(plain)
    for i, (name, value) in enumerate(lines):
        column, line = divmod(i, rows)
        cx, cy = x + 9 * ui + column * column_width, y + 9 * ui + (line + 1) * line_height
        painter.setPen(inks.pen(theme.text_muted))
        painter.drawText(QRectF(cx, cy, name_width, line_height), left_middle, name)
        painter.setPen(inks.pen(theme.text))
        painter.drawText(QRectF(cx + name_width, cy, column_width - name_width, line_height), left_middle, value)


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
    if scene.is_filtered(geometry.scale) or scene.pages is None:
        block = scene.block(at, at + 1)
    else:
        block = record.read(at, at + 1)
    seen = set()
    for _, _, cell in sorted(cells, key=lambda item: item[:2]):
        if block is None or block.values.shape[1] == 0 or cell.lead in seen:
            continue
        seen.add(cell.lead)
        lead = record.leads[cell.lead]
        if not block.valid[cell.lead, 0]:
            parts.append(f"{cell.label} no data")
        else:
            value = float(block.values[cell.lead, 0]) * cell.sign
            parts.append(
                f"{cell.label} {value:+.2f} {lead.unit}"
                if lead.is_voltage
                else f"{cell.label} {value:.4g} {lead.unit}"
            )
    return "   ".join(parts)
