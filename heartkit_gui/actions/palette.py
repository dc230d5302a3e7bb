"""The command palette: every action by name, a few letters are enough."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QVBoxLayout, QWidget

from heartkit_gui.actions.fuzzy import ranked
from heartkit_gui.actions.registry import CommandAction, key_text
from heartkit_gui.widgets.tables import ROW_HEIGHT, Column, RowTable

WIDTH, ROWS = 560, 12
COLUMNS = (
    Column("command", lambda action: action.row.title.rstrip("…"), stretch=True),
    Column("keys", lambda action: key_text(action.row.keys), right=True),
)
_MOVES = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS - 1, Qt.Key.Key_PageUp: 1 - ROWS}


class CommandPalette(QDialog):
    """Lists the actions that are possible now; Return runs the marked one."""

    def __init__(self, actions: Sequence[CommandAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Command palette")
        self.setAccessibleName("Command palette")
        self.setObjectName("palette")
        self._actions = [action for action in actions if action.isEnabled() and action.row.id != "help.palette"]
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
        box = QFrame(self)
        box.setObjectName("paletteBox")
        inner = QVBoxLayout(box)
        inner.setContentsMargins(8, 8, 8, 8)
        inner.setSpacing(6)
        inner.addWidget(self.field)
        inner.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(box)
        self.setFixedWidth(WIDTH)
        self._search("")
        self.field.setFocus()

    def place_over(self, window: QWidget) -> None:
        """Show in the upper middle of a window."""
        self.adjustSize()
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - WIDTH) // 2, corner.y() + max(60, window.height() // 8))
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down in the field move the mark in the list."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
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
            self.close()
            action.trigger()
