"""Pictures that take some handling of the window first: comparison, built-in models, training wizard, live view."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog

from engine.analysis.stages import CLASSICAL, Stages
from engine.devices.simulator import Faults
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
from heartkit_gui.views.main_window import MainWindow

LIMIT_S = 120.0
SETTLE_S = 0.4
STREAM_S = 12.0


def main(folder: Path) -> int:
    """Draw all into the folder."""
    app = make_application(sys.argv[:1])
    with tempfile.TemporaryDirectory() as home:
        window = make_window(Folders.inside(Path(home)), "paper")
        window.resize(1600, 950)
        window.show()
        window.open_sample("mitdb")
        _until(app, lambda: window.context.document.analysis is not None)
        window.algorithms.compare_with(Stages(CLASSICAL, CLASSICAL, CLASSICAL))
        _until(app, lambda: window.context.document.comparison is not None)
        window.registry.run("analysis.next_difference")
        _settle(app)
        window.grab().save(str(folder / "comparison.png"))
        _dialog(app, window, "models.zoo", folder / "built_in_models.png")
        window.registry.run("models.train")
        _settle(app)
        wizard = window.models.wizard
        assert wizard is not None
        wizard.grab().save(str(folder / "training.png"))
        wizard.close()
        live(app, window, folder)
        window.close()
    return 0


def live(app: QApplication, window: MainWindow, folder: Path) -> None:
    """A virtual board streaming, the picture frozen, and the cable pulled from a simulated board."""
    window.registry.run("live.start_an547")
    view = window.live.made()
    _until(app, lambda: view.has_stream)
    view.canvas.set_leads((0, 1, 6))
    _until(app, lambda: view.canvas.position > STREAM_S * view.canvas.scene.record.fs)
    window.registry.run("live.mark")
    _settle(app, 3.0)
    window.grab().save(str(folder / "live.png"))
    window.registry.run("live.freeze")
    view.freezer.canvas.next_beat()
    view.freezer.canvas.set_tool("time")
    _settle(app)
    window.grab().save(str(folder / "live_frozen.png"))
    window.registry.run("view.theme")
    window.registry.run("live.start_simulator")
    _until(app, lambda: window.context.live.board is not None and window.context.live.board.board == "simulator")
    _until(app, lambda: view.has_stream)
    view.canvas.set_leads((0, 1, 6))
    window.registry.run("live.mode_roll")
    _until(app, lambda: view.canvas.position > STREAM_S * view.canvas.scene.record.fs)
    simulator = window.context.live.board.simulator
    simulator.faults = Faults(drop=0.04)
    _settle(app, 3.0)
    simulator.unplug(30.0)
    _settle(app, 6.0)
    window.grab().save(str(folder / "live_fault.png"))
    window.registry.run("view.theme")


def _dialog(app: QApplication, window: MainWindow, action: str, picture: Path) -> None:
    window.registry.run(action)
    _settle(app)
    dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
    dialog.grab().save(str(picture))
    dialog.close()


def _until(app: QApplication, done: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not done():
        if time.monotonic() > limit:
            raise TimeoutError("the window did not get ready for its picture")
        app.processEvents()
        time.sleep(0.002)


def _settle(app: QApplication, seconds: float = SETTLE_S) -> None:
    limit = time.monotonic() + seconds
    _until(app, lambda: time.monotonic() > limit)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
