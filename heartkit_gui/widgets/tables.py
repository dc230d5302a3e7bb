"""Read-only tables of text rows: one model for all, one view that is as tall as its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from heartkit_gui.widgets.labels import align_figures

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 26
CELL_PADDING = 20
NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Column:
    """A column: heading, text of a row, alignment; a stretching column takes the room that is left."""

    title: str
    text: Callable[[Any], str]
    right: bool = False
    stretch: bool = False
    tip: str = ""


class RowModel(QAbstractTableModel):
    """Rows of any kind, shown through columns; a row's `tip` attribute is its tool tip."""

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._rows: Sequence[Any] = ()

    @property
    def rows(self) -> Sequence[Any]:
        """The rows shown."""
        return self._rows

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tool tip, alignment, or what a screen reader says."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return getattr(row, "tip", None)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title} {column.text(row)}".strip()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Headings of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


class RowTable(QTableView):
    """A quiet table. `chosen` carries the row that was clicked or confirmed by Return.

    With `max_rows` the table is as tall as its rows, up to that many, and scrolls beyond.
    """

    chosen = Signal(object)

    def __init__(self, name: str, columns: Sequence[Column], *, max_rows: int = 0, header: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._max_rows = max_rows
        self.columns = tuple(columns)
        self.rows = RowModel(columns, self)
        self.setModel(self.rows)
        self.setShowGrid(False)
        align_figures(self)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setAccessibleName(f"{name}, row numbers")
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        head = self.horizontalHeader()
        head.setVisible(header)
        head.setAccessibleName(f"{name}, headings")
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setMinimumSectionSize(24)
        for i, column in enumerate(columns):
            mode = QHeaderView.ResizeMode
            head.setSectionResizeMode(i, mode.Stretch if column.stretch else mode.Fixed)
        self.clicked.connect(self._choose)
        self._fit()
        self._fit_columns()

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows."""
        self.rows.set_rows(rows)
        self._fit()
        self._fit_columns()

    def row_at(self, index: Index) -> Any:
        """The row of an index."""
        return self.rows.rows[index.row()]

    def show_row(self, row: Any) -> None:
        """Select a row without announcing it; None or an unknown row selects nothing."""
        for i, known in enumerate(self.rows.rows):
            if known == row:
                self.selectRow(i)
                return
        self.clearSelection()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return chooses the current row."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._choose(self.currentIndex())
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Columns follow the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_columns()

    def sizeHint(self) -> QSize:
        """As tall as the rows."""
        return QSize(super().sizeHint().width(), self._height())

    def _height(self) -> int:
        count = self.rows.rowCount()
        shown = min(count, self._max_rows) if self._max_rows else count
        head = self.horizontalHeader().sizeHint().height() if not self.horizontalHeader().isHidden() else 0
        return head + shown * ROW_HEIGHT + 2

    def _fit(self) -> None:
        if self._max_rows:
            self.setFixedHeight(self._height())

    def _fit_columns(self) -> None:
        """Columns as wide as their longest text, judged by some of the first, last and other rows."""
        self.ensurePolished()
        rows = self.rows.rows
        count = len(rows)
        some = sorted(
            {*range(min(count, 40)), *range(0, count, 1 + count // 60), *range(max(0, count - 40), count)}
        )
        metrics = self.fontMetrics()
        for i, column in enumerate(self.columns):
            if not column.stretch:
                texts = [column.title, *(column.text(rows[j]) for j in some)]
                self.setColumnWidth(i, max(metrics.horizontalAdvance(text) for text in texts) + CELL_PADDING)

    @Slot(QModelIndex)
    def _choose(self, index: Index) -> None:
        self.chosen.emit(self.row_at(index))
