"""What is not in our protocol may be read as lines of numbers; other algorithms wait for the next stream."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.analysis.stages import DEFAULT, Stages
from engine.devices.link_state import LinkState
from heartkit_gui.live.live_view import LiveView
from heartkit_gui.services.live import LATER
from heartkit_gui.views.algorithms_dialog import AlgorithmsDialog
from heartkit_gui.views.main_window import MainWindow

PATIENCE_MS = 30_000


@pytest.fixture
def plotter() -> Iterator[str]:
    """URL of a board that prints a number for each sample, 250 a second, to whoever is connected."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    closing = threading.Event()

    def serve() -> None:
        at, host = 0, None
        while not closing.wait(0.04):
            with suppress(TimeoutError):
                host, _ = listener.accept()
            lines = [f"{math.sin((at + k) / 20):.3f}\n" for k in range(10)]
            at += 10
            try:
                if host is not None:
                    host.sendall("".join(lines).encode())
            except OSError:
                host = None

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
    closing.set()
    thread.join(5)
    listener.close()


def test_what_is_not_understood_can_be_read_as_numbers(window: MainWindow, plotter: str, qtbot: QtBot) -> None:
    window.registry.run("live.show")
    view = window.live.made()
    card = view.devices.card
    assert not card.lines.isVisible()
    window.context.live.connect_port(plotter)
    qtbot.waitUntil(lambda: card.title.text() == LinkState.GARBAGE.words, timeout=PATIENCE_MS)
    qtbot.waitUntil(card.lines.isVisible, timeout=PATIENCE_MS)
    qtbot.mouseClick(card.lines, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.has_stream and view.canvas.position > 100, timeout=PATIENCE_MS)
    assert card.title.text() == LinkState.STREAMING.words
    assert not card.lines.isVisible()


def test_other_algorithms_wait_for_the_next_stream_and_it_is_said(
    streaming: LiveView, window: MainWindow, qtbot: QtBot
) -> None:
    window.algorithms.choose()
    (dialog,) = window.findChildren(AlgorithmsDialog)
    assert any("stream keeps its algorithms" in label.text() for label in dialog.findChildren(QLabel))
    with qtbot.waitSignal(window.context.live.remarked) as remarked:
        dialog.chosen.emit(Stages(waves="classical", beats=DEFAULT.beats, rhythm="classical"))
    assert remarked.args == [LATER]
    assert LATER in streaming.note.text.text()
    dialog.reject()
    window.registry.run("live.leave")
    window.algorithms.choose()
    (dialog,) = [made for made in window.findChildren(AlgorithmsDialog) if made.isVisible()]
    assert not any("stream keeps" in label.text() for label in dialog.findChildren(QLabel))
    dialog.reject()
