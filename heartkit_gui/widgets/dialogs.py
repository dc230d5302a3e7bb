"""Small dialogs: a message with details, a question for a time."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.theme.icons import tinted_pixmap
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import role_label

WIDTH = 520


class MessageDialog(QDialog):
    """One sentence, and everything else behind "Details". Window-modal; deletes itself when closed."""

    def __init__(
        self, title: str, sentence: str, details: str, theme: Theme, parent: QWidget, *, level: str = "error"
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self._details = details
        icon = QLabel()
        colour = theme.danger if level == "error" else theme.accent
        icon.setPixmap(tinted_pixmap("error" if level == "error" else "info", colour, 28, 2.0))
        self.sentence = QLabel(sentence)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.sentence.setMinimumWidth(WIDTH - 110)
        self.details = QPlainTextEdit(details)
        self.details.setAccessibleName("Details")
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setMinimumSize(WIDTH, 220)
        self.details.hide()
        self._more = QPushButton("Show details")
        self._more.setAccessibleName("Show details")
        self._more.clicked.connect(self._toggle)
        self._copy = QPushButton("Copy")
        self._copy.setAccessibleName("Copy message and details")
        self._copy.clicked.connect(self._copy_all)
        for button in (self._more, self._copy):
            button.setAutoDefault(False)
            button.setVisible(bool(details))
        close = QPushButton("Close")
        close.setAccessibleName("Close the message")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.sentence, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self._more)
        bottom.addWidget(self._copy)
        bottom.addStretch(1)
        bottom.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(18)
        layout.addLayout(top)
        layout.addWidget(self.details, 1)
        layout.addLayout(bottom)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        close.setFocus()

    @Slot()
    def _toggle(self) -> None:
        shown = self.details.isHidden()
        self.details.setVisible(shown)
        self._more.setText("Hide details" if shown else "Show details")
        self.adjustSize()

    @Slot()
    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.sentence.text()}\n\n{self._details}")


def parse_clock(text: str) -> float | None:
    """Seconds of "75", "1:15", "1:15.5", "1:02:03"; None for anything else."""
    if not re.fullmatch(r"\s*(\d+:){0,2}\d+([.,]\d*)?\s*", text):
        return None
    seconds = 0.0
    for part in text.strip().replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


class TimeDialog(QDialog):
    """Asks for a time of the record."""

    chosen = Signal(float)  # seconds

    def __init__(self, longest: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Go to time")
        self.setAccessibleName("Go to time")
        self.field = QLineEdit()
        self.field.setAccessibleName("Time as minutes and seconds, or hours, minutes and seconds")
        self.field.setPlaceholderText("1:15 or 1:02:03")
        self._note = role_label("small", f"The record ends at {longest}.")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Go")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addWidget(QLabel("Time from the start of the record"))
        layout.addWidget(self.field)
        layout.addWidget(self._note)
        layout.addSpacing(6)
        layout.addWidget(buttons)
        self.setMinimumWidth(320)

    @Slot()
    def _accept(self) -> None:
        seconds = parse_clock(self.field.text())
        if seconds is None:
            self._note.setProperty("role", "danger")
            self._note.setText("Write a time like 1:15 or 1:02:03.")
            self._note.style().unpolish(self._note)
            self._note.style().polish(self._note)
            self.field.selectAll()
            self.field.setFocus()
            return
        self.chosen.emit(seconds)
        self.accept()


def name_buttons(box: QDialogButtonBox) -> None:
    """Give the buttons of a box accessible names, without mnemonic marks."""
    for button in box.buttons():
        button.setAccessibleName(button.text().replace("&", ""))
