from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.records.hints import TextHints
from engine.resources import built_in_record
from heartkit_gui.services import loaders
from heartkit_gui.services.loaders import Failure, Opened, Question, RecordLoader, load


def test_a_record_opens_off_the_gui_thread(qtbot: QtBot) -> None:
    loader = RecordLoader()
    with qtbot.waitSignal(loader.opened, timeout=10_000) as caught:
        loader.open(built_in_record())
    opened = caught.args[0]
    assert opened.record.n_samples == 108_000
    opened.record.close()
    loader.shutdown()


def test_every_kind_of_bad_file_gives_one_sentence_with_its_name(tmp_path: Path) -> None:
    for name, content in (("empty.edf", b""), ("torn.hea", b"torn 2 360 10\n"), ("odd.dcm", b"\0" * 300)):
        path = tmp_path / name
        path.write_bytes(content)
        answer = load(path)
        assert isinstance(answer, Failure)
        assert name in answer.sentence
        assert "\n" not in answer.sentence
        assert str(path) in answer.details
    answer = load(tmp_path / "missing.edf")
    assert isinstance(answer, Failure)
    assert "missing.edf" in answer.sentence


def test_a_table_without_rate_asks_and_opens_with_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("ecg\n" + "\n".join(str(i % 7) for i in range(500)))
    question = load(path)
    assert isinstance(question, Question)
    opened = load(path, TextHints(rate_hz=250.0, unit="mV"))
    assert isinstance(opened, Opened)
    assert opened.record.fs == 250.0


def test_a_defect_in_a_reader_becomes_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("engine.records.open.open_record", broken)
    answer = load(tmp_path / "x.edf")
    assert isinstance(answer, Failure)
    assert "fault in HeartKit (ZeroDivisionError)" in answer.sentence
    assert "inside" in answer.details


def test_only_the_latest_request_is_answered(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(path: Path, hints: object = None) -> Failure:
        if path.name == "first":
            release.wait(10)
        return Failure(path, path.name, "")

    monkeypatch.setattr(loaders, "load", slow)
    loader, seen = RecordLoader(), []
    loader.failed.connect(lambda failure: seen.append(failure.path.name))
    loader.open(Path("first"))
    with qtbot.waitSignal(loader.failed, timeout=5000):
        loader.open(Path("second"))
    release.set()
    qtbot.wait(100)
    assert seen == ["second"]
    loader.shutdown()


def test_nothing_arrives_after_shutdown(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(path: Path, hints: object = None) -> Failure:
        release.wait(10)
        return Failure(path, "", "")

    monkeypatch.setattr(loaders, "load", slow)
    loader, seen = RecordLoader(), []
    loader.failed.connect(seen.append)
    loader.open(Path("x"))
    threading.Timer(0.05, release.set).start()
    loader.shutdown()
    qtbot.wait(50)
    assert seen == []
