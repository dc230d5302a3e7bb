"""The controls above the live trace; all of them are in the menu too."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from heartkit_gui.actions.registry import ActionRegistry
from heartkit_gui.widgets.labels import align_figures

SHOWN = ("live.mode_sweep", "live.mode_roll", "live.freeze", "live.mark", "live.record")


class LeadAction(QAction):
    """Shows or hides one lead."""

    def __init__(self, index: int, name: str, parent: QMenu) -> None:
        super().__init__(name, parent)
        self.index = index
        self.setCheckable(True)
        self.setChecked(True)


class LiveBar(QWidget):
    """Buttons of the live view, which leads are shown, and how far a recording is."""

    leads_chosen = Signal(object)  # tuple of indices, None for all

    def __init__(self, registry: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("liveBar")
        self.setAccessibleName("Live controls")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 4)
        row.setSpacing(4)
        self._with_icon: list[QToolButton] = []
        self._is_narrow = False
        self._words_px = 0  # wide enough for all words but those of a recording
        for action_id in SHOWN:
            action = registry[action_id]
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(16, 16))
            button.setAccessibleName(action.row.label)
            button.setObjectName("liveButton")
            row.addWidget(button)
            if not action.icon().isNull():
                self._with_icon.append(button)
        self._menu = QMenu(self)
        self._menu.setAccessibleName("Leads shown")
        self.leads = QToolButton()
        self.leads.setObjectName("liveButton")
        self.leads.setText("Leads")
        self.leads.setAccessibleName("Leads shown")
        self.leads.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.leads.setMenu(self._menu)
        self.leads.setEnabled(False)
        row.addWidget(self.leads)
        row.addStretch(1)
        self.recording = QLabel()
        self.recording.setProperty("role", "danger")
        self.recording.setAccessibleName("Recording")
        align_figures(self.recording)
        row.addWidget(self.recording)
        row.addSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # a recording squeezes nothing

    def show_leads(self, names: Sequence[str]) -> None:
        """Leads that can be chosen."""
        self._menu.clear()
        for i, name in enumerate(names):
            action = LeadAction(i, name, self._menu)
            action.toggled.connect(self._choose)
            self._menu.addAction(action)
        self.leads.setEnabled(len(names) > 1)

    def show_recording(self, recording: str) -> None:
        """How far a recording is, empty where there is none."""
        self.recording.setText(f"● REC {recording}" if recording else "")
        self._fit()

    def _fit(self) -> None:
        """Buttons without their words where there is no room for all of it."""
        recording_px = self.recording.sizeHint().width()
        if not self._is_narrow:
            self._words_px = self.sizeHint().width() - recording_px
        narrow = self._words_px + recording_px > self.width()
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            words, icon = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
            for button in self._with_icon:
                button.setToolButtonStyle(icon if narrow else words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the room."""
        self._fit()
        super().resizeEvent(event)

    @Slot()
    def _choose(self) -> None:
        actions = [action for action in self._menu.actions() if isinstance(action, LeadAction)]
        chosen = tuple(action.index for action in actions if action.isChecked())
        self.leads_chosen.emit(None if len(chosen) in (0, len(actions)) else chosen)
