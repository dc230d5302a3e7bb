"""Heart rates beyond which the live view remarks on the rate. Not an alarm."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QSpinBox, QWidget

from engine.devices.heart_rate import RateLimits
from heartkit_gui.model.settings import HIGHEST_RATE, LOWEST_RATE
from heartkit_gui.widgets.labels import role_label

TIP = "Rates beyond are remarked on. Not an alarm: nothing sounds."


class RateLimitBoxes(QWidget):
    """Two numbers, the higher above the lower as on a monitor; the lower stays below the higher."""

    limits_chosen = Signal(object)  # RateLimits

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        usual = RateLimits()
        self.low = self._box("Remark on rates below", usual.low_per_min)
        self.high = self._box("Remark on rates above", usual.high_per_min)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        for row, (words, box) in enumerate((("above", self.high), ("below", self.low))):
            grid.addWidget(role_label("small", words), row, 0)
            grid.addWidget(box, row, 1)
        self.setTabOrder(self.high, self.low)
        self.setToolTip(TIP)

    @property
    def limits(self) -> RateLimits:
        """The limits chosen."""
        return RateLimits(float(self.low.value()), float(self.high.value()))

    def set_limits(self, low_per_min: int, high_per_min: int) -> None:
        """Choose limits that were chosen before."""
        for box in (self.low, self.high):
            box.setRange(LOWEST_RATE, HIGHEST_RATE)
            box.blockSignals(True)
        self.low.setValue(low_per_min)
        self.high.setValue(high_per_min)
        for box in (self.low, self.high):
            box.blockSignals(False)
        self._changed()

    def _box(self, name: str, value: float) -> QSpinBox:
        box = QSpinBox()
        box.setRange(LOWEST_RATE, HIGHEST_RATE)
        box.setSingleStep(5)
        box.setValue(round(value))
        box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        box.setToolTip(TIP)
        box.setAccessibleName(name)
        box.setAccessibleDescription(TIP)
        box.valueChanged.connect(self._changed)
        return box

    @Slot()
    def _changed(self) -> None:
        self.low.setMaximum(self.high.value() - 1)
        self.high.setMinimum(self.low.value() + 1)
        self.limits_chosen.emit(self.limits)
