from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from engine.analysis.types import Analysis
from engine.records.record import ArrayRecord
from heartkit_gui.theme.tokens import DARK, PAPER
from heartkit_gui.views.trends_view import TITLES, TrendsView


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[TrendsView]:
    made = TrendsView(PAPER)
    qtbot.addWidget(made)
    made.resize(700, 260)
    yield made
    made.close()


@pytest.fixture
def analysis(make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]) -> Analysis:
    steps = np.random.default_rng(3).integers(180, 260, 400)
    samples = np.cumsum(steps)
    record = make_record(fs=250.0, seconds=float(samples[-1] / 250 + 1))
    return make_analysis(record, samples.tolist(), "".join("V" if i % 20 == 9 else "N" for i in range(400)))


def test_plots_are_made_when_first_shown(view: TrendsView, analysis: Analysis, qtbot: QtBot) -> None:
    view.show_analysis(analysis)
    assert view.plots is None
    view.show()
    assert view.plots is not None


@pytest.mark.parametrize("tab", range(len(TITLES)))
def test_arrow_keys_walk_and_return_chooses(view: TrendsView, analysis: Analysis, qtbot: QtBot, tab: int) -> None:
    view.show_analysis(analysis)
    view.show()
    view.tabs.setCurrentIndex(tab)
    assert view.plots is not None
    plot = view.plots[tab]
    assert plot.isVisible()
    plot.setFocus()
    for _ in range(3):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    first = plot.accessibleDescription()
    assert first
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert plot.accessibleDescription() != first
    with qtbot.waitSignal(view.beat_chosen) as caught:
        qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert 390 < caught.args[0] < 400


def test_the_nearest_point_is_found_on_the_screen(view: TrendsView, analysis: Analysis) -> None:
    view.show_analysis(analysis)
    view.show()
    view.tabs.setCurrentIndex(1)
    assert view.plots is not None
    plot = view.plots[1]
    for at in (0, 57, 398):
        assert plot.nearest(QPointF(plot._x[at], plot._y[at])) == at


def test_a_selected_beat_is_marked(view: TrendsView, analysis: Analysis) -> None:
    view.show_analysis(analysis)
    view.show()
    view.tabs.setCurrentIndex(1)
    view.show_beat(100)
    assert view._reading.text().startswith("RR ")
    view.show_beat(0)
    assert view._reading.text() == ""


def test_themes_and_empty_analyses_are_no_trouble(
    view: TrendsView, make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]
) -> None:
    record = make_record()
    view.show()
    for samples in ([], [5], [5, 4000], [100, 150, 160]):
        view.show_analysis(make_analysis(record, samples))
        for tab in range(len(TITLES)):
            view.tabs.setCurrentIndex(tab)
            view.set_theme(DARK)
            view.grab()
    view.show_analysis(None)


def test_very_many_beats_are_drawn_in_moderation(view: TrendsView, analysis: Analysis) -> None:
    from heartkit_gui.views.trend_plots import MANY, _thinned

    values = np.ones(100_000)
    values[777] = 9.0
    keep = _thinned(values)
    assert keep.sum() <= 1.1 * MANY
    assert keep[777]
