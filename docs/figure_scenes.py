"""Pictures that take some handling of the window first: a comparison, the built-in models, the training wizard."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog

from engine.analysis.stages import CLASSICAL, Stages
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
from heartkit_gui.views.main_window import MainWindow

LIMIT_S = 120.0
SETTLE_S = 0.4


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
        window.close()
    return 0


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
        time.sleep(0.01)


def _settle(app: QApplication) -> None:
    limit = time.monotonic() + SETTLE_S
    _until(app, lambda: time.monotonic() > limit)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
