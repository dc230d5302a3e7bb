from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot

from engine.resources import built_in_record, resource_path
from heartkit_gui.views.hints_dialog import HintsDialog
from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.widgets.dialogs import MessageDialog

COPY, LEFT, PLAIN = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def dialog(window: MainWindow, kind: type) -> object:
    found = [d for d in window.findChildren(kind) if d.isVisible()]
    assert len(found) == 1
    return found[0]


def opened(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        window.open_path(path)


def test_a_new_window_offers_ways_to_begin(window: MainWindow) -> None:
    assert window.review.welcome.isVisible()
    assert not window.review.canvas.isVisible()
    assert not window.registry["view.zoom_in"].isEnabled()
    assert window.registry["file.open"].isEnabled()


def test_the_sample_opens_with_trace_title_details_and_browser(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot, built_in_record())
    assert window.review.canvas.isVisible()
    assert window.windowTitle() == "208x – HeartKit Workbench"
    assert "360 Hz" in window.status.rate.text()
    assert window.info.leads.rows.rowCount() == 1
    assert window.registry["view.zoom_in"].isEnabled()
    qtbot.waitUntil(lambda: window.browser.list.currentIndex().data() == "208x", timeout=5000)
    assert window.context.settings.settings.recent == (str(built_in_record()),)


def test_a_twelve_lead_record_opens_as_a_sheet_and_a_long_one_stacked(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot, resource_path("samples", "dicom_12lead", "waveform_ecg.dcm"))
    assert window.review.canvas.ecg_layout == "3x4+1"
    assert window.registry["view.layout_6x2"].isEnabled()
    assert window.registry["view.layout_3x4+1"].isChecked()
    opened(window, qtbot, built_in_record())
    assert window.review.canvas.ecg_layout == "stacked"
    assert not window.registry["view.layout_6x2"].isEnabled()


def test_notices_of_the_reader_are_shown_above_the_trace(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot, resource_path("samples", "dicom_12lead", "waveform_ecg.dcm"))
    assert window.review.banner.isVisible()
    assert "MEDIAN BEAT" in window.review.banner.text
    window.review.banner.dismiss()
    assert not window.review.banner.isVisible()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.edf", b""),
        ("short.edf", b"0       " + b" " * 100),
        ("torn.hea", b"torn 1 360 100\ntorn.dat 212 200\n"),
        ("noise.dcm", bytes(range(256)) * 4),
        ("words.mat", b"these are words, not numbers"),
        ("zip.npz", b"PK\x03\x04 but not really"),
    ],
)
def test_a_bad_file_gives_a_dialog_and_leaves_the_open_record(
    reviewed: MainWindow, qtbot: QtBot, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    record, analysis = reviewed.context.document.record, reviewed.context.document.analysis
    with qtbot.waitSignal(reviewed.context.loader.failed, timeout=10_000):
        reviewed.open_path(path)
    message = dialog(reviewed, MessageDialog)
    assert isinstance(message, MessageDialog)
    assert name in message.sentence.text()
    assert not message.details.isVisible()
    assert str(path) in message.details.toPlainText()
    message.accept()
    assert reviewed.context.document.record is record
    assert reviewed.context.document.analysis is analysis
    assert record is not None
    assert record.read(0, 5).values.shape == (1, 5)


def test_a_file_that_is_gone_leaves_the_recent_list(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.edf")
    window.context.settings.update(recent=[gone])
    with qtbot.waitSignal(window.context.loader.failed, timeout=10_000):
        window.open_path(Path(gone))
    assert window.context.settings.settings.recent == ()


def test_a_table_asks_for_its_rate_and_opens(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("ecg;other\n" + "\n".join(f"{i % 7};{i % 5}" for i in range(900)))
    with qtbot.waitSignal(window.context.loader.asked, timeout=10_000):
        window.open_path(path)
    question = dialog(window, HintsDialog)
    assert isinstance(question, HintsDialog)
    question.rate.setCurrentText("250")
    question.unit.setCurrentIndex(question.unit.findData("mV"))
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        question.answered.emit(path, question.hints())
    record = window.context.document.record
    assert record is not None
    assert record.fs == 250.0
    assert window.context.document.hints == question.hints()


def test_files_can_be_dropped(window: MainWindow, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(built_in_record()))])
    enter = QDragEnterEvent(QPoint(5, 5), COPY, data, LEFT, PLAIN)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        window.dropEvent(QDropEvent(QPoint(5, 5), COPY, data, LEFT, PLAIN))
    assert window.context.document.record is not None


def test_text_and_web_addresses_cannot_be_dropped(window: MainWindow) -> None:
    for data in (QMimeData(), QMimeData()):
        data.setUrls([QUrl("https://example.org/100.hea")])
        enter = QDragEnterEvent(QPoint(5, 5), COPY, data, LEFT, PLAIN)
        enter.ignore()
        window.dragEnterEvent(enter)
        assert not enter.isAccepted()


def test_a_dropped_folder_is_browsed(window: MainWindow, qtbot: QtBot) -> None:
    folder = built_in_record().parent
    with qtbot.waitSignal(window.browser.folder_changed, timeout=5000):
        window.open_path(folder)
    assert window.browser.folder == folder
    assert window.context.document.record is None


def test_closing_a_record_brings_back_the_welcome(reviewed: MainWindow) -> None:
    reviewed.registry.run("file.close")
    assert reviewed.context.document.record is None
    assert reviewed.review.welcome.isVisible()
    assert reviewed.windowTitle() == "HeartKit Workbench"
    assert reviewed.status.rate.text() == ""
    assert not reviewed.registry["file.close"].isEnabled()


def test_return_in_the_browser_opens(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.browser.folder_changed, timeout=5000):
        window.open_path(built_in_record().parent)
    window.browser.list.setFocus()
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        qtbot.keyClick(window.browser.list, Qt.Key.Key_Return)
    assert window.context.document.record is not None


def test_reading_again_keeps_what_the_user_answered(reviewed: MainWindow, qtbot: QtBot) -> None:
    former = reviewed.context.document.record
    with qtbot.waitSignal(reviewed.context.document.record_changed, timeout=10_000):
        reviewed.registry.run("file.reload")
    assert reviewed.context.document.record is not former
    assert reviewed.context.document.record is not None
