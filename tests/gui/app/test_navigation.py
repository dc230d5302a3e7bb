from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from heartkit_gui.actions.table import ACTIONS
from heartkit_gui.model.selection import NO_BEAT
from heartkit_gui.views.main_window import MainWindow
from heartkit_gui.widgets.dialogs import TimeDialog

KEYS = {
    "PgDown": (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier),
    "PgUp": (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier),
    "Right": (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier),
    "Left": (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier),
    "Shift+Right": (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier),
    "Shift+Left": (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier),
    "Alt+Right": (Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier),
    "Alt+Left": (Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier),
    "Home": (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier),
    "End": (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier),
    "Tab": (Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
    "Shift+Tab": (Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier),
    "Esc": (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
}


def state(window: MainWindow) -> tuple[object, ...]:
    canvas = window.review.canvas
    return canvas.view_start, canvas.selected_beat, canvas.tool, canvas.caliper_text()


def prepare(window: MainWindow) -> None:
    canvas = window.review.canvas
    canvas.escape()
    canvas.select_beat(100)
    canvas.centre_on(100 * 360)


def test_keys_of_the_trace_do_what_their_menu_rows_say(reviewed: MainWindow, qtbot: QtBot) -> None:
    canvas = reviewed.review.canvas
    rows = [row for row in ACTIONS if row.scope == "canvas" and row.id != "measure.clear"]
    assert len(rows) > 10
    for row in rows:
        prepare(reviewed)
        reviewed.registry.run(row.id)
        by_menu = state(reviewed)
        prepare(reviewed)
        before = state(reviewed)
        canvas.setFocus()
        qtbot.keyClick(canvas, *KEYS[row.keys[0]])
        assert state(reviewed) == by_menu, row.id
        assert state(reviewed) != before, row.id


@pytest.mark.parametrize("by_key", [True, False])
def test_escape_puts_calipers_away(reviewed: MainWindow, qtbot: QtBot, by_key: bool) -> None:
    canvas = reviewed.review.canvas
    reviewed.registry.run("measure.time")
    assert canvas.caliper_text()
    if by_key:
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    else:
        reviewed.registry.run("measure.clear")
    assert (canvas.tool, canvas.caliper_text()) == ("pan", "")
    assert reviewed.registry["measure.pan"].isChecked()


def test_episodes_are_walked_and_marked_in_the_findings(reviewed: MainWindow, qtbot: QtBot) -> None:
    canvas, seen = reviewed.review.canvas, []
    canvas.set_view_start(0)
    for _ in range(4):
        qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
        span = reviewed.context.selection.span
        assert span is not None
        seen.append(span.label)
        assert canvas.view_start <= span.start < canvas.view_stop
        row = reviewed.findings.episodes.row_at(reviewed.findings.episodes.currentIndex())
        assert row.span == span
    assert seen == ["RUN", "AFIB", "PAUSE", "PAUSE"]
    qtbot.keyClick(canvas, Qt.Key.Key_BracketLeft)
    assert reviewed.context.selection.span is not None
    assert reviewed.context.selection.span.label == "AFIB"


def test_a_click_on_a_rhythm_row_jumps(reviewed: MainWindow, qtbot: QtBot) -> None:
    table = reviewed.findings.episodes
    row = next(i for i, r in enumerate(table.rows.rows) if r.span.label == "PAUSE")
    table.scrollTo(table.rows.index(row, 0))
    rect = table.visualRect(table.rows.index(row, 1))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    canvas = reviewed.review.canvas
    assert canvas.view_start < 90_000 < canvas.view_stop
    assert reviewed.context.selection.span is not None
    assert reviewed.context.selection.span.label == "PAUSE"


def test_a_long_episode_is_shown_from_its_start(reviewed: MainWindow) -> None:
    canvas = reviewed.review.canvas
    span = next(s for s in reviewed.context.document.analysis.rhythm if s.label == "AFIB")  # type: ignore[union-attr]
    reviewed.go.to_span(span)
    view = canvas.view_stop - canvas.view_start
    assert canvas.view_start < span.start < canvas.view_start + view / 4


def test_beat_letters_lead_to_the_next_beat_of_their_class(reviewed: MainWindow, qtbot: QtBot) -> None:
    button = next(b for b in reviewed.findings.classes if b.aami == "V")
    analysis = reviewed.context.document.analysis
    assert analysis is not None
    chosen = []
    for _ in range(3):
        button.click()
        chosen.append(reviewed.context.selection.beat)
    assert [analysis.beats.aami[i] for i in chosen] == ["V"] * 3
    assert chosen == sorted(set(chosen))
    reviewed.go.to_beat(len(analysis.beats) - 1)
    button.click()
    assert reviewed.context.selection.beat == chosen[0]


def test_a_row_of_intervals_leads_to_a_typical_beat(reviewed: MainWindow) -> None:
    from heartkit_gui.model.findings import MeasureRow

    analysis = reviewed.context.document.analysis
    assert analysis is not None
    analysis.intervals["qt"] = type("M", (), {"value": 390.0})()  # type: ignore[index]
    reviewed.go.to_measure(MeasureRow("qt", "QT", "", "", "", ""))
    assert reviewed.context.selection.beat != NO_BEAT


def test_ectopic_beats_are_walked_both_ways(reviewed: MainWindow) -> None:
    reviewed.review.canvas.set_view_start(0)
    reviewed.registry.run("go.next_ectopic")
    first = reviewed.context.selection.beat
    reviewed.registry.run("go.next_ectopic")
    assert reviewed.context.selection.beat > first
    reviewed.registry.run("go.previous_ectopic")
    assert reviewed.context.selection.beat == first


def test_go_to_time(reviewed: MainWindow, qtbot: QtBot) -> None:
    reviewed.registry.run("go.time")
    dialog = reviewed.findChild(TimeDialog)
    assert dialog is not None
    dialog.field.setText("nonsense")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert dialog.isVisible()
    dialog.field.setText("2:30")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    canvas = reviewed.review.canvas
    assert (canvas.view_start + canvas.view_stop) / 2 == pytest.approx(150 * 360, abs=4)


def test_the_status_bar_follows_the_view(reviewed: MainWindow) -> None:
    canvas, status = reviewed.review.canvas, reviewed.status
    canvas.set_view_start(60 * 360)
    assert status.time.text().startswith("1:00.0 – ")
    assert status.time.text().endswith("of  5:00.0")
    assert "unreadable" in status.quality.text() or status.quality.text() == "Signal readable"
    canvas.centre_on(21_000)
    assert "unreadable" in status.quality.text()
    canvas.centre_on(60_000)
    assert status.quality.text() == "Signal readable"


def test_overview_and_trace_move_together(reviewed: MainWindow) -> None:
    reviewed.review.overview.view_requested.emit(50_000)
    assert reviewed.review.canvas.view_start == pytest.approx(50_000, abs=2)


@pytest.mark.parametrize(
    ("action", "read", "value"),
    [
        ("view.speed_50", lambda w: w.review.canvas.speed, 50.0),
        ("view.gain_20", lambda w: w.review.canvas.gain, 20.0),
        ("view.layout_stacked", lambda w: w.review.canvas.ecg_layout, "stacked"),
        ("measure.time", lambda w: w.review.canvas.tool, "time"),
        ("view.overlay_beats", lambda w: w.review.canvas.overlay_visible("beats"), False),
        ("view.filter_monitor", lambda w: w.status.filter.text(), "0.5–40 Hz"),
        ("view.mains", lambda w: w.status.filter.text(), "50 Hz subtracted"),
    ],
)
def test_view_commands_change_the_trace(
    reviewed: MainWindow, action: str, read: Callable[[MainWindow], object], value: object
) -> None:
    assert read(reviewed) != value or action == "view.layout_stacked"
    reviewed.registry.run(action)
    assert read(reviewed) == value
    row = reviewed.registry[action].row
    if row.group in reviewed.toolbar.choices:
        assert reviewed.toolbar.choices[row.group].currentText() in (row.label, "Stacked")


def test_the_toolbar_boxes_run_their_actions(reviewed: MainWindow, qtbot: QtBot) -> None:
    box = reviewed.toolbar.choices["speed"]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert reviewed.review.canvas.speed == 50.0
    assert reviewed.registry["view.speed_50"].isChecked()


def test_the_whole_record_fits_and_the_speed_box_says_so(reviewed: MainWindow) -> None:
    reviewed.registry.run("view.whole")
    canvas = reviewed.review.canvas
    assert canvas.view_start == 0
    assert canvas.view_stop >= 108_000 - 400
    box = reviewed.toolbar.choices["speed"]
    assert (box.currentIndex(), box.placeholderText()) == (-1, "fitted")


def test_filtered_and_unfiltered_are_compared_with_one_key(reviewed: MainWindow) -> None:
    status = reviewed.status.filter
    reviewed.registry.run("view.filter_diagnostic")
    shown = [status.text()]
    for _ in range(2):
        reviewed.registry.run("view.filter_swap")
        shown.append(status.text())
    assert shown == ["0.05–150 Hz", "unfiltered", "0.05–150 Hz"]


def test_overlays_are_hidden_and_come_back_as_they_were(reviewed: MainWindow) -> None:
    canvas = reviewed.review.canvas
    reviewed.registry.run("view.overlay_quality")
    reviewed.registry.run("view.overlays_all")
    assert not any(canvas.overlay_visible(name) for name in ("segments", "beats", "rhythm", "quality"))
    reviewed.registry.run("view.overlays_all")
    assert canvas.overlay_visible("segments")
    assert not canvas.overlay_visible("quality")
    assert reviewed.context.settings.settings.hidden_overlays == ("quality",)


def test_one_lead_at_a_time(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        window.open_sample("12lead")
    names = []
    for _ in range(13):
        window.registry.run("view.lead_next")
        (lead,) = window.review.canvas.scene.arrangement.leads
        names.append(window.context.document.record.leads[lead].name)  # type: ignore[union-attr]
    assert names[0] == names[12]
    assert len(set(names)) == 12
    window.registry.run("view.layout_12x1")
    assert len(window.review.canvas.scene.arrangement.leads) == 12
