from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from pytestqt.qtbot import QtBot

from engine.evaluation.confusion_index import FILE_NAME, ConfusionIndex
from heartkit_gui.wizards.evaluation_page import EvaluationPage
from heartkit_gui.wizards.training_wizard import TrainingWizard

LONG_MS = 20_000


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[QUrl]:
    """What the desktop was asked to open."""
    urls: list[QUrl] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", urls.append)
    return urls


@pytest.fixture
def page(wizard: TrainingWizard, document: dict[str, Any], save_index: Callable[[Path], None]) -> EvaluationPage:
    """The evaluation step of a run that is trained."""
    wizard.task.choose("beat-t")
    folder = wizard.holder.plan.folder
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.keras").write_bytes(b"made up")
    save_index(folder)
    wizard.go_to(4)
    assert wizard.current is wizard.evaluation
    return wizard.evaluation


def evaluate(page: EvaluationPage, qtbot: QtBot) -> None:
    page.start.click()
    qtbot.waitUntil(lambda: not page.runner.busy, timeout=LONG_MS)


def figures(page: EvaluationPage) -> dict[str, tuple[str, str, str]]:
    return {row.name: (row.value, row.interval, row.heartkit) for row in page.figures.rows.rows}


def test_nothing_is_shown_before_there_is_something(page: EvaluationPage) -> None:
    assert not page.figures.isVisible()
    assert not page.matrix.isVisible()
    assert not page.report.isVisible()


def test_figures_stand_beside_their_intervals_and_heartkits_way(page: EvaluationPage, qtbot: QtBot) -> None:
    evaluate(page, qtbot)
    assert figures(page)["Macro F1"] == ("0.750", "0.600 to 0.900", "0.950")
    assert figures(page)["Windows that count"] == ("100.0%", "", "50.0%")
    assert figures(page)["F1 of b"] == ("absent", "", "")
    assert page.matrix.isVisible()
    assert page.report.isVisible()


def test_a_cell_of_the_matrix_opens_its_windows_most_certain_first(page: EvaluationPage, qtbot: QtBot) -> None:
    evaluate(page, qtbot)
    cell = page.matrix._cell(0, 1).center()
    qtbot.mouseClick(page.matrix, Qt.MouseButton.LeftButton, pos=QPoint(cell.x(), cell.y()))
    assert page.chosen.text().startswith("a called b: 2 windows")
    assert [window.record for window in page.windows.rows.rows] == ["r2", "r1"]
    page.windows.setFocus()
    page.windows.selectRow(0)
    with qtbot.waitSignal(page.window_chosen) as caught:
        qtbot.keyClick(page.windows, Qt.Key.Key_Return)
    chosen = caught.args[0]
    assert (chosen.record, chosen.start / chosen.rate_hz) == ("r2", 2.0)


def test_the_matrix_is_walked_by_keys_and_spoken(page: EvaluationPage, qtbot: QtBot) -> None:
    evaluate(page, qtbot)
    page.matrix.setFocus()
    qtbot.keyClick(page.matrix, Qt.Key.Key_Down)
    qtbot.keyClick(page.matrix, Qt.Key.Key_Right)
    assert page.matrix.accessibleDescription() == "b called b: 1 window"
    qtbot.keyClick(page.matrix, Qt.Key.Key_Return)
    assert [window.record for window in page.windows.rows.rows] == ["r2"]


def test_a_task_without_classes_shows_its_figures_and_no_matrix(
    page: EvaluationPage, qtbot: QtBot, tmp_path: Path
) -> None:
    found = {
        "n": 10,
        "coverage": 1.0,
        "headline_metric": "snr_gain_db",
        "snr_gain_db": 9.125,
        "snr_in_db": 0.0,
        "snr_out_db": 9.125,
        "cosine": 0.9512,
        "shape": {"correlation_median": 0.98},
        "ci95": {"snr_gain_db": [8.5, 9.75]},
        "by_snr_db": [{"group": 0.0, "n": 10, "snr_gain_db": 9.125}],
        "task_figures": {"cosine likeness": 0.9512},
    }
    (tmp_path / "document.json").write_text(json.dumps(found))
    evaluate(page, qtbot)
    shown = figures(page)
    assert shown["SNR gain, dB"] == ("9.12", "8.50 to 9.75", "")
    assert shown["SNR gain at 0 dB"][0] == "9.12 dB"
    assert [name for name in shown if "osine" in name] == ["Likeness (cosine)"]
    assert not page.matrix.isVisible()
    assert page.figures.isColumnHidden(3)


def test_labels_that_may_hold_at_once_show_what_was_answered_for_a_missed_one(
    page: EvaluationPage, wizard: TrainingWizard, qtbot: QtBot, document: dict[str, Any], tmp_path: Path
) -> None:
    cells = [[[1, 1], [0, 0]], [[1, 0], [0, 1]], [[1, 0], [0, 1]], [[0, 0], [1, 1]]]  # truth and answer of a and b
    index = ConfusionIndex(
        ("a", "b"), "multi_label", np.array(cells, bool), np.full((4, 2), 0.5, np.float32), np.arange(4),
        *(np.array([f"{what}{i}" for i in range(4)]) for what in ("patient", "record", "lead")),
        np.zeros(4, np.int64), np.full(4, 100.0, np.float32),
    )  # fmt: skip
    index.save(wizard.holder.plan.folder / "evaluation" / FILE_NAME)
    per_label = [[[1, 0], [2, 1]], [[1, 2], [0, 1]]]
    (tmp_path / "document.json").write_text(json.dumps({**document, "confusion": per_label}))
    evaluate(page, qtbot)
    assert page.matrix._counts.tolist() == [[1, 2], [0, 1]]
    page.show_cell(0, 1)
    assert page.chosen.text().startswith("2 windows where a was missed and b answered in error")
    page.show_cell(1, 1)
    assert page.chosen.text().startswith("1 window with b, found")


def test_wave_boundaries_get_a_table_of_their_own(
    page: EvaluationPage, qtbot: QtBot, document: dict[str, Any], tmp_path: Path
) -> None:
    events = {"qrs_on": {"se": 0.995, "ppv": 1.0, "f1": 0.99, "mean_ms": -2.04, "sd_ms": 9.96}}
    (tmp_path / "document.json").write_text(json.dumps({**document, "events": events}))
    evaluate(page, qtbot)
    (row,) = page.events.rows.rows
    assert (row.name, row.se, row.ppv, row.mean, row.sd) == ("QRS onset", "99.5 %", "100.0 %", "-2.0 ms", "10.0 ms")


def test_figures_of_before_are_shown_again(
    page: EvaluationPage, wizard: TrainingWizard, document: dict[str, Any]
) -> None:
    folder = wizard.holder.plan.folder / "evaluation"
    (folder / "metrics.json").write_text(json.dumps(document))
    wizard.go_to(3)
    wizard.go_to(4)
    assert figures(page)["Macro F1"][0] == "0.750"
    assert page.start.text() == "Evaluate again"


def test_a_failed_evaluation_keeps_its_details(
    page: EvaluationPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "crash")
    evaluate(page, qtbot)
    assert "stopped unexpectedly" in page.outcome.text
    assert page.outcome.more.isVisible()
    assert page.start.isEnabled()


def test_the_model_is_tried_on_the_open_record_from_the_time_in_view(
    page: EvaluationPage, qtbot: QtBot, opened: list[QUrl], calls: Callable[[], list[list[str]]]
) -> None:
    assert not page.demo.isEnabled()
    page.set_record(Path("/records/100.hea"), lambda: 12.5)
    page.demo.click()
    qtbot.waitUntil(lambda: not page.runner.busy, timeout=LONG_MS)
    arguments = calls()[-1]
    assert arguments[0] == "demo"
    assert arguments[arguments.index("--record") + 1] == "/records/100.hea"
    assert arguments[arguments.index("--start") + 1] == "12.5"
    assert [url.fileName() for url in opened] == ["demo.html"]
    assert not page.figures.isVisible()  # a demo is no evaluation


def test_the_report_opens_in_the_browser(page: EvaluationPage, qtbot: QtBot, opened: list[QUrl]) -> None:
    evaluate(page, qtbot)
    page.report.click()
    assert [url.fileName() for url in opened] == ["evaluation.html"]
