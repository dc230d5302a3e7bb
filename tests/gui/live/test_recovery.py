"""Recordings that were interrupted are offered when the window comes up; those under way are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.devices.protocol import DeviceInfo, Start
from engine.devices.raw_log import RawHeader
from engine.devices.recorder import PART, Recorder, RecorderOptions, unfinished
from engine.devices.recording_claim import CLAIM
from engine.devices.stream_intake import StreamShape
from heartkit_gui.actions.live_recovery import RecoveryDialog
from heartkit_gui.views.main_window import MainWindow

PATIENCE_MS = 30_000
SHAPE = StreamShape(250.0, ("II",), 200.0, 16)
HEADER = RawHeader(DeviceInfo("f", "b", (1, 1), ("II",), (250,), 5.0), Start(250, 1), "2026-01-01T00:00:00", True)


def recorder(folder: Path, name: str, qtbot: QtBot) -> Recorder:
    """A recording under way of 500 samples."""
    made = Recorder(RecorderOptions(folder, name, flush_every_s=0.0, raw=False), SHAPE, HEADER, 0)
    made.samples(0, np.arange(500, dtype=np.int16)[np.newaxis])
    qtbot.waitUntil(lambda: made.status.n_samples == 500, timeout=PATIENCE_MS)
    return made


def interrupted(folder: Path, name: str, qtbot: QtBot) -> Path:
    """The folder as it is after the program died: not finished, and locked by nobody."""
    made = recorder(folder, name, qtbot)
    part = folder / f"{name}{PART}"
    left = {path.name: path.read_bytes() for path in part.iterdir() if path.name != CLAIM}
    finished = made.finish().folder
    for path in finished.iterdir():
        path.unlink()
    finished.rename(part)
    for file_name, content in left.items():
        (part / file_name).write_bytes(content)
    (part / CLAIM).touch()
    return part


def test_an_interrupted_recording_is_recovered_and_opened(window: MainWindow, qtbot: QtBot) -> None:
    folder = window.context.folders.recordings
    folder.mkdir(parents=True)
    part = interrupted(folder, "fell", qtbot)
    running = recorder(folder, "runs", qtbot)
    assert len(unfinished(folder)) == 2
    window.live.recovery.look()
    qtbot.waitUntil(lambda: bool(window.findChildren(RecoveryDialog)), timeout=PATIENCE_MS)
    (dialog,) = window.findChildren(RecoveryDialog)
    assert "fell" in dialog.sentence.text()
    assert "runs" not in dialog.sentence.text()
    with qtbot.waitSignal(window.context.document.record_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(dialog.recover, Qt.MouseButton.LeftButton)
    record = window.context.document.record
    assert record is not None
    assert (record.name, record.n_samples) == ("fell", 500)
    assert not part.exists()
    assert running.finish().fault == ""


def test_nothing_is_asked_where_nothing_was_interrupted(window: MainWindow, qtbot: QtBot) -> None:
    folder = window.context.folders.recordings
    folder.mkdir(parents=True)
    running = recorder(folder, "runs", qtbot)
    window.live.recovery.look()
    qtbot.wait(500)
    assert not window.findChildren(RecoveryDialog)
    running.finish()


def test_what_cannot_be_recovered_is_said(window: MainWindow, qtbot: QtBot) -> None:
    folder = window.context.folders.recordings
    (folder / f"empty{PART}").mkdir(parents=True)
    window.live.recovery.look()
    qtbot.waitUntil(lambda: bool(window.findChildren(RecoveryDialog)), timeout=PATIENCE_MS)
    (dialog,) = window.findChildren(RecoveryDialog)
    with qtbot.waitSignal(window.live.recovery.done, timeout=PATIENCE_MS) as done:
        dialog.recover.click()
    assert done.args[0].headers == ()
    assert "cannot be finished" in done.args[0].faults[0]
