"""What the board and the connection told in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.panel import Section

HEIGHT_PX = 150


class LogPanel(QWidget):
    """The last lines, folded away until somebody wants them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[str, ...] = ()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFixedHeight(HEIGHT_PX)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Log of board and connection")
        self.section = Section("Log of the board", self.text, open_=False, flush=True)
        self.section.toggled.connect(self._show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.section)

    def show_lines(self, lines: Sequence[str]) -> None:
        """The log so far; what is read is not moved unless it was at the end."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._show()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.section.set_theme(theme)

    @Slot()
    def _show(self) -> None:
        if self.text.isHidden():
            return
        bar = self.text.verticalScrollBar()
        at, follows = bar.value(), bar.value() >= bar.maximum() - 1
        self.text.setPlainText("\n".join(self._lines))
        bar.setValue(bar.maximum() if follows else at)
