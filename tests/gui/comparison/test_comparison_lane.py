from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from engine.analysis.stages import Stages
from engine.analysis.types import Analysis, Fiducials, Span
from engine.records.record import ArrayRecord
from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.model.comparison import compare
from heartkit_gui.theme.tokens import DARK, PAPER, Theme


@pytest.fixture
def shown(make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]) -> Analysis:
    return make_analysis(make_record(seconds=6.0), [500, 1000, 1500, 2000, 2500], rhythm=(Span(0, 3000, "N"),))


@pytest.fixture
def canvas(qtbot: QtBot, make_record: Callable[..., ArrayRecord], shown: Analysis) -> EcgCanvas:
    made = EcgCanvas()
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.set_record(make_record(seconds=6.0))
    made.set_analysis(shown)
    with qtbot.waitExposed(made):
        made.show()
    return made


def later_t(analysis: Analysis, samples: int) -> Analysis:
    table = analysis.fiducials.table().copy()
    table[:, 8] += samples
    return replace(analysis, fiducials=Fiducials.from_table(table))


def lane_colours(canvas: EcgCanvas, sample: int, dy: float) -> QColor:
    """Colour of the lane at a sample, `dy` pixels below its top."""
    geometry = canvas.view.geometry
    image: QImage = canvas.grab().toImage()
    x = geometry.margin + canvas.view.scale.px_of_sample(sample) - canvas.view.origin_px
    return image.pixelColor(round(x), round(geometry.below[0].top + dy))


@pytest.mark.parametrize("theme", [PAPER, DARK], ids=lambda theme: theme.name)
def test_the_lane_marks_what_differs_and_leaves_the_rest(canvas: EcgCanvas, shown: Analysis, theme: Theme) -> None:
    canvas.set_theme(theme)
    canvas.set_comparison(compare(shown, later_t(shown, 40), Stages(waves="seg-x")))
    assert lane_colours(canvas, 600, 2.0) == QColor(theme.danger)  # inside a T wave
    assert lane_colours(canvas, 850, 2.0) != QColor(theme.danger)  # between T and the next P


def test_the_lane_takes_its_room_from_the_paper_and_gives_it_back(canvas: EcgCanvas, shown: Analysis) -> None:
    before = canvas.view.geometry
    canvas.set_comparison(compare(shown, shown, Stages(waves="seg-x")))
    with_lane = canvas.view.geometry
    assert len(with_lane.below) == 1
    assert with_lane.below[0].bottom == with_lane.axis.top == before.axis.top
    assert with_lane.paper.bottom == with_lane.below[0].top
    canvas.set_comparison(None)
    assert canvas.view.geometry == before


def test_the_lane_is_named_after_the_other_model(canvas: EcgCanvas, shown: Analysis) -> None:
    canvas.set_comparison(compare(shown, shown, Stages(waves="/home/runs/mine", rhythm="classical")))
    assert canvas.scene.lanes_below[0].title == "mine"


def test_another_record_has_no_lane(
    canvas: EcgCanvas, shown: Analysis, make_record: Callable[..., ArrayRecord]
) -> None:
    canvas.set_comparison(compare(shown, shown, Stages(waves="seg-x")))
    canvas.set_record(make_record(seconds=2.0))
    assert canvas.view.geometry.below == ()
