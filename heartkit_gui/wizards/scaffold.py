"""What all wizards share: a list of steps, one page each, the equivalent command, back and next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.services.job_runner import shown_command
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import role_label, rule

SIZE = (1120, 780)
STEPS_WIDTH = 190


class Page(QWidget):
    """One step. A page says when it is complete, what command it stands for, and takes the theme."""

    changed = Signal()  # completeness or command

    def __init__(self, title: str, purpose: str) -> None:
        super().__init__()
        self.title = title
        self.purpose = purpose
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 12, 0)
        self.body.setSpacing(12)

    def is_complete(self) -> bool:
        """Whether the next step may be taken."""
        return True

    def is_busy(self) -> bool:
        """Whether work is under way that a change of page would lose sight of."""
        return False

    def command(self) -> Sequence[str]:
        """Arguments of `heartkit-engine` that do what this page does; empty when there is nothing to run."""
        return ()

    def entered(self) -> None:
        """Called when the page comes into view."""

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""


class Wizard(QDialog):
    """A window of steps that stays open beside the main window. Closing it asks the pages to stop their work."""

    closed = Signal()

    def __init__(self, title: str, pages: Sequence[Page], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowFlag(Qt.WindowType.Window, True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self.setMinimumSize(760, 520)
        self.pages = tuple(pages)
        self._stack = QStackedWidget()
        self._steps = QListWidget()
        self._build()
        for page in self.pages:
            page.changed.connect(self._refresh)
            page.set_theme(theme)
        self._show(0)

    @property
    def current(self) -> Page:
        """The page in view."""
        return self.pages[self._stack.currentIndex()]

    def go_to(self, index: int) -> None:
        """Show a page, if every page before it is complete."""
        if all(page.is_complete() for page in self.pages[:index]):
            self._show(index)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        for page in self.pages:
            page.set_theme(theme)

    def _build(self) -> None:
        self._steps.setAccessibleName("Steps")
        self._steps.setObjectName("sideList")
        self._steps.setFixedWidth(STEPS_WIDTH)
        self._steps.setFrameShape(QFrame.Shape.NoFrame)
        for number, page in enumerate(self.pages, 1):
            self._steps.addItem(QListWidgetItem(f"{number}   {page.title}"))
            self._stack.addWidget(_scrolled(page))
        self._steps.currentRowChanged.connect(self._step_chosen)
        self._title = role_label("title")
        self._purpose = role_label("muted", wrap=True)
        self._command = QLineEdit()
        self._command.setReadOnly(True)
        self._command.setAccessibleName("The same as a command")
        self._command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._copy = page_button("Copy", "Copy the command", self._copy_command)
        self._back = page_button("Back", "Step before", self._previous)
        self._next = page_button("Next", "Next step", self._following)
        self._next.setDefault(True)
        self._close = page_button("Close", "Close this window", self.close)
        command = QHBoxLayout()
        command.setSpacing(8)
        self._command_label = QLabel("As a command")
        self._command_label.setProperty("role", "small")
        command.addWidget(self._command_label)
        command.addWidget(self._command, 1)
        command.addWidget(self._copy)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._close)
        buttons.addStretch(1)
        buttons.addWidget(self._back)
        buttons.addWidget(self._next)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self._title)
        right.addWidget(self._purpose)
        right.addWidget(self._stack, 1)
        right.addWidget(rule())
        right.addLayout(command)
        right.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 18, 20, 16)
        layout.setSpacing(20)
        layout.addWidget(self._steps)
        layout.addLayout(right, 1)

    def _show(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._steps.blockSignals(True)
        self._steps.setCurrentRow(index)
        self._steps.blockSignals(False)
        page = self.current
        self._title.setText(page.title)
        self._purpose.setText(page.purpose)
        page.entered()
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        index = self._stack.currentIndex()
        busy = any(page.is_busy() for page in self.pages)  # the plan must stay as it is while work on it runs
        reachable = True
        for i, page in enumerate(self.pages):
            item = self._steps.item(i)
            flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags if reachable and (not busy or i == index) else Qt.ItemFlag.NoItemFlags)
            reachable = reachable and page.is_complete()
        self._back.setEnabled(index > 0 and not busy)
        self._next.setVisible(index + 1 < len(self.pages))
        self._next.setEnabled(self.current.is_complete() and not busy)
        arguments = self.current.command()
        text = shown_command(arguments) if arguments else ""
        self._command.setText(text)
        self._command.setToolTip(text)
        self._command.setCursorPosition(0)
        for part in (self._command, self._copy, self._command_label):
            part.setVisible(bool(text))

    @Slot(int)
    def _step_chosen(self, index: int) -> None:
        if index >= 0:
            self.go_to(index)

    @Slot()
    def _previous(self) -> None:
        self.go_to(self._stack.currentIndex() - 1)

    @Slot()
    def _following(self) -> None:
        self.go_to(self._stack.currentIndex() + 1)

    @Slot()
    def _copy_command(self) -> None:
        QGuiApplication.clipboard().setText(self._command.text())

    def reject(self) -> None:
        """Escape closes the window as its button does, but never while work runs: that takes a click."""
        if not any(page.is_busy() for page in self.pages):
            self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell the owner. (A QDialog would reject first, which here closes.)"""
        self.closed.emit()
        event.accept()


def page_button(text: str, name: str, act: object) -> QPushButton:
    """A button that does not answer to Return by itself."""
    button = QPushButton(text)
    button.setAccessibleName(name)
    button.setAutoDefault(False)
    button.clicked.connect(act)
    return button


def _scrolled(page: Page) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(page.title)
    area.setWidget(page)
    return area
