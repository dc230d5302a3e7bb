from __future__ import annotations

import gc
import re
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from heartkit_gui.actions.palette import CommandPalette
from heartkit_gui.actions.sheet import ShortcutSheet
from heartkit_gui.app import make_window
from heartkit_gui.context import Folders
from heartkit_gui.theme.stylesheet import mix, stylesheet
from heartkit_gui.theme.tokens import DARK, PAPER, Theme, contrast_ratio
from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.widgets.dialogs import MessageDialog


def test_a_closed_window_leaves_nothing_behind(qtbot: QtBot, tmp_path: Path) -> None:
    made = make_window(Folders.inside(tmp_path))
    made.show()
    left = [weakref.ref(part) for part in (made, made.context, made.registry, made.review.canvas, made.toolbar)]
    made.close()
    made.deleteLater()
    del made
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[call-overload]
    gc.collect()
    assert [part() for part in left] == [None] * len(left)


def test_no_slot_is_a_lambda() -> None:
    folder = Path(__file__).resolve().parents[3] / "heartkit_gui"
    sources = list(folder.rglob("*.py"))
    assert len(sources) > 40
    assert [path.name for path in sources if re.search(r"connect\(\s*(lambda|partial)", path.read_text())] == []


def test_panels_are_remembered_and_can_be_put_back(qtbot: QtBot, tmp_path: Path, window: MainWindow) -> None:
    window.registry.run("view.panel_trends")
    window.registry.run("view.panel_browser")
    assert window.panels.dock("trends").isVisible()
    assert not window.registry["view.panel_browser"].isChecked()
    window.close()
    again = make_window(window.context.folders)
    qtbot.addWidget(again)
    again.restore_layout()
    again.show()
    assert again.panels.dock("trends").isVisible()
    assert not again.panels.dock("browser").isVisible()
    again.resize(1280, 800)
    again.registry.run("view.reset_layout")
    assert not again.panels.dock("trends").isVisible()
    assert again.panels.dock("browser").isVisible()
    again.close()


def test_a_narrow_window_starts_without_the_left_panels(qtbot: QtBot, tmp_path: Path) -> None:
    narrow = make_window(Folders.inside(tmp_path))
    qtbot.addWidget(narrow)
    narrow.resize(1024, 700)
    narrow.show()
    assert not narrow.panels.dock("browser").isVisible()
    assert narrow.panels.dock("findings").isVisible()
    assert narrow.width() == 1024
    narrow.close()


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800), (3840, 2160)])
def test_the_window_takes_any_usual_size(reviewed: MainWindow, size: tuple[int, int], qtbot: QtBot) -> None:
    reviewed.resize(*size)
    qtbot.wait(20)
    assert (reviewed.width(), reviewed.height()) == size
    canvas = reviewed.review.canvas
    assert canvas.width() > 0.3 * size[0]
    assert canvas.height() > 0.5 * size[1]


def test_the_theme_changes_everywhere_and_is_remembered(reviewed: MainWindow) -> None:
    reviewed.registry.run("view.theme")
    assert reviewed.review.canvas.scene.theme is DARK
    assert QApplication.palette().window().color().name().upper() == DARK.window
    assert reviewed.context.settings.settings.theme == "dark"
    reviewed.registry.run("view.theme")
    assert reviewed.review.canvas.scene.theme is PAPER


@pytest.mark.parametrize("theme", [PAPER, DARK], ids=lambda theme: theme.name)
def test_text_of_the_window_is_readable(theme: Theme) -> None:
    hover = mix(theme.window, theme.text, 0.07)
    pairs = [
        (theme.text, theme.window), (theme.text, theme.panel), (theme.text, hover), (theme.text_muted, theme.panel),
        (theme.text_muted, theme.window), (theme.accent_text, theme.accent), (theme.danger, theme.panel),
        (theme.highlight_text, theme.highlight), (theme.tooltip_text, theme.tooltip),
        (theme.text, mix(theme.panel, theme.warning, 0.13)), (theme.danger, mix(theme.panel, theme.danger, 0.13)),
    ]  # fmt: skip
    for ink, paper in pairs:
        assert contrast_ratio(ink, paper) >= 4.5, (ink, paper)
    assert contrast_ratio(theme.focus, theme.window) >= 3.0
    assert contrast_ratio(theme.focus, theme.panel) >= 3.0


@pytest.mark.parametrize("theme", [PAPER, DARK], ids=lambda theme: theme.name)
def test_the_style_sheet_is_filled_in(theme: Theme, tmp_path: Path) -> None:
    text = stylesheet(theme, 10.0, tmp_path)
    assert "@" not in text
    assert text.count("{") == text.count("}")


def test_mixing_colours() -> None:
    assert mix("#000000", "#FFFFFF", 0.0) == "#000000"
    assert mix("#000000", "#FFFFFF", 1.0) == "#FFFFFF"
    assert mix("#000000", "#FF8000", 0.5) == "#804000"


def test_the_palette_opens_searches_runs_and_gives_the_keyboard_back(reviewed: MainWindow, qtbot: QtBot) -> None:
    reviewed.activateWindow()
    canvas = reviewed.review.canvas
    canvas.setFocus()
    reviewed.registry.run("help.palette")
    palette = reviewed.findChild(CommandPalette)
    assert palette is not None
    assert palette.field.hasFocus()
    qtbot.keyClicks(palette.field, "50mm")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert canvas.speed == 50.0
    assert canvas.hasFocus()
    reviewed.registry.run("help.palette")
    palette = reviewed.findChildren(CommandPalette)[-1]
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert canvas.hasFocus()


def test_the_palette_offers_only_what_is_possible(window: MainWindow) -> None:
    palette = CommandPalette(list(window.registry), window)
    offered = {action.row.id for action in palette.table.rows.rows}
    assert "file.open" in offered
    assert "view.zoom_in" not in offered
    palette.close()


def test_the_question_mark_opens_the_sheet(reviewed: MainWindow, qtbot: QtBot) -> None:
    reviewed.activateWindow()
    reviewed.review.canvas.setFocus()
    qtbot.keyClick(reviewed.review.canvas, Qt.Key.Key_Question)
    sheet = reviewed.findChild(ShortcutSheet)
    assert sheet is not None
    assert sheet.isVisible()


def test_a_fault_inside_is_one_sentence_with_details(window: MainWindow) -> None:
    window.context.faults.handle(RuntimeError, RuntimeError("boom"), None)
    message = window.findChild(MessageDialog)
    assert message is not None
    assert "RuntimeError" in message.sentence.text()
    message._more.click()
    assert message.details.isVisible()
    assert "boom" in message.details.toPlainText()
    message._copy.click()
    assert "boom" in QApplication.clipboard().text()
    assert "boom" in window.context.faults.log_path.read_text()


def test_settings_reach_the_trace(reviewed: MainWindow) -> None:
    canvas = reviewed.review.canvas
    reviewed.context.settings.update(pixels_per_mm=5.0, gain_mm_per_mv=20.0, speed_mm_per_s=50.0)
    assert (canvas.pixels_per_mm, canvas.gain, canvas.speed) == (5.0, 20.0, 50.0)
    reviewed.registry.run("view.mains")
    reviewed.context.settings.update(mains_hz=60)
    assert reviewed.status.filter.text() == "60 Hz subtracted"


def test_a_picture_of_the_trace_is_saved(reviewed: MainWindow, tmp_path: Path) -> None:
    from heartkit_gui.actions.file_commands import FileCommands

    commands = FileCommands(reviewed)
    commands.write_picture(str(tmp_path / "trace.png"))
    assert (tmp_path / "trace.png").stat().st_size > 1000
    commands.write_picture(str(tmp_path / "no" / "trace.png"))
    message = reviewed.findChild(MessageDialog)
    assert message is not None
    assert "trace.png" in message.sentence.text()
