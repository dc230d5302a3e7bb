"""Recordings and marks in the real window, with the real session and a simulated board."""

from __future__ import annotations

import errno
from io import FileIO
from pathlib import Path

import pytest
from live_window import PATIENCE_MS, wait
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.devices import raw_log, recorder
from engine.devices.recorder import unfinished
from engine.records import open_record
from heartkit_gui.live.live_view import LiveView
from heartkit_gui.views.main_window import MainWindow


def test_a_recording_is_told_of_and_ended_while_a_record_is_looked_at(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    window.registry.run("live.show")
    wait(qtbot, lambda: window.status.aside.text() == "Live: streaming")
    window.registry.run("live.record")
    wait(qtbot, lambda: window.status.aside.text().startswith("● Recording 0:0"))
    qtbot.wait(500)
    window.registry.run("live.record")
    wait(qtbot, lambda: window.status.pointer.text().startswith("Recorded live-"))
    window.registry.run("live.leave")
    wait(qtbot, lambda: window.status.aside.text() == "")


def test_a_mark_is_kept_and_shown(streaming: LiveView, window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    wait(qtbot, lambda: streaming.canvas.scene.reference is not None)
    reference = streaming.canvas.scene.reference
    assert reference is not None
    assert "Mark" in reference.note_text


def test_a_recording_is_reviewed_with_the_findings_of_the_stream(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    wait(qtbot, lambda: streaming.is_recording)
    wait(qtbot, lambda: "REC 0:0" in streaming.bar.recording.text() and "kB" in streaming.bar.recording.text())
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    qtbot.wait(2500)
    with qtbot.waitSignal(streaming.recording_finished, timeout=PATIENCE_MS) as ended:
        window.registry.run("live.record")
    status = ended.args[0]
    assert status.fault == ""
    assert streaming.note.isVisible()
    assert status.name in streaming.note.text.text()
    with qtbot.waitSignal(window.context.document.record_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(streaming.note.open, Qt.MouseButton.LeftButton)
    assert not window.live.is_shown
    record = window.context.document.record
    assert record is not None
    assert record.n_samples == status.n_samples
    names = {found.name for found in window.context.document.annotations}
    assert len(names) >= 2  # the marks, and what was found
    shown = window.context.document.shown_annotations
    assert shown is not None and shown.name == recorder.MARKS
    assert "mark" in " ".join(shown.aux).lower()
    assert window.context.live.is_open  # streaming goes on
    session = window.context.live.session
    assert session is not None and session.ring is not None
    live, _ = session.ring.read(status.first_position, status.first_position + status.n_samples)
    assert (record.read(0, status.n_samples).values == live).all()


def test_no_recording_where_nothing_can_be_written(
    streaming: LiveView, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.context.folders.recordings.write_text("in the way")
    with qtbot.waitSignal(window.context.live.failed, timeout=PATIENCE_MS) as failed:
        window.registry.run("live.record")
    assert failed.args[0] == "Cannot record"
    assert not streaming.is_recording
    wait(qtbot, lambda: not window.registry["live.record"].isChecked())


@pytest.mark.parametrize("room", [0, 6000])
def test_a_full_disk_ends_the_recording_with_a_word_and_the_stream_goes_on(
    streaming: LiveView, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    whole = raw_log.write_all

    def limited(file: FileIO, data: bytes, at: int) -> None:
        nonlocal room
        room -= len(memoryview(data))
        if room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(file, data, at)

    monkeypatch.setattr("engine.devices.recording_wfdb.write_all", limited)
    starts = "Recorded live-" if room else "Nothing was recorded."
    window.registry.run("live.record")
    wait(qtbot, lambda: streaming.note.isVisible())
    assert streaming.note.text.text().startswith(starts)
    assert "the disk is full" in streaming.note.text.text()
    assert streaming.note.property("level") == "warning"
    assert streaming.note.open.isVisible() == starts.startswith("Recorded")
    assert not window.registry["live.record"].isChecked()
    at = streaming.canvas.position
    wait(qtbot, lambda: streaming.canvas.position > at + 50)


def test_closing_the_window_while_recording_loses_nothing(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    folder = window.context.folders.recordings
    window.registry.run("live.record")
    wait(qtbot, lambda: "kB" in streaming.bar.recording.text())
    session = streaming.session
    assert session is not None and session.ring is not None and session.recording is not None
    first, ring = session.recording.first_position, session.ring
    window.close()
    assert unfinished(folder) == ()
    (header,) = folder.glob("*/*.hea")
    record = open_record(header)
    live, _ = ring.read(first, ring.head)
    assert record.n_samples == ring.head - first
    assert (record.read(0, record.n_samples).values == live).all()


def test_another_rate_ends_a_recording_with_its_findings_and_a_word(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    window.registry.run("live.record")
    wait(qtbot, lambda: "kB" in streaming.bar.recording.text())
    before = streaming.numbers._counts["N"].text()
    wait(qtbot, lambda: streaming.numbers._counts["N"].text() not in (before, "0"))
    panel = streaming.board
    panel.rate.setCurrentIndex(panel.rate.findData(500))
    panel.rate.activated.emit(panel.rate.currentIndex())
    wait(qtbot, lambda: streaming.note.isVisible())
    assert streaming.note.text.text().startswith("Recorded live-")
    assert not window.registry["live.record"].isChecked()
    (header,) = window.context.folders.recordings.glob("*/*.hea")
    assert open_record(header).fs == 250
    assert header.with_suffix(".hkw").exists()
