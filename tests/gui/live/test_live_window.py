"""The whole way in the real window, with the real session and a simulated board."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from live_window import PATIENCE_MS, simulator_of, wait
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from engine.devices.heart_rate import RateLimits
from engine.devices.link_state import LinkState
from engine.devices.protocol import Source
from engine.devices.simulator import Faults, Simulator
from heartkit_gui.app import make_window
from heartkit_gui.context import Folders
from heartkit_gui.live import figures
from heartkit_gui.live.live_view import LiveView
from heartkit_gui.live.scene import BoardScene
from heartkit_gui.views.main_window import MainWindow


def test_one_click_on_the_welcome_page_streams_with_findings_of_host_and_board(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.devices import virtual

    started = virtual.start
    monkeypatch.setattr(virtual, "start", lambda board: started("simulator"))  # the button asks for the M55
    qtbot.mouseClick(window.review.welcome.live, Qt.MouseButton.LeftButton)
    view = window.live.view
    assert view is not None
    assert view.isVisible()
    assert "Starting" in view.devices.card.title.text()
    wait(qtbot, lambda: view.canvas.scene.marks is not None and len(view.canvas.scene.marks.beats) > 0)
    wait(qtbot, lambda: view.canvas.scene.board is not None and len(view.canvas.scene.board.waves) > 0)
    assert view.devices.card.title.text() == LinkState.STREAMING.words
    assert view.numbers.rate.text() != ""
    assert view.numbers.legend.isVisible()
    assert view.link.values["Samples lost"].text().startswith("0 of")
    assert view.canvas.frame_ms


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed")
def test_the_virtual_cortex_m55_streams(window: MainWindow, qtbot: QtBot) -> None:
    window.registry.run("live.start_an547")
    view = window.live.made()
    wait(qtbot, lambda: view.has_stream and view.canvas.position > 250)
    assert window.context.live.board is not None
    assert window.context.live.board.board == "an547", window.context.live.board.note
    assert view.board.boxes
    assert not view.faults.isVisible()
    wait(qtbot, lambda: "instructions" in view.board.boxes[0].cost.text())
    assert view.board._counted.isVisible()  # counted earlier, and so it says


def test_a_board_at_an_address_is_streamed_from(window: MainWindow, qtbot: QtBot) -> None:
    with Simulator() as simulator:
        window.registry.run("live.show")
        view = window.live.made()
        view.devices.show_address()
        qtbot.keyClicks(view.devices.address, simulator.url)
        qtbot.mouseClick(view.devices.open, Qt.MouseButton.LeftButton)
        wait(qtbot, lambda: view.has_stream and view.canvas.position > 100)
        window.registry.run("live.leave")
        wait(qtbot, lambda: not simulator.streaming)
        assert view.has_stream  # what was received stays
        assert view.devices.card.title.text() == LinkState.CLOSED.words
        qtbot.mouseClick(view.devices.card.retry, Qt.MouseButton.LeftButton)
        wait(qtbot, lambda: simulator.streaming)


def test_nobody_at_an_address_is_a_state_with_a_cure_and_ends_when_somebody_comes(
    window: MainWindow, qtbot: QtBot
) -> None:
    with Simulator() as simulator:
        url = simulator.url
        simulator.unplug(1.5)
        window.registry.run("live.show")
        view = window.live.made()
        window.context.live.connect_port(url)
        wait(qtbot, lambda: view.devices.card.title.text() == LinkState.LOST.words)
        assert "nobody listens there" in view.devices.card.reason.text()
        assert "so far" in view.devices.card.advice.text()
        assert view.note.isVisible()
        wait(qtbot, lambda: view.has_stream)
        wait(qtbot, lambda: not view.note.isVisible())


def test_a_pulled_cable_is_said_and_streaming_goes_on_by_itself(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    simulator_of(window).unplug(2.0)
    wait(qtbot, lambda: streaming.devices.card.title.text() == LinkState.RECONNECTING.words)
    assert streaming.note.isVisible()
    wait(qtbot, lambda: streaming.numbers.rate.text() == "–")
    assert streaming.numbers.rhythm.text() == figures.NO_SIGNAL
    wait(qtbot, lambda: streaming.devices.card.title.text() == LinkState.STREAMING.words)
    at = streaming.canvas.position
    wait(qtbot, lambda: streaming.canvas.position > at + 100)
    wait(qtbot, lambda: streaming.link.values["Reconnected"].text() == "once")


def test_lost_frames_are_counted_and_shown_as_gaps(streaming: LiveView, window: MainWindow, qtbot: QtBot) -> None:
    simulator_of(window).faults = Faults(drop=0.2)
    wait(qtbot, lambda: len(streaming.canvas._screen._ring.gaps) > 0)
    wait(qtbot, lambda: not streaming.link.values["Samples lost"].text().startswith("0 of"))


def test_faults_of_the_simulator_are_chosen_in_their_panel(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    panel, simulator = streaming.faults, simulator_of(window)
    assert panel.isVisible()
    for key, slider in panel.sliders.items():
        slider.setValue(10)
        assert getattr(simulator.faults, key) > 0
        slider.setValue(0)
        assert getattr(simulator.faults, key) == 0
    panel.sliders["corrupt"].setValue(50)
    wait(qtbot, lambda: streaming.link.values["Frames bad"].text() != "0")
    panel.sliders["corrupt"].setValue(0)
    qtbot.mouseClick(panel.unplug, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: streaming.devices.card.title.text() == LinkState.RECONNECTING.words)
    wait(qtbot, lambda: streaming.devices.card.title.text() == LinkState.STREAMING.words)
    session = streaming.session
    assert session is not None
    qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: any(event.kind == "boot" for event in session.events))
    at = streaming.canvas.position
    wait(qtbot, lambda: streaming.canvas.position > at + 100)
    qtbot.mouseClick(panel.stall, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: streaming.devices.card.title.text() == LinkState.STALLED.words)
    panel.sliders["drop"].setValue(5)
    window.registry.run("live.leave")
    wait(qtbot, lambda: not panel.isVisible())
    window.registry.run("live.start_simulator")
    wait(qtbot, lambda: panel.isVisible())
    assert simulator_of(window).faults == Faults()
    assert panel.sliders["drop"].value() == 0


def test_freezing_looks_back_while_streaming_goes_on(streaming: LiveView, window: MainWindow, qtbot: QtBot) -> None:
    wait(qtbot, lambda: streaming.canvas.scene.marks is not None and len(streaming.canvas.scene.marks.beats) > 1)
    window.activateWindow()
    streaming.canvas.setFocus()
    qtbot.keyClick(streaming.canvas, Qt.Key.Key_Space)
    assert streaming.is_frozen
    assert window.registry["live.freeze"].isChecked()
    frozen = streaming.freezer.canvas
    assert frozen.hasFocus()
    assert window.trace is frozen
    record = frozen.scene.record
    assert record is not None
    at, session = record.n_samples, streaming.session
    assert session is not None and session.ring is not None
    ring = session.ring
    head = ring.head
    wait(qtbot, lambda: ring.head > head + 50)
    assert record.n_samples == at
    qtbot.keyClick(frozen, Qt.Key.Key_Home)
    assert frozen.view_start == 0
    qtbot.keyClick(frozen, Qt.Key.Key_Tab)
    assert frozen.selected_beat == 0
    assert frozen.scene.arrangement.leads == streaming.canvas.scene.arrangement.leads
    window.registry.run("measure.time")
    assert "ms" in streaming.freezer.reading.text()
    qtbot.mouseClick(streaming.freezer.back, Qt.MouseButton.LeftButton)
    assert not streaming.is_frozen
    wait(qtbot, lambda: streaming.canvas.position > at)


def test_what_is_frozen_shows_the_boards_findings_and_the_marks(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    wait(qtbot, lambda: streaming.canvas.scene.board is not None and len(streaming.canvas.scene.board.waves) > 1)
    window.registry.run("live.mark")
    wait(qtbot, lambda: streaming.canvas.scene.reference is not None)
    at = streaming.canvas.position
    wait(qtbot, lambda: streaming.canvas.position > at + 50)
    window.registry.run("live.freeze")
    scene = streaming.freezer.canvas.scene
    assert scene.reference is not None and "Mark" in scene.reference.note_text
    assert [lane.name for lane in scene.lanes_below] == ["board"]
    assert isinstance(scene, BoardScene) and scene.board is not None
    assert len(scene.board.waves) > 0
    assert scene.board.compared.spans or scene.board.doubted.spans
    before = len(scene.board.waves)
    wait(qtbot, lambda: scene.board is not None and len(scene.board.waves) > before)  # the last window comes late


def test_without_a_board_nothing_is_asked_of_it_and_the_choice_is_back(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    assert streaming.board.isEnabled()
    assert not streaming.devices.virtual["an547"].isVisible()
    window.registry.run("live.leave")
    wait(qtbot, lambda: streaming.devices.virtual["an547"].isVisible())
    assert not streaming.board.isEnabled()
    wait(qtbot, lambda: not window.registry["live.record"].isEnabled())
    assert not window.registry["live.mark"].isEnabled()
    assert window.registry["live.freeze"].isEnabled()  # what was received can be looked at
    wait(qtbot, lambda: streaming.numbers.rhythm.text() == figures.NO_SIGNAL)


def test_noise_is_off_again_on_a_board_that_began_anew(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    slider = streaming.board.noise["muscle_mv"]
    slider.setValue(20)
    simulator_of(window).reset()
    wait(qtbot, lambda: slider.value() == 0)
    slider.setValue(20)
    window.registry.run("live.start_simulator")
    wait(qtbot, lambda: slider.value() == 0)


def test_rates_beyond_the_limits_are_remarked_on_as_no_alarm(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    limits = streaming.numbers.limits
    limits.high.setValue(41)
    assert limits.low.maximum() == 40
    wait(qtbot, lambda: streaming.numbers.alert.isVisible())
    assert "not an alarm" in streaming.numbers.alert.text()
    limits.high.setValue(200)
    wait(qtbot, lambda: not streaming.numbers.alert.isVisible())


def test_nothing_moves_when_a_remark_a_mark_or_a_recording_comes(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    def places() -> tuple[object, ...]:
        return streaming.canvas.geometry(), streaming.canvas.view.geometry.rows, streaming.numbers.legend.geometry()

    wait(qtbot, lambda: streaming.numbers.rate.text() != "–")
    before = places()
    window.registry.run("live.mark")
    window.registry.run("live.record")
    streaming.numbers.limits.high.setValue(41)
    wait(qtbot, lambda: streaming.numbers.alert.isVisible())
    wait(qtbot, lambda: "kB" in streaming.bar.recording.text())
    wait(qtbot, lambda: streaming.canvas.scene.reference is not None)
    assert places() == before


def test_a_rate_of_three_figures_has_its_room(streaming: LiveView, qtbot: QtBot) -> None:
    numbers = streaming.numbers
    before = numbers.dot.x()
    numbers.rate.setText("288")
    qtbot.waitUntil(lambda: numbers.rate.width() >= numbers.rate.sizeHint().width())
    assert numbers.dot.x() == before >= numbers.rate.geometry().right()


def test_closing_the_window_while_connecting_ends_at_once(window: MainWindow, qtbot: QtBot) -> None:
    window.registry.run("live.start_simulator")
    assert "Starting" in window.live.made().devices.card.title.text()
    window.close()
    assert window.context.live.session is None


def test_models_that_do_not_follow_the_stream_cannot_be_switched(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    session, panel = streaming.session, streaming.board
    assert session is not None and session.info is not None
    at_request = replace(session.info.models[0], id=9, name="other", hop=0)
    info = replace(session.info, models=(*session.info.models, at_request))
    panel.show_board(info, session.options)
    assert [box.switch.isEnabled() for box in panel.boxes] == [True, False]
    assert not panel.boxes[1].switch.isChecked()


def test_a_record_is_opened_and_the_colours_changed_while_streaming(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    session = streaming.session
    assert session is not None
    window.registry.run("view.theme")
    assert streaming.canvas.scene.theme is window.theme
    at = streaming.canvas.position
    wait(qtbot, lambda: streaming.canvas.position > at + 50)
    with qtbot.waitSignal(window.context.document.record_changed, timeout=PATIENCE_MS):
        window.open_sample("mitdb")
    assert not window.live.is_shown
    assert window.context.live.is_open and session.status.state is LinkState.STREAMING
    assert window.registry["view.layout_stacked"].isEnabled()
    window.registry.run("live.show")
    wait(qtbot, lambda: streaming.canvas.position > at + 100)
    assert not window.registry["view.layout_stacked"].isEnabled()


@pytest.mark.parametrize("key", [Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_Home])
def test_going_back_in_time_freezes_and_goes_on_in_the_frozen_trace(
    streaming: LiveView, window: MainWindow, qtbot: QtBot, key: Qt.Key
) -> None:
    wait(qtbot, lambda: streaming.canvas.position > 600)
    window.activateWindow()
    streaming.canvas.setFocus()
    qtbot.keyClick(streaming.canvas, key)
    assert streaming.is_frozen
    frozen = streaming.freezer.canvas
    qtbot.keyClick(frozen, Qt.Key.Key_Home)
    assert frozen.view_start == 0
    qtbot.keyClick(frozen, Qt.Key.Key_C)
    assert frozen.tool == "time"
    assert window.registry["measure.time"].isChecked()
    qtbot.keyClick(frozen, Qt.Key.Key_Escape)
    assert frozen.caliper is None
    qtbot.keyClick(frozen, Qt.Key.Key_Space)
    assert not streaming.is_frozen
    assert not window.registry["measure.time"].isEnabled()


def test_buttons_lose_their_words_before_they_lose_their_shape(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    record = next(b for b in streaming.bar.findChildren(QToolButton) if b.accessibleName() == "Record")
    words = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    assert record.toolButtonStyle() == words
    window.resize(1000, 640)
    wait(qtbot, lambda: record.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly)
    assert record.width() >= record.sizeHint().width()
    window.resize(1500, 800)
    wait(qtbot, lambda: record.toolButtonStyle() == words)


def test_leads_are_chosen_in_their_menu(streaming: LiveView, qtbot: QtBot) -> None:
    actions = streaming.bar.leads.menu().actions()
    assert [action.text() for action in actions][:3] == ["II", "I", "III"]
    for action in actions[2:]:
        action.trigger()
    assert streaming.canvas.scene.arrangement.leads == (0, 1)
    for action in actions[:2]:
        action.trigger()
    assert len(streaming.canvas.scene.arrangement.leads) == len(actions)  # none chosen: all


def test_input_noise_models_and_rate_are_asked_of_the_board(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    session, panel = streaming.session, streaming.board
    assert session is not None
    wait(qtbot, lambda: session.statistics().board.source is Source.REPLAY)
    choice = next(i for i in range(panel.source.count()) if panel.source.itemData(i)[0] is Source.SENSOR)
    panel.source.setCurrentIndex(choice)
    panel.source.activated.emit(choice)
    wait(qtbot, lambda: session.statistics().board.source is Source.SENSOR)
    panel.boxes[0].switch.click()
    wait(qtbot, lambda: session.statistics().board.model_mask & 1 == 0)
    panel.noise["baseline_mv"].setValue(30)
    former = session.generation
    panel.rate.setCurrentIndex(panel.rate.findData(500))
    panel.rate.activated.emit(panel.rate.currentIndex())
    wait(qtbot, lambda: session.generation > former and session.ring is not None)
    wait(qtbot, lambda: streaming.canvas.record is not None and streaming.canvas.record.fs == 500)


def test_the_open_record_is_injected(streaming: LiveView, window: MainWindow, qtbot: QtBot) -> None:
    session, panel = streaming.session, streaming.board
    assert session is not None
    choice = next(i for i in range(panel.source.count()) if panel.source.itemData(i)[0] is Source.INJECT)
    panel.source.setCurrentIndex(choice)
    panel.source.activated.emit(choice)
    wait(qtbot, lambda: session.statistics().board.source is Source.INJECT)
    at = streaming.canvas.position
    wait(qtbot, lambda: streaming.canvas.position > at + 100)


def test_going_to_the_review_and_back_keeps_the_stream_and_the_panels(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    assert not window.panels.dock("findings").isVisible()
    window.registry.run("live.show")
    assert window.panels.dock("findings").isVisible()
    assert window.trace is window.review.canvas
    at = streaming.canvas.position
    qtbot.wait(300)
    assert streaming.canvas.position == at  # nothing is drawn that nobody sees
    window.registry.run("live.show")
    wait(qtbot, lambda: streaming.canvas.position > at)
    assert not window.panels.dock("findings").isVisible()


def test_the_status_bar_tells_of_the_stream_and_of_the_record_again(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    status = window.status
    wait(qtbot, lambda: status.stream[3].text().startswith("Analysed lead"))
    state, rate, shown, _ = status.stream
    assert state.text().startswith(LinkState.STREAMING.words)
    assert rate.text() == "250 Hz"
    assert shown.text() == "unfiltered"
    assert all(label.isVisible() for label in status.stream)
    assert not status.time.isVisible() and not status.rate.isVisible() and not status.state.isVisible()
    window.registry.run("view.filter_monitor")
    wait(qtbot, lambda: "Hz" in shown.text())
    window.registry.run("live.show")
    assert not any(label.isVisible() for label in status.stream)
    assert status.time.isVisible() and status.rate.isVisible()


def test_speed_gain_and_filter_of_the_toolbar_are_those_of_the_live_trace(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    before = window.review.canvas.speed
    window.registry.run("view.speed_50")
    window.registry.run("view.gain_20")
    window.registry.run("view.filter_monitor")
    assert (streaming.canvas.speed, streaming.canvas.gain) == (50.0, 20.0)
    assert window.review.canvas.speed == before
    assert streaming.canvas.scene.pages is not None and streaming.canvas.scene.pages.spec is not None
    assert window.toolbar.choices["speed"].currentText() == "50 mm/s"


def test_sweep_and_roll_by_key(streaming: LiveView, window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    streaming.canvas.setFocus()
    qtbot.keyClick(streaming.canvas, Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    assert streaming.canvas.mode == "roll"
    qtbot.keyClick(streaming.canvas, Qt.Key.Key_W)
    assert streaming.canvas.mode == "sweep"


def test_mode_and_limits_are_those_of_last_time(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, cache: Path
) -> None:
    window.live.mode("roll")
    limits = window.live.made().numbers.limits
    limits.low.setValue(150)  # at most one below the other
    assert limits.low.value() == limits.high.value() - 1 == 129
    limits.high.setValue(180)
    limits.low.setValue(55)
    again = make_window(Folders(tmp_path / "config", cache, tmp_path / "log", tmp_path / "runs"))
    qtbot.addWidget(again)
    view = again.live.made()
    assert view.canvas.mode == "roll"
    assert view.numbers.limits.limits == RateLimits(55.0, 180.0)
    again.close()


def test_what_board_and_connection_tell_is_in_a_log_that_unfolds(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    assert not streaming.log.text.isVisible()
    qtbot.mouseClick(streaming.log.section.heading, Qt.MouseButton.LeftButton)
    assert streaming.log.text.isVisible()
    assert LinkState.STREAMING.words in streaming.log.text.toPlainText()
    simulator_of(window).unplug(0.5)
    wait(qtbot, lambda: LinkState.RECONNECTING.words in streaming.log.text.toPlainText())


def test_another_board_takes_the_place_of_the_first(streaming: LiveView, window: MainWindow, qtbot: QtBot) -> None:
    first = streaming.session
    window.registry.run("live.start_simulator")
    wait(qtbot, lambda: streaming.session is not first and streaming.has_stream)
    assert first is not None
    wait(qtbot, lambda: first.status.state is LinkState.CLOSED)


CONTROLS = (QPushButton, QToolButton, QComboBox, QLineEdit, QSlider)


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(streaming: LiveView, qtbot: QtBot) -> None:
    streaming.devices.fold(False)
    streaming.devices.show_address()
    nameless, unreachable = [], []
    for widget in streaming.findChildren(QWidget):
        if not isinstance(widget, CONTROLS) or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget.parent(), QComboBox):
            continue
        if not widget.accessibleName():
            nameless.append(_name(widget))
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            unreachable.append(_name(widget))
    assert nameless == []
    assert unreachable == []


def test_the_tabulator_goes_through_a_column_from_top_to_bottom(streaming: LiveView) -> None:
    board = streaming.board
    column = [board.results, *(box.switch for box in board.boxes), *board.noise.values(), streaming.faults.stall]
    met: list[QWidget] = []
    widget: QWidget = board.source
    for _ in range(200):
        widget = widget.nextInFocusChain()
        if widget in column:
            met.append(widget)
    assert met[: len(column)] == column


def _name(widget: QObject) -> str:
    return f"{type(widget).__name__} {getattr(widget, 'text', QLabel)()} in {type(widget.parent()).__name__}"
