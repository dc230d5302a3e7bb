from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from engine.config import RunConfig, unknown
from engine.evaluation.confusion_index import FILE_NAME, ConfusionIndex
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import PAPER
from heartkit_gui.wizards.training_wizard import TrainingWizard

FAKE = Path(__file__).with_name("fake_engine.py")
LONG_MS = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform remarks on every dialog that it cannot tell a window manager its size."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise)"))


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """The made-up engine in place of the real one; what it was called with."""
    log = tmp_path / "calls.jsonl"
    monkeypatch.setenv("FAKE_LOG", str(log))
    monkeypatch.setattr(
        "heartkit_gui.services.job_runner.engine_command", lambda: (sys.executable, "-S", "-E", str(FAKE))
    )
    return lambda: [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []


@pytest.fixture
def runner(calls: object) -> Iterator[JobRunner]:
    made = JobRunner()
    yield made
    made.shutdown()


def config(name: str, task: str, dataset: str, **changes: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": name,
            "about": f"Preset {name} of the tests.",
            "task": task,
            "classes": {"a": ["N"], "b": ["V"]},
            "datasets": [{"name": dataset}],
            "model": {"name": "tcn"},
            "training": {"epochs": 7},
            **changes,
        }
    )


PRESETS = {
    "beat-t": config("beat-t", "beat", "ecg-synthetic"),
    "beat-u": config("beat-u", "beat", "ecg-synthetic"),
    "seg-t": config("seg-t", "segmentation", "ludb"),
    "closed-t": config("closed-t", "rhythm", "icentia11k"),
}


@pytest.fixture
def presets(monkeypatch: pytest.MonkeyPatch) -> dict[str, RunConfig]:
    """Presets of the tests' own; what is put in or taken out shows in wizards made afterwards."""
    known = dict(PRESETS)

    def load(name: str) -> RunConfig:
        if name not in known:
            raise unknown("preset", name, list(known))
        return known[name]

    monkeypatch.setattr("heartkit_gui.wizards.task_page.preset_names", lambda: tuple(sorted(known)))
    monkeypatch.setattr("heartkit_gui.wizards.task_page.load_preset", load)
    monkeypatch.setattr("heartkit_gui.wizards.plan.load_preset", load)
    return known


@pytest.fixture
def wizard(
    qtbot: QtBot, tmp_path: Path, presets: object, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TrainingWizard]:
    """The wizard over the made-up engine, shown, at its first step; no dataset was downloaded."""
    monkeypatch.setattr("engine.datasets.catalog.default_folder", lambda name: tmp_path / "data" / name)
    made = TrainingWizard(tmp_path / "runs", runner, PAPER)
    made.show()
    yield made
    if Shiboken.isValid(made):  # else a test closed it
        made.close()
        qtbot.wait(1)


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the made-up engine finds when it evaluates."""
    found = {
        "n": 4,
        "n_patients": 2,
        "coverage": 1.0,
        "headline_metric": "f1_macro",
        "f1_macro": 0.75,
        "f1_per_class": {"a": 0.5, "b": None},
        "class_names": ["a", "b"],
        "confusion": [[1, 2], [0, 1]],
        "ci95": {"f1_macro": [0.6, 0.9]},
        "heartkit_compatible": {"f1_macro": 0.95, "coverage": 0.5},
    }
    file = tmp_path / "document.json"
    file.write_text(json.dumps(found))
    monkeypatch.setenv("FAKE_DOCUMENT", str(file))
    return found


@pytest.fixture
def save_index() -> Callable[[Path], None]:
    """Writes the index of four evaluated windows of two records into a run folder."""

    def save(run: Path) -> None:
        index = ConfusionIndex(
            class_names=("a", "b"),
            kind="per_window",
            cells=np.array([[0, 0], [0, 1], [0, 1], [1, 1]], np.int32),
            score=np.array([[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8]], np.float32),
            number=np.arange(4),
            patient=np.array(["p1", "p1", "p2", "p2"]),
            record=np.array(["r1", "r1", "r2", "r2"]),
            lead=np.array(["MLII"] * 4),
            start=np.array([0, 360, 720, 1080]),
            rate_hz=np.full(4, 360.0, np.float32),
        )
        folder = run / "evaluation"
        folder.mkdir(parents=True, exist_ok=True)
        index.save(folder / FILE_NAME)

    return save
