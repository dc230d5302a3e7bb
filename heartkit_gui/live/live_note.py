"""A line above the trace: a fault of the connection, or a recording that is finished."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from engine.devices.recorder import RecorderStatus
from heartkit_gui.live import figures
from heartkit_gui.live.state_words import StateWords
from heartkit_gui.theme.icons import themed_icon, tinted_pixmap
from heartkit_gui.theme.tokens import PAPER, Theme

ICON_PX = 18


class LiveNote(QFrame):
    """A fault goes before a recording; both may be dismissed, a fault comes back with the next change."""

    open_wanted = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName("Live notice")
        self._theme = PAPER
        self._path: Path | None = None
        self._recording, self._level = "", "info"
        self._fault = False
        self._icon = QLabel()
        self.text = QLabel()
        self.text.setObjectName("bannerText")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.open = QPushButton("Open in review")
        self.open.setAccessibleName("Open the recording in the review")
        self.open.clicked.connect(self._open)
        self._close = QToolButton()
        self._close.setAccessibleName("Dismiss the live notice")
        self._close.setToolTip("Dismiss")
        self._close.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        row.addWidget(self.open)
        row.addWidget(self._close)
        self.hide()

    def show_state(self, words: StateWords | None) -> None:
        """A fault of the connection; None when there is none."""
        if words is not None:
            self._show(f"{words.title}. {words.reason}".strip(), "error")
        elif self._fault or self._recording:
            self._show_rest()
        self._fault = words is not None

    def show_recording(self, status: RecorderStatus) -> None:
        """A recording that ended, or why it ended early."""
        self._path = status.header_path if status.n_samples else None
        self._level = "warning" if status.fault else "info"
        self._recording = figures.recorded_words(status)
        self._show_rest()

    def show_remark(self, sentence: str) -> None:
        """Something worth knowing, such as that another virtual board was started than the one wanted."""
        self._recording, self._path, self._level = sentence, None, "info"
        self._show_rest()

    def set_theme(self, theme: Theme) -> None:
        """Tint the icons."""
        self._theme = theme
        self._close.setIcon(themed_icon("close", theme))
        self._tint()

    def _show_rest(self) -> None:
        if self._recording:
            self._show(self._recording, self._level)
        else:
            self.hide()

    def _show(self, text: str, level: str) -> None:
        self.open.setVisible(level != "error" and self._path is not None)
        self._close.setVisible(level != "error")
        if self.text.text() != text:
            self.text.setText(text)
            self.setAccessibleDescription(text)
        if self.property("level") != level:
            self.setProperty("level", level)
            self._tint()
        self.show()

    def _tint(self) -> None:
        theme = self._theme
        name, colour = {"error": ("error", theme.danger), "warning": ("warning", theme.warning)}.get(
            self.property("level"), ("info", theme.accent)
        )
        self._icon.setPixmap(tinted_pixmap(name, colour, ICON_PX, self.devicePixelRatioF()))
        for part in (self, self.text):
            part.style().unpolish(part)
            part.style().polish(part)

    @Slot()
    def _open(self) -> None:
        if self._path is not None:
            self.open_wanted.emit(self._path)

    @Slot()
    def _dismiss(self) -> None:
        self._recording, self._path = "", None
        self.hide()
