"""What is drawn of a stream; the ring is a real one, filled beforehand or step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.analysis.streaming import StreamingAnalysis
from engine.devices.protocol import ModelInfo
from engine.devices.ring import Ring
from engine.signals.filters import MONITOR
from engine.signals.span import Span
from heartkit_gui.canvas.marks import Spans
from heartkit_gui.live.board_marks import BoardMarks
from heartkit_gui.live.board_trace import BoardTrace
from heartkit_gui.live.live_canvas import LiveCanvas
from heartkit_gui.live.ring_record import RingRecord
from heartkit_gui.live.trace_ring import MODES, Mode
from heartkit_gui.theme.tokens import DARK, PAPER

SIZE = (900, 420)
MODEL = ModelInfo(0, "seg", 100.0, (256, 1), (256, 4), 0.1, 0, 0.1, 0, task="segmentation")
MakeRing = Callable[..., Ring]


def canvas_of(ring: Ring, mode: Mode, qtbot: QtBot, stop: int | None = None) -> LiveCanvas:
    """A canvas on calibrated paper that has drawn everything up to `stop`."""
    canvas = LiveCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(*SIZE)
    canvas.set_pixels_per_mm(4.0)
    canvas.set_mode(mode)
    canvas.set_stream(RingRecord(ring, "made", stop=0))
    with qtbot.waitExposed(canvas):
        canvas.show()
    show(canvas, ring.head if stop is None else stop)
    return canvas


def show(canvas: LiveCanvas, stop: int) -> None:
    """Have the canvas draw up to a sample."""
    assert canvas.record is not None
    canvas.record.stop = stop
    canvas.scene._offsets.clear()
    canvas.scene._offsets[False] = np.zeros(len(canvas.record.leads))
    canvas.scene._offsets[True] = np.zeros(len(canvas.record.leads))


def picture(canvas: LiveCanvas) -> np.ndarray:
    """Pixels [height, width] of the canvas."""
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    canvas.render(image)
    return np.frombuffer(image.bits(), np.uint32).reshape(SIZE[1], SIZE[0]).copy()


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal but for rounding of colours."""
    parts = [np.stack([(x >> shift) & 0xFF for shift in (0, 8, 16)]).astype(int) for x in (a, b)]
    return bool((np.abs(parts[0] - parts[1]) <= 3).mean() > 0.9995)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("hole", [None, (3500, 3700)])
def test_what_was_drawn_step_by_step_looks_like_all_at_once(
    mode: Mode, hole: tuple[int, int] | None, make_ring: MakeRing, qtbot: QtBot
) -> None:
    ring = make_ring(hole=hole)
    steps = canvas_of(ring, mode, qtbot, stop=2300)
    picture(steps)
    for stop in range(2301, ring.head + 1, 7):
        show(steps, stop)
        picture(steps)
    show(steps, ring.head)
    shown = picture(steps)
    whole = picture(canvas_of(ring, mode, qtbot))
    if mode == "roll":
        assert same(shown, whole)
    else:  # what lies behind the erase bar is of the sweep before, which a canvas that starts now never drew
        geometry = steps.view.geometry
        edge = geometry.margin + int(geometry.scale.px_of_sample(ring.head)) % geometry.time_width
        assert same(shown[:, :edge], whole[:, :edge])


@pytest.mark.parametrize("mode", MODES)
def test_late_findings_are_drawn_where_they_belong(mode: Mode, make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring()
    values, valid = ring.read(0, ring.head, [0])
    stream = StreamingAnalysis(ring.rate_hz, lead="II")
    stream.push(values[0, :4000], valid[0, :4000])
    early = stream.snapshot()
    stream.push(values[0, 4000:], valid[0, 4000:])
    late = stream.finish()
    steps = canvas_of(ring, mode, qtbot)
    bare = picture(steps)
    steps.set_analysis(early)
    picture(steps)
    steps.set_analysis(late)
    whole = canvas_of(ring, mode, qtbot)
    whole.set_analysis(late)
    assert same(picture(steps), picture(whole))
    assert not same(picture(steps), bare)


def test_a_sweep_leaves_columns_where_they_are_and_a_roll_moves_them(make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring()
    for mode in MODES:
        canvas = canvas_of(ring, mode, qtbot, stop=0)
        geometry = canvas.view.geometry
        edge = geometry.time_width // 2
        first = round(geometry.scale.sample_of_px(geometry.time_width + edge))  # in the middle of a sweep
        show(canvas, first)
        before = picture(canvas)
        show(canvas, first + 100)
        after = picture(canvas)
        rows = slice(round(geometry.paper.top), round(geometry.paper.bottom))
        if mode == "sweep":
            x = slice(geometry.margin + 40, geometry.margin + edge - 20)
            assert same(before[rows, x], after[rows, x])
        else:
            moved = int(geometry.scale.px_of_sample(first + 100)) - int(geometry.scale.px_of_sample(first))
            right = SIZE[0] - 200
            assert same(before[rows, right : right + 150], after[rows, right - moved : right + 150 - moved])


def test_the_bar_ahead_of_a_sweep_is_empty(make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring()
    canvas = canvas_of(ring, "sweep", qtbot)
    shown, geometry = picture(canvas), canvas.view.geometry
    x = geometry.margin + int(geometry.scale.px_of_sample(ring.head)) % geometry.time_width
    bar = shown[round(geometry.paper.top) : round(geometry.paper.bottom), x + 6 : x + 24]
    assert len(np.unique(bar)) == 1


def test_a_hole_is_hatched_and_said_never_drawn_as_a_line(make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring(hole=(4300, 4600))
    canvas = canvas_of(ring, "roll", qtbot)
    picture(canvas)
    gaps = canvas._screen._ring.gaps
    scale = canvas.view.scale
    assert {gap.row for gap in gaps} == {0, 1}
    for gap in gaps:
        assert abs(gap.left - scale.px_of_sample(4300)) < 2
        assert abs(gap.right - scale.px_of_sample(4600)) < 2


def test_the_filter_runs_along_and_says_so(make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring()
    canvas = canvas_of(ring, "roll", qtbot)
    raw = picture(canvas)
    canvas.set_filter(MONITOR)
    show(canvas, ring.head)
    assert not same(raw, picture(canvas))
    assert canvas.scene.pages is not None and canvas.scene.pages.non_diagnostic
    assert "0.5–40 Hz" in canvas.accessibleDescription()


def test_the_filtered_stream_does_not_depend_on_the_frames(make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring()
    one, many = (canvas_of(ring, "roll", qtbot, stop=stop) for stop in (ring.head, 500))
    for canvas in (one, many):
        canvas.set_filter(MONITOR)
    for stop in range(510, ring.head + 1, 13):
        show(many, stop)
        assert many.scene.pages is not None
        many.scene.pages.read(stop - 5, stop)
    show(many, ring.head)
    assert one.scene.pages is not None and many.scene.pages is not None
    a, b = (pages.read(3000, ring.head).values for pages in (one.scene.pages, many.scene.pages))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_what_the_board_finds_has_a_lane_with_a_track_of_differences(make_ring: MakeRing, qtbot: QtBot) -> None:
    canvas = canvas_of(make_ring(), "roll", qtbot)
    canvas.show_board((MODEL,))
    canvas.set_board(BoardMarks(waves=Spans([Span(4500, 4600, "QRS")]), compared=Spans([Span(3000, 5000, "")])))
    agreed = picture(canvas)
    canvas.set_board(BoardMarks(compared=Spans([Span(3000, 5000, "")]), differs=Spans([Span(4500, 4600, "x")])))
    band = canvas.view.geometry.below[0]
    lane = slice(round(band.top), round(band.bottom))
    differs = picture(canvas)
    assert not same(agreed[lane], differs[lane])
    assert same(agreed[: round(band.top) - 1], differs[: round(band.top) - 1])


def test_the_boards_lane_of_a_sweep_follows_its_findings_from_frame_to_frame(
    make_ring: MakeRing, qtbot: QtBot
) -> None:
    ring = make_ring()
    found = BoardMarks(
        waves=Spans([Span(4300, 4400, "QRS"), Span(4600, 4700, "T")]), compared=Spans([Span(3000, 5000, "")])
    )
    steps = canvas_of(ring, "sweep", qtbot, stop=4000)
    steps.show_board((MODEL,))
    steps.set_board(BoardMarks())
    for stop in range(4001, ring.head + 1, 50):
        show(steps, stop)
        picture(steps)
    steps.set_board(found)
    show(steps, ring.head)
    whole = canvas_of(ring, "sweep", qtbot)
    whole.show_board((MODEL,))
    whole.set_board(found)
    band = steps.view.geometry.below[0]
    lane = slice(round(band.top), round(band.bottom))
    assert same(picture(steps)[lane], picture(whole)[lane])
    steps.set_theme(DARK)
    assert not same(picture(steps)[lane], picture(whole)[lane])


def test_the_boards_denoised_signal_has_room_of_its_own(make_ring: MakeRing, qtbot: QtBot) -> None:
    canvas = canvas_of(make_ring(), "roll", qtbot)
    canvas.show_board((MODEL,))
    low = canvas.view.geometry.below[0].height
    canvas.show_board((MODEL, replace(MODEL, task="denoise")))
    band = canvas.view.geometry.below[0]
    assert band.height > low
    canvas.set_board(BoardMarks())
    empty = picture(canvas)
    position = np.arange(3000.0, 5000.0, 2.5)
    canvas.set_board(BoardMarks(trace=BoardTrace(position, np.sin(position / 20), 0.0)))
    drawn = picture(canvas)
    top, bottom = round(band.bottom) - 41, round(band.bottom)
    assert not same(drawn[top:bottom], empty[top:bottom])
    assert same(drawn[:top], empty[:top])


def test_themes_differ_and_nothing_is_lost_by_changing_them(make_ring: MakeRing, qtbot: QtBot) -> None:
    canvas = canvas_of(make_ring(), "roll", qtbot)
    light = picture(canvas)
    canvas.set_theme(DARK)
    assert not same(light, picture(canvas))
    canvas.set_theme(PAPER)
    assert same(light, picture(canvas))


def test_keys_and_wheel_change_gain_and_speed_and_look_back(make_ring: MakeRing, qtbot: QtBot) -> None:
    canvas = canvas_of(make_ring(), "roll", qtbot)
    canvas.set_gain(10.0)
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.gain == 20.0
    qtbot.keyClick(canvas, Qt.Key.Key_Equal)
    assert canvas.gain == 10.0
    qtbot.keyClick(canvas, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert canvas.speed == 50.0
    with qtbot.waitSignal(canvas.freeze_wanted):
        qtbot.keyClick(canvas, Qt.Key.Key_Left)
    with qtbot.waitSignal(canvas.freeze_wanted):
        QApplication.sendEvent(canvas, wheel(120, Qt.KeyboardModifier.NoModifier))
    QApplication.sendEvent(canvas, wheel(-120, Qt.KeyboardModifier.ControlModifier))
    assert canvas.speed == 25.0


def wheel(turned: int, modifiers: Qt.KeyboardModifier) -> QWheelEvent:
    at, none = QPointF(300, 200), QPoint(0, 0)
    buttons, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    return QWheelEvent(at, at, none, QPoint(0, turned), buttons, modifiers, phase, False)


def test_a_screen_reader_hears_what_is_seen(make_ring: MakeRing, qtbot: QtBot) -> None:
    canvas = canvas_of(make_ring(leads=("I", "II", "V1")), "sweep", qtbot)
    canvas.set_leads((0, 2))
    assert canvas.accessibleDescription().startswith("Sweep. Leads I, V1, ")
    assert "25 mm/s" in canvas.accessibleDescription()


def test_pulling_moves_with_the_stream_and_paints_only_what_is_new(make_ring: MakeRing, qtbot: QtBot) -> None:
    ring = make_ring(seconds=4.0)
    canvas = canvas_of(ring, "sweep", qtbot)
    canvas.pull(100.0)
    assert canvas.position == ring.head
    with qtbot.waitSignal(canvas.painted):
        ring.write(ring.head, np.zeros((2, 10), np.int16))
        canvas.pull(100.05)
    assert canvas.position > 1000
    assert canvas.moved
    canvas.pull(100.1)
    canvas.pull(100.15)
    canvas.pull(100.2)
    assert canvas.position == ring.head
    canvas.pull(100.25)
    assert not canvas.moved
