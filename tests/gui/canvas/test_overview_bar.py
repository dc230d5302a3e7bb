from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.analysis.types import Span
from engine.signals.pyramid import Pyramid
from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.canvas.overview_bar import HEIGHT, OverviewBar

FS = 250.0
N = 250 * 1000


@pytest.fixture
def pair(qtbot, make_record, make_analysis):
    """A canvas and its overview, joined as the window joins them."""
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    canvas, bar = EcgCanvas(), OverviewBar()
    column.addWidget(canvas)
    column.addWidget(bar)
    window.resize(1000, 500)
    canvas.view_changed.connect(bar.set_view)
    bar.view_requested.connect(canvas.set_view_start)
    values = np.zeros((1, N), np.float32)
    values[0, ::200] = 1.0
    record = make_record(("II",), FS, values=values)
    pyramid = Pyramid.build(record)
    bar.set_record(record, pyramid)
    canvas.set_record(record, pyramid)
    findings = make_analysis(
        record,
        list(range(300, N - 200, 200)),
        rhythm=(Span(0, N // 2, "N"), Span(N // 2, N, "AFIB"), Span(1000, 3000, "RUN")),
        quality=(Span(N // 4, N // 3, "noisy"),),
    )
    canvas.set_analysis(findings)
    bar.set_analysis(findings)
    window.show()
    return window, canvas, bar


def test_click_centres_the_view_there(pair, qtbot):
    _, canvas, bar = pair
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(500, 30))
    assert (canvas.view_start + canvas.view_stop) / 2 == pytest.approx(N / 2, abs=N / 500)
    assert bar._view == (canvas.view_start, canvas.view_stop)


def test_dragging_the_window_keeps_its_grip(pair, qtbot):
    _, canvas, bar = pair
    canvas.set_view_start(N // 2)
    x = round(bar._window().center().x())
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(x, 30))
    assert canvas.view_start == N // 2
    qtbot.mouseMove(bar, QPoint(x + 100, 30))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(x + 100, 30))
    assert canvas.view_start == pytest.approx(N // 2 + N / 10, abs=3)


def test_keys_move_by_views(pair, qtbot):
    _, canvas, bar = pair
    width = canvas.view_stop - canvas.view_start
    qtbot.keyClick(bar, Qt.Key.Key_Right)
    assert canvas.view_start == pytest.approx(width, abs=3)
    qtbot.keyClick(bar, Qt.Key.Key_PageDown)
    assert canvas.view_start == pytest.approx(11 * width, abs=20)
    qtbot.keyClick(bar, Qt.Key.Key_End)
    assert canvas.view_stop == pytest.approx(N, abs=3)
    qtbot.keyClick(bar, Qt.Key.Key_Home)
    assert canvas.view_start == 0


def test_description_follows_the_view(pair):
    _, canvas, bar = pair
    canvas.set_view_start(60 * FS)
    assert bar.accessibleDescription().startswith("View from 1:00 to 1:")
    assert bar.accessibleDescription().endswith("of 16:40.")


def test_rhythm_quality_and_beats_show_where_they_are(pair, make_analysis):
    _, canvas, bar = pair
    image = bar.grab().toImage()
    record = canvas.scene.record
    bar.set_analysis(make_analysis(record, []))
    plain = bar.grab().toImage()
    differs = np.array([[image.pixel(x, y) != plain.pixel(x, y) for x in range(0, 1000, 5)] for y in range(HEIGHT)])
    columns = differs.any(axis=0)
    assert columns[55:65].all()  # noise in the second quarter
    assert differs[3, 105:].mean() > 0.9  # the fibrillating half


def test_without_record_and_with_a_short_one(qtbot, make_record):
    bar = OverviewBar()
    qtbot.addWidget(bar)
    bar.resize(300, HEIGHT)
    bar.grab()
    assert bar.accessibleDescription() == "No record open."
    bar.set_record(make_record(values=np.zeros((1, 0), np.float32)))
    bar.grab()
    bar.set_record(make_record(seconds=2.0))
    bar.set_view(0, 5000)
    bar.grab()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(150, 30))
