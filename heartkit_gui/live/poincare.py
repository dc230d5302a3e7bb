"""A small Poincaré plot: each RR interval of the last minutes against the one before."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.analysis.types import Analysis
from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.model.trends import poincare, rr_series
from heartkit_gui.theme.tokens import PAPER, Theme

HEIGHT = 136
LEFT, BOTTOM, TOP = 34, 20, 6
LEAST_SPAN_MS = 300.0
GAP, LINE = 12, 17
FIGURES = 2  # of the lines beside the plot, those that are figures
LEGEND = ("RR in ms against", "the RR before it,", "last five minutes")
STEPS_MS = (50.0, 100.0, 200.0, 500.0, 1000.0)


class PoincareView(QWidget):
    """Points of normal pairs are dots, pairs with another beat triangles; the newest has a ring. What it is, and
    how wide the cloud, is written beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inks = Inks(self.font().family())
        self._theme = PAPER
        self._x = self._y = np.zeros(0)
        self._normal = np.zeros(0, bool)
        self._words: tuple[str, ...] = ()
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Poincaré plot")
        self._describe()

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Plot the intervals of an analysis, which should be of the last minutes only."""
        if analysis is None:
            self._x = self._y = np.zeros(0)
            self._normal = np.zeros(0, bool)
        else:
            _, self._x, self._y, self._normal = poincare(rr_series(analysis))
        self._describe()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def _describe(self) -> None:
        if not len(self._x):
            self._words = ()
            self.setAccessibleDescription("No intervals yet.")
            return
        sd1 = float(np.std((self._y - self._x) / np.sqrt(2)))
        sd2 = float(np.std((self._y + self._x) / np.sqrt(2)))
        pairs = f"{len(self._x)} pairs" if len(self._x) > 1 else "1 pair"
        self._words = (f"SD1 {sd1:.0f} ms", f"SD2 {sd2:.0f} ms", pairs, *LEGEND)
        self.setAccessibleDescription(f"{pairs}, SD1 {sd1:.0f} ms, SD2 {sd2:.0f} ms.")

    def _write(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(self._inks.font(11))
        for row, words in enumerate(self._words):
            painter.setPen(self._inks.colour(self._theme.text if row < FIGURES else self._theme.text_muted))
            line = QRectF(area.left(), area.top() + row * LINE, area.width(), LINE)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setFont(self._inks.font(10.5))

    def _range(self) -> tuple[float, float]:
        low, high = np.percentile(np.concatenate([self._x, self._y]), [1, 99])
        middle, span = (low + high) / 2, max(1.25 * (high - low), LEAST_SPAN_MS)
        return float(middle - span / 2), float(middle + span / 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width() - LEFT - 4, self.height() - BOTTOM - TOP)
        area = QRectF(LEFT, TOP, side, side)
        painter.setPen(QPen(self._inks.colour(theme.border_strong, 0.6), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)
        painter.setFont(self._inks.font(10.5))
        if not len(self._x):
            painter.setPen(self._inks.colour(theme.text_muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "no intervals yet")
            return
        self._write(painter, QRectF(area.right() + GAP, TOP, self.width() - area.right() - GAP, side))
        low, high = self._range()
        scale = side / (high - low)
        self._draw_axes(painter, area, low, high, scale)
        painter.setClipRect(area)
        painter.setPen(QPen(self._inks.colour(theme.border_strong), 1, Qt.PenStyle.DashLine))
        painter.drawLine(area.bottomLeft(), area.topRight())
        painter.setPen(Qt.PenStyle.NoPen)
        for x, y, normal in zip(self._x.tolist(), self._y.tolist(), self._normal.tolist(), strict=True):
            at = QPointF(area.left() + (x - low) * scale, area.bottom() - (y - low) * scale)
            painter.setBrush(self._inks.colour(theme.accent if normal else theme.beats["V"], 0.75))
            if normal:
                painter.drawEllipse(at, 2.0, 2.0)
            else:
                painter.drawPolygon([at + QPointF(0, 3.4), at + QPointF(3.2, -2.6), at + QPointF(-3.2, -2.6)])
        last = QPointF(area.left() + (self._x[-1] - low) * scale, area.bottom() - (self._y[-1] - low) * scale)
        painter.setPen(QPen(self._inks.colour(theme.text), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(last, 4.5, 4.5)

    def _draw_axes(self, painter: QPainter, area: QRectF, low: float, high: float, scale: float) -> None:
        step = next((s for s in STEPS_MS if (high - low) / s <= 4), STEPS_MS[-1])
        painter.setPen(self._inks.colour(self._theme.text_muted))
        centre = Qt.AlignmentFlag.AlignCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in np.arange(np.ceil(low / step) * step, high, step).tolist():
            along = (value - low) * scale
            painter.drawText(QRectF(area.left() + along - 24, area.bottom() + 3, 48, 14), centre, f"{value:.0f}")
            painter.drawText(
                QRectF(area.left() - LEFT, area.bottom() - along - 7, LEFT - 5, 14), right, f"{value:.0f}"
            )

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(HEIGHT + LEFT, HEIGHT)
