"""The `?` sheet: every key at a glance."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from heartkit_gui.actions.reference import grouped
from heartkit_gui.actions.registry import key_text
from heartkit_gui.actions.row import ActionRow
from heartkit_gui.actions.table import ACTIONS
from heartkit_gui.widgets.dialogs import name_buttons
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.panel import scrolling

COLUMNS = 3


class ShortcutSheet(QDialog):
    """All rows of the action table that have keys, by menu, in columns of about equal height."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAccessibleName("Keyboard shortcuts")
        columns = QHBoxLayout()
        columns.setContentsMargins(24, 16, 24, 16)
        columns.setSpacing(36)
        for groups in balanced(keyed_groups()):
            column = QVBoxLayout()
            column.setSpacing(14)
            for menu, rows in groups:
                column.addLayout(self._group(menu, rows))
            column.addStretch(1)
            columns.addLayout(column, 1)
        body = QWidget()
        body.setLayout(columns)
        note = role_label("small", "Navigation keys and single letters work while the trace has the focus.")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(buttons)
        buttons.rejected.connect(self.reject)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(24, 8, 24, 14)
        bottom.addWidget(note, 1)
        bottom.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scrolling(body, "Keyboard shortcuts"), 1)
        layout.addLayout(bottom)
        self.resize(min(980, parent.width() - 20), min(730, parent.height() - 20))

    @staticmethod
    def _group(menu: str, rows: list[ActionRow]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        grid.addWidget(role_label("heading", menu), 0, 0, 1, 2)
        for i, row in enumerate(rows, start=1):
            grid.addWidget(role_label("muted", row.label.rstrip("…")), i, 0)
            keys = role_label("", key_text(row.keys))
            keys.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(keys, i, 1)
        return grid


def keyed_groups() -> list[tuple[str, list[ActionRow]]]:
    """Rows with keys by menu; a submenu with many keys stands by itself."""
    groups: dict[str, list[ActionRow]] = {}
    for menu, rows in grouped(ACTIONS).items():
        for row in rows:
            if row.keys:
                submenu = row.menu.replace("&", "").partition("/")[2]
                groups.setdefault(submenu if menu == "View" and submenu else menu, []).append(row)
    return list(groups.items())


def balanced(groups: list[tuple[str, list[ActionRow]]]) -> list[list[tuple[str, list[ActionRow]]]]:
    """Groups in columns, in order, none much longer than the others."""
    total = sum(len(rows) + 2 for _, rows in groups)
    columns: list[list[tuple[str, list[ActionRow]]]] = [[]]
    filled = 0
    for menu, rows in groups:
        height = len(rows) + 2
        if columns[-1] and len(columns) < COLUMNS and filled + height / 2 > total * len(columns) / COLUMNS:
            columns.append([])
        columns[-1].append((menu, rows))
        filled += height
    return columns
