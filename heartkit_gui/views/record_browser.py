"""Folder browser: subfolders and recordings, each recording with a small picture and its facts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.services.catalogue import Entry, Listing, list_folder
from heartkit_gui.services.delivery import Mailbox
from heartkit_gui.services.thumbnails import SIZE, ThumbnailService
from heartkit_gui.theme.icons import themed_icon, tinted_pixmap
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import ElidedLabel, align_figures, role_label

Index = QModelIndex | QPersistentModelIndex
ENTRY = Qt.ItemDataRole.UserRole
FACTS = Qt.ItemDataRole.UserRole + 1
PICTURE = Qt.ItemDataRole.UserRole + 2
FAULT = Qt.ItemDataRole.UserRole + 3
_OF_THUMBNAIL = {Qt.ItemDataRole.ToolTipRole: "tip", FACTS: "facts", PICTURE: "image", FAULT: "fault"}
ROW_PX, FOLDER_PX = 48, 30
NOWHERE = QModelIndex()


class EntryModel(QAbstractListModel):
    """Entries of one folder; pictures arrive later, one by one."""

    def __init__(self, thumbnails: ThumbnailService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._entries: tuple[Entry, ...] = ()
        self._rows: dict[Entry, int] = {}
        thumbnails.ready.connect(self._redraw)

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show another folder."""
        self.beginResetModel()
        self._entries = entries
        self._rows = {entry: i for i, entry in enumerate(entries)}
        self.endResetModel()

    def row_of(self, path: Path) -> int:
        """Row of a file, or of the header of the record it belongs to; -1 if it is not here."""
        names = (path, path.with_name(f"{path.name}.hea"), path.with_suffix(".hea"))
        rows = {entry.path: i for i, entry in enumerate(self._entries)}
        return next((rows[name] for name in names if name in rows), -1)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Number of entries."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name, tool tip, picture and facts; asking for the picture has it drawn."""
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"Folder {entry.name}" if entry.is_folder else f"Record {entry.name}"
        if entry.is_folder or role not in _OF_THUMBNAIL:
            return str(entry.path) if role == Qt.ItemDataRole.ToolTipRole else None
        thumbnail = self._thumbnails.get(entry)
        return getattr(thumbnail, _OF_THUMBNAIL[role]) if thumbnail is not None else None

    @Slot(object)
    def _redraw(self, entry: Entry) -> None:
        row = self._rows.get(entry)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [PICTURE, FACTS, FAULT])


class EntryDelegate(QStyledItemDelegate):
    """Draws a folder as one line, a record as name, facts and picture."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme: Theme | None = None

    def set_theme(self, theme: Theme) -> None:
        """Colours of the rows."""
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Records are taller than folders."""
        entry = index.data(ENTRY)
        return QSize(120, FOLDER_PX if entry.is_folder else ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        theme = self._theme
        assert theme is not None
        entry: Entry = index.data(ENTRY)
        rect: QRect = option.rect
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(rect, theme.highlight)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.window)
        if selected and state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.focus)
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        inside = rect.adjusted(12, 0, -10, 0)
        strong = theme.highlight_text if selected else theme.text
        if entry.is_folder:
            icon = tinted_pixmap("folder", theme.text_muted, 16, painter.device().devicePixelRatioF())
            painter.drawPixmap(QPoint(inside.left(), inside.center().y() - 7), icon)
            self._text(painter, inside.adjusted(24, 0, 0, 0), entry.name, strong)
        else:
            self._record(painter, inside, index, entry, strong)
        painter.restore()

    def _record(self, painter: QPainter, inside: QRect, index: Index, entry: Entry, strong: str) -> None:
        theme = self._theme
        assert theme is not None
        picture = index.data(PICTURE)
        fault = index.data(FAULT)
        words = QRect(inside)
        if inside.width() >= SIZE.width() * 1.9:  # no picture where it would leave no room for the name
            words.setWidth(inside.width() - SIZE.width() - 10)
            if picture is not None:
                left = inside.right() - SIZE.width() + 1
                painter.drawImage(QPoint(left, inside.center().y() - SIZE.height() // 2 + 1), picture)
        half = words.height() // 2
        self._text(painter, words.adjusted(0, 6, 0, -half), entry.name, strong)
        facts = index.data(FACTS) or ""
        small = painter.font()
        small.setPointSizeF(small.pointSizeF() * 0.88)
        painter.setFont(small)
        self._text(painter, words.adjusted(0, half, 0, -6), facts, theme.danger if fault else theme.text_muted)

    @staticmethod
    def _text(painter: QPainter, rect: QRect, text: str, colour: str) -> None:
        painter.setPen(colour)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


class EntryList(QListView):
    """The list; Return opens, Backspace goes up."""

    confirmed = Signal(QModelIndex)
    up_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return and Backspace, else as usual."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.confirmed.emit(self.currentIndex())
        elif event.key() == Qt.Key.Key_Backspace:
            self.up_wanted.emit()
        else:
            super().keyPressEvent(event)


class RecordBrowser(QWidget):
    """Shows one folder at a time; a chosen record is announced, a chosen folder entered."""

    record_chosen = Signal(object)  # Path
    folder_changed = Signal(object)  # Path

    def __init__(self, thumbnails: ThumbnailService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._mailbox = Mailbox(self)
        self._folder: Path | None = None
        self._current: Path | None = None
        self._up = self._button("Folder above", "Go to the folder above")
        self._up.clicked.connect(self.go_up)
        self._path = ElidedLabel("", Qt.TextElideMode.ElideLeft, "muted")
        self._choose = self._button("Choose a folder", "Choose a folder")
        self._choose.clicked.connect(self.choose_folder)
        top = QHBoxLayout()
        top.setContentsMargins(8, 6, 8, 0)
        top.setSpacing(4)
        top.addWidget(self._up)
        top.addWidget(self._path, 1)
        top.addWidget(self._choose)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find by name")
        self.filter.setAccessibleName("Find records by name")
        self.filter.setClearButtonEnabled(False)
        box = QHBoxLayout()
        box.setContentsMargins(8, 4, 8, 6)
        box.addWidget(self.filter)
        self._model = EntryModel(thumbnails, self)
        self._shown = QSortFilterProxyModel(self)
        self._shown.setSourceModel(self._model)
        self._shown.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.filter.textChanged.connect(self._shown.setFilterFixedString)
        self.list = EntryList()
        self.list.setAccessibleName("Records in the folder")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setModel(self._shown)
        align_figures(self.list)
        self._delegate = EntryDelegate(self.list)
        self.list.setItemDelegate(self._delegate)
        self.list.doubleClicked.connect(self._open)
        self.list.confirmed.connect(self._open)
        self.list.up_wanted.connect(self.go_up)
        self._note = role_label("small", wrap=True)
        self._note.setContentsMargins(12, 4, 12, 8)
        self._note.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(box)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._note)

    @property
    def folder(self) -> Path | None:
        """The folder shown."""
        return self._folder

    def show_folder(self, folder: Path) -> None:
        """List a folder, off the GUI thread (it may lie on a slow disk)."""
        self._folder = folder
        self._path.setText(str(folder))
        self._up.setEnabled(folder != folder.parent)
        self._mailbox.start("list folder", _Task(folder), self._show)

    def mark_current(self, path: Path | None) -> None:
        """Select the row of the open record, if it is in this folder."""
        self._current = path
        row = self._model.row_of(path) if path is not None else -1
        if row >= 0:
            self.list.setCurrentIndex(self._shown.mapFromSource(self._model.index(row)))

    def set_theme(self, theme: Theme) -> None:
        """Colours and icons."""
        self._delegate.set_theme(theme)
        self._up.setIcon(themed_icon("folder_up", theme))
        self._choose.setIcon(themed_icon("open", theme))
        self.list.viewport().update()

    def shutdown(self) -> None:
        """Wait for nothing more."""
        self._mailbox.close()

    @Slot()
    def go_up(self) -> None:
        """Show the folder above."""
        if self._folder is not None and self._folder != self._folder.parent:
            self.show_folder(self._folder.parent)

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder."""
        chosen = QFileDialog.getExistingDirectory(self, "Open folder", str(self._folder or Path.home()))
        if chosen:
            self.show_folder(Path(chosen))

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        entry: Entry = index.data(ENTRY)
        if entry.is_folder:
            self.filter.clear()
            self.show_folder(entry.path)
        else:
            self.record_chosen.emit(entry.path)

    def _show(self, listing: object) -> None:
        assert isinstance(listing, Listing)
        if listing.folder != self._folder:
            return
        self._model.set_entries(listing.entries)
        note = listing.fault or ("" if listing.entries else "No recordings here.")
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self.mark_current(self._current)
        if not self.list.currentIndex().isValid() and self._shown.rowCount():
            self.list.setCurrentIndex(self._shown.index(0, 0))
        self.folder_changed.emit(listing.folder)

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setIconSize(QSize(16, 16))
        button.setAutoRaise(True)
        return button


class _Task:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> object:
        return list_folder(self._folder)
