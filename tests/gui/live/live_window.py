"""What tests of the live window share."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from engine.devices.simulator import Simulator
from heartkit_gui.views.main_window import MainWindow

PATIENCE_MS = 30_000


def simulator_of(window: MainWindow) -> Simulator:
    """The simulated board that the window streams from."""
    board = window.context.live.board
    assert board is not None
    simulator: Simulator = board.simulator
    return simulator


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    """Let the window work until something holds."""
    qtbot.waitUntil(condition, timeout=PATIENCE_MS)
