"""Faults of our own: written to a log file, told to the user in one sentence."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

log = logging.getLogger("heartkit_gui")

LOG_NAME = "heartkit-gui.log"
MAX_LOG_BYTES = 1_000_000
_QT_LEVELS = {
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def open_log(folder: Path) -> Path:
    """Send warnings and faults to a rotating file in `folder`; returns its path. Works without a writable disk."""
    path = folder / LOG_NAME
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=MAX_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
        handler.setLevel(logging.WARNING)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)
    return path


def log_qt_messages() -> None:
    """Send what Qt has to say to the log instead of the terminal."""
    qInstallMessageHandler(_log_qt_message)


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    if kind in _QT_LEVELS:
        logging.getLogger("qt").log(_QT_LEVELS[kind], "%s", message)


class FaultReporter(QObject):
    """Receives every exception that nobody caught, from any thread; `reported` carries one sentence and details."""

    reported = Signal(str, str)

    def __init__(self, log_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.log_path = log_path

    def install(self) -> None:
        """Take over the exception hooks of the interpreter and of threads."""
        sys.excepthook = self.handle
        threading.excepthook = self._handle_thread

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def handle(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the fault and tell the user; KeyboardInterrupt ends the program as usual."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("uncaught", exc_info=(kind, error, trace))
        import traceback

        details = "".join(traceback.format_exception(kind, error, trace))
        sentence = (
            f"Something went wrong inside HeartKit ({kind.__name__}). "
            "Your files are untouched; please report this with the details below."
        )
        self.reported.emit(sentence, f"Log file: {self.log_path}\n\n{details}")

    def _handle_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self.handle(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
