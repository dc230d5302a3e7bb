from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.config import RunConfig
from heartkit_gui.wizards.data_page import size_text
from heartkit_gui.wizards.training_wizard import TrainingWizard

LONG_MS = 20_000
Calls = Callable[[], list[list[str]]]


def show(wizard: TrainingWizard, preset: str) -> None:
    wizard.task.choose(preset)
    wizard.go_to(1)


def test_signals_made_here_need_no_download(wizard: TrainingWizard) -> None:
    show(wizard, "beat-t")
    (row,) = wizard.data.rows()
    assert (row.name, row.state) == ("ecg-synthetic", "made here")
    assert wizard.data.is_complete()
    assert not wizard.data.download.isVisible()
    assert not wizard._command.isVisible()


def test_missing_recordings_say_what_to_do_and_hold_the_way(wizard: TrainingWizard) -> None:
    show(wizard, "seg-t")
    assert wizard.data.rows()[0].state == "missing"
    assert wizard.data.note.text == "Download ludb here, or name the folder that holds copies."
    assert wizard.data.download.isEnabled()
    assert not wizard._next.isEnabled()
    assert wizard._command.text() == "heartkit-engine download ludb"


def test_a_folder_of_ones_own_is_looked_through(wizard: TrainingWizard, tmp_path: Path) -> None:
    show(wizard, "seg-t")
    wizard.data.choose_folder(str(tmp_path / "nowhere"))
    assert "nowhere" in wizard.data.note.text
    assert "does not exist" in wizard.data.note.text
    assert wizard._command.text().endswith(f"--to {tmp_path / 'nowhere'}")
    wizard.data.choose_folder("")
    assert wizard.holder.plan.source is None


def test_a_licence_must_be_accepted_before_the_download(wizard: TrainingWizard) -> None:
    show(wizard, "closed-t")
    page = wizard.data
    assert page.accept.isVisible()
    assert "not for commercial use" in page.terms.text()
    assert 'href="https://' in page.terms.text()
    assert not page.download.isEnabled()
    page.accept.setChecked(True)
    assert page.download.isEnabled()
    assert "--accept-licence" in wizard._command.text()


def test_other_data_asks_for_no_licence(wizard: TrainingWizard) -> None:
    show(wizard, "seg-t")
    assert not wizard.data.accept.isVisible()
    assert "--accept-licence" not in wizard._command.text()


def test_a_download_shows_how_far_it_is_and_stops(
    wizard: TrainingWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow")
    show(wizard, "seg-t")
    page = wizard.data
    page.download.click()
    with qtbot.waitSignal(wizard.runner.progressed, timeout=LONG_MS):
        pass
    assert page.bar.value() == 250
    assert page.note.text == "Ludb  1 of 4 MB"
    assert page.stop.isVisible()
    assert not wizard._back.isEnabled()
    page.stop.click()
    qtbot.waitUntil(lambda: not wizard.runner.busy, timeout=LONG_MS)
    assert "goes on from there" in page.note.text
    assert page.download.isVisible()
    assert calls()[-1] == ["download", "ludb", "--json-events"]


def test_a_download_that_fails_says_why(
    wizard: TrainingWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "error")
    show(wizard, "seg-t")
    wizard.data.download.click()
    qtbot.waitUntil(lambda: not wizard.runner.busy, timeout=LONG_MS)
    assert "REFERENCE.csv is missing" in wizard.data.note.text
    assert wizard.data.download.isEnabled()


def test_a_dataset_nobody_knows_is_named(wizard: TrainingWizard, presets: dict[str, RunConfig]) -> None:
    presets["beat-t"] = RunConfig.model_validate(
        {**presets["beat-t"].model_dump(), "datasets": [{"name": "no-such-data"}]}
    )
    wizard.task.choose("beat-u")
    show(wizard, "beat-t")
    assert wizard.data.rows()[0].state == "unknown"
    assert "no-such-data" in wizard.data.note.text
    assert not wizard.data.download.isVisible()


def test_sizes_are_told_as_people_do() -> None:
    assert (size_text(200_000_000), size_text(1_640_000_000)) == ("200 MB", "1.6 GB")
