"""A confusion matrix that can be read, pointed at and walked by keyboard; every cell can be opened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from heartkit_gui.theme.stylesheet import mix
from heartkit_gui.theme.tokens import Theme

CELL = 66
MARGIN = 22


class ConfusionMatrix(QWidget):
    """Rows are the truth, columns what the model said; shade and percentage are shares of the row."""

    cell_chosen = Signal(int, int)  # truth, prediction

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._names: tuple[str, ...] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._current = (0, 0)
        self._unit = "window"
        self.setAccessibleName("Confusion matrix")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self._theme = theme
        self.update()

    def show_counts(self, names: tuple[str, ...], counts: NDArray[np.int64], unit: str = "window") -> None:
        """Show counts [truth, prediction] of the classes, of windows or samples."""
        self._unit = unit
        self._names, self._counts, self._current = names, np.asarray(counts, np.int64), (0, 0)
        self.setFixedSize(self.sizeHint())
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for names and cells."""
        n = len(self._names)
        left, top = self._label_room()
        return QSize(left + n * CELL + 2, top + n * CELL + 2)

    def _label_room(self) -> tuple[int, int]:
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        return MARGIN + widest + 12, MARGIN + metrics.height() + 10

    def _cell(self, row: int, column: int) -> QRect:
        left, top = self._label_room()
        return QRect(left + column * CELL, top + row * CELL, CELL, CELL)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, shades and numbers."""
        painter = QPainter(self)
        theme, n = self._theme, len(self._names)
        if n == 0:
            return
        left, top = self._label_room()
        painter.setPen(QColor(theme.text_muted))
        painter.drawText(QRect(left, 0, n * CELL, MARGIN), Qt.AlignmentFlag.AlignCenter, "model")
        painter.save()
        painter.translate(0, top + n * CELL)
        painter.rotate(-90)
        painter.drawText(QRect(0, 0, n * CELL, MARGIN), Qt.AlignmentFlag.AlignCenter, "truth")
        painter.restore()
        painter.setPen(QColor(theme.text))
        for i, name in enumerate(self._names):
            row = QRect(MARGIN, top + i * CELL, left - MARGIN - 8, CELL)
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
            column = QRect(left + i * CELL, MARGIN, CELL, top - MARGIN)
            painter.drawText(column, Qt.AlignmentFlag.AlignCenter, name)
        for truth in range(n):
            total = int(self._counts[truth].sum())
            for answer in range(n):
                self._paint_cell(painter, truth, answer, total)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._cell(*self._current).adjusted(2, 2, -2, -2))

    def _paint_cell(self, painter: QPainter, row: int, column: int, total: int) -> None:
        theme, cell = self._theme, self._cell(row, column)
        count = int(self._counts[row, column])
        share = count / total if total else 0.0
        ink = theme.accent if row == column else theme.danger
        painter.fillRect(cell.adjusted(1, 1, -1, -1), QColor(mix(theme.panel, ink, min(0.55, 0.55 * share**0.5))))
        painter.setPen(QColor(theme.text))
        upper = QRect(cell.left(), cell.top() + 12, CELL, CELL // 2 - 8)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, _short(count))
        lower = QRect(cell.left(), cell.top() + CELL // 2, CELL, CELL // 2 - 12)
        painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, f"{share:.1%}" if total else "none")

    def _at(self, place: QPoint) -> tuple[int, int] | None:
        for row in range(len(self._names)):
            for column in range(len(self._names)):
                if self._cell(row, column).contains(place):
                    return row, column
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click opens a cell."""
        found = self._at(event.position().toPoint())
        if found is not None:
            self._choose(*found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk, Return opens."""
        steps = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        last = len(self._names) - 1
        if step is not None and last >= 0:
            row, column = self._current
            self._current = (min(max(row + step[0], 0), last), min(max(column + step[1], 0), last))
            self._describe()
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and last >= 0:
            self._choose(*self._current)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Say in words what a cell holds."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self._at(event.pos())
            QToolTip.showText(event.globalPos(), self._words(*found) if found else "", self)
            return True
        return super().event(event)

    def _choose(self, row: int, column: int) -> None:
        self._current = (row, column)
        self._describe()
        self.update()
        self.cell_chosen.emit(row, column)

    def _describe(self) -> None:
        if self._names:
            self.setAccessibleDescription(self._words(*self._current))

    def _words(self, row: int, column: int) -> str:
        count = int(self._counts[row, column])
        return f"{self._names[row]} called {self._names[column]}: {counted(count, self._unit)}"


def counted(count: int, unit: str) -> str:
    """ "1 window", "2,000 windows"."""
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"


def _short(count: int) -> str:
    return f"{count:,}" if count < 1_000_000 else f"{count / 1e6:.2f} M"
