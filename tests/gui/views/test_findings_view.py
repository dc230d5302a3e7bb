from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from engine.analysis.types import Analysis, Measure, Span
from engine.records.record import ArrayRecord
from heartkit_gui.theme.tokens import PAPER
from heartkit_gui.views.findings_view import DISCLAIMER, FindingsView
from heartkit_gui.widgets.labels import ElidedLabel


@pytest.fixture
def view(qtbot: QtBot) -> FindingsView:
    made = FindingsView()
    qtbot.addWidget(made)
    made.set_theme(PAPER)
    made.resize(360, 700)
    made.show()
    return made


@pytest.fixture
def analysis(make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]) -> Analysis:
    record = make_record(seconds=30.0)
    rhythm = (Span(0, 15_000, "N"), Span(500, 900, "RUN"), Span(5000, 5200, "RUN"))
    found = make_analysis(record, list(range(250, 15_000, 500)), "NV" * 15, rhythm=rhythm)
    measures = {"hr": Measure(60, "1/min", 30), "pr": Measure(160, "ms", 30, 4, "how it was measured")}
    return replace(
        found,
        summary="Made-up rhythm.",
        intervals=measures,
        hrv={"sdnn": Measure(41, "ms")},
        provenance={"qrs": "made"},
    )


def test_everything_found_is_shown(view: FindingsView, analysis: Analysis) -> None:
    view.show_analysis(analysis)
    assert view.summary.text() == "Made-up rhythm."
    assert view.rate.text() == "60"
    assert [button.text() for button in view.classes] == ["15", "0", "15", "0", "0"]
    assert [button.isEnabled() for button in view.classes] == [True, False, True, False, False]
    assert view.episodes.rows.rowCount() == 3
    assert view.intervals.rows.index(0, 0).data() == "PR"
    assert "how it was measured" in view.intervals.rows.data(view.intervals.rows.index(0, 0), 3)
    assert view.hrv.isVisible()
    assert not view.quality.isVisible()


def test_the_statement_on_use_is_always_in_view(view: FindingsView, analysis: Analysis) -> None:
    for show in (lambda: None, lambda: view.show_analysis(analysis), lambda: view.show_message("Nothing.")):
        show()
        shown = [label for label in view.findChildren(type(view.summary)) if label.text() == DISCLAIMER]
        assert len(shown) == 1
        assert shown[0].isVisible()


def test_rhythm_rows_can_be_narrowed_to_one_kind(view: FindingsView, analysis: Analysis) -> None:
    view.show_analysis(analysis)
    view._filter.setCurrentIndex(view._filter.findData("Ventricular run"))
    assert [row.span.label for row in view.episodes.rows.rows] == ["RUN", "RUN"]
    view._filter.setCurrentIndex(0)
    assert view.episodes.rows.rowCount() == 3


def test_a_chosen_row_announces_its_stretch(view: FindingsView, analysis: Analysis, qtbot: QtBot) -> None:
    view.show_analysis(analysis)
    view.episodes.setFocus()
    view.episodes.selectRow(2)
    with qtbot.waitSignal(view.span_chosen) as caught:
        qtbot.keyClick(view.episodes, "\r")
    assert caught.args[0] == Span(5000, 5200, "RUN")


def test_a_message_takes_the_place_of_findings(view: FindingsView, analysis: Analysis) -> None:
    view.show_analysis(analysis)
    view.show_message("The analysis was stopped.", can_run=True)
    assert not view.summary.isVisible()
    assert view._run.isVisible()


def test_sections_fold_away(view: FindingsView, analysis: Analysis) -> None:
    view.show_analysis(analysis)
    section = next(s for s in view._sections if s.heading.text() == "Intervals")
    section.heading.click()
    assert not view.intervals.isVisible()
    section.heading.click()
    assert view.intervals.isVisible()


def test_a_label_without_room_shows_an_ellipsis_and_keeps_its_text(qtbot: QtBot) -> None:
    label = ElidedLabel("a very long path that cannot fit")
    qtbot.addWidget(label)
    label.resize(40, 20)
    assert label.minimumSizeHint().width() < 60
    assert label.toolTip() == label.text()
    label.grab()
