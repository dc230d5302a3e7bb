"""One frame of the live canvas: the traces kept from the frames before, and what moves over and around them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from heartkit_gui.canvas.grid import paper_image
from heartkit_gui.canvas.lanes import (
    draw_axis,
    draw_footer,
    draw_gap_text,
    draw_lanes,
    draw_lead_names,
    draw_pulses,
    draw_quality_text,
)
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.surface import CENTRE, Surface
from heartkit_gui.canvas.tiles import grid_top
from heartkit_gui.canvas.viewport import Viewport
from heartkit_gui.live.board_lane import draw_board, draw_board_findings, draw_board_rhythm
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.scene import LiveScene
from heartkit_gui.live.trace_ring import Mode, TraceRing, erase_bar

EMPTY_TEXT = "Nothing streams yet: start a virtual board or connect one, on the left."
ERASE_UI = 26.0  # width of the empty space ahead of a sweep


@dataclass(frozen=True)
class _BoardImage:
    """The board's lane of one sweep, and what it was drawn from."""

    board: BoardMarks | None
    key: object
    image: QImage


class LiveScreen:
    """Paints a live scene; keeps what can be kept from one frame to the next."""

    def __init__(self, scene: LiveScene, view: Viewport, family: str) -> None:
        self._scene = scene
        self._view = view
        self._inks = Inks(family)
        self._ring = TraceRing(self._inks)
        self._boards: dict[float, _BoardImage] = {}  # by where the sweep begins
        self._margin_image = QImage()
        self._margin_key: object = None

    def paint(self, painter: QPainter, mode: Mode, dirty_from: int | None) -> None:
        """One frame up to the scene's last sample; findings from sample `dirty_from` on are new."""
        scene, geometry = self._scene, self._view.geometry
        if scene.record is None:
            self._paint_empty(painter)
            return
        head_px = int(geometry.scale.px_of_sample(scene.n_samples))
        dirty_px = None if dirty_from is None else int(geometry.scale.px_of_sample(dirty_from))
        self._ring.follow(scene, geometry, mode, head_px, dirty_px)
        painter.scale(1 / geometry.ui, 1 / geometry.ui)
        painter.drawImage(0, 0, self._margin())
        painter.translate(geometry.margin, 0)
        painter.setClipRect(QRectF(0, 0, geometry.time_width, geometry.height))
        self._ring.blit(painter, head_px)
        painter.setClipping(False)
        if mode == "roll":
            self._around(painter, head_px - geometry.time_width, None)
        else:
            self._sweep(painter, head_px)
        draw_footer(Surface(painter, scene, geometry, self._inks, 0.0, geometry.time_width))

    def _paint_empty(self, painter: QPainter) -> None:
        """Say how to begin."""
        view, theme = self._view, self._scene.theme
        ratio = view.ratio
        area = QRectF(0, 0, view.size[0] / ratio, view.size[1] / ratio)
        painter.fillRect(area, self._inks.colour(theme.paper))
        painter.setPen(self._inks.colour(theme.canvas_text_muted))
        painter.setFont(self._inks.font(14))
        painter.drawText(area, CENTRE, EMPTY_TEXT)

    def _sweep(self, painter: QPainter, head_px: int) -> None:
        """The present sweep up to the newest sample, empty space, then what is left of the sweep before."""
        geometry = self._view.geometry
        width, height, margin = geometry.time_width, geometry.height, geometry.margin
        begin = head_px - head_px % width
        edge, bar = float(head_px % width), ERASE_UI * geometry.ui
        beyond = min(float(width), edge + bar)
        theme = self._scene.theme
        painter.fillRect(QRectF(edge, 0, beyond - edge, geometry.footer.top), self._inks.colour(theme.canvas_strip))
        self._around(painter, begin - width, QRectF(beyond, 0, width - beyond, height))
        self._around(painter, begin, QRectF(-margin, 0, margin + edge, height))
        painter.setClipping(False)
        paper = QRectF(0, geometry.paper.top, width, geometry.paper.height)
        bar_area = QRectF(edge, paper.top(), beyond - edge, paper.height())
        erase_bar(painter, bar_area, paper, (theme.paper, theme.accent), self._inks)

    def _around(self, painter: QPainter, left: int, window: QRectF | None) -> None:
        """Names, texts, lanes and axis of a stretch that begins `left` device pixels after sample 0."""
        geometry = self._view.geometry
        surface = Surface(painter, self._scene, geometry, self._inks, left, geometry.time_width, window)
        region = QRectF(0, 0, geometry.time_width, geometry.height)
        surface.clip(region)
        draw_lead_names(surface)
        draw_quality_text(surface)
        draw_gap_text(surface, self._ring.gaps)
        surface.unclip()
        draw_lanes(surface)
        if window is None:
            draw_board(surface)
        else:
            self._put_board(painter, left, window)
            draw_board_rhythm(surface)
        draw_axis(surface)

    def _put_board(self, painter: QPainter, left: float, window: QRectF) -> None:
        """The board's lane of one sweep, as far as the window shows it. It is drawn when the findings change, not
        with every frame: within a sweep nothing in it moves."""
        scene, geometry = self._scene, self._view.geometry
        if not geometry.below:
            return
        band, margin = geometry.below[0], geometry.margin
        kept = self._boards.get(left)
        if kept is None or kept.board is not scene.board or kept.key != (scene.version, geometry):
            image = QImage(geometry.width, round(band.height), QImage.Format.Format_RGB32)
            onto = QPainter(image)
            onto.translate(margin, -band.top)
            draw_board_findings(Surface(onto, scene, geometry, self._inks, left, geometry.time_width))
            onto.end()
            kept = _BoardImage(scene.board, (scene.version, geometry), image)
            self._boards = {at: old for at, old in self._boards.items() if abs(at - left) <= geometry.time_width}
            self._boards[left] = kept
        painter.setClipRect(window)
        painter.drawImage(QPointF(-margin, band.top), kept.image)

    def _margin(self) -> QImage:
        """Paper and calibration pulses left of the time region."""
        geometry = self._view.geometry
        key = (self._scene.version, geometry)
        if key != self._margin_key:
            size = (geometry.margin, max(1, round(geometry.axis.top)))
            zero, mm = grid_top(geometry), geometry.scale.px_per_mm
            self._margin_image = paper_image(*size, geometry.paper, -geometry.margin, zero, mm, self._scene.theme)
            painter = QPainter(self._margin_image)
            painter.translate(geometry.margin, 0)
            draw_pulses(Surface(painter, self._scene, geometry, self._inks, 0.0, geometry.time_width))
            painter.end()
            self._margin_key = key
        return self._margin_image
