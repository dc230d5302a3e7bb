"""Text and lanes around the traces: rhythm and reference lanes, lead names, calibration pulses, time axis, footer."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPolygonF

from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS, Span
from heartkit_gui.canvas.geometry import Band, Geometry, RowBand
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.marks import LOW_CONFIDENCE
from heartkit_gui.canvas.overlays import draw_beat_lane
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.scale import PULSE_MV, PULSE_S, Scale, elapsed_text, gain_text, speed_text, tick_step_s
from heartkit_gui.canvas.scene import Scene

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
NON_DIAGNOSTIC_TEXT = "NON-DIAGNOSTIC BANDWIDTH"
UNFILTERED_TEXT = "unfiltered"
OVERVIEW_TEXT = "unfiltered overview"


def rhythm_words(span: Span) -> str:
    """ "Atrial fibrillation", with "?" where the analysis is not sure."""
    words = RHYTHM_LABELS.get(span.label, span.label)
    return f"{words}?" if span.confidence < LOW_CONFIDENCE else words


def filter_text(scene: Scene, scale: Scale) -> str:
    """The filter state of what is drawn."""
    if scene.pages is None or scene.pages.spec is None:
        return UNFILTERED_TEXT
    if not scene.is_filtered(scale):
        return OVERVIEW_TEXT
    assert scene.record is not None
    return scene.pages.spec.at_rate(scene.record.fs).label


def is_non_diagnostic(scene: Scene, scale: Scale) -> bool:
    """Whether the mark belongs on the trace."""
    return (
        scene.is_filtered(scale)
        and scene.pages is not None
        and bool(scene.pages.spec and scene.pages.spec.non_diagnostic)
    )


def scale_text(scene: Scene, scale: Scale) -> str:
    """Speed, gain and filter, as written on every strip."""
    return f"{speed_text(scale.mm_per_s)}   {gain_text(scale.mm_per_mv)}   {filter_text(scene, scale)}"


def draw_pulses(painter: QPainter, geometry: Geometry, scene: Scene, inks: Inks) -> None:
    """The 1 mV, 200 ms calibration pulse at the start of every row (millivolt rows only)."""
    scale, ui = geometry.scale, geometry.ui
    height = PULSE_MV * scale.px_per_mv
    width = PULSE_S * scale.px_per_s
    lead_in = 1.5 * scale.px_per_mm
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(inks.pen(scene.theme.trace, scene.theme.trace_width * ui))
    for row, band in zip(scene.arrangement.rows, geometry.rows, strict=True):
        if scene.record is None or not scene.record.leads[row.cells[0].lead].is_voltage:
            continue
        x = scale.px_per_mm * 1.5
        y = band.baseline
        xs = (x, x + lead_in, x + lead_in, x + lead_in + width, x + lead_in + width, x + 2 * lead_in + width)
        ys = (y, y, y - height, y - height, y, y)
        points = [QPointF(a, b) for a, b in zip(xs, ys, strict=True)]
        painter.drawLines([QLineF(p, q) for p, q in zip(points[:-1], points[1:], strict=True)])


def draw_lead_names(painter: QPainter, geometry: Geometry, scene: Scene, origin: float, inks: Inks) -> None:
    """Names at the start of every cell; they stay at the left edge while their cell is on screen. `painter` is at
    the left edge of the time region, which lies `origin` device pixels after sample 0."""
    scale, ui = geometry.scale, geometry.ui
    width = geometry.time_width
    small = geometry.rows and geometry.rows[0].height < 40 * ui
    font = inks.font((12 if small else 13) * ui, bold=True)
    metrics = QFontMetricsF(font)
    t0, t1 = origin / scale.px_per_s, (origin + width) / scale.px_per_s
    for row, band in zip(scene.arrangement.rows, geometry.rows, strict=True):
        for span in cells_between(row, t0, t1):
            start = span.start_s * scale.px_per_s - origin
            stop = span.stop_s * scale.px_per_s - origin
            label = span.cell.label + unit_suffix(scene, geometry, span.cell.lead)
            text_width = metrics.horizontalAdvance(label)
            if start > 0:
                _cell_mark(painter, geometry, scene, band, start, inks)
            x = max(start, 0.0) + 5 * ui
            if x + text_width + 4 * ui > min(stop, width):
                continue
            box = QRectF(x, band.top + 1 * ui, text_width, metrics.height())
            painter.setFont(font)
            painter.fillRect(box.adjusted(-3 * ui, 0, 3 * ui, 0), inks.colour(scene.theme.paper, 0.82))
            painter.setPen(inks.pen(scene.theme.canvas_text))
            painter.drawText(box, LEFT, label)


def unit_suffix(scene: Scene, geometry: Geometry, lead: int) -> str:
    """What a lead's name must add: inverted display, or the scale of a signal that is not in millivolts."""
    assert scene.record is not None
    suffix = " (inverted)" if lead in scene.inverted else ""
    info = scene.record.leads[lead]
    if not info.is_voltage:
        suffix += f"  {scene.units_per_mm(lead, geometry) * 10:g} {info.unit}/cm"
    return suffix


def _cell_mark(painter: QPainter, geometry: Geometry, scene: Scene, band: RowBand, x: float, inks: Inks) -> None:
    """Short stroke where a row changes its lead."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(inks.pen(scene.theme.trace, max(1.0, round(geometry.ui))))
    half = 2.5 * geometry.scale.px_per_mm
    painter.drawLine(QPointF(round(x), band.baseline - half), QPointF(round(x), band.baseline + half))


def draw_lanes(painter: QPainter, geometry: Geometry, scene: Scene, origin: float, inks: Inks) -> None:
    """Rhythm and reference lanes. `painter` is at the left edge of the surface."""
    for name, band in zip(scene.lanes, geometry.lanes, strict=True):
        painter.fillRect(QRectF(0, band.top, geometry.width, band.height), inks.colour(scene.theme.canvas_strip))
        painter.fillRect(QRectF(0, band.bottom - 1, geometry.width, 1), inks.colour(scene.theme.canvas_line))
        painter.save()
        painter.setClipRect(QRectF(geometry.margin, band.top, geometry.time_width, band.height))
        painter.translate(geometry.margin, 0)
        if name == "rhythm":
            _draw_rhythm(painter, geometry, scene, band, origin, inks)
            title = "Rhythm"
        else:
            _draw_reference(painter, geometry, scene, band, origin, inks)
            title = f"Ref. {scene.reference.name}" if scene.reference is not None else ""
        painter.restore()
        painter.setFont(inks.font(10.5 * geometry.ui))
        painter.setPen(inks.pen(scene.theme.canvas_text_muted))
        box = QRectF(4 * geometry.ui, band.top, geometry.margin - 6 * geometry.ui, band.height)
        metrics = QFontMetricsF(painter.font())
        painter.drawText(box, LEFT, metrics.elidedText(title, Qt.TextElideMode.ElideRight, box.width()))


def _draw_rhythm(
    painter: QPainter, geometry: Geometry, scene: Scene, band: Band, origin: float, inks: Inks
) -> None:
    if scene.marks is None:
        return
    scale, ui, theme = geometry.scale, geometry.ui, scene.theme
    start, stop = scale.sample_of_px(origin), scale.sample_of_px(origin + geometry.time_width)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setFont(inks.font(11 * ui, bold=True))
    for spans, is_event in ((scene.marks.base_rhythm, False), (scene.marks.events, True)):
        inset = 3 * ui if is_event else 0.0
        for span in spans.between(start, stop):
            colour = theme.rhythm.get(span.label, theme.rhythm[""])
            left = max(-2.0, scale.px_of_sample(span.start) - origin)
            right = min(geometry.time_width + 2.0, scale.px_of_sample(span.stop) - origin)
            area = QRectF(left, band.top + inset, max(1.5 * ui, right - left), band.height - 1 - 2 * inset)
            if is_event:
                painter.fillRect(area, inks.colour(theme.canvas_strip))
                painter.fillRect(area, inks.colour(colour, 0.32))
            else:
                painter.fillRect(area, inks.colour(colour, 0.10))
                painter.fillRect(QRectF(left, band.top, max(1.0, right - left), 3 * ui), inks.colour(colour))
            _fitting_text(
                painter, area.adjusted(6 * ui, 0, -4 * ui, 0), rhythm_words(span), span.label, colour, inks
            )


def _fitting_text(painter: QPainter, box: QRectF, words: str, short: str, colour: str, inks: Inks) -> None:
    """The words, else the short code, else nothing."""
    metrics = QFontMetricsF(painter.font())
    for text in (words, short):
        if metrics.horizontalAdvance(text) <= box.width():
            painter.setPen(inks.pen(colour))
            painter.drawText(box, LEFT, text)
            return


def _draw_reference(
    painter: QPainter, geometry: Geometry, scene: Scene, band: Band, origin: float, inks: Inks
) -> None:
    reference = scene.reference
    if reference is None:
        return
    scale, ui, width = geometry.scale, geometry.ui, geometry.time_width
    draw_beat_lane(painter, scene, geometry, reference.beats, band.middle, origin, width, inks)
    notes = reference.notes_between(scale.sample_of_px(origin - 90 * ui), scale.sample_of_px(origin + width))
    if len(notes) * 50 * ui > width:
        return
    painter.setFont(inks.font(10.5 * ui, bold=True))
    for i in notes:
        x = scale.px_of_sample(int(reference.note_sample[i])) - origin
        text = reference.note_text[i]
        box = QRectF(
            x,
            band.top + 2 * ui,
            QFontMetricsF(painter.font()).horizontalAdvance(text) + 8 * ui,
            band.height - 5 * ui,
        )
        painter.fillRect(box, inks.colour(scene.theme.canvas_text_muted, 0.18))
        painter.fillRect(
            QRectF(x, box.top(), max(1.0, ui), box.height()), inks.colour(scene.theme.canvas_text_muted)
        )
        painter.setPen(inks.pen(scene.theme.canvas_text))
        painter.drawText(box.adjusted(4 * ui, 0, 0, 0), LEFT, text)


def draw_quality_text(painter: QPainter, geometry: Geometry, scene: Scene, origin: float, inks: Inks) -> None:
    """Why a stretch is doubtful, at its start or at the left edge. `painter` is at the time region."""
    if scene.marks is None or "quality" not in scene.overlays:
        return
    scale, ui = geometry.scale, geometry.ui
    font = inks.font(11 * ui, bold=True)
    metrics = QFontMetricsF(font)
    start, stop = scale.sample_of_px(origin), scale.sample_of_px(origin + geometry.time_width)
    for span in scene.marks.quality.between(start, stop):
        left = max(0.0, scale.px_of_sample(span.start) - origin)
        right = min(float(geometry.time_width), scale.px_of_sample(span.stop) - origin)
        words = QUALITY_LABELS.get(span.label, span.label)
        text = f"{words}: {span.detail}" if span.detail else words
        room = right - left - 8 * ui
        if span.label == "gap" or room < metrics.horizontalAdvance(words):
            continue
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        for index in scene.marked_rows:
            if len(scene.arrangement.rows[index].cells) > 1:
                continue
            band = geometry.rows[index]
            box = QRectF(left + 5 * ui, band.bottom - 36 * ui, metrics.horizontalAdvance(text) + 6 * ui, 17 * ui)
            painter.setFont(font)
            painter.fillRect(box, inks.colour(scene.theme.paper, 0.9))
            painter.setPen(inks.pen(scene.theme.quality.get(span.label, scene.theme.quality[""])))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def axis_text(start_time: datetime | None, seconds: float, step_s: float) -> str:
    """Clock time where the record has one, else time from its start."""
    if start_time is None:
        return elapsed_text(seconds, step_s)
    moment = start_time + timedelta(seconds=round(seconds, 3))
    if step_s >= 86400:
        return moment.strftime("%d %b")
    if step_s >= 60:
        return moment.strftime("%H:%M")
    if step_s >= 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%H:%M:%S.%f")[: -5 if step_s >= 0.1 else -4]


def draw_axis(painter: QPainter, geometry: Geometry, scene: Scene, origin: float, inks: Inks) -> None:
    """Time axis. `painter` is at the left edge of the surface."""
    scale, ui, band, theme = geometry.scale, geometry.ui, geometry.axis, scene.theme
    painter.fillRect(QRectF(0, band.top, geometry.width, band.height), inks.colour(theme.canvas_strip))
    painter.fillRect(QRectF(0, band.top, geometry.width, 1), inks.colour(theme.canvas_line))
    if scene.record is None:
        return
    clock = scene.record.info.start_time
    step_s = tick_step_s(scale.px_per_s, (96 if clock else 72) * ui)
    painter.setFont(inks.font(11 * ui))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    minor = step_s / 5
    first = int(np.ceil(max(0.0, origin / scale.px_per_s) / minor))
    last = int(np.floor(min(scene.record.duration_s, (origin + geometry.time_width) / scale.px_per_s) / minor))
    tick, strong = inks.colour(theme.canvas_line), inks.colour(theme.canvas_text_muted)
    pixel = max(1.0, round(ui))
    painter.setPen(inks.pen(theme.canvas_text_muted))
    for k in range(first, last + 1):
        x = geometry.margin + round(k * minor * scale.px_per_s - origin)
        major = k % 5 == 0
        painter.fillRect(QRectF(x, band.top, pixel, (6 if major else 3) * ui), strong if major else tick)
        if major:
            text = axis_text(clock, k * minor, step_s)
            painter.drawText(QRectF(x + 4 * ui, band.top + 2 * ui, 120 * ui, band.height - 2 * ui), LEFT, text)


def draw_footer(painter: QPainter, geometry: Geometry, scene: Scene, inks: Inks) -> None:
    """Speed, gain and filter state, with the non-diagnostic mark where it applies."""
    ui, band, theme = geometry.ui, geometry.footer, scene.theme
    painter.fillRect(QRectF(0, band.top, geometry.width, band.height), inks.colour(theme.canvas_strip))
    painter.fillRect(QRectF(0, band.top, geometry.width, 1), inks.colour(theme.canvas_line))
    if scene.record is None:
        return
    font = inks.font(11.5 * ui, bold=True)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    text = scale_text(scene, geometry.scale)
    box = QRectF(10 * ui, band.top, metrics.horizontalAdvance(text) + 4 * ui, band.height)
    painter.setPen(inks.pen(theme.canvas_text))
    painter.drawText(box, LEFT, text)
    if is_non_diagnostic(scene, geometry.scale):
        badge_font = inks.font(10 * ui, bold=True)
        width = QFontMetricsF(badge_font).horizontalAdvance(NON_DIAGNOSTIC_TEXT) + 14 * ui
        badge = QRectF(box.right() + 12 * ui, band.top + 4 * ui, width, band.height - 8 * ui)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.colour(theme.warning_badge))
        painter.drawRoundedRect(badge, 3 * ui, 3 * ui)
        painter.setFont(badge_font)
        painter.setPen(inks.pen(theme.warning_badge_text))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, NON_DIAGNOSTIC_TEXT)


def draw_pointer(painter: QPainter, x: float, band: Band, colour: str, inks: Inks, ui: float) -> None:
    """Small triangle hanging from the top of a band."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(inks.colour(colour))
    painter.drawPolygon(
        QPolygonF([QPointF(x - 4 * ui, band.top), QPointF(x + 4 * ui, band.top), QPointF(x, band.top + 6 * ui)])
    )
