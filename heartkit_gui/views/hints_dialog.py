"""Asks what a table of numbers does not say itself: sampling rate, unit, delimiter."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from engine.records.hints import NeedsHints, TextHints
from heartkit_gui.widgets.dialogs import name_buttons
from heartkit_gui.widgets.labels import name_choice, role_label
from heartkit_gui.widgets.tables import ROW_HEIGHT, Column, RowTable

DELIMITERS = {
    "Find out": None,
    "Comma": ",",
    "Semicolon": ";",
    "Tab": "\t",
    "Spaces": " ",
    "Vertical bar": "|",
}
UNITS = {"Find out": None, "mV": "mV", "µV": "uV", "V": "V", "nV": "nV", "Raw counts": "adu"}
USUAL_RATES = ("125", "128", "250", "300", "360", "500", "1000")
TEXT_SUFFIXES = frozenset((".csv", ".tsv", ".txt"))
PREVIEW_BYTES, PREVIEW_ROWS, PREVIEW_COLUMNS = 16_384, 6, 8


def preview_rows(path: Path, delimiter: str) -> tuple[tuple[str, ...], ...]:
    """First rows of a text file, split at the delimiter; nothing where the file cannot be read."""
    try:
        with path.open("rb") as stream:
            text = stream.read(PREVIEW_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ()
    lines = [line for line in text.splitlines() if line.strip()][:PREVIEW_ROWS]
    split = [line.split() if delimiter == " " else line.split(delimiter) for line in lines]
    return tuple(tuple(cell.strip()[:24] for cell in cells[:PREVIEW_COLUMNS]) for cells in split)


class HintsDialog(QDialog):
    """`answered` carries the path and the TextHints with which to try again."""

    answered = Signal(object, object)

    def __init__(self, path: Path, question: NeedsHints, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Open {path.name}")
        self.setAccessibleName(self.windowTitle())
        self._path = path
        self._guess = question.guess
        self.rate = self._rate_field()
        self.unit = QComboBox()
        name_choice(self.unit, "Unit of the samples")
        for title, value in UNITS.items():
            self.unit.addItem(title, value)
        self.unit.setCurrentIndex(max(0, self.unit.findData(self._guess.unit)))
        self.unit.currentIndexChanged.connect(self._unit_changed)
        self.counts = QDoubleSpinBox()
        self.counts.setAccessibleName("Raw counts per millivolt")
        self.counts.setRange(0.001, 1e7)
        self.counts.setDecimals(3)
        self.counts.setValue(200.0)
        self.delimiter = QComboBox()
        name_choice(self.delimiter, "Delimiter between the columns")
        for title, value in DELIMITERS.items():
            self.delimiter.addItem(title, value)
        self.delimiter.setCurrentIndex(max(0, self.delimiter.findData(self._guess.delimiter)))
        self.delimiter.currentIndexChanged.connect(self._preview)
        self.variable = QComboBox()
        name_choice(self.variable, "Array with the signal")
        self.variable.addItems(list(self._guess.signals or self._guess.columns))
        self._preview_table = RowTable("First rows of the file", self._columns(), header=False)
        self._preview_table.setFixedHeight(PREVIEW_ROWS * ROW_HEIGHT + 6)
        self._note = role_label("danger", "")
        self._note.hide()
        self._build(question)
        self._preview()
        self._unit_changed()
        self.rate.setFocus()

    @property
    def is_text(self) -> bool:
        """True for tables in text files."""
        return self._path.suffix.lower() in TEXT_SUFFIXES or self._guess.delimiter is not None

    def hints(self) -> TextHints | None:
        """What the user answered; None while the rate is missing or absurd."""
        try:
            rate = float(self.rate.currentText().replace(",", "."))
        except ValueError:
            return None
        if not 0 < rate < 1e7:
            return None
        unit = self.unit.currentData()
        chosen = self.delimiter.currentData()
        return TextHints(
            rate_hz=rate,
            unit=unit,
            adu_per_mv=self.counts.value() if unit == "adu" else None,
            delimiter=chosen if self.is_text and chosen != self._guess.delimiter else None,
            variable=self.variable.currentText() or None if not self.is_text else None,
        )

    def _rate_field(self) -> QComboBox:
        field = QComboBox()
        field.setEditable(True)
        name_choice(field, "Sampling rate in samples per second")
        edit = field.lineEdit()
        assert isinstance(edit, QLineEdit)
        edit.setAccessibleName("Sampling rate in samples per second")
        edit.setPlaceholderText("samples per second")
        guessed = [f"{rate:g}" for rate in self._guess.rates_hz]
        field.addItems([*guessed, *(rate for rate in USUAL_RATES if rate not in guessed)])
        if not guessed:
            field.setCurrentIndex(-1)
        return field

    def _build(self, question: NeedsHints) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.addRow("Sampling rate, Hz", self.rate)
        form.addRow("Unit", self.unit)
        form.addRow("Counts per mV", self.counts)
        self._form = form
        if self.is_text:
            form.addRow("Delimiter", self.delimiter)
        elif self.variable.count():
            form.addRow("Array", self.variable)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(buttons)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(12)
        layout.addWidget(role_label("heading", str(question), wrap=True))
        layout.addLayout(form)
        layout.addWidget(role_label("muted", "How the file begins"))
        layout.addWidget(self._preview_table)
        layout.addWidget(self._note)
        layout.addWidget(buttons)
        self.setMinimumWidth(520)

    def _columns(self) -> list[Column]:
        def cell(i: int) -> Column:
            def text(row: tuple[str, ...]) -> str:
                return row[i] if i < len(row) else ""

            return Column("", text, right=True)

        return [cell(i) for i in range(PREVIEW_COLUMNS)]

    @Slot()
    def _preview(self) -> None:
        chosen = self.delimiter.currentData()
        if self.is_text and chosen is not None and chosen != self._guess.delimiter:
            rows = preview_rows(self._path, chosen)
        else:
            rows = tuple(tuple(cell[:24] for cell in row[:PREVIEW_COLUMNS]) for row in self._guess.preview)
        self._preview_table.set_rows(rows[:PREVIEW_ROWS])

    @Slot()
    def _unit_changed(self) -> None:
        raw = self.unit.currentData() == "adu"
        self._form.setRowVisible(self.counts, raw)

    @Slot()
    def _accept(self) -> None:
        hints = self.hints()
        if hints is None:
            self._note.setText("The sampling rate must be a positive number of samples per second.")
            self._note.show()
            self.rate.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.answered.emit(self._path, hints)
        self.accept()
