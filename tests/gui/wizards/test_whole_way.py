"""Once through the wizard with the real engine: from signals made here to an INT8 model and its demo."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from engine.config import RunConfig, dump_config
from engine.resources import built_in_record
from engine.runtime.model import read_card
from heartkit_gui.model.algorithms import algorithms_for
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import PAPER
from heartkit_gui.wizards.training_wizard import TrainingWizard

LONG_MS = 100_000
TINY = RunConfig.model_validate(
    {
        "name": "tiny",
        "task": "segmentation",
        "seed": 3,
        "datasets": [{"name": "ecg-synthetic", "params": {"n_patients": 12, "duration_s": 8, "rate_hz": 100}}],
        "window": {"rate_hz": 100, "length": 128},
        "model": {"name": "tcn", "params": {"input_kernel": 5, "blocks": [{"filters": 8, "kernel": 5}]}},
        "training": {"epochs": 5, "steps_per_epoch": 4, "batch_size": 16},
        "quantization": {"max_metric_drop": 1.0, "tflm_check": False, "representative_windows": 20},
        "evaluation": {"bootstrap": 20},
    }
)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_from_a_preset_to_an_exported_model(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "presets"
    folder.mkdir()
    (folder / "tiny.json").write_text(dump_config(TINY))
    engine = (sys.executable, str(Path(__file__).with_name("real_engine.py")), str(folder))
    monkeypatch.setattr("heartkit_gui.services.job_runner.engine_command", lambda: engine)
    monkeypatch.setattr("engine.presets.resource_path", lambda *parts: folder.joinpath(*parts[1:]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    opened: list[QUrl] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", opened.append)
    runner = JobRunner()
    wizard = TrainingWizard(tmp_path / "runs", runner, PAPER)
    wizard.show()

    def work(button: object) -> None:
        button.click()  # type: ignore[attr-defined]
        assert runner.busy
        qtbot.waitUntil(lambda: not runner.busy, timeout=LONG_MS)

    assert wizard.holder.plan.preset == "tiny"
    wizard.go_to(2)
    wizard.model.epochs.setValue(2)
    wizard.go_to(3)
    work(wizard.training.start)
    assert wizard.training.is_complete(), wizard.training.state.text
    assert len(wizard.training.curves.points("val_loss")) == 2
    wizard.go_to(4)
    work(wizard.evaluation.start)
    assert wizard.evaluation.figures.isVisible(), wizard.evaluation.outcome.text
    assert wizard.evaluation.events.isVisible()
    fullest = divmod(int(wizard.evaluation.matrix._counts.argmax()), 4)  # two epochs teach little
    wizard.evaluation.show_cell(*fullest)
    assert wizard.evaluation.windows.rows.rowCount() > 0
    wizard.go_to(5)
    work(wizard.export.start)
    assert wizard.export.report.isVisible(), wizard.export.outcome.text
    run = wizard.holder.plan.folder
    assert read_card(run).task == "segmentation"
    assert str(run) in [algorithm.key for algorithm in algorithms_for("waves", run.parent)]
    wizard.go_to(4)
    wizard.evaluation.set_record(built_in_record(), lambda: 3.0)
    work(wizard.evaluation.demo)
    assert "<svg" in (run / "demo.html").read_text()
    assert [url.fileName() for url in opened] == ["demo.html"]
    assert json.loads((run / "config.json").read_text())["training"]["epochs"] == 2
    wizard.close()
    runner.shutdown()
