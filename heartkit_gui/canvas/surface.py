"""`Surface`: what every painter needs, in one hand - a tile of the screen, the whole view, or a page of paper."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from heartkit_gui.canvas.geometry import Geometry
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.canvas.scale import Scale
from heartkit_gui.canvas.scene import Scene
from heartkit_gui.theme.tokens import Theme

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


@dataclass(frozen=True, slots=True)
class Surface:
    """`painter` works in device pixels; its x = 0 lies `left` pixels after sample 0, and it is `width` wide."""

    painter: QPainter
    scene: Scene
    geometry: Geometry
    inks: Inks
    left: float
    width: int
    window: QRectF | None = None  # part of the surface that may be painted on; None for all of it

    @property
    def scale(self) -> Scale:
        """How the signal lies on the device."""
        return self.geometry.scale

    @property
    def ui(self) -> float:
        """Device pixels per ui pixel: sizes of letters, marks and hairlines."""
        return self.geometry.ui

    @property
    def theme(self) -> Theme:
        """Colours."""
        return self.scene.theme

    def x(self, sample: float) -> float:
        """Where a sample lies."""
        return self.geometry.scale.px_of_sample(sample) - self.left

    def x_of_s(self, seconds: float) -> float:
        """Where a time in seconds lies."""
        return seconds * self.geometry.scale.px_per_s - self.left

    def samples(self, pad_px: float = 0.0) -> tuple[float, float]:
        """First and last sample position that can be seen, widened by `pad_px` on both sides."""
        scale, (first, last) = self.geometry.scale, self.shown
        return scale.sample_of_px(self.left + first - pad_px), scale.sample_of_px(self.left + last + pad_px)

    def seconds(self) -> tuple[float, float]:
        """The stretch that can be seen, in seconds."""
        per_s, (first, last) = self.geometry.scale.px_per_s, self.shown
        return (self.left + first) / per_s, (self.left + last) / per_s

    def clip(self, area: QRectF) -> None:
        """Paint inside an area only, as far as it lies in the window."""
        self.painter.setClipRect(area if self.window is None else area.intersected(self.window))

    def unclip(self) -> None:
        """Paint anywhere in the window again."""
        if self.window is None:
            self.painter.setClipping(False)
        else:
            self.painter.setClipRect(self.window)

    @property
    def shown(self) -> tuple[float, float]:
        """Left and right edge of what can be seen of the time region."""
        if self.window is None:
            return 0.0, float(self.width)
        return max(0.0, self.window.left()), min(float(self.width), self.window.right())

    def smooth(self, on: bool) -> None:
        """Anti-aliasing: on for curves and marks, off for bands and hairlines."""
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing, on)

    def font(self, size_ui: float, bold: bool = False) -> QFontMetricsF:
        """Take a font of a height in ui pixels; its metrics."""
        font = self.inks.font(size_ui * self.ui, bold)
        self.painter.setFont(font)
        return QFontMetricsF(font)

    def write(self, box: QRectF, text: str, colour: str, align: Qt.AlignmentFlag = LEFT) -> None:
        """Text in a box, with the font taken last."""
        self.painter.setPen(self.inks.pen(colour))
        self.painter.drawText(box, align, text)

    def fill(self, box: QRectF, colour: str, alpha: float = 1.0) -> None:
        """A filled rectangle."""
        self.painter.fillRect(box, self.inks.colour(colour, alpha))
