"""The toolbar, made from the action table: buttons, and boxes for choices that exclude each other."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from heartkit_gui.actions.registry import ActionRegistry, CommandAction
from heartkit_gui.theme.icons import ICON_SIZE, themed_icon
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import name_choice

_LEFT = ("file.open",)
_CHOICES = (
    ("layout", "Layout of the leads", 106),
    ("speed", "Paper speed", 104),
    ("gain", "Gain", 118),
    ("filter", "Filter", 116),
)
_TOOLS = ("measure.pan", "measure.time", "measure.voltage", "measure.march")
_STEPS = ("go.previous_episode", "go.previous_beat", "go.next_beat", "go.next_episode")
_RIGHT = ("view.panel_browser", "view.panel_findings", "view.panel_trends", "view.theme", "help.palette")
# The toolbar has little room: shorter words than the menus.
_SHORT = {
    "3x4+1": "3 × 4 + 1",
    "3x4+3": "3 × 4 + 3",
    "cabrera": "Cabrera",
    "stacked": "Stacked",
}


class ChoiceBox(QComboBox):
    """A box that mirrors an exclusive group of actions; `set_other` shows a state that is none of them."""

    def __init__(self, name: str, actions: Sequence[CommandAction]) -> None:
        super().__init__()
        self._choices = tuple(actions)
        name_choice(self, name)
        self.setToolTip(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for action in actions:
            self.addItem(_SHORT.get(action.row.argument, action.row.label))
            self.setItemData(self.count() - 1, action.row.tip, Qt.ItemDataRole.ToolTipRole)
            action.changed.connect(self._sync)
        self.activated.connect(self._run)
        self._sync()

    def set_other(self, text: str) -> None:
        """Words for a state that no action stands for."""
        self.setPlaceholderText(text)

    @Slot(int)
    def _run(self, index: int) -> None:
        self._choices[index].trigger()

    @Slot()
    def _sync(self) -> None:
        self.setEnabled(any(action.isEnabled() for action in self._choices))
        checked = next((i for i, action in enumerate(self._choices) if action.isChecked()), -1)
        if checked != self.currentIndex():
            self.setCurrentIndex(checked)


class Toolbar(QToolBar):
    """Compact; everything on it is in the menus too."""

    def __init__(self, registry: ActionRegistry, overlays: QMenu, parent: QWidget) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setAccessibleName("Toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setIconSize(ICON_SIZE)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._registry = registry
        self.choices: dict[str, ChoiceBox] = {}
        self._add(_LEFT)
        self.addSeparator()
        for group, name, width in _CHOICES:
            box = ChoiceBox(name, [action for action in registry if action.row.group == group])
            box.setFixedWidth(width)
            self.choices[group] = box
            self.addWidget(box)
        self._overlays = QToolButton()
        self._overlays.setAccessibleName("Overlays")
        self._overlays.setToolTip("What is drawn over the trace")
        self._overlays.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._overlays.setMenu(overlays)
        self._overlays.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(self._overlays)
        self.addSeparator()
        self._add(_TOOLS)
        self.addSeparator()
        self._add(_STEPS)
        room = QWidget()
        room.setAccessibleName("Space")
        room.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(room)
        self._add(_RIGHT)
        extension = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if extension is not None:
            extension.setAccessibleName("More tools")

    def set_theme(self, theme: Theme) -> None:
        """Tint what is not an action."""
        self._overlays.setIcon(themed_icon("overlays", theme))

    def minimumSizeHint(self) -> QSize:
        """Never the reason why the window cannot be narrow."""
        return QSize(200, super().minimumSizeHint().height())

    def _add(self, ids: Sequence[str]) -> None:
        for action_id in ids:
            action = self._registry[action_id]
            self.addAction(action)
            button = self.widgetForAction(action)
            button.setAccessibleName(action.row.label.rstrip("…"))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
