from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from engine.records.hints import Guess, NeedsHints, TextHints
from heartkit_gui.views.hints_dialog import HintsDialog, preview_rows


@pytest.fixture
def owner(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def ask(path: Path, owner: QWidget, **guess: object) -> HintsDialog:
    return HintsDialog(path, NeedsHints("does not say its rate", path=path, guess=Guess(**guess)), owner)  # type: ignore[arg-type]


def test_guesses_are_offered_first(tmp_path: Path, owner: QWidget) -> None:
    dialog = ask(tmp_path / "a.csv", owner, delimiter=";", unit="uV", rates_hz=(257.0, 128.0))
    assert dialog.rate.currentText() == "257"
    assert dialog.delimiter.currentData() == ";"
    assert dialog.hints() == TextHints(rate_hz=257.0, unit="uV")


def test_the_preview_follows_the_delimiter(tmp_path: Path, owner: QWidget) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1;2,5;3\n4;5,5;6\n")
    dialog = ask(path, owner, delimiter=";", preview=(("1", "2,5", "3"),))
    rows = dialog._preview_table.rows.rows
    assert rows[0] == ("1", "2,5", "3")
    dialog.delimiter.setCurrentIndex(dialog.delimiter.findData(","))
    assert dialog._preview_table.rows.rows[0] == ("1;2", "5;3")
    dialog.rate.setCurrentText("250")
    assert dialog.hints() == TextHints(rate_hz=250.0, delimiter=",")


@pytest.mark.parametrize("text", ["", "fast", "-5", "0", "nan", "1e9"])
def test_an_absurd_rate_is_not_accepted(tmp_path: Path, owner: QWidget, text: str) -> None:
    dialog = ask(tmp_path / "a.csv", owner)
    dialog.open()
    dialog.rate.setCurrentText(text)
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open).click()
    assert dialog.isVisible()
    assert dialog._note.isVisible()


def test_raw_counts_ask_for_their_scale(tmp_path: Path, owner: QWidget) -> None:
    dialog = ask(tmp_path / "a.csv", owner, rates_hz=(250.0,))
    dialog.open()
    assert not dialog.counts.isVisible()
    dialog.unit.setCurrentIndex(dialog.unit.findData("adu"))
    assert dialog.counts.isVisible()
    dialog.counts.setValue(1000)
    hints = dialog.hints()
    assert hints is not None
    assert (hints.unit, hints.adu_per_mv) == ("adu", 1000.0)


def test_arrays_are_chosen_by_name(tmp_path: Path, owner: QWidget) -> None:
    dialog = ask(tmp_path / "a.mat", owner, columns=("ecg", "time"), rates_hz=(500.0,))
    assert not dialog.is_text
    dialog.variable.setCurrentText("ecg")
    assert dialog.hints() == TextHints(rate_hz=500.0, variable="ecg")


def test_a_preview_reads_little_and_survives_anything(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as stream:
        stream.write(b"\xff\xfe1,2\n" * 10)
        stream.truncate(3_000_000_000)
    assert len(preview_rows(path, ",")) <= 6
    assert preview_rows(tmp_path / "gone.csv", ",") == ()
