"""How the connection stands, in words, with what to do about it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from heartkit_gui.canvas.accessible import announce
from heartkit_gui.live.state_words import Level, StateWords
from heartkit_gui.theme.tokens import PAPER, Theme
from heartkit_gui.widgets.labels import role_label

MARK_PX = 14


class StateMark(QWidget):
    """A shape and a colour: ring for nothing, disc for good, dots for busy, triangle for a fault."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level: Level = "quiet"
        self.theme = PAPER
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A letter's size."""
        return QSize(MARK_PX, MARK_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, middle, r = self.theme, QPointF(MARK_PX / 2, MARK_PX / 2), MARK_PX / 2 - 2
        colour = QColor(
            {"quiet": theme.text_muted, "good": theme.success, "busy": theme.accent, "fault": theme.danger}[
                self.level
            ]
        )
        painter.setPen(QPen(colour, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush if self.level == "quiet" else colour)
        if self.level == "fault":
            top, foot = middle + QPointF(0, -r), middle.y() + r
            painter.drawPolygon(QPolygonF([top, QPointF(middle.x() + r, foot), QPointF(middle.x() - r, foot)]))
        elif self.level == "busy":
            painter.setPen(Qt.PenStyle.NoPen)
            for k in range(3):
                painter.drawEllipse(QRectF(5 * k, middle.y() - 2, 4, 4))
        else:
            painter.drawEllipse(middle, r, r)


class StateCard(QFrame):
    """State, reason, advice; buttons to leave, to try anew, and to take what comes for lines of numbers."""

    leave_wanted = Signal()
    retry_wanted = Signal()
    lines_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stateCard")
        self.setAccessibleName("Connection")
        self._words: StateWords | None = None
        self._mark = StateMark()
        self.title = role_label("heading", wrap=True)
        self.reason = role_label("", wrap=True, selectable=True)
        self.advice = role_label("small", wrap=True)
        self.reason.setAccessibleName("Reason")
        self.retry = QPushButton("Connect again")
        self.retry.setAccessibleName("Connect again to the board of before")
        self.retry.clicked.connect(self.retry_wanted)
        self.leave = QPushButton("Disconnect")
        self.leave.setAccessibleName("Disconnect from the board")
        self.leave.clicked.connect(self.leave_wanted)
        self.lines = QPushButton("Read it as numbers")
        self.lines.setAccessibleName("Read what comes as lines of numbers")
        self.lines.setToolTip("For boards that print a line of numbers for each sample, as for a serial plotter")
        self.lines.clicked.connect(self.lines_wanted)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.title, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.retry)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(5)
        layout.addLayout(top)
        layout.addWidget(self.reason)
        layout.addWidget(self.advice)
        layout.addWidget(self.lines, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(buttons)

    def show_words(
        self, words: StateWords, *, can_leave: bool, can_retry: bool, can_read_lines: bool = False
    ) -> None:
        """Say how it stands; a change of state is announced to a screen reader."""
        former, self._words = self._words, words
        self.leave.setVisible(can_leave)
        self.retry.setVisible(can_retry)
        self.lines.setVisible(can_read_lines)
        if words == former:
            return
        self.title.setText(words.title)
        for label, text in ((self.reason, words.reason), (self.advice, words.advice)):
            label.setText(text)
            label.setVisible(bool(text))
        self.setAccessibleDescription(words.spoken)
        if self._mark.level != words.level:
            self._mark.level = words.level
            self._mark.update()
            self.setProperty("level", words.level)
            self.style().unpolish(self)
            self.style().polish(self)
        if former is not None and former.title != words.title:
            announce(self, words.spoken)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._mark.theme = theme
        self._mark.update()
