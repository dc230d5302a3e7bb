"""What the middle of the window shows while no record is open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from heartkit_gui.theme.icons import tinted_pixmap
from heartkit_gui.widgets.labels import role_label

RECENT_SHOWN = 6


class RecentButton(QPushButton):
    """Opens one recent record."""

    path_chosen = Signal(object)  # Path

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name}    {path.parent}")
        self._path = path
        self.setObjectName("linkButton")
        self.setProperty("flat", "true")
        self.setAccessibleName(f"Open {path.name}")
        self.setToolTip(str(path))
        self.clicked.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        self.path_chosen.emit(self._path)


class WelcomeView(QWidget):
    """Ways to begin, and the records opened lately."""

    open_wanted = Signal()
    sample_wanted = Signal(str)
    record_chosen = Signal(object)  # Path
    live_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = QLabel()
        self._mark.setPixmap(tinted_pixmap("app", "#000000", 56, 2.0))
        title = role_label("title", "HeartKit Workbench")
        hint = role_label("muted", "Drop an ECG recording here, or")
        self._open = QPushButton("Open record…")
        self._open.setDefault(True)
        self._open.setAccessibleName("Open a record")
        self._open.clicked.connect(self.open_wanted)
        self._first = QPushButton("MIT-BIH 208, five minutes")
        self._first.setAccessibleName("Open the built-in ambulatory recording")
        self._first.clicked.connect(self._open_mitdb)
        self._second = QPushButton("12 leads, ten seconds")
        self._second.setAccessibleName("Open the built-in 12-lead recording")
        self._second.clicked.connect(self._open_12lead)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._open, self._first, self._second):
            buttons.addWidget(button)
        live_hint = role_label("muted", "or watch a board at work: firmware on an emulated processor, live")
        self.live = QPushButton("Stream from a virtual board")
        self.live.setAccessibleName("Start a virtual board and stream from it")
        self.live.clicked.connect(self.live_wanted)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        column = QVBoxLayout()
        column.setSpacing(12)
        for widget in (self._mark, title, hint):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(buttons)
        column.addSpacing(6)
        column.addWidget(live_hint, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.live, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        column.addLayout(self._recent)
        centred = QHBoxLayout()
        centred.addStretch(1)
        centred.addLayout(column)
        centred.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(centred)
        layout.addStretch(3)

    def show_recent(self, paths: tuple[str, ...]) -> None:
        """List the records opened lately."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if paths:
            self._recent.addWidget(role_label("muted", "Recent"))
        for path in paths[:RECENT_SHOWN]:
            button = RecentButton(Path(path))
            button.path_chosen.connect(self.record_chosen)
            self._recent.addWidget(button)

    @Slot()
    def _open_mitdb(self) -> None:
        self.sample_wanted.emit("mitdb")

    @Slot()
    def _open_12lead(self) -> None:
        self.sample_wanted.emit("12lead")
