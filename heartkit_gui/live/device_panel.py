"""Where the stream comes from: the state of the connection, boards found, an address, and virtual boards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.live.found_words import FoundWords, found_words
from heartkit_gui.live.state_card import StateCard
from heartkit_gui.live.virtual_boards import VIRTUAL_KINDS, VirtualKind
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import name_choice, role_label
from heartkit_gui.widgets.panel import Section

if TYPE_CHECKING:
    from engine.devices.discovery import Candidate

FRAME_PX = 4
SPEEDS_BAUD = (115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000)
MOST_ROWS = 4  # of the boards found that are seen at once


class VirtualButton(QPushButton):
    """Starts one kind of virtual board."""

    kind_wanted = Signal(str)

    def __init__(self, kind: VirtualKind) -> None:
        super().__init__(kind.title)
        self._key = kind.key
        self.setToolTip(kind.about)
        self.setAccessibleName(f"Start and stream: {kind.title}")
        self.setAccessibleDescription(kind.about)
        self.clicked.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        self.kind_wanted.emit(self._key)


class FoundItem(QListWidgetItem):
    """A board or port that was found."""

    def __init__(self, words: FoundWords) -> None:
        super().__init__(f"{words.title}\n{words.detail}")
        self.words = words
        self.setToolTip(words.tip)


class DevicePanel(QWidget):
    """Asks for connections; what comes of them is told back by `show_...`."""

    virtual_wanted = Signal(str)
    port_wanted = Signal(str, int)  # port, speed in baud
    look_wanted = Signal()
    leave_wanted = Signal()
    retry_wanted = Signal()
    lines_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = StateCard()
        self.card.leave_wanted.connect(self.leave_wanted)
        self.card.retry_wanted.connect(self.retry_wanted)
        self.card.lines_wanted.connect(self.lines_wanted)
        self.virtual = {kind.key: VirtualButton(kind) for kind in VIRTUAL_KINDS}
        virtual = QWidget()
        rows = QVBoxLayout(virtual)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        for button in self.virtual.values():
            button.kind_wanted.connect(self.virtual_wanted)
            rows.addWidget(button)
        self._choice = QWidget()
        self._address = Section("Address", self._address_part(), open_=False, flush=True)
        self._sections = (
            Section("Virtual boards", virtual, flush=True),
            Section("Boards on this computer", self._found_part(), flush=True),
            self._address,
        )
        column = QVBoxLayout(self._choice)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for section in self._sections:
            column.addWidget(section)
        self.other = QPushButton("Another board…")
        self.other.setProperty("flat", "true")
        self.other.setCheckable(True)
        self.other.setAccessibleName("Connect to another board")
        self.other.toggled.connect(self._choice.setVisible)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.card)
        layout.addWidget(self.other, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._choice)
        self.fold(False)

    def _found_part(self) -> QWidget:
        part = QWidget()
        self.list = QListWidget()
        self.list.setAccessibleName("Boards found")
        self.list.setObjectName("boardList")
        self.list.itemActivated.connect(self._connect_found)
        self.list.currentItemChanged.connect(self._choice_changed)
        self.hint = role_label("small", wrap=True)
        self.look = QPushButton("Look for boards")
        self.look.setAccessibleName("Look for boards on this computer")
        self.look.clicked.connect(self._look)
        self.use = QPushButton("Connect")
        self.use.setAccessibleName("Connect to the board chosen in the list")
        self.use.clicked.connect(self._connect_found)
        self.use.setEnabled(False)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.look)
        buttons.addWidget(self.use)
        buttons.addStretch(1)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.list)
        column.addWidget(self.hint)
        column.addLayout(buttons)
        self.show_found(None)
        return part

    def _address_part(self) -> QWidget:
        part = QWidget()
        self.address = QLineEdit()
        self.address.setAccessibleName("Port or address")
        self.address.setPlaceholderText("/dev/ttyACM0, COM3, socket://host:port")
        self.address.returnPressed.connect(self._connect_address)
        self.speed = QComboBox()
        name_choice(self.speed, "Speed of the port in baud")
        for baud in SPEEDS_BAUD:
            self.speed.addItem(f"{baud:,} baud".replace(",", "\u2009"), baud)
        self.speed.setToolTip("USB ignores it; a real UART needs the speed of the firmware")
        self.open = QPushButton("Connect")
        self.open.setAccessibleName("Connect to the address")
        self.open.clicked.connect(self._connect_address)
        form = QFormLayout(part)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.addRow(self.address)
        row = QHBoxLayout()
        row.addWidget(self.speed, 1)
        row.addWidget(self.open)
        form.addRow(row)
        return part

    def show_found(self, boards: Sequence[Candidate] | None) -> None:
        """List what was found; None while nobody has looked."""
        self.look.setEnabled(True)
        self.list.clear()
        if boards is None:
            self.list.hide()
            self.use.hide()
            self.hint.setText("Plug a board in and look for it.")
            return
        entries = [found_words(board) for board in boards]
        for words in entries:
            self.list.addItem(FoundItem(words))
        if entries:
            self.list.setFixedHeight(self.list.sizeHintForRow(0) * min(len(entries), MOST_ROWS) + FRAME_PX)
        self.list.setVisible(bool(entries))
        self.use.setVisible(bool(entries))
        answering = [i for i, words in enumerate(entries) if words.answers]
        if len(answering) == 1 or len(entries) == 1:
            self.list.setCurrentRow(answering[0] if answering else 0)
        if not entries:
            self.hint.setText("No port was found. Check the cable, or start a virtual board.")
        elif len(answering) > 1:
            self.hint.setText(f"{len(answering)} boards answer: choose one.")
        elif not answering:
            self.hint.setText(entries[0].tip if len(entries) == 1 else "No board answers in our protocol.")
        else:
            self.hint.setText("")
        self.hint.setVisible(bool(self.hint.text()))

    def fold(self, folded: bool) -> None:
        """Make room for the board while there is one; a button brings the choice back."""
        self.other.setVisible(folded)
        self.other.setChecked(False)
        self._choice.setVisible(not folded)

    def show_address(self) -> None:
        """Unfold the field for an address."""
        self._address.set_open(True)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.card.set_theme(theme)
        for section in self._sections:
            section.set_theme(theme)

    @Slot()
    def _look(self) -> None:
        self.look.setEnabled(False)
        self.hint.setText("Looking…")
        self.hint.show()
        self.look_wanted.emit()

    @Slot()
    def _choice_changed(self) -> None:
        self.use.setEnabled(self.list.currentItem() is not None)

    @Slot()
    def _connect_found(self) -> None:
        item = self.list.currentItem()
        if isinstance(item, FoundItem):
            self.port_wanted.emit(item.words.port, 0)

    @Slot()
    def _connect_address(self) -> None:
        port = self.address.text().strip()
        if port:
            self.port_wanted.emit(port, int(self.speed.currentData()))
        else:
            self.address.setFocus()
