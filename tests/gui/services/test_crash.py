from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from heartkit_gui.services.crash import FaultReporter, open_log


@pytest.fixture
def reporter(tmp_path: Path) -> Iterator[FaultReporter]:
    before = logging.getLogger().handlers[:]
    made = FaultReporter(open_log(tmp_path / "log"))
    yield made
    made.uninstall()
    for handler in logging.getLogger().handlers[:]:
        if handler not in before:
            logging.getLogger().removeHandler(handler)
            handler.close()


def test_a_fault_goes_to_the_log_and_to_the_user(reporter: FaultReporter, qtbot: QtBot) -> None:
    with qtbot.waitSignal(reporter.reported, timeout=1000) as caught:
        try:
            raise KeyError("lost")
        except KeyError:
            reporter.handle(*sys.exc_info())  # type: ignore[arg-type]
    sentence, details = caught.args
    assert "KeyError" in sentence
    assert "\n" not in sentence
    assert "lost" in details
    assert "lost" in reporter.log_path.read_text()


def test_faults_of_threads_arrive_too(reporter: FaultReporter, qtbot: QtBot) -> None:
    reporter.install()
    assert sys.excepthook == reporter.handle

    def fail() -> None:
        raise ValueError("in a thread")

    with qtbot.waitSignal(reporter.reported, timeout=1000) as caught:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    assert "in a thread" in caught.args[1]
    reporter.uninstall()
    assert sys.excepthook is sys.__excepthook__
