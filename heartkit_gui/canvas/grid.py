"""Millimetre paper: written straight into image memory for the screen, as lines for paper and PDF."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from heartkit_gui.canvas.geometry import Band
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.theme.tokens import Theme

MAJOR_EVERY = 5
MIN_MINOR_PX = 2.6  # closer 1 mm lines would only grey the paper


def _line_positions(origin_px: float, length: int, px_per_mm: float) -> tuple[list[int], list[int]]:
    """Pixels of the 1 mm and of the 5 mm lines on a stretch that begins `origin_px` after a 5 mm line.

    Each line is rounded on its own, so that the error never adds up.
    """
    first = math.ceil((origin_px - 0.5) / px_per_mm)
    last = math.floor((origin_px + length) / px_per_mm)
    minor: list[int] = []
    major: list[int] = []
    for k in range(first, last + 1):
        at = round(k * px_per_mm - origin_px)
        if 0 <= at < length:
            (major if k % MAJOR_EVERY == 0 else minor).append(at)
    return minor, major


def paper_image(
    width: int, height: int, paper: Band, origin_px: float, zero_y: float, px_per_mm: float, theme: Theme
) -> QImage:
    """An opaque image with the grid on `paper` and plain paper elsewhere.

    `origin_px` places the vertical lines: distance of the image's left edge from time zero, in pixels. `zero_y` is
    the height of a 5 mm line.
    """
    image = QImage(width, height, QImage.Format.Format_RGB32)
    base = QColor(theme.paper).rgb()
    image.fill(base)
    pixels = np.frombuffer(image.bits(), np.uint32).reshape(height, image.bytesPerLine() // 4)[:, :width]
    top, bottom = round(paper.top), round(paper.bottom)
    area = pixels[top:bottom]
    if area.size == 0:
        return image
    fine = px_per_mm >= MIN_MINOR_PX
    minor_ink, major_ink = QColor(theme.grid_minor).rgb(), QColor(theme.grid_major).rgb()
    minor_x, major_x = _line_positions(origin_px, width, px_per_mm)
    minor_y, major_y = _line_positions(top - zero_y, bottom - top, px_per_mm)
    if fine:
        area[:, minor_x] = minor_ink
        area[minor_y, :] = minor_ink
    area[:, major_x] = major_ink
    area[major_y, :] = major_ink
    return image


def draw_paper(
    painter: QPainter, area: QRectF, origin_px: float, px_per_mm: float, theme: Theme, inks: Inks
) -> None:
    """The same grid as lines, for printers and vector files; line widths are a share of a millimetre."""
    painter.fillRect(area, inks.colour(theme.paper))
    for name, every in (("minor", 1), ("major", MAJOR_EVERY)):
        pen = inks.pen(theme.grid_minor if name == "minor" else theme.grid_major, 0.1 * px_per_mm)
        painter.setPen(pen)
        step = px_per_mm * every
        lines = []
        first = math.ceil(origin_px / step)
        while first * step - origin_px <= area.width():
            x = area.left() + first * step - origin_px
            lines.append(QLineF(x, area.top(), x, area.bottom()))
            first += 1
        rows = math.floor(area.height() / step)
        lines += [
            QLineF(area.left(), area.top() + i * step, area.right(), area.top() + i * step) for i in range(rows + 1)
        ]
        painter.drawLines(lines)
