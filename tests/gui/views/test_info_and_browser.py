from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.records.record import ArrayRecord, Patient
from engine.resources import resource_path
from heartkit_gui.services.thumbnails import ThumbnailService
from heartkit_gui.theme.tokens import PAPER
from heartkit_gui.views.info_view import InfoView, lead_step
from heartkit_gui.views.record_browser import FACTS, FAULT, PICTURE, RecordBrowser


@pytest.fixture
def browser(qtbot: QtBot) -> Iterator[RecordBrowser]:
    service = ThumbnailService()
    made = RecordBrowser(service)
    qtbot.addWidget(made)
    made.set_theme(PAPER)
    made.resize(260, 400)
    made.show()
    yield made
    made.shutdown()
    service.shutdown()


def folder(browser: RecordBrowser, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(browser.folder_changed, timeout=5000):
        browser.show_folder(path)


def words(view: InfoView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view))


def test_personal_data_is_shown_only_when_wanted(make_record: Callable[..., ArrayRecord], qtbot: QtBot) -> None:
    view = InfoView()
    qtbot.addWidget(view)
    view.set_theme(PAPER)
    view.set_patient_shown(False)
    view.show_record(make_record(patient=Patient(id="77", name="Jane Roe"), device="Recorder 9"))
    assert "Jane Roe" not in words(view)
    assert "Recorder 9" in words(view)
    view.set_patient_shown(True)
    assert "Jane Roe" in words(view)
    view.show_record(None)
    assert "Jane Roe" not in words(view)


def test_resolution_of_leads(make_record: Callable[..., ArrayRecord]) -> None:
    from engine.records.record import Lead

    assert lead_step(Lead("II", adu_per_unit=200.0)) == "5 µV"
    assert lead_step(Lead("II", adu_per_unit=-400.0)) == "2.5 µV"
    assert lead_step(Lead("ABP", "mmHg", adu_per_unit=10.0)) == "0.1 mmHg"
    assert lead_step(Lead("II")) == ""


def test_rows_get_their_pictures_and_faults(browser: RecordBrowser, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "bad.edf").write_bytes(b"nothing")
    sample = resource_path("samples", "mitdb_208")
    for name in ("208x.hea", "208x.dat"):
        (tmp_path / name).write_bytes((sample / name).read_bytes())
    folder(browser, tmp_path, qtbot)
    model = browser.list.model()
    assert model.rowCount() == 2
    good, bad = model.index(0, 0), model.index(1, 0)
    qtbot.waitUntil(lambda: good.data(FACTS) is not None and bad.data(FACTS) is not None, timeout=5000)
    assert good.data() == "208x"
    assert good.data(PICTURE) is not None
    assert not good.data(FAULT)
    assert bad.data(FAULT)
    browser.grab()


def test_folders_are_entered_left_and_searched(browser: RecordBrowser, qtbot: QtBot) -> None:
    samples = resource_path("samples")
    folder(browser, samples, qtbot)
    names = [browser.list.model().index(i, 0).data() for i in range(browser.list.model().rowCount())]
    assert names == ["dicom_12lead", "mitdb_208"]
    browser.filter.setText("MIT")
    assert browser.list.model().rowCount() == 1
    browser.list.setCurrentIndex(browser.list.model().index(0, 0))
    with qtbot.waitSignal(browser.folder_changed, timeout=5000):
        qtbot.keyClick(browser.list, Qt.Key.Key_Return)
    assert browser.folder == samples / "mitdb_208"
    assert browser.filter.text() == ""
    with qtbot.waitSignal(browser.folder_changed, timeout=5000):
        qtbot.keyClick(browser.list, Qt.Key.Key_Backspace)
    assert browser.folder == samples


def test_a_folder_that_cannot_be_read_says_so(browser: RecordBrowser, qtbot: QtBot, tmp_path: Path) -> None:
    folder(browser, tmp_path / "gone", qtbot)
    assert browser.list.model().rowCount() == 0
    assert "gone" in browser._note.text()
    folder(browser, tmp_path, qtbot)
    assert browser._note.text() == "No recordings here."
