"""The command palette: every action by name, a few letters are enough."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Slot
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsDropShadowEffect, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from heartkit_gui.actions.fuzzy import ranked
from heartkit_gui.actions.registry import CommandAction, key_text
from heartkit_gui.widgets.tables import ROW_HEIGHT, Column, RowTable

WIDTH, ROWS = 560, 12
COLUMNS = (
    Column("command", lambda action: action.row.title.rstrip("…"), stretch=True),
    Column("keys", lambda action: key_text(action.row.keys), right=True),
)
_MOVES = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS - 1, Qt.Key.Key_PageUp: 1 - ROWS}


class CommandPalette(QFrame):
    """Lies over the window, lists the actions that are possible now; Return runs the marked one.

    A child of the window and not a window of its own, because not every desktop lets a program place windows.
    """

    def __init__(self, actions: Sequence[CommandAction], parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Command palette")
        self.setObjectName("palette")
        self._actions = [action for action in actions if action.isEnabled() and action.row.id != "help.palette"]
        self._before = QApplication.focusWidget()
        self.field = QLineEdit()
        self.field.setAccessibleName("Command to find")
        self.field.setPlaceholderText("Type a command")
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self._run_current)
        self.field.installEventFilter(self)
        self.table = RowTable("Commands found", COLUMNS, header=False)
        self.table.setFixedHeight(ROWS * ROW_HEIGHT + 4)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.clicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(6)
        layout.addWidget(self.field)
        layout.addWidget(self.table)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(36)
        shadow.setOffset(0, 8)
        shadow.setColor(QColor(0, 0, 0, 90))
        self.setGraphicsEffect(shadow)
        self.setFixedWidth(min(WIDTH, parent.width() - 20))
        self._search("")

    def open_over(self) -> None:
        """Show in the upper middle of the window."""
        self.adjustSize()
        self.move((self._window.width() - self.width()) // 2, max(40, self._window.height() // 9))
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Close, and give the keyboard back."""
        self.field.removeEventFilter(self)
        if self._before is not None and isValid(self._before) and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down in the field move the mark in the list; Escape and a click elsewhere close."""
        if event.type() == QEvent.Type.FocusOut and QApplication.activePopupWidget() is None:
            self.dismiss()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Tab):
                self.dismiss()
                return True
            move = _MOVES.get(Qt.Key(event.key()))
            if move is not None:
                last = self.table.rows.rowCount() - 1
                self.table.selectRow(min(last, max(0, self.table.currentIndex().row() + move)))
                return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _search(self, text: str) -> None:
        order = ranked(text, [f"{action.row.title} {action.row.tip}" for action in self._actions])
        self.table.set_rows([self._actions[i] for i in order])
        self.table.selectRow(0)

    @Slot()
    def _run_current(self) -> None:
        self._run(self.table.currentIndex())

    @Slot(QModelIndex)
    def _run(self, index: QModelIndex) -> None:
        if index.isValid():
            action = self.table.row_at(index)
            self.dismiss()
            action.trigger()
