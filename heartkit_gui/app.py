"""The Qt application: style, fonts, faults, window."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from heartkit_gui.context import AppContext, Folders
from heartkit_gui.services.crash import log_qt_messages
from heartkit_gui.theme.stylesheet import base_font, load_fonts
from heartkit_gui.views.main_window import MainWindow

INTERRUPTED = 3
WARM_UP_MS = 250  # after the first paint, so that the first analysis starts at once
FILTERS_MS = 4000  # when the first analysis is under way, so that the first filter is not waited for


def has_display() -> bool:
    """Whether a window can be shown: on Linux that takes a display server or a platform that needs none."""
    if not sys.platform.startswith("linux"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform and platform.partition(":")[0] not in ("xcb", "wayland", "wayland-egl"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def make_application(arguments: list[str]) -> QApplication:
    """The one QApplication, with our style and font."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(arguments)
    app.setApplicationName("HeartKit Workbench")
    app.setApplicationDisplayName("HeartKit Workbench")
    app.setDesktopFileName("heartkit-workbench")
    app.setStyle("fusion")
    load_fonts()
    app.setFont(base_font())
    return app


def make_window(folders: Folders, theme: str | None = None) -> MainWindow:
    """Services and window; `theme`, where given, is kept in the settings."""
    context = AppContext(folders)
    if theme is not None:
        context.settings.update(theme=theme)
    window = MainWindow(context)
    if context.settings.notice:
        window.review.banner.show_message((context.settings.notice,))
    return window


class Interrupt(QObject):
    """Closes the window on Ctrl+C in the terminal. Python looks at signals only while its own code runs, hence the
    timer."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.happened = False
        self._window = window
        self._timer = QTimer(self)
        self._timer.setInterval(300)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: object) -> None:
        self.happened = True

    @Slot()
    def _look(self) -> None:
        if self.happened:
            self._window.close()


def load_filters() -> None:
    """Import what filters need, on the side: it takes most of a second."""
    threading.Thread(target=importlib.import_module, args=("scipy.signal",), name="filters", daemon=True).start()


def fit_to_screen(window: MainWindow) -> None:
    """Make a window that was never arranged no larger than the screen."""
    room = window.screen().availableGeometry()
    window.resize(min(window.width(), room.width()), min(window.height(), room.height()))


def run(path: Path | None, size: tuple[int, int] | None, theme: str | None, live: str | None = None) -> int:
    """Show the window until it is closed; with `live`, streaming from that virtual board."""
    app = make_application(sys.argv[:1])
    window = make_window(Folders.of_user(), theme)
    window.context.faults.install()
    log_qt_messages()
    fit_to_screen(window)
    window.restore_layout()
    interrupt = Interrupt(window)
    if size is not None:
        window.resize(*size)
    window.show()
    if path is not None:
        window.open_path(path)
    else:
        window.open_sample("mitdb")
    if live is not None:
        window.registry.run(f"live.start_{live}")
    QTimer.singleShot(WARM_UP_MS, window.context.analysis.warm_up)
    QTimer.singleShot(FILTERS_MS, load_filters)
    code = app.exec()
    return INTERRUPTED if interrupt.happened else code
