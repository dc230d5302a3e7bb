"""Faults of a simulated board and its cable, to see how the rest takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.panel import Section

if TYPE_CHECKING:
    from engine.devices.simulator import Simulator

STEPS = 50
STALL_S = 3.0
UNPLUG_S = 5.0


@dataclass(frozen=True)
class Fault:
    """A fault that lasts: field of `Faults`, name, the most of it, and how an amount is written."""

    key: str
    name: str
    most: float
    words: str
    factor: float
    about: str


LASTING = (
    Fault("drop", "Drop", 0.5, "{:.0f} %", 100, "Share of the board's frames that vanish"),
    Fault("duplicate", "Duplicate", 0.5, "{:.0f} %", 100, "Share of the board's frames that come twice"),
    Fault("corrupt", "Corrupt", 0.005, "{:.1f} ‰", 1000, "Share of the bytes, both ways, with a flipped bit"),
    Fault("jitter_s", "Jitter", 0.5, "{:.0f} ms", 1000, "Longest random delay of a frame"),
    Fault("burst_s", "Burst", 1.0, "{:.0f} ms", 1000, "Frames come together, once in this time"),
    Fault("drift_ppm", "Clock drift", 5000, "{:.0f} ppm", 1, "How much faster the board's clock runs than it says"),
)


class FaultSlider(QSlider):
    """How much of one fault."""

    def __init__(self, fault: Fault, value: QLabel) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._fault, self._value = fault, value
        self.setRange(0, STEPS)
        self.setPageStep(5)
        self.setToolTip(fault.about)
        self.setAccessibleName(f"Fault: {fault.name}")
        self.setAccessibleDescription(fault.about)
        self.valueChanged.connect(self._show)
        self._show()

    @property
    def amount(self) -> float:
        """The amount chosen, in the unit of the field of `Faults`."""
        return self._fault.most * self.value() / STEPS

    @Slot()
    def _show(self) -> None:
        amount = self._fault.words.format(self.amount * self._fault.factor)
        self._value.setText(amount if self.value() else "none")


class FaultPanel(QWidget):
    """Acts on a simulator; hidden where the stream comes from anything else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._simulator: Simulator | None = None
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(4, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._lasting_part())
        column.addLayout(self._single_part())
        self._section = Section("Faults of the simulator", body, flush=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._section)
        self.hide()

    def _lasting_part(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        self.sliders: dict[str, FaultSlider] = {}
        for row, fault in enumerate(LASTING):
            value = role_label("small")
            value.setMinimumWidth(58)
            slider = FaultSlider(fault, value)
            slider.valueChanged.connect(self._choose)
            self.sliders[fault.key] = slider
            grid.addWidget(role_label("muted", fault.name), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(value, row, 2)
        return grid

    def _single_part(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.stall = self._button(row, "Stall", f"Let nothing through for {STALL_S:.0f} s")
        self.unplug = self._button(row, "Unplug", f"Pull the cable for {UNPLUG_S:.0f} s")
        self.reset = self._button(row, "Reset", "Start the board again, in the middle of a frame")
        self.stall.clicked.connect(self._stall)
        self.unplug.clicked.connect(self._unplug)
        self.reset.clicked.connect(self._reset)
        row.addStretch(1)
        return row

    @staticmethod
    def _button(row: QHBoxLayout, name: str, about: str) -> QPushButton:
        button = QPushButton(name)
        button.setToolTip(about)
        button.setAccessibleName(f"Fault: {name}")
        button.setAccessibleDescription(about)
        row.addWidget(button)
        return button

    def show_simulator(self, simulator: Simulator | None) -> None:
        """Offer the faults of this one; another one begins without faults."""
        if simulator is self._simulator:
            return
        self._simulator = None
        for slider in self.sliders.values():
            slider.setValue(0)
        self._simulator = simulator
        self.setVisible(simulator is not None)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._section.set_theme(theme)

    @Slot()
    def _choose(self) -> None:
        if self._simulator is not None:
            from engine.devices.simulator import Faults

            self._simulator.faults = Faults(**{key: slider.amount for key, slider in self.sliders.items()})

    @Slot()
    def _stall(self) -> None:
        if self._simulator is not None:
            self._simulator.stall(STALL_S)

    @Slot()
    def _unplug(self) -> None:
        if self._simulator is not None:
            self._simulator.unplug(UNPLUG_S)

    @Slot()
    def _reset(self) -> None:
        if self._simulator is not None:
            self._simulator.reset()
