"""The built-in models: what each does, what it is worth on patients it never met, what it costs, what it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.model.algorithms import built_in_cards
from heartkit_gui.model.evaluation_rows import event_rows, figure_rows
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.panel import scrolling
from heartkit_gui.widgets.tables import Column, RowTable

if TYPE_CHECKING:
    from engine.runtime.model import ModelCard

SIZE = (900, 640)
NOTHING = (
    "This installation has no built-in models; the classical algorithms do all the work. "
    "Models > Train a model makes one, heartkit-engine zoo build makes them all."
)


@dataclass(frozen=True)
class Fact:
    """A property of a model."""

    name: str
    value: str
    tip: str = ""


class ModelsDialog(QDialog):
    """A list of models on the left, the card of the chosen one on the right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Built-in models")
        self.setAccessibleName("Built-in models")
        self.resize(*SIZE)
        self._cards = sorted(built_in_cards(), key=lambda card: (card.task, card.name))
        self.list = QListWidget()
        self.list.setAccessibleName("Models")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setObjectName("sideList")
        self.list.setFixedWidth(200)
        self.name = role_label("title")
        self.about = role_label("", wrap=True, selectable=True)
        plain = (Column("", lambda f: f.name), Column("", lambda f: f.value, right=True, stretch=True))
        self.facts = RowTable("Facts", plain, max_rows=12, header=False)
        self.figures = RowTable(
            "Figures on test patients",
            (
                Column("On test patients, every window counted", lambda f: f.name, stretch=True),
                Column("Value", lambda f: f.value, right=True),
                Column("95 % interval", lambda f: f.interval, right=True),
            ),
            max_rows=80,
        )
        self.events = RowTable(
            "Wave boundaries on test patients",
            (
                Column("Boundary", lambda e: e.name, stretch=True),
                Column("Found", lambda e: e.se, right=True, tip="Sensitivity"),
                Column("Right", lambda e: e.ppv, right=True, tip="Positive predictivity"),
                Column("Mean error", lambda e: e.mean, right=True),
                Column("SD", lambda e: e.sd, right=True),
            ),
            max_rows=6,
        )
        self.limits = role_label("", wrap=True, selectable=True)
        self.card_button = QPushButton("Open model card")
        self.card_button.setAutoDefault(False)
        self.card_button.clicked.connect(self._open_card)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        self._build(close)
        for card in self._cards:
            self.list.addItem(QListWidgetItem(f"{card.name}"))
        self.list.currentRowChanged.connect(self._show)
        if self._cards:
            self.list.setCurrentRow(0)
        else:
            self.about.setText(NOTHING)
            for part in (self.list, self.facts, self.figures, self.events, self.card_button, self._limits_title):
                part.hide()

    def _build(self, close: QPushButton) -> None:
        self._limits_title = role_label("heading", "Limits")
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 4, 16, 12)
        column.setSpacing(12)
        parts = (self.name, self.about, self.facts, self.figures, self.events, self._limits_title, self.limits)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.card_button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        upper = QHBoxLayout()
        upper.setSpacing(12)
        upper.addWidget(self.list)
        upper.addWidget(scrolling(body, "Model card"), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 14)
        layout.setSpacing(12)
        layout.addLayout(upper, 1)
        layout.addLayout(buttons)

    @property
    def card(self) -> ModelCard | None:
        """The model shown."""
        row = self.list.currentRow()
        return self._cards[row] if 0 <= row < len(self._cards) else None

    @Slot(int)
    def _show(self, _: int) -> None:
        card = self.card
        if card is None:
            return
        self.name.setText(card.name)
        self.about.setText(card.config.about or f"A model for {card.task}.")
        self.facts.set_rows(facts_of(card))
        self.figures.set_rows(figure_rows(card.metrics))
        events = event_rows(card.metrics)
        self.events.set_rows(events)
        self.events.setVisible(bool(events))
        self.limits.setText("\n".join(card.config.limits) or "None stated.")
        self.card_button.setEnabled((card.path.parent / "README.md").is_file())

    @Slot()
    def _open_card(self) -> None:
        if self.card is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.card.path.parent / "README.md")))


def facts_of(card: ModelCard) -> list[Fact]:
    """Task, input, classes, cost and licence of a model; what is not known is left out."""
    config, metrics = card.config, card.metrics
    window = config.window
    seconds = window.length / window.rate_hz
    count = len(window.channels)
    inputs = window.channels[0] if count == 1 else f"{count} channels"
    rows = [
        Fact("Task", card.task),
        Fact("Input", f"{seconds:.2f} s at {window.rate_hz:g} Hz, {inputs}", ", ".join(window.channels)),
        Fact("Architecture", config.model.name),
    ]
    if card.class_names:
        rows.insert(1, Fact("Classes", ", ".join(card.class_names)))
    costs: tuple[tuple[str, str, str], ...] = (
        ("params", "Parameters", ""),
        ("macs", "Multiply-accumulates per window", ""),
        ("size_bytes", "File", " bytes"),
        ("arena_bytes", "Working memory on a microcontroller", " bytes"),
    )
    rows += [Fact(words, f"{metrics[key]:,}{unit}") for key, words, unit in costs if metrics.get(key)]
    rows.append(Fact("Licence", licence_of(card)))
    rows.append(Fact("Number format", config.quantization.format))
    return rows


def licence_of(card: ModelCard) -> str:
    """Whether the model may be used commercially, judged by the data it was trained on."""
    from engine.datasets.catalog import dataset_info
    from engine.errors import EngineError

    closed: list[str] = []
    for choice in card.config.datasets:
        try:
            if not dataset_info(choice.name).commercial:
                closed.append(choice.name)
        except EngineError:
            return f"unknown: trained on {choice.name}"
    return f"non-commercial: trained on {', '.join(closed)}" if closed else "commercial use allowed by its data"
