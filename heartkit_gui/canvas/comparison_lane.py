"""The lane below the traces: what another analysis makes of the same lead, and where the two differ."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt

from engine.analysis.types import ABSENT
from heartkit_gui.canvas.geometry import Band
from heartkit_gui.canvas.lanes import draw_rhythm
from heartkit_gui.canvas.marks import LONGEST_BEAT_S, WAVES, OtherMarks
from heartkit_gui.canvas.overlays import (
    LETTER_SHIFT_UI,
    LETTERS_MIN_UI_PER_S,
    SEGMENTS_MIN_UI_PER_S,
    draw_beat_lane,
)
from heartkit_gui.canvas.surface import Surface

RHYTHM_UI = 20.0
BEATS_UI = 20.0
WAVES_UI = 22.0
TAB_UI = 4.0
MIN_MARK_UI = 2.0


def draw_other(surface: Surface) -> None:
    """Rhythm, beats and waves of the other analysis, one below the other, under the marks of what differs."""
    other, geometry = surface.scene.other, surface.geometry
    if other is None or not geometry.below:
        return
    ui, theme, margin = surface.ui, surface.theme, geometry.margin
    band = geometry.below[0]
    surface.fill(QRectF(-margin, band.top, geometry.width, band.height), theme.canvas_strip)
    surface.fill(QRectF(-margin, band.top, geometry.width, max(1.0, ui)), theme.canvas_line)
    surface.clip(QRectF(0, band.top, surface.width, band.height))
    _draw_differences(surface, other, band)
    rhythm = Band(band.top + TAB_UI * ui, band.top + (TAB_UI + RHYTHM_UI) * ui)
    draw_rhythm(surface, rhythm, other.marks.base_rhythm, other.marks.events)
    draw_beat_lane(surface, other.marks.beats, rhythm.bottom + BEATS_UI / 2 * ui)
    if surface.scale.px_per_s >= SEGMENTS_MIN_UI_PER_S * ui:
        _draw_waves(surface, other, rhythm.bottom + BEATS_UI * ui, WAVES_UI * ui)
    surface.unclip()
    metrics = surface.font(10)
    box = QRectF(6 * ui - margin, band.top, margin - 8 * ui, band.height)
    words = metrics.elidedText(other.title, Qt.TextElideMode.ElideRight, box.width())
    upper = QRectF(box.left(), box.top() + 8 * ui, box.width(), 18 * ui)
    surface.write(upper, "Other", theme.canvas_text)
    surface.write(upper.translated(0, 16 * ui), words, theme.canvas_text_muted)


def _draw_differences(surface: Surface, other: OtherMarks, band: Band) -> None:
    """A tab at the top and a tint through the lane; those that share pixels are drawn once."""
    differences, colour = other.differences, surface.theme.danger
    seen = differences.between(*surface.samples())
    if seen.size == 0:
        return
    per_sample = surface.scale.px_per_sample
    lefts = np.maximum(differences.start[seen] * per_sample - surface.left, -2.0)
    rights = np.maximum(differences.stop[seen] * per_sample - surface.left, lefts + MIN_MARK_UI * surface.ui)
    first = np.flatnonzero(np.diff(np.floor(lefts), prepend=-np.inf) > 0)  # of those that begin in one pixel
    reached = -np.inf
    for left, right in zip(lefts[first].tolist(), np.maximum.reduceat(rights, first).tolist(), strict=True):
        left = max(left, reached)
        if right <= left:
            continue
        reached = right
        surface.fill(QRectF(left, band.top, right - left, band.height), colour, 0.12)
        surface.fill(QRectF(left, band.top, right - left, TAB_UI * surface.ui), colour)


def _draw_waves(surface: Surface, other: OtherMarks, top: float, height: float) -> None:
    start, stop = surface.samples()
    reach = LONGEST_BEAT_S * surface.scale.fs
    beats = other.marks.beats.between(start - reach, stop + reach)
    theme, ui = surface.theme, surface.ui
    letters = surface.scale.px_per_s >= LETTERS_MIN_UI_PER_S * ui
    metrics = surface.font(10, bold=True)
    advance = {name: metrics.horizontalAdvance(name) for name, *_ in WAVES}
    free = float("-inf")  # where the next letter may begin
    for row in other.marks.fiducials[beats.start : beats.stop]:
        for name, onset, _, offset in WAVES:
            if row[onset] == ABSENT or row[offset] == ABSENT:
                continue
            left, right = surface.x(int(row[onset])), surface.x(int(row[offset]))
            at = max((left + right - advance[name]) / 2, free)
            readable = letters and at + advance[name] / 2 - (left + right) / 2 <= LETTER_SHIFT_UI * ui
            if readable:
                free = at + advance[name] + 2 * ui
            if max(right, at + advance[name]) < 0 or min(left, at) > surface.width:
                continue
            box = QRectF(left, top, max(1.0, right - left), height)
            surface.fill(box, theme.segments[name], surface.theme.segment_alpha * 1.6)
            surface.fill(QRectF(left, box.bottom() - 2.5 * ui, box.width(), 2.5 * ui), theme.segments[name])
            if readable:
                letter = QRectF(at, top, advance[name] + ui, height - 2 * ui)
                surface.write(letter, name, theme.segment_text[name])
