"""Preferences: appearance, true scale on this screen, defaults, privacy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from heartkit_gui.canvas.layouts import LAYOUT_NAMES
from heartkit_gui.canvas.scale import GAINS, SPEEDS
from heartkit_gui.model.settings import Settings, stage_settings
from heartkit_gui.widgets.dialogs import name_buttons
from heartkit_gui.widgets.labels import name_choice, role_label
from heartkit_gui.widgets.ruler import RulerBar
from heartkit_gui.widgets.stage_chooser import StageChooser

RULER_PX = 400
WIDTH = 520


class SettingsDialog(QDialog):
    """Edits a copy; `accepted_changes` carries what differs."""

    accepted_changes = Signal(dict)

    def __init__(
        self, settings: Settings, screen_px_per_mm: float, parent: QWidget, runs: Path | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings")
        self.setAccessibleName("Settings")
        self._before = settings
        self._screen_px_per_mm = screen_px_per_mm
        self.theme = self._combo("Theme", {"paper": "Paper", "dark": "Dark"}, settings.theme)
        speeds = {speed: f"{speed:g} mm/s" for speed in SPEEDS}
        self.speed = self._combo("Paper speed at start", speeds, settings.speed_mm_per_s)
        gains = {gain: f"{gain:g} mm/mV" for gain in GAINS}
        self.gain = self._combo("Gain at start", gains, settings.gain_mm_per_mv)
        self.layout_name = self._combo(
            "Layout of 12-lead records", {"auto": "3 × 4 when short, else stacked", **LAYOUT_NAMES}, settings.layout
        )
        self.mains = self._combo("Mains frequency", {50: "50 Hz", 60: "60 Hz"}, settings.mains_hz)
        self.analyse = QCheckBox("Analyse records when they are opened")
        self.analyse.setChecked(settings.analyse_on_open)
        self.patient = QCheckBox("Show personal data of the record")
        self.patient.setChecked(settings.show_patient)
        self.stages = StageChooser(settings.stages, runs)
        for box in (self.analyse, self.patient):
            box.setAccessibleName(box.text())
        self.length = QDoubleSpinBox()
        self.length.setAccessibleName("Measured length of the bar in millimetres")
        self.length.setRange(RULER_PX / 40.0, RULER_PX / 1.0)
        self.length.setDecimals(1)
        self.length.setSuffix(" mm")
        self.length.setValue(RULER_PX / (settings.pixels_per_mm or screen_px_per_mm))
        self._start_length = self.length.value()
        self._reset = QPushButton("Use what the screen reports")
        self._reset.setAccessibleName("Use what the screen reports")
        self._reset.setAutoDefault(False)
        self._reset.clicked.connect(self._forget_calibration)
        self._calibration: float | None = settings.pixels_per_mm
        self.length.valueChanged.connect(self._measured)
        self._build()

    def changes(self) -> dict[str, Any]:
        """Settings that differ from the present ones."""
        chosen = {
            "theme": self.theme.currentData(),
            "speed_mm_per_s": self.speed.currentData(),
            "gain_mm_per_mv": self.gain.currentData(),
            "layout": self.layout_name.currentData(),
            "mains_hz": self.mains.currentData(),
            "analyse_on_open": self.analyse.isChecked(),
            "show_patient": self.patient.isChecked(),
            "pixels_per_mm": self._calibration,
            **stage_settings(self.stages.stages),
        }
        return {key: value for key, value in chosen.items() if value != getattr(self._before, key)}

    def _build(self) -> None:
        top = self._form()
        top.addRow("Theme", self.theme)
        top.addRow("Paper speed", self.speed)
        top.addRow("Gain", self.gain)
        top.addRow("12-lead layout", self.layout_name)
        top.addRow("Mains", self.mains)
        top.addRow("", self.analyse)
        top.addRow("", self.patient)
        screen = self._form()
        screen.addRow("Length on your screen", self.length)
        screen.addRow("", self._reset)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        name_buttons(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Save")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        self.setMinimumWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(12)
        layout.addWidget(role_label("heading", "Defaults"))
        layout.addLayout(top)
        layout.addSpacing(8)
        layout.addWidget(role_label("heading", "Algorithms"))
        layout.addWidget(self.stages)
        layout.addSpacing(8)
        layout.addWidget(role_label("heading", "True scale"))
        layout.addWidget(
            role_label(
                "muted", "Measure this bar with a ruler; then the paper is true to scale on this screen.", wrap=True
            )
        )
        layout.addWidget(RulerBar(RULER_PX), 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(screen)
        layout.addSpacing(8)
        layout.addWidget(buttons)

    @staticmethod
    def _form() -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        return form

    @staticmethod
    def _combo(name: str, choices: dict[Any, str], present: Any) -> QComboBox:
        box = QComboBox()
        name_choice(box, name)
        for value, title in choices.items():
            box.addItem(title, value)
        box.setCurrentIndex(max(0, box.findData(present)))
        return box

    @Slot(float)
    def _measured(self, length_mm: float) -> None:
        self._calibration = RULER_PX / length_mm

    @Slot()
    def _forget_calibration(self) -> None:
        self.length.setValue(RULER_PX / self._screen_px_per_mm)
        self._calibration = None

    @Slot()
    def _accept(self) -> None:
        self.accepted_changes.emit(self.changes())
        self.accept()
