from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.config import dump_config
from engine.evaluation.confusion_index import CellWindow
from engine.resources import built_in_record
from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.widgets.dialogs import MessageDialog
from heartkit_gui.wizards.training_wizard import TrainingWizard


def opened(window: MainWindow) -> TrainingWizard:
    window.registry.run("models.train")
    wizard = window.models.wizard
    assert wizard is not None
    return wizard


def run_folder(wizard: TrainingWizard, dataset: Path) -> None:
    """A run of the shown preset whose dataset lies in a folder."""
    plan = wizard.holder.plan
    config = plan.config
    first = config.datasets[0].model_copy(update={"path": dataset})
    plan.folder.mkdir(parents=True)
    config = config.model_copy(update={"datasets": (first,)})
    (plan.folder / "config.json").write_text(dump_config(config))


def test_the_wizard_opens_once_and_again_after_it_was_closed(window: MainWindow, qtbot: QtBot) -> None:
    first = opened(window)
    assert opened(window) is first
    first.close()
    qtbot.waitUntil(lambda: window.models.wizard is None)
    assert opened(window).isVisible()


def test_the_wizard_follows_the_theme(window: MainWindow) -> None:
    wizard = opened(window)
    window.registry.run("view.theme")
    assert wizard.training.curves._theme is window.theme
    assert wizard.evaluation.matrix._theme is window.theme


def test_a_window_of_a_cell_opens_its_record_at_its_time(window: MainWindow, qtbot: QtBot) -> None:
    wizard = opened(window)
    run_folder(wizard, built_in_record().parent)
    chosen = CellWindow(0, "p", built_in_record().stem, "MLII", 120 * 360, 360.0, 0.9)
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        wizard.evaluation.window_chosen.emit(chosen)
    canvas = window.review.canvas
    assert canvas.view_start < 120 * 360 < canvas.view_stop
    assert wizard.evaluation.demo.isEnabled()  # there is a record to try the model on now


def test_a_record_that_is_gone_is_told(window: MainWindow, tmp_path: Path) -> None:
    wizard = opened(window)
    run_folder(wizard, tmp_path)
    wizard.evaluation.window_chosen.emit(CellWindow(0, "p", "999", "MLII", 0, 360.0, 0.9))
    message = window.findChild(MessageDialog)
    assert message is not None
    assert "999" in message.sentence.text()


def test_closing_the_program_ends_the_work(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "heartkit_gui.services.job_runner.engine_command",
        lambda: (sys.executable, "-S", "-c", "import time; time.sleep(60)"),
    )
    wizard = opened(window)
    wizard.runner.start(("train",))
    process = wizard.runner._process
    assert process is not None
    assert process.waitForStarted(10_000)
    window.close()
    assert process.state() == process.ProcessState.NotRunning


def test_the_wizard_is_loaded_when_it_is_asked_for() -> None:
    """Cold start: neither wizards nor what they need are part of the window's own imports."""
    code = (
        "import sys, heartkit_gui.views.main_window;"
        "print([m for m in sys.modules if m.startswith(('heartkit_gui.wizards', 'engine.evaluation', 'keras'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
