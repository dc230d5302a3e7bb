from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.analysis.types import Analysis
from engine.resources import built_in_record
from heartkit_gui.services.analysis import AnalysisService
from heartkit_gui.services.analysis_worker import Job, Progress, run

LONG_MS = 60_000


@pytest.fixture
def service() -> Iterator[AnalysisService]:
    made = AnalysisService()
    yield made
    made.shutdown()


def analysed(service: AnalysisService, qtbot: QtBot, lead: int | None = None) -> Analysis:
    """Analyse the built-in record; fails at once where the service does."""
    answers: list[object] = []
    service.finished.connect(answers.append)
    service.failed.connect(lambda sentence, details: answers.append(f"{sentence}\n{details}"))
    service.start(built_in_record(), None, lead)
    qtbot.waitUntil(lambda: bool(answers), timeout=LONG_MS)
    assert isinstance(answers[0], Analysis), answers[0]
    return answers[0]


def child(service: AnalysisService) -> int:
    process = service._process
    assert process is not None
    assert process.pid is not None
    return process.pid


def test_an_analysis_runs_in_a_child_with_progress(qtbot: QtBot, service: AnalysisService) -> None:
    shares: list[float] = []
    service.progressed.connect(lambda share, _stage: shares.append(share))
    analysis = analysed(service, qtbot)
    assert analysis.lead == "MLII"
    assert len(analysis.beats) > 400
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert child(service) != os.getpid()
    assert not service.busy


def test_the_child_is_kept_for_the_next_record(qtbot: QtBot, service: AnalysisService) -> None:
    service.warm_up()
    first = child(service)
    analysed(service, qtbot, 0)
    assert child(service) == first


def test_bad_input_is_refused_in_a_sentence(qtbot: QtBot, service: AnalysisService, tmp_path: Path) -> None:
    with qtbot.waitSignal(service.failed, timeout=LONG_MS) as caught:
        service.start(tmp_path / "missing.edf")
    assert "missing.edf" in caught.args[0]
    assert caught.args[1] == ""


def test_cancel_stops_at_once_and_the_next_analysis_works(qtbot: QtBot, service: AnalysisService) -> None:
    finished: list[object] = []
    service.finished.connect(finished.append)
    with qtbot.waitSignal(service.cancelled, timeout=LONG_MS):
        service.start(built_in_record())
        service.cancel()
    assert not service.busy
    qtbot.wait(50)
    assert finished == []
    analysed(service, qtbot)
    assert len(finished) == 1


def test_a_child_that_dies_is_reported_and_replaced(qtbot: QtBot, service: AnalysisService) -> None:
    with qtbot.waitSignal(service.failed, timeout=LONG_MS) as caught:
        service.start(built_in_record())
        process = service._process
        assert process is not None
        process.kill()
    assert "stopped unexpectedly" in caught.args[0]
    assert "Exit code" in caught.args[1]
    assert not service.busy
    analysed(service, qtbot)


class Wire:
    """The child's end of the pipe, in this process."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send(self, message: object) -> None:
        self.sent.append(message)


def test_a_defect_becomes_a_sentence_with_details(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("engine.analysis.pipeline.analyze", broken)
    outcome = run(Job(7, built_in_record()), Wire())  # type: ignore[arg-type]
    assert outcome.number == 7
    assert outcome.analysis is None
    assert "ZeroDivisionError" in outcome.sentence
    assert "inside" in outcome.details


def test_progress_is_sent_sparingly(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, progress: Callable[[float, str], None], **__: object) -> str:
        for i in range(10_001):
            progress(i / 10_000, "Counting")
        return "found"

    monkeypatch.setattr("engine.analysis.pipeline.analyze", busy)
    wire = Wire()
    outcome = run(Job(1, built_in_record()), wire)  # type: ignore[arg-type]
    assert outcome.analysis == "found"
    assert 1 <= len(wire.sent) < 100
    assert wire.sent[-1] == Progress(1, 1.0, "Counting")
