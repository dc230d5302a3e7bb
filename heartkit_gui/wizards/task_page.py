"""First step: what the model shall do, chosen among the presets."""

from __future__ import annotations

import logging

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout

from engine.config import RunConfig
from engine.errors import EngineError
from engine.presets import load_preset, preset_names
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import Page

log = logging.getLogger(__name__)

NAME = Qt.ItemDataRole.UserRole


class TaskPage(Page):
    """Presets by task, with what each is for."""

    def __init__(self, holder: PlanHolder) -> None:
        super().__init__(
            "Task", "Choose what the model shall do. A preset is a complete recipe; values can be changed."
        )
        self._holder = holder
        self.list = QListWidget()
        self.list.setAccessibleName("Presets")
        self.list.setObjectName("sideList")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setMinimumWidth(230)
        self.list.setSpacing(2)
        presets = sorted((config.task, name) for name in preset_names() if (config := _read(name)) is not None)
        task = ""
        for kind, name in presets:
            if kind != task:
                task = kind
                heading = QListWidgetItem(kind.capitalize())
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                self.list.addItem(heading)
            item = QListWidgetItem(f"    {name}")
            item.setData(NAME, name)
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._chosen)
        self._name = role_label("heading")
        self._about = role_label("", wrap=True)
        self._facts = role_label("muted", wrap=True)
        right = QVBoxLayout()
        right.setSpacing(8)
        for label in (self._name, self._about, self._facts):
            right.addWidget(label)
        right.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(20)
        row.addWidget(self.list)
        row.addLayout(right, 1)
        self.body.addLayout(row, 1)
        self.list.setVisible(bool(presets))
        if presets:
            self.choose(holder.plan.preset or presets[0][1])
        else:
            self._about.setText("This installation has no presets; heartkit-engine train --config takes a file.")

    def is_complete(self) -> bool:
        """A preset is chosen."""
        return bool(self._holder.plan.preset)

    def choose(self, name: str) -> None:
        """Choose a preset."""
        for i in range(self.list.count()):
            item = self.list.item(i)
            if item.data(NAME) == name:
                self.list.setCurrentItem(item)

    @Slot(QListWidgetItem, QListWidgetItem)
    def _chosen(self, item: QListWidgetItem | None, _: QListWidgetItem | None) -> None:
        name = item.data(NAME) if item is not None else None
        if name is None:
            return
        if name != self._holder.plan.preset:
            self._holder.put(self._holder.plan.with_preset(name))
        config = load_preset(name)
        self._name.setText(name)
        self._about.setText(config.about)
        self._facts.setText(facts(config))
        self.changed.emit()


def _read(name: str) -> RunConfig | None:
    """A preset; None where it cannot be read, which must not keep the others from being used."""
    try:
        return load_preset(name)
    except EngineError as error:
        log.warning("preset %s: %s", name, error)
        return None


def facts(config: RunConfig) -> str:
    """What a preset works on, in a few lines."""
    window = config.window
    lines = [
        f"Input: {window.length / window.rate_hz:.2f} s at {window.rate_hz:g} Hz ({window.length} samples), "
        + ", ".join(window.channels),
        f"Model: {config.model.name}",
        "Data: " + ", ".join(dataset.name for dataset in config.datasets),
    ]
    if config.class_names:
        lines.insert(1, "Classes: " + ", ".join(config.class_names))
    return "\n".join(lines)
