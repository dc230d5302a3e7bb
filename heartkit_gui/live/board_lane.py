"""The lane below the traces: the board's own rhythm, beats and waves under a track of where the host disagrees."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush

from engine.signals.span import Span
from heartkit_gui.canvas.geometry import Band
from heartkit_gui.canvas.lanes import draw_rhythm
from heartkit_gui.canvas.marks import Spans
from heartkit_gui.canvas.overlays import (
    LETTER_SHIFT_UI,
    LETTERS_MIN_UI_PER_S,
    SEGMENTS_MIN_UI_PER_S,
    draw_beat_lane,
)
from heartkit_gui.canvas.primitives import LineBuffer
from heartkit_gui.canvas.surface import Surface
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.board_trace import BoardTrace
from heartkit_gui.live.scene import TRACE_UI, BoardScene

TRACK_UI = 12.0
RHYTHM_UI = 20.0
BEATS_UI = 18.0
MIN_MARK_UI = 2.0
TITLE_UI = 13.0
MV_SHARE = 0.6  # of the band of the denoised signal that a millivolt takes at most
LOW_SHARE = 0.2  # of its band that the denoised line lies below the middle: QRS complexes point up as a rule


def draw_board(surface: Surface) -> None:
    """The lane with its titles; empty while the board has said nothing."""
    draw_board_findings(surface)
    draw_board_rhythm(surface)


def draw_board_rhythm(surface: Surface) -> None:
    """The board's rhythm, with its name where the rhythm comes into sight."""
    scene, geometry = surface.scene, surface.geometry
    if isinstance(scene, BoardScene) and geometry.below and scene.board is not None:
        band = _rhythm_band(surface)
        surface.clip(QRectF(0, band.top, surface.width, band.height))
        draw_rhythm(surface, band, scene.board.rhythm, Spans(()))
        surface.unclip()


def _rhythm_band(surface: Surface) -> Band:
    top, ui = surface.geometry.below[0].top, surface.ui
    return Band(top + TRACK_UI * ui, top + (TRACK_UI + RHYTHM_UI) * ui)


def draw_board_findings(surface: Surface) -> None:
    """All of the lane but the rhythm."""
    scene, geometry = surface.scene, surface.geometry
    if not isinstance(scene, BoardScene) or not geometry.below:
        return
    ui, theme, margin = surface.ui, surface.theme, geometry.margin
    band = geometry.below[0]
    surface.fill(QRectF(-margin, band.top, geometry.width, band.height), theme.canvas_strip)
    surface.fill(QRectF(-margin, band.top, geometry.width, max(1.0, ui)), theme.canvas_line)
    track = Band(band.top + 2 * ui, band.top + TRACK_UI * ui)
    rhythm = _rhythm_band(surface)
    waves_bottom = band.bottom - TRACE_UI * ui * scene.has_board_trace
    waves = Band(rhythm.bottom + BEATS_UI * ui, waves_bottom - 2 * ui)
    denoised = Band(waves_bottom, band.bottom)
    if scene.board is not None:
        surface.clip(QRectF(0, band.top, surface.width, band.height))
        _draw_track(surface, track, scene.board)
        draw_beat_lane(surface, scene.board.beats, rhythm.bottom + BEATS_UI / 2 * ui)
        if surface.scale.px_per_s >= SEGMENTS_MIN_UI_PER_S * ui:
            _draw_waves(surface, waves, scene.board.waves)
            if scene.board.trace is not None:
                _draw_trace(surface, denoised, scene.board.trace)
        surface.unclip()
    _title(surface, track, "Differs", theme.danger if _differs_now(surface, scene) else theme.canvas_text_muted)
    _title(surface, rhythm, "Board", theme.canvas_text_muted)
    if scene.has_board_trace:
        _title(surface, denoised, "Denoised", theme.canvas_text_muted)
    surface.fill(QRectF(-margin, rhythm.top, geometry.width, max(1.0, ui)), theme.canvas_line)


def _differs_now(surface: Surface, scene: BoardScene) -> bool:
    return scene.board is not None and bool(scene.board.differs.between(*surface.samples()))


def _title(surface: Surface, band: Band, text: str, colour: str) -> None:
    ui, margin = surface.ui, surface.geometry.margin
    surface.font(10)
    surface.write(QRectF(6 * ui - margin, band.middle - TITLE_UI / 2 * ui, margin, TITLE_UI * ui), text, colour)


def _draw_track(surface: Surface, band: Band, board: BoardMarks) -> None:
    """A line where the host's run of the same model gave the same bytes, a hatched block where it did not; low
    blocks where the host's own analysis sees other waves."""
    theme, ui = surface.theme, surface.ui
    surface.smooth(False)
    for _, left, right in _visible(surface, board.compared):
        surface.fill(QRectF(left, band.middle - ui, right - left, 2 * ui), theme.success, 0.7)
    for _, left, right in _visible(surface, board.doubted):
        area = QRectF(left, band.middle - 3 * ui, max(MIN_MARK_UI * ui, right - left), 6 * ui)
        surface.fill(area, theme.warning)
    hatch = QBrush(surface.inks.colour(theme.paper, 0.6), Qt.BrushStyle.BDiagPattern)
    for _, left, right in _visible(surface, board.differs):
        area = QRectF(left, band.top, max(MIN_MARK_UI * ui, right - left), band.height)
        surface.fill(area, theme.danger)
        surface.painter.fillRect(area, hatch)


def _draw_waves(surface: Surface, band: Band, waves: Spans) -> None:
    theme, ui = surface.theme, surface.ui
    letters = surface.scale.px_per_s >= LETTERS_MIN_UI_PER_S * ui
    metrics = surface.font(10, bold=True)
    surface.smooth(False)
    free = float("-inf")  # where the next letter may begin
    for span, left, right in _visible(surface, waves):
        colour = theme.segments.get(span.label)
        if colour is None:
            continue
        box = QRectF(left, band.top, max(1.0, right - left), band.height)
        surface.fill(box, colour, theme.segment_alpha * 1.6)
        surface.fill(QRectF(left, band.bottom - 2.5 * ui, box.width(), 2.5 * ui), colour)
        width = metrics.horizontalAdvance(span.label)
        centred = (left + right - width) / 2
        at = max(centred, free)
        if letters and at - centred <= LETTER_SHIFT_UI * ui:
            free = at + width + 2 * ui
            letter = QRectF(at, band.top, width + ui, band.height - 2 * ui)
            surface.write(letter, span.label, theme.segment_text[span.label])


def _draw_trace(surface: Surface, band: Band, trace: BoardTrace) -> None:
    """The denoised signal, at the gain of the traces or as much of it as fits."""
    first, last = np.searchsorted(trace.position, surface.samples())
    shown = slice(max(0, int(first) - 1), int(last) + 1)
    mv = trace.mv[shown]
    known = np.isfinite(mv)
    x = trace.position[shown] * surface.scale.px_per_sample - surface.left
    px_per_mv = min(surface.scale.px_per_mv, MV_SHARE * band.height)
    y = band.middle + LOW_SHARE * band.height - (mv - trace.level_mv) * px_per_mv
    joined = known[1:] & known[:-1]
    lines = LineBuffer()
    out = lines.take(int(joined.sum()))
    out[:, 0], out[:, 1] = x[:-1][joined], y[:-1][joined]
    out[:, 2], out[:, 3] = x[1:][joined], y[1:][joined]
    surface.smooth(True)
    surface.painter.setPen(surface.inks.pen(surface.theme.trace, surface.ui))
    lines.draw(surface.painter, len(out))


def _visible(surface: Surface, spans: Spans) -> Iterator[tuple[Span, float, float]]:
    """Spans in view with their left and right edges."""
    for span in spans.between(*surface.samples()):
        left, right = max(-2.0, surface.x(span.start)), min(surface.width + 2.0, surface.x(span.stop))
        if right > left:
            yield span, left, right
