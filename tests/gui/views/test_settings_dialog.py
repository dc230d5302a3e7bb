from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from heartkit_gui.model.settings import Settings
from heartkit_gui.views.settings_dialog import RULER_PX, SettingsDialog
from heartkit_gui.widgets.ruler import MARGIN, RulerBar

SCREEN = 96 / 25.4


@pytest.fixture
def dialog(qtbot: QtBot) -> SettingsDialog:
    owner = QWidget()
    qtbot.addWidget(owner)
    made = SettingsDialog(Settings(), SCREEN, owner)
    made.owner = owner  # type: ignore[attr-defined]
    return made


def test_nothing_touched_changes_nothing(dialog: SettingsDialog) -> None:
    assert dialog.changes() == {}


def test_only_what_was_changed_is_announced(dialog: SettingsDialog, qtbot: QtBot) -> None:
    dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
    dialog.mains.setCurrentIndex(dialog.mains.findData(60))
    with qtbot.waitSignal(dialog.accepted_changes) as caught:
        dialog._accept()
    assert caught.args[0] == {"theme": "dark", "mains_hz": 60}


def test_a_measured_bar_gives_the_scale_of_the_screen(dialog: SettingsDialog) -> None:
    dialog.length.setValue(80.0)
    assert dialog.changes() == {"pixels_per_mm": RULER_PX / 80.0}
    dialog._reset.click()
    assert dialog.changes() == {}


def test_the_bar_is_as_long_as_it_says(qtbot: QtBot) -> None:
    bar = RulerBar(RULER_PX)
    qtbot.addWidget(bar)
    bar.resize(bar.sizeHint())
    image = bar.grab().toImage()
    middle = image.height() // 2
    ink = bar.palette().highlight().color().rgb()
    inked = [x for x in range(image.width()) if image.pixel(x, middle) == ink]
    assert inked[0] in (MARGIN, MARGIN + 1)
    assert inked[-1] - inked[0] + 1 == pytest.approx(RULER_PX, abs=2)
