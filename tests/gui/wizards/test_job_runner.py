from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from heartkit_gui.services import job_runner
from heartkit_gui.services.job_runner import JobRunner, shown_command

LONG_MS = 20_000


def train(folder: Path) -> tuple[str, ...]:
    return ("train", "--preset", "beat-t", "--out", str(folder))


def test_a_job_tells_progress_figures_and_its_result(qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> None:
    shares: list[float] = []
    epochs: list[tuple[int, dict[str, float]]] = []
    words: list[str] = []
    busy: list[bool] = []
    runner.progressed.connect(lambda _stage, share, _note: shares.append(share))
    runner.metric.connect(lambda epoch, values: epochs.append((epoch, values)))
    runner.message.connect(lambda _kind, text: words.append(text))
    runner.busy_changed.connect(busy.append)
    with qtbot.waitSignal(runner.finished, timeout=LONG_MS) as caught:
        runner.start(train(tmp_path / "run"))
    assert caught.args[0] == {"folder": str(tmp_path / "run")}
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert [epoch for epoch, _ in epochs] == [0, 1, 2, 3]
    assert words == ["train: 10 windows of 2 patients"]
    assert busy == [True, False]


def test_the_engine_is_asked_for_events(qtbot: QtBot, runner: JobRunner, calls: object) -> None:
    with qtbot.waitSignal(runner.finished, timeout=LONG_MS):
        runner.start(("model", "--preset", "x"))
    assert calls() == [["model", "--preset", "x", "--json-events"]]  # type: ignore[operator]


def test_a_fault_of_the_user_arrives_as_its_sentence(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "error")
    with qtbot.waitSignal(runner.failed, timeout=LONG_MS) as caught:
        runner.start(train(tmp_path))
    assert caught.args == ["cinc2017: REFERENCE.csv is missing (download the dataset again)", ""]


def test_a_child_that_dies_is_told_with_its_last_words(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "crash")
    with qtbot.waitSignal(runner.failed, timeout=LONG_MS) as caught:
        runner.start(train(tmp_path))
    assert "stopped unexpectedly" in caught.args[0]
    assert "out of memory" in caught.args[1]
    assert not runner.busy


def test_a_child_that_is_killed_is_told(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow")
    with qtbot.waitSignal(runner.metric, timeout=LONG_MS):
        runner.start(train(tmp_path))
    assert runner._process is not None
    with qtbot.waitSignal(runner.failed, timeout=LONG_MS):
        runner._process.kill()
    assert not runner.busy


def test_a_job_stops_when_asked_and_the_next_can_start(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow")
    with qtbot.waitSignal(runner.metric, timeout=LONG_MS):
        runner.start(train(tmp_path / "run"))
    with qtbot.waitSignal(runner.cancelled, timeout=LONG_MS):
        runner.cancel()
    monkeypatch.setenv("FAKE_ENGINE", "")
    with qtbot.waitSignal(runner.finished, timeout=LONG_MS):
        runner.start((*train(tmp_path / "run"), "--resume"))


def test_a_job_that_does_not_listen_is_ended_by_force(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "deaf")
    runner._patience.setInterval(50)
    with qtbot.waitSignal(runner.metric, timeout=LONG_MS):
        runner.start(train(tmp_path))
    with qtbot.waitSignal(runner.cancelled, timeout=LONG_MS):
        runner.cancel()


def test_an_engine_that_cannot_be_started_is_told(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "engine_command", lambda: (str(tmp_path / "nothing"),))
    with qtbot.waitSignal(runner.failed, timeout=LONG_MS) as caught:
        runner.start(("model",))
    assert caught.args[0] == "The engine could not be started."
    assert not runner.busy


def test_commands_are_shown_as_they_are_typed() -> None:
    assert shown_command(("train", "--out", "my runs/a")) == "heartkit-engine train --out 'my runs/a'"


def test_a_bundle_starts_the_engine_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    beside = Path(sys.executable).with_name("heartkit-engine")
    assert job_runner.engine_command() == (str(beside),)
