from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.devices.discovery import Candidate, PortEntry
from engine.devices.link_state import LinkState, LinkStatus
from engine.devices.protocol import DeviceInfo
from heartkit_gui.live.device_panel import DevicePanel
from heartkit_gui.live.state_words import state_words
from heartkit_gui.live.virtual_boards import VIRTUAL_KINDS

BOARD = DeviceInfo("1.0", "test board", (1, 1), ("II",), (250,), 5.0)
CURE = "/dev/ttyS0 may not be opened by this user (sudo usermod -aG dialout $USER and log in again)"


@pytest.fixture
def panel(qtbot: QtBot) -> DevicePanel:
    made = DevicePanel()
    qtbot.addWidget(made)
    made.resize(290, 700)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.mark.parametrize("kind", [kind.key for kind in VIRTUAL_KINDS])
def test_one_click_asks_for_a_virtual_board(panel: DevicePanel, kind: str, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.virtual_wanted) as asked:
        qtbot.mouseClick(panel.virtual[kind], Qt.MouseButton.LeftButton)
    assert asked.args == [kind]


def test_an_address_is_typed_and_confirmed(panel: DevicePanel, qtbot: QtBot) -> None:
    panel.show_address()
    qtbot.keyClicks(panel.address, " socket://10.0.0.7:5000 ")
    panel.speed.setCurrentIndex(2)
    with qtbot.waitSignal(panel.port_wanted) as asked:
        qtbot.keyClick(panel.address, Qt.Key.Key_Return)
    assert asked.args == ["socket://10.0.0.7:5000", 460_800]


def test_an_empty_address_asks_for_nothing(panel: DevicePanel, qtbot: QtBot) -> None:
    panel.show_address()
    with qtbot.assertNotEmitted(panel.port_wanted):
        qtbot.mouseClick(panel.open, Qt.MouseButton.LeftButton)


def test_one_board_that_answers_is_chosen_already(panel: DevicePanel, qtbot: QtBot) -> None:
    panel.show_found([Candidate(PortEntry("/dev/ttyS0"), "no answer"), Candidate(PortEntry("COM3"), "", BOARD)])
    with qtbot.waitSignal(panel.port_wanted) as asked:
        qtbot.mouseClick(panel.use, Qt.MouseButton.LeftButton)
    assert asked.args[0] == "COM3"


def test_two_boards_are_for_the_user_to_choose(panel: DevicePanel, qtbot: QtBot) -> None:
    panel.show_found([Candidate(PortEntry(port), "", BOARD) for port in ("COM3", "COM4")])
    assert panel.hint.text() == "2 boards answer: choose one."
    assert not panel.use.isEnabled()
    panel.list.setCurrentRow(1)
    with qtbot.waitSignal(panel.port_wanted) as asked:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert asked.args[0] == "COM4"


def test_what_cannot_be_opened_is_listed_with_the_cure(panel: DevicePanel) -> None:
    panel.show_found([Candidate(PortEntry("/dev/ttyS0"), CURE)])
    assert "dialout" in panel.hint.text()
    assert panel.hint.isVisible()


def test_no_port_at_all_is_said(panel: DevicePanel) -> None:
    panel.show_found([])
    assert "No port was found" in panel.hint.text()
    assert not panel.list.isVisible()


def test_while_a_board_is_connected_the_choice_is_one_button(panel: DevicePanel, qtbot: QtBot) -> None:
    assert panel.virtual["an547"].isVisible()
    assert not panel.other.isVisible()
    panel.fold(True)
    assert not panel.virtual["an547"].isVisible()
    qtbot.mouseClick(panel.other, Qt.MouseButton.LeftButton)
    assert panel.virtual["an547"].isVisible()
    panel.fold(False)
    assert panel.virtual["an547"].isVisible()
    assert not panel.other.isVisible()


def test_the_card_says_state_reason_and_what_to_do(panel: DevicePanel, qtbot: QtBot) -> None:
    words = state_words(LinkStatus(LinkState.LOST, CURE), "", 2.0, 5.0)
    panel.card.show_words(words, can_leave=True, can_retry=False)
    assert panel.card.title.text() == LinkState.LOST.words
    assert "dialout" in panel.card.reason.text()
    assert "5 s so far, next attempt in 2 s." in panel.card.advice.text()
    assert "dialout" in panel.card.accessibleDescription()
    with qtbot.waitSignal(panel.leave_wanted):
        qtbot.mouseClick(panel.card.leave, Qt.MouseButton.LeftButton)
    panel.card.show_words(state_words(None), can_leave=False, can_retry=True)
    assert not panel.card.leave.isVisible()
    assert not panel.card.reason.isVisible()
    with qtbot.waitSignal(panel.retry_wanted):
        qtbot.mouseClick(panel.card.retry, Qt.MouseButton.LeftButton)
