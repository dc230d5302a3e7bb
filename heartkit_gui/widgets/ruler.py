"""A bar of known pixel length, to be measured with a real ruler."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

MARGIN = 6


class RulerBar(QWidget):
    """Draws a bar of `length_px` logical pixels with end marks."""

    def __init__(self, length_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.length_px = length_px
        self.setAccessibleName("Bar to measure")
        self.setAccessibleDescription(f"A bar {length_px} pixels long")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Bar and margins."""
        return QSize(self.length_px + 2 * MARGIN, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar."""
        painter = QPainter(self)
        colours = self.palette()
        painter.setPen(QPen(colours.text().color(), 1))
        for x in (MARGIN, MARGIN + self.length_px):
            painter.drawLine(QLineF(x + 0.5, 2, x + 0.5, 32))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.highlight())
        painter.drawRect(QRectF(MARGIN, 12, self.length_px + 1, 10))
