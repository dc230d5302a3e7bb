"""Paper, traces and marks of the last screenful, kept in an image whose columns are used in turn.

Column c holds the moment whose distance from sample 0, in device pixels, leaves c when divided by the width. Each
frame draws only what is new. Laid out as it is, the image is the sweep of a monitor; cut where the newest column is
and put together the other way round, it is paper that rolls.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.grid import paper_image
from heartkit_gui.canvas.overlays import draw_over, draw_under
from heartkit_gui.canvas.primitives import Inks, LineBuffer
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.canvas.surface import Surface
from heartkit_gui.canvas.tiles import grid_top
from heartkit_gui.canvas.traces import Gap, draw_traces

Mode = Literal["roll", "sweep"]
MODES: tuple[Mode, ...] = ("roll", "sweep")
OVERLAP_PX = 4  # columns drawn again with the next ones: the newest were cut off in the middle of a sample
STRIP_PX = 512  # drawn at a time when much is to be drawn


class TraceRing:
    """Follows one scene at one geometry; a change of either starts afresh."""

    def __init__(self, inks: Inks) -> None:
        self.gaps: list[Gap] = []  # in device pixels from sample 0
        self._inks = inks
        self._lines = LineBuffer()
        self._image = QImage()
        self._key: object = None
        self._mode: Mode = "roll"
        self._drawn = 0  # column after the last one drawn, in device pixels from sample 0

    def follow(self, scene: Scene, geometry: Geometry, mode: Mode, head_px: int, dirty_px: int | None) -> None:
        """Draw up to column `head_px`, and again what lies between `dirty_px` and there."""
        key = (scene.version, geometry, mode)
        if key != self._key:
            self._key, self._mode = key, mode
            self._start(scene, geometry, head_px)
        first = self._drawn - OVERLAP_PX
        if dirty_px is not None:
            first = min(first, dirty_px)
        first = max(first, head_px - self._image.width(), 0 if mode == "sweep" else first)
        if head_px <= self._drawn and dirty_px is None:
            return
        painter = QPainter(self._image)
        while first < head_px:
            room = self._image.width() - first % self._image.width()
            stop = min(head_px, first + min(room, STRIP_PX))
            self._draw(painter, scene, geometry, first, stop)
            first = stop
        painter.end()
        self._drawn = max(self._drawn, head_px)
        self._merge_gaps(head_px)

    def blit(self, painter: QPainter, head_px: int) -> None:
        """Put the image on the time region, whose left edge is at x = 0."""
        if self._mode == "sweep":
            painter.drawImage(QPointF(0, 0), self._image)
            return
        width, height = self._image.width(), self._image.height()
        seam = head_px % width
        painter.drawImage(QPointF(0, 0), self._image, QRectF(seam, 0, width - seam, height))
        painter.drawImage(QPointF(width - seam, 0), self._image, QRectF(0, 0, seam, height))

    def _start(self, scene: Scene, geometry: Geometry, head_px: int) -> None:
        width, height = geometry.time_width, max(1, round(geometry.axis.top))
        self._image = self._paper(scene, geometry, 0, width, height)
        self._drawn = head_px - width
        self.gaps = []

    def _paper(self, scene: Scene, geometry: Geometry, origin_px: int, width: int, height: int) -> QImage:
        zero, mm = grid_top(geometry), geometry.scale.px_per_mm
        return paper_image(width, height, geometry.paper, float(origin_px), zero, mm, scene.theme)

    def _draw(self, painter: QPainter, scene: Scene, geometry: Geometry, first: int, stop: int) -> None:
        """Draw columns [first, stop), which lie side by side in the image."""
        column, height = first % self._image.width(), self._image.height()
        window = QRectF(0, 0, stop - first, height)
        painter.save()
        painter.translate(column, 0)
        surface = Surface(painter, scene, geometry, self._inks, float(first), stop - first, window)
        surface.unclip()
        origin = column if self._mode == "sweep" else first
        painter.drawImage(0, 0, self._paper(scene, geometry, origin, stop - first, height))
        draw_under(surface)
        gaps = draw_traces(surface, self._lines)
        draw_over(surface)
        painter.restore()
        self.gaps = [gap for gap in self.gaps if gap.right <= first or gap.left >= stop or gap.left < first]
        self.gaps += [Gap(g.row, max(g.left, first), min(g.right, stop)) for g in gaps]

    def _merge_gaps(self, head_px: int) -> None:
        """Whole gaps out of the pieces that strips met, those still in the image."""
        whole: list[Gap] = []
        for gap in sorted(self.gaps, key=_by_row):
            if gap.right <= head_px - self._image.width():
                continue
            if whole and whole[-1].row == gap.row and gap.left <= whole[-1].right + 1.5:
                whole[-1] = Gap(gap.row, whole[-1].left, max(whole[-1].right, gap.right))
            else:
                whole.append(gap)
        self.gaps = whole


def _by_row(gap: Gap) -> tuple[int, float]:
    return gap.row, gap.left


def erase_bar(painter: QPainter, area: QRectF, paper: QRectF, colours: tuple[str, str], inks: Inks) -> None:
    """Empty space ahead of the newest sample, with a bright edge; `colours` are those of paper and edge."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillRect(area, inks.colour(colours[0]))
    edge = QRectF(area.left(), paper.top(), max(2.0, area.width() / 12), paper.height())
    painter.fillRect(edge, inks.colour(colours[1]))
