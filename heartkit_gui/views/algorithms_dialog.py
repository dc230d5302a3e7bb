"""Choosing the algorithms of an analysis: those in use, or others to compare with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from engine.analysis.stages import Stages
from heartkit_gui.widgets.dialogs import name_buttons
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.stage_chooser import StageChooser


class AlgorithmsDialog(QDialog):
    """Edits a copy; `chosen` carries the stages when confirmed."""

    chosen = Signal(object)  # Stages

    def __init__(
        self, title: str, purpose: str, verb: str, stages: Stages, runs: Path | None, parent: QWidget,
        *, unlike: Stages | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._unlike = unlike
        self.chooser = StageChooser(stages, runs)
        self.chooser.changed.connect(self._check)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(verb)
        name_buttons(self.buttons)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(14)
        layout.addWidget(role_label("muted", purpose, wrap=True))
        layout.addWidget(self.chooser)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(520)
        self._check()

    @Slot()
    def _check(self) -> None:
        button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        same = self.chooser.stages == self._unlike
        button.setEnabled(not same)
        button.setToolTip("Choose another algorithm for at least one stage first" if same else "")

    @Slot()
    def _accept(self) -> None:
        self.chosen.emit(self.chooser.stages)
        self.accept()
