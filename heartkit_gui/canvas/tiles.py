"""Paper, traces and marks in tiles fixed in time: panning moves finished tiles and draws only what is new."""

from __future__ import annotations

import math
from collections import OrderedDict

from PySide6.QtGui import QImage, QPainter

from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.grid import paper_image
from heartkit_gui.canvas.overlays import draw_over, draw_under
from heartkit_gui.canvas.primitives import Inks, LineBuffer
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.canvas.surface import Surface
from heartkit_gui.canvas.traces import Gap, draw_traces

TILE_PX = 256
CACHE_BYTES = 96 << 20


class TileCache:
    """Tiles of one scene at one geometry; both are looked at on every use, and a change empties the cache."""

    def __init__(self, inks: Inks) -> None:
        self._inks = inks
        self._lines = LineBuffer()
        self._tiles: OrderedDict[int, QImage] = OrderedDict()
        self._gaps: dict[int, list[Gap]] = {}
        self._key: tuple[int, Geometry] | None = None
        self.awaited = range(0)  # pages that tiles drawn without traces wait for

    def draw(self, painter: QPainter, scene: Scene, geometry: Geometry, origin: int) -> None:
        """Cover the time region, whose left edge lies `origin` device pixels after sample 0."""
        for index in self.visible(geometry, origin):
            painter.drawImage(index * TILE_PX - origin, 0, self.tile(index, scene, geometry))

    def gaps(self, geometry: Geometry, origin: int) -> list[Gap]:
        """Missing data in view, whole across tiles, in order of rows and time."""
        found = [gap for index in self.visible(geometry, origin) for gap in self._gaps.get(index, ())]
        whole: list[Gap] = []
        for gap in sorted(found, key=lambda g: (g.row, g.left)):
            if whole and whole[-1].row == gap.row and gap.left <= whole[-1].right + 1.5:
                whole[-1] = Gap(gap.row, whole[-1].left, max(whole[-1].right, gap.right))
            else:
                whole.append(gap)
        return whole

    @staticmethod
    def visible(geometry: Geometry, origin: int) -> range:
        """Tiles that show."""
        return range(math.floor(origin / TILE_PX), math.floor((origin + geometry.time_width - 1) / TILE_PX) + 1)

    def has(self, index: int, scene: Scene, geometry: Geometry) -> bool:
        """Whether a tile is ready."""
        return self._key == (scene.version, geometry) and index in self._tiles

    def tile(self, index: int, scene: Scene, geometry: Geometry) -> QImage:
        """A tile, drawn if need be."""
        key = (scene.version, geometry)
        if key != self._key:
            self._tiles.clear()
            self._gaps.clear()
            self._key = key
        image = self._tiles.get(index)
        if image is None:
            start, stop = (geometry.scale.sample_of_px(px * TILE_PX) for px in (index, index + 1))
            pages = scene.awaited(start, stop, geometry.scale)
            image = self._render(index, scene, geometry, with_traces=not pages)
            if pages:
                first = min(pages.start, self.awaited.start) if self.awaited else pages.start
                self.awaited = range(first, max(pages.stop, self.awaited.stop))
                return image
            self._tiles[index] = image
            limit = max(24, CACHE_BYTES // max(1, image.sizeInBytes()))
            while len(self._tiles) > limit:
                gone, _ = self._tiles.popitem(last=False)
                self._gaps.pop(gone, None)
        else:
            self._tiles.move_to_end(index)
        return image

    def _render(self, index: int, scene: Scene, geometry: Geometry, with_traces: bool) -> QImage:
        x0 = float(index * TILE_PX)
        height = max(1, round(geometry.axis.top))
        image = paper_image(
            TILE_PX, height, geometry.paper, x0, grid_top(geometry), geometry.scale.px_per_mm, scene.theme
        )
        painter = QPainter(image)
        surface = Surface(painter, scene, geometry, self._inks, x0, TILE_PX)
        draw_under(surface)
        if with_traces:
            self._gaps[index] = draw_traces(surface, self._lines)
            draw_over(surface)
        painter.end()
        return image


def grid_top(geometry: Geometry) -> float:
    """Height of a 5 mm line: the zero line of the first row, so that every zero line lies on a 1 mm line."""
    return geometry.rows[0].baseline if geometry.rows else geometry.paper.top
