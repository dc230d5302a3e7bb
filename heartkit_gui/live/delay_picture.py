"""How long samples take from the board to the screen: a histogram of the last minutes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from heartkit_gui.canvas.primitives import Inks
from heartkit_gui.theme.tokens import PAPER, Theme

HEIGHT = 76
BASE = 16
LEAST_MS = 100.0
BARS = 50
AIM_MS = 80.0


class DelayPicture(QWidget):
    """Bars of delays with a mark at 80 ms, which 95 % should stay below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inks = Inks(self.font().family())
        self._theme = PAPER
        self._delays: NDArray[np.float64] = np.zeros(0)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Delays from board to screen")
        self.setToolTip("How often a sample took how long from the board to the screen")

    def show_delays(self, delays_ms: NDArray[np.float64]) -> None:
        """Show the delays of the last frames, in milliseconds."""
        self._delays = delays_ms
        if len(delays_ms):
            p50, p95 = np.percentile(delays_ms, [50, 95])
            self.setAccessibleDescription(f"Half within {p50:.0f} ms, 95 % within {p95:.0f} ms.")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter, theme = QPainter(self), self._theme
        area = QRectF(4, 2, self.width() - 8, self.height() - BASE - 2)
        painter.fillRect(
            QRectF(area.left(), area.bottom(), area.width(), 1), self._inks.colour(theme.border_strong)
        )
        painter.setFont(self._inks.font(10.5))
        top_ms = LEAST_MS
        if len(self._delays):
            top_ms = max(LEAST_MS, 50 * float(np.ceil(np.percentile(self._delays, 99) / 50)))
            counts, _ = np.histogram(self._delays, BARS, (0.0, top_ms))
            width = area.width() / BARS
            for k, count in enumerate(counts.tolist()):
                height = area.height() * count / max(1, int(counts.max()))
                beyond = (k + 0.5) * top_ms / BARS > AIM_MS
                colour = self._inks.colour(theme.warning if beyond else theme.accent, 0.8)
                painter.fillRect(
                    QRectF(area.left() + k * width, area.bottom() - height, max(1.0, width - 1), height), colour
                )
        painter.setPen(self._inks.colour(theme.text_muted))
        for value in (0.0, AIM_MS, top_ms):
            x = area.left() + area.width() * value / top_ms
            if value == AIM_MS:
                painter.fillRect(QRectF(x, area.top(), 1, area.height()), self._inks.colour(theme.border_strong))
            box = QRectF(min(max(0.0, x - 30), self.width() - 60), area.bottom() + 2, 60, BASE - 2)
            side = Qt.AlignmentFlag.AlignHCenter
            side = Qt.AlignmentFlag.AlignLeft if value == 0 else side
            side = Qt.AlignmentFlag.AlignRight if value == top_ms else side
            if value != AIM_MS or top_ms > 1.4 * AIM_MS or value == 0:
                painter.drawText(box, side, f"{value:.0f} ms" if value == top_ms else f"{value:.0f}")

    def sizeHint(self) -> QSize:
        """Room for the bars."""
        return QSize(200, HEIGHT)
