"""A line above the trace for what the user should know: notices of the reader, faults, missing parts."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from heartkit_gui.theme.icons import themed_icon, tinted_pixmap
from heartkit_gui.theme.tokens import Theme


class Banner(QFrame):
    """Shows one message at a time; several sentences are counted and shown in full by "Details"."""

    details_wanted = Signal(str, str)  # sentence, all of it

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName("Notice")
        self._theme: Theme | None = None
        self._level = "warning"
        self._details = ""
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setObjectName("bannerText")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._more = QPushButton("Details")
        self._more.setProperty("flat", "true")
        self._more.setAccessibleName("Details of the notice")
        self._more.clicked.connect(self._show_details)
        self._close = QToolButton()
        self._close.setAccessibleName("Dismiss the notice")
        self._close.setToolTip("Dismiss")
        self._close.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(10)
        layout.addWidget(self._icon)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._more)
        layout.addWidget(self._close)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown, "" when there is none."""
        return self._text.text() if not self.isHidden() else ""

    def show_message(self, sentences: tuple[str, ...], *, level: str = "warning", details: str = "") -> None:
        """Show sentences at level "warning" or "error"; none hides the banner."""
        if not sentences:
            self.dismiss()
            return
        more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
        self._text.setText(sentences[0] + more)
        self._details = details or ("\n".join(sentences) if len(sentences) > 1 else "")
        self._more.setVisible(bool(self._details))
        self._level = level
        self.setProperty("level", level)
        self._restyle()
        self.show()

    def set_theme(self, theme: Theme) -> None:
        """Tint the icons."""
        self._theme = theme
        self._close.setIcon(themed_icon("close", theme))
        self._restyle()

    @Slot()
    def dismiss(self) -> None:
        """Hide."""
        self.hide()

    @Slot()
    def _show_details(self) -> None:
        self.details_wanted.emit(self._text.text(), self._details)

    def _restyle(self) -> None:
        if self._theme is not None:
            name, colour = (
                ("error", self._theme.danger) if self._level == "error" else ("warning", self._theme.warning)
            )
            self._icon.setPixmap(tinted_pixmap(name, colour, 18, self.devicePixelRatioF()))
        self.style().unpolish(self)
        self.style().polish(self)
        for child in self.findChildren(QLabel):
            self.style().unpolish(child)
            self.style().polish(child)
