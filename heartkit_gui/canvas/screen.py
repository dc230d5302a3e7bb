"""The layers of the screen: tiles of paper and traces, marks that stay or move by themselves, lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter

from heartkit_gui.canvas.calipers import Caliper, draw_caliper
from heartkit_gui.canvas.comparison_lane import draw_other
from heartkit_gui.canvas.cursor import draw_crosshair, draw_selected_beat
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
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.canvas.surface import Surface
from heartkit_gui.canvas.tiles import TILE_PX, TileCache, grid_top
from heartkit_gui.canvas.viewport import Viewport

DrawLane = Callable[[Surface], None]
AHEAD = 2  # tiles drawn ahead on either side while idle


@dataclass(frozen=True, slots=True)
class Attention:
    """What the user is at: selected beat (-1 for none), caliper with its active handle, pointer."""

    beat: int = -1
    caliper: Caliper | None = None
    handle: str = "b"
    pointer: QPointF | None = None


class Screen:
    """Paints a view of a scene; keeps what can be kept from one frame to the next.

    `draw_below` draws the lane below the traces.
    """

    def __init__(self, scene: Scene, view: Viewport, family: str, draw_below: DrawLane = draw_other) -> None:
        self._scene = scene
        self._view = view
        self._draw_below = draw_below
        self._inks = Inks(family)
        self._tiles = TileCache(self._inks)
        self._margin_image = QImage()
        self._margin_key: object = None

    @property
    def awaited(self) -> range:
        """Pages that tiles drawn without traces wait for."""
        return self._tiles.awaited

    def arrived(self) -> None:
        """The awaited pages are at hand."""
        self._tiles.awaited = range(0)

    def paint(self, painter: QPainter, attention: Attention) -> None:
        """One frame. `painter` works in logical pixels at the top left of the widget."""
        scene, geometry, origin = self._scene, self._view.geometry, self._view.origin_px
        painter.scale(1 / geometry.ui, 1 / geometry.ui)
        painter.drawImage(0, 0, self._margin())
        painter.translate(geometry.margin, 0)
        surface = Surface(painter, scene, geometry, self._inks, origin, geometry.time_width)
        painter.setClipRect(0, 0, geometry.time_width, geometry.height)
        self._tiles.draw(painter, scene, geometry, origin)
        draw_lead_names(surface)
        draw_quality_text(surface)
        draw_gap_text(surface, self._tiles.gaps(geometry, origin))
        if attention.beat >= 0:
            draw_selected_beat(surface, attention.beat)
        if attention.caliper is not None:
            draw_caliper(surface, attention.caliper, attention.handle)
        painter.setClipping(False)
        draw_lanes(surface)
        self._draw_below(surface)
        draw_axis(surface)
        draw_footer(surface)
        if attention.pointer is not None:
            draw_crosshair(surface, attention.pointer.x() - geometry.margin, attention.pointer.y())

    def draw_ahead(self, direction: int) -> bool:
        """Draw one tile beside the view, first in the direction of travel; False when all are ready."""
        scene, geometry = self._scene, self._view.geometry
        visible = self._tiles.visible(geometry, self._view.origin_px)
        last = int(geometry.scale.px_of_sample(scene.n_samples)) // TILE_PX
        after = [visible.stop + k for k in range(AHEAD)]
        before = [visible.start - 1 - k for k in range(AHEAD)]
        for index in (*after, *before) if direction > 0 else (*before, *after):
            if 0 <= index <= last and not self._tiles.has(index, scene, geometry):
                self._tiles.tile(index, scene, geometry)
                return not self.awaited
        return False

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
