from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.devices.ring import Ring
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
from heartkit_gui.live.live_view import LiveView
from heartkit_gui.views.main_window import MainWindow

MakeRing = Callable[..., Ring]
CODES_PER_MV = 200.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform remarks on every dialog that it cannot tell a window manager its size."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise)"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def make_ring() -> MakeRing:
    """A ring with `seconds` of beats written to it, as the reader of a port would; `hole` is not written."""

    def make(
        seconds: float = 20.0,
        rate_hz: float = 250.0,
        leads: tuple[str, ...] = ("II", "V5"),
        hole: tuple[int, int] | None = None,
        kept_s: float = 3600.0,
    ) -> Ring:
        ring = Ring(rate_hz, leads, [CODES_PER_MV] * len(leads), seconds=kept_s)
        codes = beats(round(seconds * rate_hz), rate_hz, len(leads))
        for start in range(0, codes.shape[1], 10):
            if hole is None or not hole[0] <= start < hole[1]:
                ring.write(start, codes[:, start : start + 10])
        return ring

    return make


def beats(n: int, rate_hz: float, leads: int) -> np.ndarray:
    """A beat a second in codes int16 [leads, n], each lead smaller than the one before."""
    phase = (np.arange(n) / rate_hz) % 1.0
    wave = np.exp(-(((phase - 0.4) / 0.012) ** 2)) + 0.25 * np.exp(-(((phase - 0.65) / 0.04) ** 2))
    return np.stack([np.round(CODES_PER_MV * wave / (1 + k)) for k in range(leads)]).astype(np.int16)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """The main window with folders of its own and quick algorithms; simulated boards run one model."""
    monkeypatch.setattr("engine.devices.simulator.server.USUAL_MODELS", ("seg-4-lg",))
    make_application(["test"])
    handlers = logging.getLogger().handlers[:]
    made = make_window(Folders(tmp_path / "config", cache, tmp_path / "log", tmp_path / "runs"))
    made.context.settings.update(
        analyse_on_open=False, waves_by="classical", beats_by="classical", rhythm_by="classical"
    )
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
def streaming(window: MainWindow, qtbot: QtBot) -> LiveView:
    """The live view of the window, streaming from a simulated board."""
    window.registry.run("live.start_simulator")
    view = window.live.made()
    qtbot.waitUntil(lambda: view.has_stream and view.canvas.position > 250, timeout=30_000)
    return view
