"""Text and lanes around the traces: rhythm and reference lanes, lead names, calibration pulses, time axis, footer.

All painters here take a surface at the left edge of the time region; the margin lies at negative x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt

from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS, Span
from heartkit_gui.canvas.geometry import Band, RowBand
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.marks import LOW_CONFIDENCE, ReferenceMarks, Spans
from heartkit_gui.canvas.overlays import BEAT_LANE_UI, beat_lane_y, draw_beat_lane
from heartkit_gui.canvas.scale import PULSE_MV, PULSE_S, Scale, elapsed_text, gain_text, speed_text, tick_step_s
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.canvas.surface import CENTRE, Surface
from heartkit_gui.canvas.traces import Gap

NON_DIAGNOSTIC_TEXT = "NON-DIAGNOSTIC BANDWIDTH"
GAP_TEXT = "no data"
NOTE_ROOM_UI = 160.0  # mean distance of reference notes from which they are written
UNFILTERED_TEXT = "unfiltered"
OVERVIEW_TEXT = "unfiltered overview"
# MIT-BIH rhythm codes that our analysis does not use (PhysioNet, "PhysioBank Annotations").
REFERENCE_RHYTHMS: Mapping[str, str] = {
    **RHYTHM_LABELS,
    "AB": "Atrial bigeminy",
    "AFL": "Atrial flutter",
    "BII": "Second-degree heart block",
    "NOD": "Junctional rhythm",
    "P": "Paced rhythm",
    "PREX": "Pre-excitation",
    "VFL": "Ventricular flutter",
}


def rhythm_words(span: Span, words: Mapping[str, str] = RHYTHM_LABELS) -> str:
    """The rhythm in words, with "?" where the analysis is not sure."""
    text = words.get(span.label, span.label)
    return f"{text}?" if span.confidence < LOW_CONFIDENCE else text


def filter_text(scene: Scene, scale: Scale) -> str:
    """The filter state of what is drawn."""
    if scene.record is None or scene.pages is None or scene.pages.spec is None:
        return UNFILTERED_TEXT
    if not scene.is_filtered(scale):
        return OVERVIEW_TEXT
    return scene.pages.spec.at_rate(scene.record.fs).label


def is_non_diagnostic(scene: Scene, scale: Scale) -> bool:
    """Whether the mark belongs on the trace."""
    return scene.pages is not None and scene.is_filtered(scale) and scene.pages.non_diagnostic


def scale_text(scene: Scene, scale: Scale) -> str:
    """Speed, gain and filter, as written on every strip."""
    return f"{speed_text(scale.mm_per_s)}   {gain_text(scale.mm_per_mv)}   {filter_text(scene, scale)}"


def draw_pulses(surface: Surface) -> None:
    """The 1 mV, 200 ms calibration pulse at the start of every row (millivolt rows only)."""
    scene, scale = surface.scene, surface.scale
    if scene.record is None:
        return
    height, width, foot = PULSE_MV * scale.px_per_mv, PULSE_S * scale.px_per_s, 1.5 * scale.px_per_mm
    start = -(width + 2 * foot + scale.px_per_mm)
    surface.smooth(True)
    surface.painter.setPen(surface.inks.pen(surface.theme.trace, surface.theme.trace_width * surface.ui))
    for row, band in zip(scene.arrangement.rows, surface.geometry.rows, strict=True):
        if not scene.record.leads[row.cells[0].lead].is_voltage:
            continue
        up, down = start + foot, start + foot + width
        low, high = band.baseline, band.baseline - height
        corners = ((start, low), (up, low), (up, high), (down, high), (down, low), (down + foot, low))
        points = [QPointF(x, y) for x, y in corners]
        surface.painter.drawLines([QLineF(p, q) for p, q in pairwise(points)])


def draw_lead_names(surface: Surface) -> None:
    """Names at the start of every cell; they stay at the left edge while their cell is on screen."""
    scene, ui = surface.scene, surface.ui
    rows = surface.geometry.rows
    if scene.record is None or not rows:
        return
    metrics = surface.font(12 if rows[0].height < 40 * ui else 13, bold=True)
    end = surface.x(scene.n_samples)
    for row, band in zip(scene.arrangement.rows, rows, strict=True):
        for span in cells_between(row, *surface.seconds()):
            start, stop = surface.x_of_s(span.start_s), surface.x_of_s(span.stop_s)
            if start >= end:
                break
            if start > 0:
                _draw_cell_start(surface, band, start)
            label = span.cell.label + name_suffix(surface, span.cell.lead)
            width = metrics.horizontalAdvance(label)
            x = max(start, 0.0) + 5 * ui
            if x + width + 4 * ui > min(stop, surface.width):
                continue
            box = QRectF(x, band.top + ui, width + ui, metrics.height())
            surface.fill(box.adjusted(-3 * ui, 0, 2 * ui, 0), surface.theme.paper, 0.85)
            surface.write(box, label, surface.theme.canvas_text)


def name_suffix(surface: Surface, lead: int) -> str:
    """What a lead's name must add: inverted display, or the scale of a signal that is not in millivolts."""
    assert surface.scene.record is not None
    info = surface.scene.record.leads[lead]
    suffix = " (inverted)" if lead in surface.scene.inverted else ""
    if not info.is_voltage:
        suffix += f"  {surface.scene.units_per_mm(lead, surface.geometry) * 10:g} {info.unit}/cm"
    return suffix


def _draw_cell_start(surface: Surface, band: RowBand, x: float) -> None:
    """Short stroke where a row changes its lead."""
    half = round(2.5 * surface.scale.px_per_mm)
    pixel = max(1.0, round(surface.ui))
    surface.fill(QRectF(round(x), round(band.baseline) - half, pixel, 2 * half), surface.theme.trace)


def draw_lanes(surface: Surface) -> None:
    """Rhythm and reference lanes."""
    scene, ui, margin = surface.scene, surface.ui, surface.geometry.margin
    for lane, band in zip(scene.lanes, surface.geometry.lanes, strict=True):
        surface.fill(QRectF(-margin, band.top, surface.geometry.width, band.height), surface.theme.canvas_strip)
        surface.clip(QRectF(0, band.top, surface.width, band.height))
        if lane.name == "rhythm" and scene.marks is not None:
            draw_rhythm(surface, band, scene.marks.base_rhythm, scene.marks.events)
        elif lane.name == "annotations" and scene.reference is not None:
            _draw_reference(surface, band, scene.reference)
        surface.unclip()
        surface.fill(QRectF(-margin, band.bottom - 1, surface.geometry.width, 1), surface.theme.canvas_line)
        box = QRectF(6 * ui - margin, band.top, margin - 8 * ui, band.height)
        metrics = surface.font(10)
        title = metrics.elidedText(lane.title, Qt.TextElideMode.ElideRight, box.width())
        surface.write(box, title, surface.theme.canvas_text_muted)


def draw_rhythm(
    surface: Surface, band: Band, base: Spans, events: Spans, words: Mapping[str, str] = RHYTHM_LABELS
) -> None:
    """The base rhythm as a band with its name where no event covers it, events as blocks upon it."""
    ui, theme = surface.ui, surface.theme
    surface.smooth(False)
    shown, (first, last) = surface.samples(), surface.shown
    upon = [(surface.x(event.start), surface.x(event.stop)) for event in events.between(*shown)]
    for span in base.between(*shown):
        colour = theme.rhythm.get(span.label, theme.rhythm[""])
        left, right = max(first - 2.0, surface.x(span.start)), min(last + 2.0, surface.x(span.stop))
        width = max(1.5 * ui, right - left)
        surface.fill(QRectF(left, band.top, width, band.height - 1), colour, 0.09)
        surface.fill(QRectF(left, band.top, width, 2.5 * ui), colour)
        room = _free_stretches(left, right, upon)
        _write_fitting(surface, band, room, rhythm_words(span, words), span.label, colour)
    for k, event in enumerate(events.between(*shown)):
        colour = theme.rhythm.get(event.label, theme.rhythm[""])
        left, right = max(first - 2.0, upon[k][0]), min(last + 2.0, upon[k][1])
        area = QRectF(left, band.top + 3 * ui, max(1.5 * ui, right - left), band.height - 1 - 6 * ui)
        surface.fill(area, theme.canvas_strip)
        surface.fill(area, colour, 0.30)
        surface.fill(QRectF(area.left(), area.top(), max(1.0, 1.5 * ui), area.height()), colour)
        room = _free_stretches(left, right, upon[k + 1 :])
        _write_fitting(surface, band, room, rhythm_words(event, words), event.label, colour)


def _free_stretches(left: float, right: float, taken: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What is left of [left, right) beside the stretches taken, which come in order of their starts."""
    free = []
    for start, stop in taken:
        if start > left:
            free.append((left, min(start, right)))
        left = max(left, stop)
    return [(a, b) for a, b in [*free, (left, right)] if b > a]


def _write_fitting(
    surface: Surface, band: Band, room: Sequence[tuple[float, float]], words: str, short: str, colour: str
) -> None:
    """The words in the first stretch that is wide enough for them, else the short code, else nothing."""
    metrics = surface.font(11, bold=True)
    for text in (words, short):
        for left, right in room:
            if metrics.horizontalAdvance(text) + 10 * surface.ui <= right - left:
                box = QRectF(left + 6 * surface.ui, band.top + surface.ui, right - left, band.height)
                surface.write(box, text, colour)
                return


def _draw_reference(surface: Surface, band: Band, reference: ReferenceMarks) -> None:
    """Words in the upper half, beats in the lower."""
    ui = surface.ui
    middle = band.middle
    if reference.has_words:
        upper = Band(band.top, band.middle if len(reference.beats) else band.bottom)
        middle = band.middle + band.height / 4
        draw_rhythm(surface, upper, reference.rhythm, Spans(()), REFERENCE_RHYTHMS)
        visible = reference.notes_between(*surface.samples(60 * ui))
        if len(visible) * NOTE_ROOM_UI * ui <= surface.width:
            metrics = surface.font(10.5)
            for i in visible:
                text = reference.note_text[i]
                x = surface.x(int(reference.note_sample[i]))
                box = QRectF(x, upper.top + 3 * ui, metrics.horizontalAdvance(text) + 7 * ui, upper.height - 4 * ui)
                surface.fill(box, surface.theme.canvas_strip)
                surface.fill(QRectF(x, box.top(), max(1.0, ui), box.height()), surface.theme.canvas_text_muted)
                surface.write(box.adjusted(4 * ui, 0, 0, 0), text, surface.theme.canvas_text)
    draw_beat_lane(surface, reference.beats, middle)


def draw_quality_text(surface: Surface) -> None:
    """Why a stretch is doubtful, at its start or at the left edge."""
    marks, ui = surface.scene.marks, surface.ui
    if marks is None or "quality" not in surface.scene.overlays:
        return
    metrics = surface.font(11, bold=True)
    rows = [i for i in surface.scene.marked_rows if len(surface.scene.arrangement.rows[i].cells) == 1]
    first, last = surface.shown
    for span in marks.quality.between(*surface.samples()):
        left, right = max(first, surface.x(span.start)), min(last, surface.x(span.stop))
        words = QUALITY_LABELS.get(span.label, span.label)
        room = right - left - 8 * ui
        if span.label == "gap" or room < metrics.horizontalAdvance(words):
            continue
        text = f"{words}: {span.detail}" if span.detail and span.detail.lower() != words.lower() else words
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        for index in rows:
            band = surface.geometry.rows[index]
            top = beat_lane_y(band, ui) + BEAT_LANE_UI / 2 * ui
            box = QRectF(left + 4 * ui, top, metrics.horizontalAdvance(text) + 8 * ui, 17 * ui)
            surface.fill(box, surface.theme.paper, 0.9)
            surface.write(box, text, surface.theme.quality.get(span.label, surface.theme.quality[""]), CENTRE)


def draw_gap_text(surface: Surface, gaps: Sequence[Gap]) -> None:
    """Say that there is no data, in the middle of what is seen of each gap."""
    metrics = surface.font(11)
    width, height = metrics.horizontalAdvance(GAP_TEXT) + 10 * surface.ui, 17 * surface.ui
    first, last = surface.shown
    for gap in gaps:
        left, right = max(first, gap.left - surface.left), min(last, gap.right - surface.left)
        if right - left >= width + 4 * surface.ui:
            middle = surface.geometry.rows[gap.row].middle
            box = QRectF((left + right - width) / 2, middle - height / 2, width, height)
            surface.fill(box, surface.theme.paper)
            surface.write(box, GAP_TEXT, surface.theme.canvas_text_muted, CENTRE)


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


def draw_axis(surface: Surface) -> None:
    """Time axis."""
    scene, scale, ui, theme = surface.scene, surface.scale, surface.ui, surface.theme
    geometry, band = surface.geometry, surface.geometry.axis
    surface.smooth(False)
    surface.fill(QRectF(-geometry.margin, band.top, geometry.width, band.height), theme.canvas_strip)
    surface.fill(QRectF(-geometry.margin, band.top, geometry.width, 1), theme.canvas_line)
    if scene.record is None:
        return
    clock = scene.record.info.start_time
    step_s = tick_step_s(scale.px_per_s, (96 if clock else 72) * ui)
    minor = step_s / 5
    start, stop = surface.seconds()
    first = int(np.ceil(max(0.0, start) / minor - 1e-9))
    last = int(np.floor(min(scene.record.duration_s, stop) / minor + 1e-9))
    pixel = max(1.0, round(ui))
    surface.font(11)
    for k in range(first, last + 1):
        x = round(surface.x_of_s(k * minor))
        major = k % 5 == 0
        tick = QRectF(x, band.top, pixel, (6 if major else 3) * ui)
        surface.fill(tick, theme.canvas_text_muted if major else theme.border_strong, 1.0 if major else 0.6)
        if major:
            box = QRectF(x + 4 * ui, band.top + 2 * ui, 130 * ui, band.height - 2 * ui)
            surface.write(box, axis_text(clock, k * minor, step_s), theme.canvas_text_muted)


def draw_footer(surface: Surface) -> None:
    """Speed, gain and filter state, with the non-diagnostic mark where it applies."""
    ui, theme, geometry = surface.ui, surface.theme, surface.geometry
    band = geometry.footer
    surface.fill(QRectF(-geometry.margin, band.top, geometry.width, band.height), theme.canvas_strip)
    surface.fill(QRectF(-geometry.margin, band.top, geometry.width, 1), theme.canvas_line)
    if surface.scene.record is None:
        return
    text = scale_text(surface.scene, surface.scale)
    width = surface.font(11.5, bold=True).horizontalAdvance(text)
    box = QRectF(10 * ui - geometry.margin, band.top, width + 4 * ui, band.height)
    surface.write(box, text, theme.canvas_text)
    if is_non_diagnostic(surface.scene, surface.scale):
        width = surface.font(10, bold=True).horizontalAdvance(NON_DIAGNOSTIC_TEXT) + 14 * ui
        badge = QRectF(box.right() + 12 * ui, band.top + 4 * ui, width, band.height - 8 * ui)
        surface.smooth(True)
        surface.painter.setPen(Qt.PenStyle.NoPen)
        surface.painter.setBrush(surface.inks.colour(theme.warning_badge))
        surface.painter.drawRoundedRect(badge, 3 * ui, 3 * ui)
        surface.write(badge, NON_DIAGNOSTIC_TEXT, theme.warning_badge_text, CENTRE)
