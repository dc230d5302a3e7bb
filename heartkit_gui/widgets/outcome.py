"""One sentence on how work goes or ended, with what lies behind a fault on demand."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from heartkit_gui.theme.tokens import PAPER, Theme
from heartkit_gui.widgets.dialogs import MessageDialog
from heartkit_gui.widgets.labels import role_label


class Outcome(QWidget):
    """Takes no room while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = PAPER
        self._details = ""
        self._label = role_label("muted", wrap=True, selectable=True)
        self.more = QPushButton("Details…")
        self.more.setAccessibleName("Details of what went wrong")
        self.more.setAutoDefault(False)
        self.more.clicked.connect(self._show_details)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.more)
        self.say("")

    @property
    def text(self) -> str:
        """The sentence."""
        return self._label.text()

    def say(self, sentence: str) -> None:
        """How it goes; "" for nothing to say."""
        self._put(sentence, "", "muted")

    def fail(self, sentence: str, details: str = "") -> None:
        """What went wrong."""
        self._put(sentence, details, "danger")

    def set_theme(self, theme: Theme) -> None:
        """Colours of the details."""
        self._theme = theme

    def _put(self, sentence: str, details: str, role: str) -> None:
        self._details = details
        self._label.setText(sentence)
        self.setAccessibleName(sentence)
        self.more.setVisible(bool(details))
        self.setVisible(bool(sentence))
        if self._label.property("role") != role:
            self._label.setProperty("role", role)
            self._label.style().unpolish(self._label)
            self._label.style().polish(self._label)

    @Slot()
    def _show_details(self) -> None:
        MessageDialog("What went wrong", self.text, self._details, self._theme, self.window()).open()
