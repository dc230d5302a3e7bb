"""Line buffers that Qt reads straight from numpy memory, and colours and pens kept ready."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from shiboken6 import Shiboken

F64 = NDArray[np.float64]


class LineBuffer:
    """Reusable array of lines. Qt's `QLineF` is four doubles, so a float64 [n, 4] array is an array of them.

    Passing a list of `QLineF` makes Python touch every line; passing the address of the first does not
    (about 40 times faster for 10 000 lines).
    """

    def __init__(self) -> None:
        self._lines: F64 = np.empty((0, 4))
        self._first: QLineF | None = None

    def take(self, count: int) -> F64:
        """Room for `count` lines, float64 [count, 4] as x1 y1 x2 y2; earlier content is lost."""
        if count > len(self._lines):
            self._lines = np.empty((max(count, 2 * len(self._lines), 1024), 4))
            self._first = cast(QLineF, Shiboken.wrapInstance(self._lines.ctypes.data, QLineF))
        return self._lines[:count]

    def draw(self, painter: QPainter, count: int) -> None:
        """Draw the first `count` lines with the painter's pen."""
        if count > 0 and self._first is not None:
            painter.drawLines(self._first, count)


class Inks:
    """Colours, pens and fonts by value, made once."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._colours: dict[tuple[str, float], QColor] = {}
        self._pens: dict[tuple[str, float, float, bool], QPen] = {}
        self._fonts: dict[tuple[float, bool], QFont] = {}

    def colour(self, value: str, alpha: float = 1.0) -> QColor:
        """A colour from "#RRGGBB"."""
        key = (value, alpha)
        if key not in self._colours:
            colour = QColor(value)
            colour.setAlphaF(alpha * colour.alphaF())
            self._colours[key] = colour
        return self._colours[key]

    def pen(self, value: str, width: float = 1.0, alpha: float = 1.0, dashed: bool = False) -> QPen:
        """A pen with square caps, so that separately drawn segments join."""
        key = (value, width, alpha, dashed)
        if key not in self._pens:
            pen = QPen(self.colour(value, alpha), width)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap if dashed else Qt.PenCapStyle.SquareCap)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            if dashed:
                pen.setDashPattern([4.0, 3.0])
            self._pens[key] = pen
        return self._pens[key]

    def font(self, pixels: float, bold: bool = False) -> QFont:
        """The canvas font at a height in device pixels."""
        key = (pixels, bold)
        if key not in self._fonts:
            font = QFont(self.family)
            font.setPixelSize(max(1, round(pixels)))
            font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
            self._fonts[key] = font
        return self._fonts[key]
