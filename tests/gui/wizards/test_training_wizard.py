from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from engine.config import RunConfig
from engine.errors import ConfigError
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import DARK, PAPER
from heartkit_gui.wizards.training_wizard import TrainingWizard

LONG_MS = 20_000
Calls = Callable[[], list[list[str]]]


def finish(wizard: TrainingWizard, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not wizard.runner.busy, timeout=LONG_MS)


def at_training(wizard: TrainingWizard) -> None:
    wizard.task.choose("beat-t")
    wizard.go_to(3)
    assert wizard.current is wizard.training


def trained(wizard: TrainingWizard, qtbot: QtBot) -> Path:
    at_training(wizard)
    wizard.training.start.click()
    finish(wizard, qtbot)
    return wizard.holder.plan.folder


def test_presets_are_listed_by_task_with_what_they_are_for(wizard: TrainingWizard) -> None:
    rows = [wizard.task.list.item(i).text().strip() for i in range(wizard.task.list.count())]
    assert rows == ["Beat", "beat-t", "beat-u", "Rhythm", "closed-t", "Segmentation", "seg-t"]
    wizard.task.choose("seg-t")
    assert wizard.task._about.text() == "Preset seg-t of the tests."
    assert "Data: ludb" in wizard.task._facts.text()


def test_a_preset_that_cannot_be_read_does_not_hide_the_others(
    qtbot: QtBot, presets: dict[str, RunConfig], runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> RunConfig:
        if name == "seg-t":
            raise ConfigError("broken")
        return presets[name]

    monkeypatch.setattr("heartkit_gui.wizards.task_page.load_preset", load)
    made = TrainingWizard(tmp_path, runner, PAPER)
    qtbot.addWidget(made)
    assert "seg-t" not in [made.task.list.item(i).text().strip() for i in range(made.task.list.count())]
    assert made.task.is_complete()


def test_without_presets_the_wizard_says_so_and_goes_nowhere(
    qtbot: QtBot, presets: dict[str, RunConfig], runner: JobRunner, tmp_path: Path
) -> None:
    presets.clear()
    made = TrainingWizard(tmp_path, runner, PAPER)
    qtbot.addWidget(made)
    made.show()
    assert "no presets" in made.task._about.text()
    made.go_to(1)
    assert made.current is made.task
    assert not made._next.isEnabled()


def test_every_step_shows_its_command_and_copies_it(wizard: TrainingWizard) -> None:
    wizard.task.choose("beat-t")
    wizard.go_to(2)
    wizard.model.epochs.setValue(3)
    assert wizard._command.text() == "heartkit-engine model --preset beat-t --set training.epochs=3"
    wizard.go_to(3)
    wizard._copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("heartkit-engine train --preset beat-t --set training.epochs=3 --out ")
    wizard.model.epochs.setValue(7)  # the preset's own value again
    assert "--set" not in wizard._command.text()


def test_counting_tells_the_cost_on_a_device(wizard: TrainingWizard, qtbot: QtBot) -> None:
    wizard.task.choose("beat-t")
    wizard.go_to(2)
    wizard.model.count.click()
    finish(wizard, qtbot)
    assert wizard.model.counts.text == (
        "1,234 parameters, 56,789 multiply-accumulates per window, each output sees 1.50 s"
    )


def test_training_draws_its_curves_and_opens_the_next_step(wizard: TrainingWizard, qtbot: QtBot) -> None:
    assert not wizard.training.is_complete()
    trained(wizard, qtbot)
    page = wizard.training
    assert [epoch for epoch, _ in page.curves.points("val_loss")] == [1, 2, 3, 4]
    assert [value for _, value in page.curves.points("val_f1_macro")] == pytest.approx([0.5, 0.6, 0.7, 0.8])
    assert "epoch 4:" in page.log.toPlainText()
    assert page.is_complete()
    assert wizard._next.isEnabled()
    assert not page.start.isEnabled()


def test_the_plan_cannot_change_while_work_on_it_runs(
    wizard: TrainingWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow")
    at_training(wizard)
    wizard.training.start.click()
    with qtbot.waitSignal(wizard.runner.metric, timeout=LONG_MS):
        pass
    assert not wizard._back.isEnabled()
    assert not wizard._next.isEnabled()
    assert not wizard._steps.item(0).flags() & Qt.ItemFlag.ItemIsEnabled
    assert not wizard.training.name.isEnabled()
    qtbot.keyClick(wizard, Qt.Key.Key_Escape)
    assert wizard.isVisible()
    wizard.training.stop.click()
    finish(wizard, qtbot)
    assert wizard._back.isEnabled()


def test_a_stopped_training_goes_on_where_it_was(
    wizard: TrainingWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow")
    at_training(wizard)
    page = wizard.training
    page.start.click()
    qtbot.waitUntil(lambda: len(page.curves.points("loss")) == 2, timeout=LONG_MS)
    page.stop.click()
    assert page.state.text == "Stopping at the next step…"
    finish(wizard, qtbot)
    assert page.start.text() == "Resume"
    assert "Resume goes on" in page.state.text
    monkeypatch.setenv("FAKE_ENGINE", "")
    page.start.click()
    finish(wizard, qtbot)
    assert calls()[-1][-2:] == ["--resume", "--json-events"]
    assert len(page.curves.points("loss")) == 4
    assert page.is_complete()


@pytest.mark.parametrize(
    ("how", "sentence", "has_details"),
    [
        ("error", "cinc2017: REFERENCE.csv is missing (download the dataset again)", False),
        ("crash", "The work stopped unexpectedly; what was finished is kept. The details may say why.", True),
    ],
)
def test_a_failed_training_says_why_and_can_be_tried_again(
    wizard: TrainingWizard,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    sentence: str,
    has_details: bool,
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", how)
    at_training(wizard)
    page = wizard.training
    page.start.click()
    finish(wizard, qtbot)
    assert page.state.text == sentence
    assert page.state.more.isVisible() is has_details
    assert page.start.isEnabled()
    monkeypatch.setenv("FAKE_ENGINE", "")
    page.start.click()
    finish(wizard, qtbot)
    assert page.is_complete()


def test_closing_the_window_asks_nothing_and_leaves_a_run_to_resume(
    wizard: TrainingWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow")
    at_training(wizard)
    wizard.training.start.click()
    runner, folder, runs = wizard.runner, wizard.holder.plan.folder, wizard.holder.plan.runs
    with qtbot.waitSignal(runner.metric, timeout=LONG_MS):
        pass
    with qtbot.waitSignal(runner.cancelled, timeout=LONG_MS):
        wizard._close.click()
        assert not wizard.isVisible()
    assert (folder / "config.json").is_file()
    again = TrainingWizard(runs, runner, PAPER)
    qtbot.addWidget(again)
    again.task.choose("beat-t")
    again.go_to(3)
    assert again.training.start.text() == "Resume"
    assert "can be resumed" in again.training.state.text


def test_a_name_in_use_is_not_overwritten_and_a_new_run_gets_its_own(wizard: TrainingWizard, qtbot: QtBot) -> None:
    first = trained(wizard, qtbot)
    page = wizard.training
    assert not page.start.isEnabled()
    page.another.click()
    assert wizard.holder.plan.name == page.name.text() == "beat-t-2"
    assert page.start.isEnabled()
    assert page.curves.points("loss") == []
    assert not wizard._next.isEnabled()
    qtbot.keyClicks(page.name, "/../x")
    assert wizard.holder.plan.folder.parent == first.parent


def test_a_run_made_before_shows_its_history(wizard: TrainingWizard) -> None:
    folder = wizard.holder.plan.runs / "beat-u"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "history.json").write_text(json.dumps([{"epoch": 0, "loss": 0.5, "val_loss": 0.6}]))
    wizard.task.choose("beat-u")
    wizard.go_to(3)
    assert wizard.training.curves.points("loss") == [(1, 0.5)]


def test_colours_change_while_the_window_is_open(wizard: TrainingWizard, qtbot: QtBot) -> None:
    trained(wizard, qtbot)
    wizard.set_theme(DARK)
    image = wizard.training.curves.losses.grab().toImage()
    assert image.pixelColor(2, 2).name() == DARK.panel.lower()


def test_the_steps_can_be_walked_by_keys(wizard: TrainingWizard, qtbot: QtBot) -> None:
    wizard.task.choose("beat-t")
    wizard._steps.setFocus()
    qtbot.keyClick(wizard._steps, Qt.Key.Key_Down)
    assert wizard.current is wizard.data
    qtbot.keyClick(wizard._steps, Qt.Key.Key_Down)
    qtbot.keyClick(wizard._steps, Qt.Key.Key_Down)
    assert wizard.current is wizard.training
    qtbot.keyClick(wizard._steps, Qt.Key.Key_Down)  # nothing is trained yet
    assert wizard.current is wizard.training
    qtbot.keyClick(wizard, Qt.Key.Key_Escape)
    assert not wizard.isVisible()


def test_the_exported_model_is_summed_up_and_remembered(wizard: TrainingWizard, qtbot: QtBot, calls: Calls) -> None:
    trained(wizard, qtbot)
    wizard.go_to(5)
    wizard.export.form.setCurrentIndex(wizard.export.form.findData("FP16"))
    wizard.export.start.click()
    finish(wizard, qtbot)
    assert calls()[-1][:5] == ["export", "--run", str(wizard.holder.plan.folder), "--format", "FP16"]
    rows = {row.name: row.value for row in wizard.export.report.rows.rows}
    assert rows == {"Format": "FP16", "File": "20,000 bytes"}
