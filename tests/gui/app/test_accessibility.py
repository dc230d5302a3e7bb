from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.analysis.stages import Stages
from engine.records.hints import Guess, NeedsHints
from heartkit_gui.actions.palette import CommandPalette
from heartkit_gui.actions.sheet import ShortcutSheet
from heartkit_gui.canvas.scale import FALLBACK_DPI, MM_PER_INCH
from heartkit_gui.model.settings import Settings
from heartkit_gui.theme.tokens import PAPER
from heartkit_gui.views.about_dialog import AboutDialog
from heartkit_gui.views.algorithms_dialog import AlgorithmsDialog
from heartkit_gui.views.hints_dialog import HintsDialog
from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.views.models_dialog import ModelsDialog
from heartkit_gui.views.settings_dialog import SettingsDialog
from heartkit_gui.widgets.dialogs import MessageDialog, TimeDialog

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QProgressBar,
)  # fmt: skip


def name_of(widget: QWidget) -> str:
    """What a screen reader calls a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return widget.accessibleName() or (interface.text(QAccessible.Text.Name) if interface is not None else "")


def nameless(root: QWidget) -> list[str]:
    """Controls, and everything that takes the keyboard, that have no name."""
    found = []
    for widget in [root, *root.findChildren(QWidget)]:
        inside = widget.objectName().startswith("qt_") or isinstance(widget.parent(), QComboBox | QAbstractSpinBox)
        takes_keyboard = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        matters = isinstance(widget, CONTROLS) or takes_keyboard
        if matters and not inside and not isinstance(widget, QAbstractSlider) and not name_of(widget):
            found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    return found


def test_every_control_of_the_window_has_a_name(reviewed: MainWindow, qtbot: QtBot) -> None:
    reviewed.panels.dock("trends").show()
    qtbot.wait(10)
    assert nameless(reviewed) == []


DIALOGS: dict[str, Callable[[MainWindow], QDialog]] = {
    "message": lambda w: MessageDialog("Title", "Sentence.", "Details", PAPER, w),
    "time": lambda w: TimeDialog("5:00", w),
    "about": AboutDialog,
    "sheet": ShortcutSheet,
    "settings": lambda w: SettingsDialog(Settings(), FALLBACK_DPI / MM_PER_INCH, w),
    "models": ModelsDialog,
    "algorithms": lambda w: AlgorithmsDialog("Title", "Purpose.", "Use", Stages(), None, w),
    "palette": lambda w: CommandPalette(list(w.registry), w),
    "hints": lambda w: HintsDialog(
        Path("x.csv"), NeedsHints("no rate", path="x.csv", guess=Guess(delimiter=",", preview=(("1", "2"),))), w
    ),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_every_control_of_a_dialog_has_a_name(window: MainWindow, name: str) -> None:
    dialog = DIALOGS[name](window)
    assert name_of(dialog)
    assert nameless(dialog) == []
    dialog.close()


def test_every_control_of_the_training_wizard_has_a_name(window: MainWindow) -> None:
    window.registry.run("models.train")
    wizard = window.models.wizard
    assert wizard is not None
    for page in wizard.pages:
        for part in ("figures", "events", "matrix", "windows", "report", "terms", "accept"):
            if hasattr(page, part):
                getattr(page, part).show()
    assert nameless(wizard) == []


def test_the_walk_finds_a_control_without_name(window: MainWindow) -> None:
    field = QLineEdit(window)
    assert nameless(window) == ["QLineEdit  in MainWindow"]
    field.deleteLater()


def test_every_entry_of_the_menu_bar_has_its_own_mnemonic(reviewed: MainWindow) -> None:
    menus = [reviewed.menuBar(), *(m for m in reviewed.menuBar().findChildren(QMenu) if m.title())]
    for menu in menus:
        letters = []
        for action in menu.actions():
            text = action.text().replace("&&", "")
            if "&" in text and not action.isSeparator():
                letters.append(text[text.index("&") + 1].lower())
        assert len(letters) == len(set(letters)), (menu.title() if isinstance(menu, QMenu) else "bar", letters)


def test_tab_reaches_every_part_and_leaves_it_again(reviewed: MainWindow, qtbot: QtBot) -> None:
    """From the record browser, Tab walks through all panels, the toolbar and back without getting stuck."""
    reviewed.activateWindow()
    reviewed.browser.filter.setFocus()
    seen: list[QWidget] = []
    for _ in range(120):
        here = QApplication.focusWidget()
        assert here is not None
        if here is reviewed.browser.filter and seen:
            break
        seen.append(here)
        if here is reviewed.review.canvas:  # Tab walks through beats there; this key leaves
            qtbot.keyClick(here, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
        else:
            qtbot.keyClick(here, Qt.Key.Key_Tab)
    else:
        pytest.fail(f"Tab never came back: {[name_of(w) or w for w in seen][:60]}")
    names = {name_of(widget) for widget in seen}
    wanted = {"Records in the folder", "Rhythm and events", "Intervals", "Overview of the record", "Paper speed"}
    assert wanted <= names


def test_ctrl_tab_goes_round_all_visible_panels(reviewed: MainWindow, qtbot: QtBot) -> None:
    reviewed.panels.dock("trends").show()
    qtbot.wait(10)
    reviewed.activateWindow()
    canvas = reviewed.review.canvas
    canvas.setFocus()
    seen = []
    for _ in range(6):
        reviewed.registry.run("view.focus_next")
        here = QApplication.focusWidget()
        assert here is not None
        seen.append(name_of(here))
    panels = ["Records in the folder", "Leads", "Rhythm and events", "Heart rate trend"]
    assert seen == ["Overview of the record", *panels, "ECG"]
    reviewed.registry.run("view.focus_previous")
    assert name_of(QApplication.focusWidget()) == "Heart rate trend"  # type: ignore[arg-type]


def test_the_trace_shows_that_it_has_the_keyboard(reviewed: MainWindow, qtbot: QtBot) -> None:
    reviewed.activateWindow()
    frame = reviewed.review.canvas.parentWidget()
    reviewed.review.canvas.setFocus()
    qtbot.waitUntil(lambda: frame.property("focused") is True)
    reviewed.browser.filter.setFocus()
    assert frame.property("focused") is False


def test_the_sample_can_be_reviewed_without_a_mouse(
    window: MainWindow, qtbot: QtBot, sample_analysis: object
) -> None:
    """Open by palette, walk episodes and beats, measure, change layout and theme, close: keys only."""
    window.activateWindow()
    window.review.welcome.setFocus()

    def command(text: str) -> None:
        qtbot.keyClick(
            window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        palette = window.findChildren(CommandPalette)[-1]
        qtbot.keyClicks(palette.field, text)
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        command("mit-bih 208")
    window.context.document.set_analysis(sample_analysis)  # type: ignore[arg-type]
    canvas = window.review.canvas
    qtbot.waitUntil(canvas.hasFocus)
    qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
    assert window.context.selection.span is not None
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.selected_beat >= 0
    qtbot.keyClick(canvas, Qt.Key.Key_C)
    assert canvas.caliper_text()
    before = canvas.caliper_text()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.caliper_text() != before
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.caliper_text()
    qtbot.keyClick(canvas, Qt.Key.Key_5, Qt.KeyboardModifier.AltModifier)
    assert canvas.speed == 100.0
    command("dark theme")
    assert window.context.settings.settings.theme == "dark"
    qtbot.keyClick(canvas, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.context.document.record is None
