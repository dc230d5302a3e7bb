from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from heartkit_gui.actions.registry import ActionRegistry
from heartkit_gui.actions.row import ActionRow


class Commands:
    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def plain(self) -> None:
        self.seen.append(("plain",))

    def choose(self, which: str) -> None:
        self.seen.append(("choose", which))

    def switch(self, name: str, on: bool) -> None:
        self.seen.append(("switch", name, on))


ROWS = (
    ActionRow("a.plain", "&Plain", "Plain", "a.plain", "&One", ("Ctrl+P",)),
    ActionRow(
        "a.first", "First", "First", "a.choose", "&One/&Which", ("F2",), argument="1", checkable=True, group="g"
    ),
    ActionRow("a.second", "Second", "Second", "a.choose", "&One/&Which", argument="2", checkable=True, group="g"),
    ActionRow("a.switch", "Switch", "Switch", "a.switch", "&Two", argument="x", checkable=True, needs="record"),
    ActionRow("a.trace", "Trace", "Trace", "a.plain", "&Two", ("T",), scope="trace"),
)


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def registry(commands: Commands, qtbot: QtBot) -> ActionRegistry:
    owner = QObject()
    made = ActionRegistry(ROWS, {"a": commands}, owner)
    made.owner = owner  # type: ignore[attr-defined]
    return made


def test_actions_reach_their_methods_with_argument_and_state(registry: ActionRegistry, commands: Commands) -> None:
    for action_id in ("a.plain", "a.second", "a.switch", "a.switch"):
        registry.run(action_id)
    assert commands.seen == [("plain",), ("choose", "2"), ("switch", "x", True), ("switch", "x", False)]


def test_choosing_the_present_choice_again_keeps_it(registry: ActionRegistry) -> None:
    registry.run("a.first")
    registry.run("a.first")
    assert registry["a.first"].isChecked()
    registry.run("a.second")
    assert not registry["a.first"].isChecked()


def test_marking_a_choice_runs_nothing_and_may_mark_none(registry: ActionRegistry, commands: Commands) -> None:
    registry.check("g", "2")
    assert registry["a.second"].isChecked()
    registry.check("g", "other")
    assert not registry["a.second"].isChecked()
    assert commands.seen == []


def test_what_needs_something_is_greyed_out_without_it(registry: ActionRegistry, commands: Commands) -> None:
    registry.set_state({"record": False})
    registry.run("a.switch")
    assert commands.seen == []
    registry.set_state({"record": True})
    registry.run("a.switch")
    assert commands.seen == [("switch", "x", True)]


def test_a_row_without_method_fails_at_start(commands: Commands) -> None:
    row = ActionRow("a.gone", "Gone", "Gone", "a.gone", "&One")
    with pytest.raises(AttributeError, match="gone"):
        ActionRegistry((row,), {"a": commands}, QObject())


def test_menus_follow_the_paths(registry: ActionRegistry, qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    menus = registry.fill_menu_bar(window.menuBar())
    assert list(menus) == ["One", "One/Which", "Two"]
    assert [action.text() for action in window.menuBar().actions()] == ["&One", "&Two"]
    assert [action.text() for action in menus["One/Which"].actions()] == ["First", "Second"]


def test_keys_of_the_trace_work_only_there(registry: ActionRegistry, commands: Commands, qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    trace, other = QWidget(window), QWidget(window)
    for widget in (trace, other):
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    registry.install(window, trace)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    other.setFocus()
    qtbot.keyClick(other, Qt.Key.Key_T)
    assert commands.seen == []
    qtbot.keyClick(other, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert commands.seen == [("plain",)]
    trace.setFocus()
    qtbot.keyClick(trace, Qt.Key.Key_T)
    assert commands.seen == [("plain",), ("plain",)]
