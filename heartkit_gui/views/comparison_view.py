"""What differs between the analysis shown and another: sentences, boundary figures, steps from one to the next."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from heartkit_gui.model.algorithms import stages_text
from heartkit_gui.model.comparison import BOUNDARY_WORDS, SAME_BOUNDARY_MS, Boundary, Comparison, summary_lines
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.tables import Column, RowTable

MARGINS = (14, 2, 8, 8)


def shift_text(row: Boundary) -> str:
    """Median shift, "+4 ms"."""
    return "–" if math.isnan(row.shift_ms) else f"{row.shift_ms:+.0f} ms"


_COLUMNS = (
    Column("", lambda row: BOUNDARY_WORDS[row.name], stretch=True),
    Column("shift", shift_text, right=True, tip="Median, other minus shown, over the beats both found"),
    Column(
        f"> {SAME_BOUNDARY_MS:g} ms", lambda row: f"{row.beyond:,}", right=True,
        tip=f"Boundaries more than {SAME_BOUNDARY_MS:g} ms apart",
    ),
    Column(
        "one only", lambda row: f"{row.only_shown + row.only_other:,}", right=True,
        tip="Boundaries that only one of the two found",
    ),
)  # fmt: skip


class ComparisonView(QWidget):
    """Shows a comparison, or how far it is."""

    step_wanted = Signal(int)
    close_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = role_label("", wrap=True, selectable=True)
        self.boundaries = RowTable("Boundaries compared", _COLUMNS, max_rows=6)
        self.previous = _button("Previous", "Previous difference", self._back)
        self.next = _button("Next", "Next difference", self._forth)
        self.close_button = _button("Close", "Close the comparison", self.close_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.previous, self.next):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.setSpacing(8)
        layout.addWidget(self.text)
        layout.addWidget(self.boundaries)
        layout.addLayout(buttons)

    def show_message(self, sentence: str) -> None:
        """Say how it goes, in place of figures."""
        self.text.setText(sentence)
        for part in (self.boundaries, self.previous, self.next):
            part.hide()

    def show_comparison(self, comparison: Comparison) -> None:
        """Show what differs."""
        lines = [f"Compared with: {stages_text(comparison.stages)}.", *summary_lines(comparison)]
        self.text.setText("\n".join(lines))
        self.boundaries.set_rows(comparison.boundaries)
        self.boundaries.show()
        for button in (self.previous, self.next):
            button.setVisible(len(comparison.differences) > 0)

    @Slot()
    def _back(self) -> None:
        self.step_wanted.emit(-1)

    @Slot()
    def _forth(self) -> None:
        self.step_wanted.emit(1)


def _button(text: str, name: str, act: object) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(name)
    button.setAutoDefault(False)
    button.clicked.connect(act)
    return button
