"""Labels with a role in the typographic scale, and labels that shorten themselves."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QSizePolicy, QStyle, QStyleOption, QWidget

SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse


def role_label(role: str, text: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label drawn as "heading", "statement", "figure", "unit", "muted", "small" or "title"."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    if selectable:
        label.setTextInteractionFlags(SELECTABLE)
    return label


def set_role(label: QLabel, role: str) -> None:
    """Draw a label in another role."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def rule() -> QFrame:
    """A hairline across."""
    line = QFrame()
    line.setProperty("role", "rule")
    line.setFrameShape(QFrame.Shape.NoFrame)
    line.setFixedHeight(1)
    return line


def align_figures(widget: QWidget) -> None:
    """Draw the figures of a widget equally wide, so that columns line up and changing numbers stand still."""
    font = QFont(widget.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    widget.setFont(font)


def name_choice(box: QComboBox, name: str) -> None:
    """Name a box of choices and the list that it opens for screen readers."""
    box.setAccessibleName(name)
    box.view().setAccessibleName(f"{name}, choices")


class ElidedLabel(QLabel):
    """One line that ends, or begins, in "…" when there is no room; the whole text is the tool tip."""

    def __init__(
        self,
        text: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        role: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        if role:
            self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        return QSize(self.fontMetrics().averageCharWidth() * 4, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much as fits."""
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        inside = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self._mode, inside.width())
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        self.style().drawItemText(
            painter, inside, int(self.alignment()), option.palette, enabled, text, self.foregroundRole()
        )
