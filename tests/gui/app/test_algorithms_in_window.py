from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from engine.analysis.stages import CLASSICAL, Stages
from engine.analysis.types import Analysis, Fiducials
from heartkit_gui.views.algorithms_dialog import AlgorithmsDialog
from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.views.models_dialog import ModelsDialog

ALL_CLASSICAL = Stages(CLASSICAL, CLASSICAL, CLASSICAL)
Started = list[tuple[object, ...]]


@pytest.fixture
def started(reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Started:
    """What the two analysis services were asked for; nothing runs."""
    calls: Started = []
    for name in ("analysis", "comparison"):
        service = getattr(reviewed.context, name)
        monkeypatch.setattr(service, "start", lambda *a, which=name: calls.append((which, *a)))
    return calls


def later_t(analysis: Analysis) -> Analysis:
    table = analysis.fiducials.table().copy()
    table[::50, 8] += 30
    return replace(analysis, fiducials=Fiducials.from_table(table))


def test_algorithms_chosen_in_the_dialog_are_used_at_once_and_kept(
    reviewed: MainWindow, started: Started, zoo: Path
) -> None:
    reviewed.registry.run("analysis.algorithms")
    dialog = reviewed.findChild(AlgorithmsDialog)
    dialog.chooser.choose("waves", "seg-a")
    dialog.chooser.choose("rhythm", "rhythm-a")
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    (call,) = started
    assert call[0] == "analysis"
    stages = call[-1]
    assert isinstance(stages, Stages)
    assert (stages.waves, stages.rhythm) == ("seg-a", "rhythm-a")
    assert reviewed.context.settings.settings.stages == stages


def test_other_settings_do_not_start_an_analysis(reviewed: MainWindow, started: Started) -> None:
    reviewed.context.settings.update(theme="dark")
    assert started == []


def test_a_model_that_is_gone_stays_chosen_and_is_marked(reviewed: MainWindow, zoo: Path) -> None:
    reviewed.context.settings.update(waves_by="seg-gone")
    reviewed.registry.run("analysis.algorithms")
    dialog = reviewed.findChild(AlgorithmsDialog)
    box = dialog.chooser.boxes["waves"]
    assert box.currentText() == "seg-gone (not found)"
    assert "not here any more" in box.accessibleDescription()
    dialog.reject()


def test_comparing_needs_another_choice(reviewed: MainWindow, zoo: Path) -> None:
    reviewed.registry.run("analysis.compare")
    dialog = reviewed.findChild(AlgorithmsDialog)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    dialog.chooser.choose("beats", "beat-a")
    assert ok.isEnabled()
    dialog.reject()


def test_a_comparison_is_shown_walked_and_closed(
    reviewed: MainWindow, started: Started, zoo: Path, sample_analysis: Analysis, qtbot: QtBot
) -> None:
    document, canvas = reviewed.context.document, reviewed.review.canvas
    reviewed.registry.run("analysis.compare")
    dialog = reviewed.findChild(AlgorithmsDialog)
    dialog.chooser.choose("waves", "seg-a")
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert started[0][0] == "comparison"
    assert started[0][3] == 0  # the lead of the analysis shown
    view = reviewed.findings.comparison
    assert view.isVisible()
    reviewed.context.comparison.finished.emit(later_t(sample_analysis))
    assert document.comparison is not None
    assert canvas.scene.lanes_below[0].title == "seg-a, beat-aami"
    assert "6 differences" in view.text.text()
    assert view.boundaries.rows.index(5, 2).data() == "6"
    before = canvas.view_start
    reviewed.registry.run("analysis.next_difference")
    reviewed.registry.run("analysis.next_difference")
    assert canvas.view_start > before
    assert "Difference 2 of 6: T wave differs" in reviewed.status.pointer.text()
    view.previous.click()
    assert "Difference 1 of 6" in reviewed.status.pointer.text()
    reviewed.registry.run("analysis.end_comparison")
    assert document.comparison is None
    assert not view.isVisible()
    assert canvas.scene.lanes_below == ()
    assert not reviewed.registry["analysis.next_difference"].isEnabled()


def test_a_new_analysis_ends_the_comparison(
    reviewed: MainWindow, started: Started, sample_analysis: Analysis
) -> None:
    reviewed.algorithms.compare_with(ALL_CLASSICAL)
    reviewed.context.comparison.finished.emit(sample_analysis)
    assert reviewed.context.document.comparison is not None
    reviewed.context.document.set_analysis(later_t(sample_analysis))
    assert reviewed.context.document.comparison is None
    assert not reviewed.findings.comparison.isVisible()


def test_a_failed_comparison_is_told_where_it_was_asked_for(reviewed: MainWindow, started: Started) -> None:
    reviewed.algorithms.compare_with(ALL_CLASSICAL)
    reviewed.context.comparison.failed.emit("no model seg-x", "")
    assert reviewed.findings.comparison.text.text() == "no model seg-x"
    assert "no model seg-x" in reviewed.review.banner.text
    assert reviewed.context.document.analysis is not None


def test_two_real_analyses_are_compared(window: MainWindow, qtbot: QtBot) -> None:
    """The second analysis runs beside the first, in a process of its own."""
    context = window.context
    context.settings.update(analyse_on_open=True, waves_by=CLASSICAL)
    window.open_sample("12lead")
    qtbot.waitUntil(lambda: context.document.analysis is not None, timeout=60_000)
    window.algorithms.compare_with(ALL_CLASSICAL)
    qtbot.waitUntil(lambda: context.document.comparison is not None, timeout=60_000)
    comparison = context.document.comparison
    assert comparison is not None
    assert len(comparison.differences) == 0
    assert comparison.beats_both == len(comparison.shown.beats)


def test_findings_say_which_model_made_them(reviewed: MainWindow, sample_analysis: Analysis) -> None:
    made = {"delineation": "seg-a/0123abcd", "rhythm": "rhythm-a/89abcdef for fibrillation; rhythm rules 1"}
    reviewed.context.document.set_analysis(replace(sample_analysis, provenance={"qrs": "best path 1", **made}))
    findings = reviewed.findings
    assert findings._made_by.text() == "P, QRS and T waves by model seg-a, Rhythm by model rhythm-a"
    assert "P, QRS and T waves: model seg-a (0123abcd)" in findings._provenance.text()
    episode = findings.episodes.rows
    assert "By model rhythm-a (89abcdef) for fibrillation" in episode.data(episode.index(0, 0), 3)


def test_built_in_models_show_figures_limits_and_cost(window: MainWindow, zoo: Path) -> None:
    window.registry.run("models.zoo")
    dialog = window.findChild(ModelsDialog)
    assert [dialog.list.item(i).text() for i in range(dialog.list.count())] == [
        "beat-a", "rate-a", "rhythm-a", "ppg-a", "seg-a",
    ]  # fmt: skip
    dialog.list.setCurrentRow(4)
    facts = {row.name: row.value for row in dialog.facts.rows.rows}
    assert facts["Parameters"] == "7,000"
    assert facts["Licence"] == "commercial use allowed by its data"
    figures = {row.name: (row.value, row.interval) for row in dialog.figures.rows.rows}
    assert figures["Macro F1"] == ("0.912", "0.900 to 0.920")
    assert figures["F1 of p"] == ("absent", "")
    assert dialog.events.rows.rows[0].sd == "12.2 ms"
    assert dialog.limits.text() == "Knows nothing of children."
    dialog.accept()


def test_an_installation_without_models_says_so(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runtime.zoo.zoo_names", lambda: ())
    window.registry.run("models.zoo")
    dialog = window.findChild(ModelsDialog)
    assert "no built-in models" in dialog.about.text()
    assert not dialog.list.isVisible()
    dialog.accept()
