"""Dock panels with a quiet title bar of our own, and collapsible sections inside them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.theme.icons import themed_icon
from heartkit_gui.theme.tokens import Theme


class Panel(QDockWidget):
    """A dock with title, float and close buttons that can be reached by keyboard; `focus_target` gets the focus."""

    def __init__(self, name: str, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"panel.{name}")
        self.setAccessibleName(title)
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self.setWidget(content)
        bar = QWidget()
        bar.setObjectName("panelTitle")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar.setAccessibleName(f"{title}, title bar")
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(12, 4, 6, 4)
        layout.setSpacing(2)
        layout.addWidget(QLabel(title), 1)
        self._float = self._button(f"Float {title}", "Take out of the window, or put back")
        self._float.clicked.connect(self._toggle_floating)
        self._close = self._button(f"Close {title}", "Close this panel")
        self._close.clicked.connect(self.close)
        layout.addWidget(self._float)
        layout.addWidget(self._close)
        self.setTitleBarWidget(bar)

    def set_theme(self, theme: Theme) -> None:
        """Tint the buttons."""
        self._float.setIcon(themed_icon("float", theme))
        self._close.setIcon(themed_icon("close", theme))

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setIconSize(QSize(14, 14))
        button.setAutoRaise(True)
        return button

    @Slot()
    def _toggle_floating(self) -> None:
        self.setFloating(not self.isFloating())


class Section(QWidget):
    """A heading that folds its content away; space and Return work on the heading.

    `flush`: the heading begins at the left edge, for columns that have a margin of their own.
    """

    toggled = Signal(bool)

    def __init__(
        self,
        title: str,
        content: QWidget,
        parent: QWidget | None = None,
        *,
        open_: bool = True,
        flush: bool = False,
    ) -> None:
        super().__init__(parent)
        self._content = content
        self.heading = QToolButton()
        self.heading.setObjectName("sectionToggle")
        self.heading.setText(title)
        self.heading.setProperty("flush", flush)
        self.heading.setAccessibleName(f"{title}, section")
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setIconSize(QSize(12, 12))
        self.heading.setAutoRaise(True)
        self.heading.clicked.connect(self._toggle)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0 if flush else 4, 0, 8, 0)
        self._row.addWidget(self.heading)
        self._row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._row)
        layout.addWidget(content)
        self._theme: Theme | None = None
        content.setVisible(open_)

    def add_to_heading(self, widget: QWidget) -> None:
        """Put a control at the right end of the heading."""
        self._row.addWidget(widget)

    def set_theme(self, theme: Theme) -> None:
        """Tint the fold mark."""
        self._theme = theme
        shown = not self._content.isHidden()
        self.heading.setIcon(themed_icon("chevron_down" if shown else "chevron_right", theme))

    def set_open(self, shown: bool) -> None:
        """Fold or unfold."""
        if self._content.isHidden() == shown:
            self._toggle()

    @Slot()
    def _toggle(self) -> None:
        shown = self._content.isHidden()
        self._content.setVisible(shown)
        if self._theme is not None:
            self.set_theme(self._theme)
        self.toggled.emit(shown)


def scrolling(body: QWidget, name: str) -> QScrollArea:
    """A panel's scroll area around a column of widgets."""
    body.setObjectName("panelBody")
    body.setMinimumWidth(
        120
    )  # less than the content's own minimum: a narrow panel clips, it does not scroll sideways
    area = QScrollArea()
    area.setObjectName("panel")
    area.setAccessibleName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(body)
    return area
