"""QActions made from the action table: one object per row, sent to the method that the row names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from heartkit_gui.actions.row import ActionRow
from heartkit_gui.theme.icons import themed_icon
from heartkit_gui.theme.tokens import Theme

PORTABLE = QKeySequence.SequenceFormat.PortableText
NATIVE = QKeySequence.SequenceFormat.NativeText


class CommandAction(QAction):
    """A QAction that knows its row."""

    def __init__(self, row: ActionRow, parent: ActionRegistry) -> None:
        keys = key_text(row.keys)
        super().__init__(row.text, parent)
        self.row = row
        self.setObjectName(row.id)
        self.setCheckable(row.checkable)
        if row.scope == "canvas":
            self.setText(f"{row.text}\t{key_text(row.keys[:1])}")
        else:
            context = Qt.ShortcutContext
            self.setShortcuts([QKeySequence(key, PORTABLE) for key in row.keys])
            self.setShortcutContext(
                context.WindowShortcut if row.scope == "window" else context.WidgetWithChildrenShortcut
            )
        self.setToolTip(f"{row.tip} ({keys})" if keys else row.tip)
        self.setStatusTip(row.tip)
        self.setWhatsThis(f"{row.label}: {row.tip}.")
        self.setIconVisibleInMenu(False)


def key_text(keys: Iterable[str]) -> str:
    """Keys as this platform writes them, "Ctrl+O" or the like."""
    return ", ".join(QKeySequence(key, PORTABLE).toString(NATIVE) for key in keys)


class ActionRegistry(QObject):
    """Makes, holds and dispatches the actions of a window.

    `groups` maps the first half of a row's handler to the object with the method of the second half. Every handler
    is resolved at once, so that a row without a method fails at start and not when somebody clicks.
    """

    def __init__(self, rows: Sequence[ActionRow], groups: Mapping[str, object], parent: QObject) -> None:
        super().__init__(parent)
        self._handlers: dict[str, Callable[..., None]] = {}
        self._actions: dict[str, CommandAction] = {}
        self._exclusive: dict[str, QActionGroup] = {}
        for row in rows:
            group, _, method = row.handler.partition(".")
            self._handlers[row.id] = getattr(groups[group], method)
            action = CommandAction(row, self)
            self._actions[row.id] = action
            if row.group:
                self._group(row.group).addAction(action)
            action.triggered.connect(self._dispatch)

    def __getitem__(self, action_id: str) -> CommandAction:
        return self._actions[action_id]

    def __iter__(self) -> Iterator[CommandAction]:
        return iter(self._actions.values())

    def run(self, action_id: str) -> None:
        """Trigger an action as a click would, if it is enabled."""
        self._actions[action_id].trigger()

    def check(self, group: str, argument: str) -> None:
        """Mark the row of an exclusive group with that argument, or none of them, without running it."""
        for action in self._group(group).actions():
            assert isinstance(action, CommandAction)
            action.setChecked(action.row.argument == argument)

    def set_state(self, state: Mapping[str, bool]) -> None:
        """Enable what the present state allows; `state` holds every name used by `ActionRow.needs`."""
        for action in self._actions.values():
            action.setEnabled(not action.row.needs or state[action.row.needs])

    def set_theme(self, theme: Theme) -> None:
        """Tint the icons."""
        for action in self._actions.values():
            if action.row.icon:
                action.setIcon(themed_icon(action.row.icon, theme, checkable=action.row.checkable))

    def install(self, window: QWidget, trace: QWidget) -> None:
        """Make the keys work: those of scope "window" in the whole window, those of scope "trace" on the trace."""
        for action in self._actions.values():
            if action.row.scope not in ("canvas", "live"):
                (window if action.row.scope == "window" else trace).addAction(action)

    def install_live(self, trace: QWidget) -> None:
        """Make the keys of scope "live" work on the live trace."""
        for action in self._actions.values():
            if action.row.scope == "live":
                trace.addAction(action)

    def fill_menu_bar(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Menus of the table by path ("File/Built-in samples"), in the order of the rows."""
        menus: dict[str, QMenu] = {}
        for action in self._actions.values():
            if not action.row.menu:
                continue
            menu = self._menu(bar, menus, action.row.menu)
            if action.row.separator:
                menu.addSeparator()
            menu.addAction(action)
        return menus

    def _menu(self, bar: QMenuBar, menus: dict[str, QMenu], path: str) -> QMenu:
        plain = path.replace("&", "")
        if plain not in menus:
            above, _, title = path.rpartition("/")
            parent = self._menu(bar, menus, above) if above else bar
            menus[plain] = parent.addMenu(title)
            menus[plain].setToolTipsVisible(True)
        return menus[plain]

    def _group(self, name: str) -> QActionGroup:
        if name not in self._exclusive:
            group = QActionGroup(self)
            group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
            self._exclusive[name] = group
        return self._exclusive[name]

    @Slot(bool)
    def _dispatch(self, checked: bool) -> None:
        action = self.sender()
        assert isinstance(action, CommandAction)
        row = action.row
        if row.group:
            action.setChecked(True)  # choosing the present one again changes nothing
        arguments: list[object] = [row.argument] if row.argument else []
        if row.checkable and not row.group:
            arguments.append(checked)
        self._handlers[row.id](*arguments)
