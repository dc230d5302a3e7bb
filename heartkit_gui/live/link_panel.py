"""How the link does: delay from board to screen, losses, drift, frames painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from heartkit_gui.live.delay_picture import DelayPicture
from heartkit_gui.live.figures import LinkRow
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import ElidedLabel, align_figures, role_label, set_role
from heartkit_gui.widgets.panel import Section


class LinkPanel(QWidget):
    """Rows of figures under a picture of the delays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = DelayPicture()
        self.values: dict[str, ElidedLabel] = {}
        body = QWidget()
        self._form = QFormLayout()
        self._form.setVerticalSpacing(2)
        column = QVBoxLayout(body)
        column.setContentsMargins(4, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._form)
        column.addWidget(self.picture)
        self._section = Section("Link", body, flush=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._section)

    def show_rows(self, rows: Sequence[LinkRow], delays_ms: NDArray[np.float64]) -> None:
        """The figures of now, and the delays of the last minutes."""
        for row in rows:
            label = self.values.get(row.name)
            if label is None:
                label = self.values[row.name] = ElidedLabel("", Qt.TextElideMode.ElideRight)
                label.setAccessibleName(row.name)
                align_figures(label)
                self._form.addRow(role_label("muted", row.name), label)
            if label.text() != row.value:
                label.setText(row.value)
            label.setToolTip(f"{row.value}\n{row.tip}")
            set_role(label, "warning" if row.is_bad else "")
        self.picture.show_delays(delays_ms)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.picture.set_theme(theme)
        self._section.set_theme(theme)
