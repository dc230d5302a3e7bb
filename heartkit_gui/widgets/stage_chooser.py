"""One choice of algorithm for each stage of the analysis, with a line on what is chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QVBoxLayout, QWidget

from engine.analysis.stages import Stages
from heartkit_gui.model.algorithms import STAGE_NAMES, algorithms_for, short_name
from heartkit_gui.widgets.labels import name_choice, role_label

WIDTH = 250


class StageChooser(QWidget):
    """A box a stage; an algorithm that is gone stays listed, so that it is not replaced in silence."""

    changed = Signal()

    def __init__(self, stages: Stages, runs: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QComboBox] = {}
        self._abouts = {stage: role_label("small", wrap=True) for stage in STAGE_NAMES}
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        for stage, title in STAGE_NAMES.items():
            box = QComboBox()
            name_choice(box, f"Algorithm for {title}")
            box.setMinimumWidth(WIDTH)
            for algorithm in algorithms_for(stage, runs):
                box.addItem(algorithm.title, algorithm)
            self._choose(box, getattr(stages, stage))
            box.currentIndexChanged.connect(self._changed)
            self.boxes[stage] = box
            column = QVBoxLayout()
            column.setSpacing(3)
            column.addWidget(box)
            column.addWidget(self._abouts[stage])
            form.addRow(title, column)
        self._describe()

    @property
    def stages(self) -> Stages:
        """What is chosen."""
        chosen = {}
        for stage, box in self.boxes.items():
            algorithm = box.currentData()
            chosen[stage] = algorithm if isinstance(algorithm, str) else algorithm.key
        return Stages(**chosen)

    def choose(self, stage: str, key: str) -> None:
        """Choose an algorithm for a stage."""
        self._choose(self.boxes[stage], key)

    @staticmethod
    def _choose(box: QComboBox, key: str) -> None:
        for i in range(box.count()):
            data = box.itemData(i)
            if key == (data if isinstance(data, str) else data.key):
                box.setCurrentIndex(i)
                return
        box.addItem(f"{short_name(key)} (not found)", key)
        box.setCurrentIndex(box.count() - 1)

    @Slot()
    def _changed(self) -> None:
        self._describe()
        self.changed.emit()

    def _describe(self) -> None:
        for stage, box in self.boxes.items():
            data = box.currentData()
            words = "This model is not here any more; choose another." if isinstance(data, str) else data.about
            self._abouts[stage].setText(words)
            box.setAccessibleDescription(words)
