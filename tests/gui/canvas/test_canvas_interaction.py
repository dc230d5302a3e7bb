"""Mouse, wheel, keys and calipers, driven as a user does."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QKeyEvent, QMouseEvent, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication

from heartkit_gui.canvas.ecg_canvas import TOOLS, EcgCanvas

FS = 250.0
DENSITY = 4.0  # 100 px a second at 25 mm/s
BEATS = list(range(300, 24_000, 200))  # 800 ms apart

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def canvas(qtbot, make_record, make_analysis):
    made = EcgCanvas()
    qtbot.addWidget(made)
    made.resize(1060, 500)
    made.set_pixels_per_mm(DENSITY)
    made.show()
    record = make_record(("II",), FS, values=np.zeros((1, 25_000), np.float32))
    made.set_record(record)
    made.set_analysis(make_analysis(record, BEATS, "NNV" + "N" * (len(BEATS) - 3)))
    made.setFocus()
    return made


def mouse(canvas: EcgCanvas, kind: QEvent.Type, x: float, y: float, modifiers=NONE, button=LEFT) -> None:
    at = QPointF(x, y)
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, modifiers)
    QApplication.sendEvent(canvas, event)


def drag(canvas: EcgCanvas, x0: float, y0: float, x1: float, y1: float, modifiers=NONE, button=LEFT) -> None:
    mouse(canvas, QEvent.Type.MouseButtonPress, x0, y0, modifiers, button)
    for part in (0.3, 0.7, 1.0):
        mouse(canvas, QEvent.Type.MouseMove, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, modifiers, button)
    mouse(canvas, QEvent.Type.MouseButtonRelease, x1, y1, modifiers, button)


def wheel(canvas: EcgCanvas, angle: int, modifiers=NONE, pixels: int = 0, x: float = 500.0) -> None:
    at = QPointF(x, 200.0)
    event = QWheelEvent(
        at,
        canvas.mapToGlobal(at),
        QPoint(0, pixels),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def x_of(canvas: EcgCanvas, sample: float) -> float:
    return canvas.view.x_of(sample)


def mid_y(canvas: EcgCanvas) -> float:
    return canvas.view.geometry.rows[0].baseline


# -- moving ----------------------------------------------------------------------------------------------


def test_keys_move_through_the_record(qtbot, canvas):
    width = canvas.view_stop - canvas.view_start

    def press(key: Qt.Key, modifiers=NONE) -> float:
        before = canvas.view_start
        qtbot.keyClick(canvas, key, modifiers)
        return canvas.view_start - before

    assert press(Qt.Key.Key_PageDown) == pytest.approx(width, abs=2)
    assert press(Qt.Key.Key_PageUp) == pytest.approx(-width, abs=2)
    assert press(Qt.Key.Key_Right) == pytest.approx(width / 10, abs=2)
    assert press(Qt.Key.Key_Right, SHIFT) == pytest.approx(FS, abs=2)
    assert press(Qt.Key.Key_Right, ALT) == pytest.approx(width / 2, abs=2)
    assert press(Qt.Key.Key_Left, SHIFT) == pytest.approx(-FS, abs=2)
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    assert canvas.view_stop == pytest.approx(25_000, abs=2)
    qtbot.keyClick(canvas, Qt.Key.Key_Home, CONTROL)
    assert canvas.view_start == 0


def test_the_view_stays_on_the_record(canvas):
    canvas.page(-3)
    assert canvas.view_start == 0
    canvas.set_view_start(10**9)
    assert canvas.view_stop == pytest.approx(25_000, abs=2)


def test_keys_of_the_menus_are_left_to_the_window(canvas):
    seen = []
    for key, modifiers in (
        (Qt.Key.Key_Plus, CONTROL),
        (Qt.Key.Key_C, NONE),
        (Qt.Key.Key_M, NONE),
        (Qt.Key.Key_N, NONE),
        (Qt.Key.Key_Delete, NONE),
    ):
        event = QKeyEvent(QEvent.Type.KeyPress, key, modifiers)
        QApplication.sendEvent(canvas, event)
        seen.append(event.isAccepted())
    assert not any(seen)


def test_dragging_moves_the_paper_with_the_pointer(canvas, qtbot):
    canvas.set_view_start(5000)
    with qtbot.waitSignal(canvas.view_changed) as caught:
        drag(canvas, 600, 200, 300, 210)
    assert canvas.view_start == pytest.approx(5000 + 300 / 100 * FS, abs=2)
    assert caught.args[1] - caught.args[0] == canvas.view_stop - canvas.view_start


def test_middle_button_pans_whatever_the_tool(canvas):
    canvas.set_tool("time")
    canvas.set_view_start(5000)
    drag(canvas, 600, 200, 500, 200, button=Qt.MouseButton.MiddleButton)
    assert canvas.view_start == pytest.approx(5000 + FS, abs=2)


def test_wheel_scrolls_and_parts_of_a_notch_add_up(canvas):
    width = canvas.view_stop - canvas.view_start
    wheel(canvas, -120)
    assert canvas.view_start == pytest.approx(width / 10, abs=2)
    for _ in range(8):
        wheel(canvas, 15)
    assert canvas.view_start == pytest.approx(0, abs=2)


def test_touch_pad_scrolls_by_pixels(canvas):
    wheel(canvas, -40, pixels=-37)
    assert canvas.view_start == pytest.approx(37 / 100 * FS, abs=2)


def test_ctrl_wheel_zooms_time_around_the_pointer(canvas):
    canvas.set_view_start(5000)
    before = canvas.view.sample_at(700)
    wheel(canvas, 120, CONTROL, x=700)
    assert canvas.speed == 50.0
    assert canvas.view.sample_at(700) == pytest.approx(before, abs=FS * 0.02)
    wheel(canvas, -60, CONTROL, x=700)
    assert canvas.speed == 50.0
    wheel(canvas, -60, CONTROL, x=700)
    assert canvas.speed == 25.0


@pytest.mark.parametrize("modifier", [ALT, SHIFT])
def test_alt_or_shift_wheel_changes_the_gain(canvas, qtbot, modifier):
    with qtbot.waitSignal(canvas.scale_changed):
        wheel(canvas, 120, modifier)
    assert canvas.gain == 20.0
    canvas.reset_gain()
    assert canvas.gain == 10.0


def test_native_pinch_zooms(canvas):
    device = QPointingDevice.primaryPointingDevice()
    at = QPointF(500, 200)
    event = QNativeGestureEvent(Qt.NativeGestureType.ZoomNativeGesture, device, 2, at, at, at, 0.5, QPointF())
    QApplication.sendEvent(canvas, event)
    assert canvas.speed == 50.0


def test_fit_to_width_shows_everything_and_says_so(canvas):
    canvas.fit_to_width()
    assert canvas.view_start == 0 and canvas.view_stop >= 25_000
    assert canvas.view_stop < 25_000 * 1.01
    canvas.resize(700, 500)
    assert 25_000 <= canvas.view_stop < 25_000 * 1.01
    assert "non-standard" in canvas.accessibleDescription()


# -- beats -----------------------------------------------------------------------------------------------


def test_click_selects_the_beat_under_it(canvas, qtbot):
    canvas.set_view_start(1000)
    with qtbot.waitSignal(canvas.beat_selected) as caught:
        drag(canvas, x_of(canvas, 1500) + 8, 200, x_of(canvas, 1500) + 9, 200)
    assert caught.args == [BEATS.index(1500)]
    canvas.set_analysis(None)
    assert canvas.selected_beat == -1


def test_tab_walks_the_beats_and_moves_the_view(canvas, qtbot):
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.selected_beat == 0
    for _ in range(40):
        qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.selected_beat == 40
    assert canvas.view_start < BEATS[40] < canvas.view_stop
    qtbot.keyClick(canvas, Qt.Key.Key_Backtab, SHIFT)
    assert canvas.selected_beat == 39
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.selected_beat == -1


def test_tab_leaves_the_canvas_where_there_are_no_beats(canvas):
    canvas.set_analysis(None)
    assert not canvas.next_beat()
    assert not canvas.previous_beat()


def test_selection_starts_in_view(canvas):
    canvas.set_view_start(10_000)
    canvas.next_beat()
    assert BEATS[canvas.selected_beat] == min(b for b in BEATS if b >= 10_000)


# -- calipers --------------------------------------------------------------------------------------------


def test_time_caliper_reads_milliseconds_and_rate_and_snaps(canvas, qtbot):
    canvas.set_tool("time")
    canvas.clear_calipers()
    a, b = x_of(canvas, BEATS[1]), x_of(canvas, BEATS[2])
    drag(canvas, a + 2, 200, b - 2, 200)
    assert canvas.caliper_text() == "800 ms, 75 bpm"
    canvas.clear_calipers()
    drag(canvas, a + 2, 200, b - 2, 200, ALT)
    assert canvas.caliper_text() == "760 ms, 79 bpm"


def test_caliper_moves_with_the_paper_and_its_handles(canvas):
    canvas.set_tool("time")
    canvas.clear_calipers()
    drag(canvas, x_of(canvas, BEATS[1]), 200, x_of(canvas, BEATS[2]), 200)
    before = canvas.caliper
    canvas.scroll_seconds(1)
    canvas.scroll_seconds(-1)
    assert canvas.caliper == before
    drag(canvas, x_of(canvas, before.b), 200, x_of(canvas, BEATS[3]), 200)
    assert canvas.caliper.a == BEATS[1] and canvas.caliper.b == BEATS[3]
    middle = (x_of(canvas, BEATS[1]) + x_of(canvas, BEATS[3])) / 2
    drag(canvas, middle, 200, middle + 80, 200)
    assert (canvas.caliper.a, canvas.caliper.b) == (BEATS[2], BEATS[4])


def test_voltage_caliper_reads_millivolts(canvas):
    canvas.set_tool("voltage")
    canvas.clear_calipers()
    drag(canvas, 300, mid_y(canvas), 300, mid_y(canvas) - 60)
    assert canvas.caliper_text() == "1.50 mV"
    canvas.set_gain(20.0)
    assert canvas.caliper_text() == "1.50 mV"


def test_march_out_has_the_name_of_its_interval(canvas):
    canvas.set_tool("march")
    canvas.clear_calipers()
    drag(canvas, x_of(canvas, BEATS[1]), 200, x_of(canvas, BEATS[2]), 200)
    assert canvas.caliper_text() == "March 800 ms, 75 bpm"
    canvas.grab()


@pytest.mark.parametrize("tool", ["time", "voltage", "march"])
def test_a_tool_taken_by_key_brings_a_caliper_into_view(canvas, tool, qtbot):
    with qtbot.waitSignal(canvas.caliper_changed):
        canvas.set_tool(tool)
    assert canvas.caliper is not None and canvas.caliper.kind == tool
    canvas.grab()


def test_caliper_by_keyboard(canvas, qtbot):
    canvas.select_beat(2)
    canvas.set_tool("time")
    assert canvas.caliper_text() == "800 ms, 75 bpm"
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.caliper.b == pytest.approx(BEATS[3] + 2, abs=1)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    before = canvas.caliper
    qtbot.keyClick(canvas, Qt.Key.Key_Left, SHIFT)
    assert canvas.caliper.a < before.a - 15 and canvas.caliper.b == before.b
    width = canvas.caliper.b - canvas.caliper.a
    qtbot.keyClick(canvas, Qt.Key.Key_Right, CONTROL)
    assert canvas.caliper.b - canvas.caliper.a == pytest.approx(width)
    start = canvas.view_start
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    assert canvas.view_start > start


def test_voltage_caliper_by_keyboard(canvas, qtbot):
    canvas.set_tool("voltage")
    for _ in range(40):
        qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.caliper_text() == "2.00 mV"


def test_escape_puts_the_caliper_away_before_the_selection(canvas, qtbot):
    canvas.select_beat(2)
    canvas.set_tool("time")
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.tool == "pan" and canvas.caliper is None and canvas.selected_beat == 2
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.selected_beat == -1


def test_click_with_a_caliper_tool_leaves_no_empty_caliper(canvas):
    canvas.set_tool("time")
    canvas.clear_calipers()
    drag(canvas, 300, 200, 301, 200)
    assert canvas.caliper is None


def test_unknown_names_are_refused(canvas):
    assert TOOLS == ("pan", "time", "voltage", "march")
    for act in (canvas.set_tool, canvas.set_layout, lambda name: canvas.set_overlay_visible(name, True)):
        with pytest.raises(ValueError, match="nonsense"):
            act("nonsense")


# -- read-out and screen reader --------------------------------------------------------------------------


def test_pointer_reads_time_and_values(canvas, qtbot, make_record):
    values = np.stack([np.linspace(-1, 1, 25_000), np.full(25_000, 0.5)]).astype(np.float32)
    valid = np.ones(values.shape, np.bool_)
    valid[1, 500:900] = False
    canvas.set_record(make_record(("I", "II"), FS, values=values, valid=valid))
    second = canvas.view.geometry.rows[1].middle
    with qtbot.waitSignal(canvas.cursor_moved) as caught:
        mouse(canvas, QEvent.Type.MouseMove, x_of(canvas, 250) + 0.2, second, button=Qt.MouseButton.NoButton)
    assert caught.args == ["0:01.00   II +0.50 mV   I -0.98 mV"]
    with qtbot.waitSignal(canvas.cursor_moved) as caught:
        mouse(canvas, QEvent.Type.MouseMove, x_of(canvas, 600) + 0.2, second, button=Qt.MouseButton.NoButton)
    assert caught.args[0].startswith("0:02.40   II no data")


def test_description_tells_what_is_seen(canvas):
    canvas.set_view_start(0)
    text = canvas.accessibleDescription()
    stop = canvas.view_stop
    count = sum(b < stop for b in BEATS)
    assert text == (
        f"Lead II, 0.0 to {stop / FS:.1f} s of 1:40, {count} beats, 1 ventricular, Sinus rhythm. "
        "25 mm/s, 10 mm/mV, unfiltered."
    )
    assert canvas.accessibleName() == "ECG"


def test_selected_beat_is_described_first(canvas):
    canvas.select_beat(2)
    assert canvas.accessibleDescription().startswith(
        f"Beat 3 of {len(BEATS)}, V, ventricular, at 0:02.80, RR 800 ms, PR 160 ms, QRS 100 ms, QT 390 ms, "
        "QTcB 420 ms, QTcF 410 ms, confidence 98 %. Lead II"
    )


def test_doubtful_beats_are_called_uncertain(canvas, make_record, make_analysis):
    record = canvas.scene.record
    canvas.set_analysis(make_analysis(record, BEATS, confidence=[0.3] * len(BEATS)))
    canvas.select_beat(0)
    assert "uncertain" in canvas.accessibleDescription()


def test_with_a_screen_reader_listening(canvas, qtbot):
    """Announcements are sent without a fault; what they say is the description tested above."""
    QAccessible.setActive(True)
    try:
        canvas.select_beat(2)
        canvas.set_tool("time")
        qtbot.keyClick(canvas, Qt.Key.Key_Right)
        assert QAccessible.queryAccessibleInterface(canvas).text(QAccessible.Text.Description).startswith("Beat 3")
    finally:
        QAccessible.setActive(False)


@pytest.mark.parametrize("value", [0.0, -3.0, float("nan")])
def test_impossible_calibrations_are_refused(canvas, value):
    with pytest.raises(ValueError, match="positive"):
        canvas.set_pixels_per_mm(value)
    with pytest.raises(ValueError, match="positive"):
        canvas.set_gain(value)
