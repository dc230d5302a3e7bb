"""Findings on the trace: wave bands, fiducial marks, beat labels, doubtful stretches. Draws only what is visible.

Every mark has a shape or a letter besides its colour; what the analysis is not sure of is hollow and carries "?".
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPolygonF

from engine.analysis.types import ABSENT
from engine.records.record import Block
from heartkit_gui.canvas.geometry import Geometry, RowBand
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.marks import KINDS, LONGEST_BEAT_S, LOW_CONFIDENCE, WAVES, BeatMarks, Marks
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.scene import Scene

SEGMENTS_MIN_PX_PER_S = 24.0  # narrower waves are not worth a band
FIDUCIALS_MIN_PX_PER_S = 90.0
LABEL_ROOM_UI = 9.0  # mean distance of beats from which each gets its own mark and letter
BEAT_LANE_UI = 16.0


def draw_under(painter: QPainter, scene: Scene, geometry: Geometry, x0: float, width: int, inks: Inks) -> None:
    """What lies under the trace: space outside the record, doubtful stretches, wave bands."""
    _draw_outside(painter, scene, geometry, x0, width, inks)
    marks = scene.marks
    if marks is None:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for band, area in _marked_areas(scene, geometry, x0, width):
        painter.setClipRect(area)
        if "quality" in scene.overlays:
            _draw_quality(painter, scene, geometry, marks, band, x0, width, inks)
        if "segments" in scene.overlays and geometry.scale.px_per_s >= SEGMENTS_MIN_PX_PER_S:
            _draw_segments(painter, scene, geometry, marks, band, x0, width, inks)
    painter.setClipping(False)


def draw_over(painter: QPainter, scene: Scene, geometry: Geometry, x0: float, width: int, inks: Inks) -> None:
    """What lies over the trace: fiducial marks and beat labels."""
    marks = scene.marks
    if marks is None:
        return
    for band, area in _marked_areas(scene, geometry, x0, width):
        painter.setClipRect(area)
        if "fiducials" in scene.overlays and geometry.scale.px_per_s >= FIDUCIALS_MIN_PX_PER_S:
            _draw_fiducials(painter, scene, geometry, marks, band, x0, width, inks)
        if "beats" in scene.overlays:
            y = band.top + BEAT_LANE_UI / 2 * geometry.ui
            draw_beat_lane(painter, scene, geometry, marks.beats, y, x0, width, inks)
    painter.setClipping(False)


def _marked_areas(scene: Scene, geometry: Geometry, x0: float, width: int) -> list[tuple[RowBand, QRectF]]:
    """Row and clip rectangle of every cell that carries the findings."""
    lead = scene.marked_lead()
    pps = geometry.scale.px_per_s
    areas = []
    for index in scene.marked_rows:
        band = geometry.rows[index]
        for span in cells_between(scene.arrangement.rows[index], x0 / pps, (x0 + width) / pps):
            if span.cell.lead == lead:
                left, right = max(0.0, span.start_s * pps - x0), min(float(width), span.stop_s * pps - x0)
                if right > left:
                    areas.append((band, QRectF(left, band.top, right - left, band.height)))
    return areas


def _draw_outside(painter: QPainter, scene: Scene, geometry: Geometry, x0: float, width: int, inks: Inks) -> None:
    end = geometry.scale.px_of_sample(scene.n_samples) - x0
    colour = inks.colour(scene.theme.paper_outside)
    paper = geometry.paper
    if x0 < 0:
        painter.fillRect(QRectF(0, paper.top, min(float(width), -x0), paper.height), colour)
    if end < width:
        left = max(0.0, end)
        painter.fillRect(QRectF(left, paper.top, width - left, paper.height), colour)


def _draw_quality(
    painter: QPainter,
    scene: Scene,
    geometry: Geometry,
    marks: Marks,
    band: RowBand,
    x0: float,
    width: int,
    inks: Inks,
) -> None:
    scale = geometry.scale
    painter.setBrushOrigin(QPointF(-(round(x0) % 8), 0))
    for span in marks.quality.between(scale.sample_of_px(x0), scale.sample_of_px(x0 + width)):
        if span.label == "gap":
            continue  # the trace shows its own gaps, lead by lead
        colour = scene.theme.quality.get(span.label, scene.theme.quality[""])
        left, right = scale.px_of_sample(span.start) - x0, scale.px_of_sample(span.stop) - x0
        area = QRectF(left, band.top, max(1.0, right - left), band.height)
        painter.fillRect(area, inks.colour(colour, 0.06))
        painter.fillRect(area, QBrush(inks.colour(colour, 0.30), Qt.BrushStyle.BDiagPattern))


def _visible_beats(marks: Marks, geometry: Geometry, x0: float, width: int) -> range:
    scale = geometry.scale
    reach = LONGEST_BEAT_S * scale.fs
    return marks.beats.between(scale.sample_of_px(x0) - reach, scale.sample_of_px(x0 + width) + reach)


def _draw_segments(
    painter: QPainter,
    scene: Scene,
    geometry: Geometry,
    marks: Marks,
    band: RowBand,
    x0: float,
    width: int,
    inks: Inks,
) -> None:
    theme, ui, scale = scene.theme, geometry.ui, geometry.scale
    beats = _visible_beats(marks, geometry, x0, width)
    table = marks.fiducials[beats.start : beats.stop]
    tab = round(3 * ui)
    letters = scale.px_per_s >= 60 * ui and band.height >= 44 * ui
    top = band.top + BEAT_LANE_UI * ui
    height = band.bottom - top
    painter.setFont(inks.font(10 * ui, bold=True))
    for name, onset, _, offset in WAVES:
        fill = inks.colour(theme.segments[name], theme.segment_alpha)
        solid = inks.colour(theme.segments[name])
        painter.setPen(inks.pen(theme.segment_text[name]))
        present = (table[:, onset] != ABSENT) & (table[:, offset] != ABSENT)
        for row in table[present]:
            left = scale.px_of_sample(int(row[onset])) - x0
            right = scale.px_of_sample(int(row[offset])) - x0
            if right < 0 or left > width:
                continue
            painter.fillRect(QRectF(left, top, max(1.0, right - left), height), fill)
            painter.fillRect(QRectF(left, band.bottom - tab, max(1.0, right - left), tab), solid)
            if letters:
                box = QRectF((left + right) / 2 - 20 * ui, band.bottom - tab - 14 * ui, 40 * ui, 13 * ui)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def _draw_fiducials(
    painter: QPainter,
    scene: Scene,
    geometry: Geometry,
    marks: Marks,
    band: RowBand,
    x0: float,
    width: int,
    inks: Inks,
) -> None:
    """Onset, peak and end of each wave on the trace: a foot to the right, a ring, a foot to the left."""
    lead = scene.marked_lead()
    beats = _visible_beats(marks, geometry, x0, width)
    table = marks.fiducials[beats.start : beats.stop]
    if lead is None or not (table != ABSENT).any():
        return
    scale, ui = geometry.scale, geometry.ui
    block = scene.block(scale.sample_of_px(x0 - 12), scale.sample_of_px(x0 + width + 12))
    if block is None:
        return
    gain, offset = scene.px_per_unit(lead, geometry), scene.offset(lead, scale)
    reach, foot, ring = 6 * ui, 3.5 * ui, 2.6 * ui
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for name, *columns in WAVES:
        painter.setPen(inks.pen(scene.theme.segment_text[name], 1.4 * ui))
        painter.setBrush(inks.colour(scene.theme.paper))
        for shape, column in enumerate(columns):
            samples = table[:, column]
            for sample in samples[(samples >= block.start) & (samples < block.stop)]:
                at = int(sample)
                if not block.valid[lead, at - block.start]:
                    continue
                x = scale.px_of_sample(at) - x0
                y = band.baseline - (float(block.values[lead, at - block.start]) - offset) * gain
                y = min(max(y, band.top), band.bottom)
                if shape == 1:
                    painter.drawEllipse(QPointF(x, y), ring, ring)
                else:
                    side = foot if shape == 0 else -foot
                    painter.drawLine(QPointF(x, y - reach), QPointF(x, y + reach))
                    painter.drawLine(QPointF(x, y + reach), QPointF(x + side, y + reach))


def draw_beat_lane(
    painter: QPainter,
    scene: Scene,
    geometry: Geometry,
    beats: BeatMarks,
    y: float,
    x0: float,
    width: int,
    inks: Inks,
) -> None:
    """Beats along a line at height `y`: shape by class, letter by symbol. Where they lie too close, only the ones
    that are not normal are drawn, at most one per class and pixel."""
    scale, ui = geometry.scale, geometry.ui
    pad = 24 * ui
    visible = beats.between(scale.sample_of_px(x0 - pad), scale.sample_of_px(x0 + width + pad))
    if len(visible) == 0:
        return
    if len(visible) * LABEL_ROOM_UI * ui > width + 2 * pad:
        _draw_beat_ticks(painter, scene, geometry, beats, visible, y, x0, inks)
        return
    letters = len(visible) * 16 * ui <= width + 2 * pad
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setFont(inks.font(11 * ui, bold=True))
    for i in visible:
        kind = KINDS[beats.kind[i]]
        x = scale.px_of_sample(int(beats.sample[i])) - x0
        doubtful = float(beats.confidence[i]) < LOW_CONFIDENCE
        draw_beat_mark(painter, scene, inks, ui, QPointF(x, y), kind, doubtful)
        text = beats.symbol[i] if letters and beats.symbol[i] != "N" else ""
        text += "?" if doubtful and letters else ""
        if text:
            painter.setPen(inks.pen(scene.theme.beats[kind]))
            box = QRectF(x + 6 * ui, y - 8 * ui, 26 * ui, 16 * ui)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def draw_beat_mark(
    painter: QPainter, scene: Scene, inks: Inks, ui: float, at: QPointF, kind: str, doubtful: bool
) -> None:
    """One beat: N dot, S triangle up, V triangle down, F square, Q ring, paced bar. Doubtful ones are hollow."""
    colour = scene.theme.beats[kind]
    painter.setPen(inks.pen(colour, 1.2 * ui))
    painter.setBrush(inks.colour(scene.theme.paper) if doubtful or kind == "Q" else inks.colour(colour))
    x, y, r = at.x(), at.y(), 4.4 * ui
    if kind == "S":
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - r), QPointF(x + r, y + r * 0.8), QPointF(x - r, y + r * 0.8)])
        )
    elif kind == "V":
        painter.drawPolygon(
            QPolygonF([QPointF(x, y + r), QPointF(x + r, y - r * 0.8), QPointF(x - r, y - r * 0.8)])
        )
    elif kind == "F":
        painter.drawRect(QRectF(x - r * 0.8, y - r * 0.8, 1.6 * r, 1.6 * r))
    elif kind == "/":
        painter.drawRect(QRectF(x - r * 0.3, y - r, 0.6 * r, 2 * r))
    elif kind == "Q":
        painter.drawEllipse(at, r * 0.85, r * 0.85)
    else:
        painter.drawEllipse(at, r * 0.5, r * 0.5)


def _draw_beat_ticks(
    painter: QPainter,
    scene: Scene,
    geometry: Geometry,
    beats: BeatMarks,
    visible: range,
    y: float,
    x0: float,
    inks: Inks,
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    ui = geometry.ui
    kinds = beats.kind[visible.start : visible.stop]
    pixels = (beats.sample[visible.start : visible.stop] * geometry.scale.px_per_sample - x0).astype(np.int64)
    for code, kind in enumerate(KINDS):
        if kind == "N":
            continue
        # V above the line and the rest below, so that the classes stay apart without colour.
        top = y - 7 * ui if kind == "V" else y + 1 * ui
        for x in np.unique(pixels[kinds == code]):
            painter.fillRect(QRectF(float(x), top, max(1.0, ui), 6 * ui), inks.colour(scene.theme.beats[kind]))
