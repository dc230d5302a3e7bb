from __future__ import annotations

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.widgets.dialogs import MessageDialog


def test_a_record_is_analysed_in_the_background_when_opened(window: MainWindow, qtbot: QtBot) -> None:
    context = window.context
    context.settings.update(analyse_on_open=True)
    with qtbot.waitSignal(context.analysis.started, timeout=10_000):
        window.open_sample("mitdb")
    qtbot.waitUntil(lambda: not context.analysis.busy, timeout=60_000)
    assert context.document.analysis is not None
    assert window.findings.summary.text() == context.document.analysis.summary
    assert int(window.findings.rate.text()) > 60
    assert window.findings.episodes.rows.rowCount() == len(context.document.analysis.rhythm)
    assert window.findings.intervals.rows.rowCount() > 5
    assert window.registry["go.next_episode"].isEnabled()
    assert "MLII" in window.status.state.text()


def test_an_analysis_can_be_stopped_from_the_status_bar(window: MainWindow, qtbot: QtBot) -> None:
    context = window.context
    with qtbot.waitSignal(context.document.record_changed, timeout=10_000):
        window.open_sample("mitdb")
    window.registry.run("analysis.run")
    assert window.status.progress.isVisible()
    assert window.registry["analysis.cancel"].isEnabled()
    with qtbot.waitSignal(context.analysis.cancelled, timeout=5000):
        window.status.cancel_wanted.emit()
    assert not window.status.progress.isVisible()
    assert window.status.state.text() == "Analysis stopped"
    assert context.document.analysis is None
    assert window.review.canvas.isVisible()


def test_a_failed_analysis_is_told_and_can_be_repeated(reviewed: MainWindow) -> None:
    reviewed.context.document.set_analysis(None)
    reviewed.context.analysis.failed.emit("lead II is flat from start to end", "")
    assert "flat" in reviewed.review.banner.text
    assert reviewed.status.state.text() == "Not analysed"


def test_closing_the_record_stops_the_analysis(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        window.open_sample("mitdb")
    window.registry.run("analysis.run")
    window.registry.run("file.close")
    assert not window.context.analysis.busy
    qtbot.wait(50)
    assert window.context.document.analysis is None


def test_findings_are_saved_as_the_documented_json(reviewed: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    target = tmp_path / "found.json"
    reviewed.registry  # noqa: B018 - the handler is reached through the registry's group object
    handler = reviewed.registry["analysis.export"].row.handler
    assert handler == "analysis.export_json"
    from heartkit_gui.actions.window_commands import AnalysisCommands

    AnalysisCommands(reviewed).write_json(str(target))
    document = json.loads(target.read_text())
    assert document["version"] == 1
    assert len(document["beats"]) == 298
    AnalysisCommands(reviewed).write_json(str(tmp_path / "no" / "such" / "folder.json"))
    message = reviewed.findChild(MessageDialog)
    assert message is not None
    assert "folder.json" in message.sentence.text()


def test_reference_annotations_are_listed_and_shown(window: MainWindow, qtbot: QtBot, dataset: object) -> None:
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        window.open_path(dataset("mitdb") / "100.hea")  # type: ignore[operator]
    assert [found.name for found in window.context.document.annotations] == ["atr"]
    window.menus.annotations_chosen.emit("atr")
    shown = window.context.document.shown_annotations
    assert shown is not None
    assert len(shown) > 2000
    assert window.review.canvas.overlay_visible("annotations")
    window.menus.annotations_chosen.emit("")
    assert window.context.document.shown_annotations is None
