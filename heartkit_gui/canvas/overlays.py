"""Findings on the trace: wave bands, fiducial marks, beat labels, doubtful stretches. Draws only what is visible.

Every mark has a shape or a letter besides its colour; what the analysis is not sure of is hollow and carries "?".
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPolygonF

from engine.analysis.types import ABSENT
from heartkit_gui.canvas.geometry import RowBand
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.marks import I64, KINDS, LONGEST_BEAT_S, LOW_CONFIDENCE, WAVES, BeatMarks, Marks
from heartkit_gui.canvas.surface import Surface

SEGMENTS_MIN_UI_PER_S = 24.0  # narrower waves are not worth a band
LETTERS_MIN_UI_PER_S = 60.0
FIDUCIALS_MIN_UI_PER_S = 70.0
LETTERS_MIN_ROW_UI = 44.0
MARK_ROOM_UI = 9.0  # mean distance of beats from which each gets its own mark
LETTER_ROOM_UI = 16.0  # and its letter
FULL_MARKS_ROW_UI = 90.0  # height of a row from which fiducial marks have their full size
BEAT_LANE_UI = 16.0
NAME_UI = 16.0  # height of a lead's name
LETTER_UI = 13.0
LETTER_SHIFT_UI = 14.0  # how far a letter may stand from the middle of its wave
BAND_ABOVE_MV = 2.0  # wave bands reach from here above the zero line
BAND_BELOW_MV = 1.2  # to here below it, and no farther than the row


def draw_under(surface: Surface) -> None:
    """What lies under the trace: space outside the record, doubtful stretches, wave bands."""
    surface.smooth(False)
    _draw_outside(surface)
    scene = surface.scene
    if scene.marks is None:
        return
    for band, area in _marked_areas(surface):
        surface.clip(area)
        if "quality" in scene.overlays:
            _draw_quality(surface, scene.marks, band)
        if "segments" in scene.overlays and surface.scale.px_per_s >= SEGMENTS_MIN_UI_PER_S * surface.ui:
            _draw_segments(surface, scene.marks, band)
    surface.unclip()


def draw_over(surface: Surface) -> None:
    """What lies over the trace: fiducial marks and beat labels."""
    scene = surface.scene
    if scene.marks is None:
        return
    for band, area in _marked_areas(surface):
        surface.clip(area)
        if "fiducials" in scene.overlays and surface.scale.px_per_s >= FIDUCIALS_MIN_UI_PER_S * surface.ui:
            _draw_fiducials(surface, scene.marks, band)
        if "beats" in scene.overlays:
            draw_beat_lane(surface, scene.marks.beats, beat_lane_y(band, surface.ui))
    surface.unclip()


def beat_lane_y(band: RowBand, ui: float) -> float:
    """Height of the beat marks of a row: under the lead's name where there is room, else beside it."""
    return band.top + (BEAT_LANE_UI / 2 + (NAME_UI if band.height >= FULL_MARKS_ROW_UI * ui else 0.0)) * ui


def _marked_areas(surface: Surface) -> list[tuple[RowBand, QRectF]]:
    """Row and clip rectangle of every cell that carries the findings."""
    lead = surface.scene.marked_lead()
    areas = []
    for index in surface.scene.marked_rows:
        band = surface.geometry.rows[index]
        for span in cells_between(surface.scene.arrangement.rows[index], *surface.seconds()):
            left = max(0.0, surface.x_of_s(span.start_s))
            right = min(float(surface.width), surface.x_of_s(span.stop_s))
            if span.cell.lead == lead and right > left:
                areas.append((band, QRectF(left, band.top, right - left, band.height)))
    return areas


def _draw_outside(surface: Surface) -> None:
    """Dim the paper before the start and after the end of the record."""
    paper, theme = surface.geometry.paper, surface.theme
    end = surface.x(surface.scene.n_samples)
    if surface.left < 0:
        width = min(float(surface.width), -surface.left)
        surface.fill(QRectF(0, paper.top, width, paper.height), theme.paper_outside, 0.8)
    if end < surface.width:
        left = max(0.0, end)
        surface.fill(QRectF(left, paper.top, surface.width - left, paper.height), theme.paper_outside, 0.8)
        surface.fill(QRectF(end, paper.top, max(1.0, surface.ui), paper.height), theme.canvas_line)


def _draw_quality(surface: Surface, marks: Marks, band: RowBand) -> None:
    surface.painter.setBrushOrigin(QPointF(-(round(surface.left) % 8), 0))
    for span in marks.quality.between(*surface.samples()):
        if span.label == "gap":
            continue  # the trace shows its own gaps, lead by lead
        colour = surface.theme.quality.get(span.label, surface.theme.quality[""])
        left, right = surface.x(span.start), surface.x(span.stop)
        area = QRectF(left, band.top, max(1.0, right - left), band.height)
        surface.fill(area, colour, 0.06)
        surface.painter.fillRect(area, QBrush(surface.inks.colour(colour, 0.30), Qt.BrushStyle.BDiagPattern))


def _visible_waves(surface: Surface, marks: Marks) -> I64:
    """Fiducials of all beats that can reach into the surface, [n, 9]."""
    start, stop = surface.samples()
    reach = LONGEST_BEAT_S * surface.scale.fs
    beats = marks.beats.between(start - reach, stop + reach)
    return marks.fiducials[beats.start : beats.stop]


def _draw_segments(surface: Surface, marks: Marks, band: RowBand) -> None:
    theme, ui, mv = surface.theme, surface.ui, surface.scale.px_per_mv
    tab = round(2.5 * ui)
    top = max(beat_lane_y(band, ui) + BEAT_LANE_UI / 2 * ui, band.baseline - BAND_ABOVE_MV * mv)
    bottom = min(band.bottom, band.baseline + BAND_BELOW_MV * mv + LETTER_UI * ui)
    letters = surface.scale.px_per_s >= LETTERS_MIN_UI_PER_S * ui and band.height >= LETTERS_MIN_ROW_UI * ui
    metrics = surface.font(10, bold=True)
    advance = {name: metrics.horizontalAdvance(name) for name, *_ in WAVES}
    free = -np.inf  # where the next letter may begin
    for row in _visible_waves(surface, marks):
        for name, onset, _, offset in WAVES:
            if row[onset] == ABSENT or row[offset] == ABSENT:
                continue
            left, right = surface.x(int(row[onset])), surface.x(int(row[offset]))
            centred = (left + right - advance[name]) / 2
            at = max(centred, free)
            readable = letters and at - centred <= LETTER_SHIFT_UI * ui
            if readable:
                free = at + advance[name] + 2 * ui
            if max(right, at + advance[name]) < 0 or min(left, at) > surface.width:
                continue
            width = max(1.0, right - left)
            surface.fill(QRectF(left, top, width, bottom - top), theme.segments[name], theme.segment_alpha)
            surface.fill(QRectF(left, bottom - tab, width, tab), theme.segments[name])
            if readable:
                box = QRectF(at, bottom - tab - LETTER_UI * ui, advance[name] + ui, LETTER_UI * ui)
                surface.write(box, name, theme.segment_text[name])


def _draw_fiducials(surface: Surface, marks: Marks, band: RowBand) -> None:
    """Onset, peak and end of each wave on the trace: a foot to the right, a ring, a foot to the left."""
    scene, ui, painter = surface.scene, surface.ui, surface.painter
    lead = scene.marked_lead()
    table = _visible_waves(surface, marks)
    block = scene.block(*surface.samples(pad_px=12 * ui)) if (table != ABSENT).any() else None
    if lead is None or block is None:
        return
    gain, offset = scene.px_per_unit(lead, surface.geometry), scene.offset(lead, surface.scale)
    size = ui * min(1.0, max(0.65, band.height / (FULL_MARKS_ROW_UI * ui)))
    reach, foot, ring = 6 * size, 3.5 * size, 2.6 * size
    surface.smooth(True)
    for name, *columns in WAVES:
        painter.setPen(surface.inks.pen(surface.theme.segment_text[name], 1.3 * ui))
        painter.setBrush(surface.inks.colour(surface.theme.paper))
        for shape, column in enumerate(columns):
            samples = table[:, column]
            for sample in samples[(samples >= block.start) & (samples < block.stop)].tolist():
                if not block.valid[lead, sample - block.start]:
                    continue
                x = surface.x(sample)
                y = band.baseline - (float(block.values[lead, sample - block.start]) - offset) * gain
                y = min(max(y, band.top), band.bottom)
                if shape == 1:
                    painter.drawEllipse(QPointF(x, y), ring, ring)
                else:
                    side = foot if shape == 0 else -foot
                    painter.drawLine(QPointF(x, y - reach), QPointF(x, y + reach))
                    painter.drawLine(QPointF(x, y + reach), QPointF(x + side, y + reach))


def draw_beat_lane(surface: Surface, beats: BeatMarks, y: float) -> None:
    """Beats along a line at height `y`: shape by class, letter by symbol. Where they lie too close, only the ones
    that are not normal are drawn, at most one per class and pixel."""
    ui = surface.ui
    pad = 34 * ui
    visible = beats.between(*surface.samples(pad))
    room = (surface.width + 2 * pad) / max(1, len(visible)) / ui
    if room < MARK_ROOM_UI:
        _draw_beat_ticks(surface, beats, visible, y)
        return
    surface.smooth(True)
    surface.font(11, bold=True)
    for i in visible:
        kind = KINDS[beats.kind[i]]
        x = surface.x(int(beats.sample[i]))
        doubtful = float(beats.confidence[i]) < LOW_CONFIDENCE
        draw_beat_mark(surface, QPointF(x, y), kind, doubtful)
        text = ("" if beats.symbol[i] == "N" else beats.symbol[i]) + ("?" if doubtful else "")
        if text and room >= LETTER_ROOM_UI:
            surface.write(QRectF(x + 6 * ui, y - 8 * ui, 28 * ui, 16 * ui), text, surface.theme.beats[kind])


def draw_beat_mark(surface: Surface, at: QPointF, kind: str, doubtful: bool) -> None:
    """One beat: N dot, S triangle up, V triangle down, F square, Q ring, paced bar. Doubtful ones are hollow."""
    painter, colour = surface.painter, surface.theme.beats[kind]
    painter.setPen(surface.inks.pen(colour, 1.2 * surface.ui))
    painter.setBrush(surface.inks.colour(surface.theme.paper if doubtful or kind == "Q" else colour))
    x, y, r = at.x(), at.y(), 4.4 * surface.ui
    if kind in ("S", "V"):
        up = 1 if kind == "S" else -1
        corners = [QPointF(x, y - up * r), QPointF(x + r, y + up * 0.8 * r), QPointF(x - r, y + up * 0.8 * r)]
        painter.drawPolygon(QPolygonF(corners))
    elif kind == "F":
        painter.drawRect(QRectF(x - r * 0.8, y - r * 0.8, 1.6 * r, 1.6 * r))
    elif kind == "/":
        painter.drawRect(QRectF(x - r * 0.3, y - r, 0.6 * r, 2 * r))
    else:
        radius = r * (0.85 if kind == "Q" else 0.5)
        painter.drawEllipse(at, radius, radius)


def _draw_beat_ticks(surface: Surface, beats: BeatMarks, visible: range, y: float) -> None:
    surface.smooth(False)
    ui = surface.ui
    kinds = beats.kind[visible.start : visible.stop]
    samples = beats.sample[visible.start : visible.stop]
    pixels = np.floor(samples * surface.scale.px_per_sample - surface.left)
    for code, kind in enumerate(KINDS):
        at = pixels[kinds == code]
        if kind == "N" or len(at) == 0:
            continue
        # V above the line and the rest below, so that the classes stay apart without colour.
        top = y - 7 * ui if kind == "V" else y + 1 * ui
        width, colour = max(1.0, round(ui)), surface.inks.colour(surface.theme.beats[kind])
        for x in at[np.diff(at, prepend=-np.inf) > 0].tolist():
            surface.painter.fillRect(QRectF(x, top, width, 6 * ui), colour)
