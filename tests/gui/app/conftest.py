from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.analysis.types import Analysis, Span
from engine.records import open_record
from engine.resources import built_in_record
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
from heartkit_gui.views.main_window import MainWindow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform remarks on every dialog that it cannot tell a window manager its size."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise)"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all windows: a style sheet that names other files would be applied anew each time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, cache: Path) -> Iterator[MainWindow]:
    """The main window with settings of its own, not analysing by itself."""
    make_application(["test"])
    handlers = logging.getLogger().handlers[:]
    made = make_window(Folders(tmp_path / "config", cache, tmp_path / "log", tmp_path / "runs"))
    made.context.settings.update(analyse_on_open=False)
    made.resize(1280, 800)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()
    for handler in logging.getLogger().handlers[:]:
        if handler not in handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()


@pytest.fixture
def sample_analysis(make_analysis: Callable[..., Analysis]) -> Analysis:
    """Made-up findings for the built-in record: a beat a second, every tenth ectopic, two runs, some noise."""
    with open_record(built_in_record()) as record:
        seconds = range(1, 299)
        symbols = "".join("V" if s % 10 == 0 else "A" if s % 25 == 7 else "N" for s in seconds)
        rhythm = (
            Span(0, 36_000, "N", 0.97),
            Span(36_000, 72_000, "AFIB", 0.8),
            Span(72_000, 108_000, "N", 0.9),
            Span(7_200, 7_800, "RUN", 0.9),
            Span(90_000, 90_900, "PAUSE", 1.0),
        )
        quality = (Span(20_000, 22_000, "noisy", 1.0),)
        return make_analysis(record, [s * 360 for s in seconds], symbols, rhythm=rhythm, quality=quality)


@pytest.fixture
def reviewed(window: MainWindow, qtbot: QtBot, sample_analysis: Analysis) -> MainWindow:
    """The window with the built-in record open and the made-up findings shown."""
    with qtbot.waitSignal(window.context.document.record_changed, timeout=10_000):
        window.open_sample("mitdb")
    window.context.document.set_analysis(sample_analysis)
    qtbot.wait(10)
    return window
