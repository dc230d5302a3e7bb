"""A picture of the main window, drawn offscreen with a record opened and analysed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot

from engine.errors import EngineError
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
from heartkit_gui.services.crash import log_qt_messages
from heartkit_gui.services.loaders import Failure, Question
from heartkit_gui.views.main_window import MainWindow

LIMIT_MS = 540_000
STREAM_S = 12.0  # of a live stream that the picture shows
STREAM_LIMIT_MS = 120_000
QUIET_MS = 60  # nothing under way for this long means that all is drawn


class SnapshotError(EngineError):
    """The picture cannot be made of this record, or not written there."""


class SnapshotFault(Exception):  # noqa: N818 - says whose it is
    """The picture cannot be made because of a defect of ours; the text holds the details."""


class _Waiter(QObject):
    """Ends an event loop when the window has nothing left to do, or when opening failed."""

    def __init__(self, window: MainWindow, loop: QEventLoop) -> None:
        super().__init__(window)
        self._window = window
        self._loop = loop
        self._quiet = 0
        self._refused = False
        self.fault: Exception | None = None
        loader, analysis = window.context.loader, window.context.analysis
        loader.failed.connect(self._failed)
        loader.asked.connect(self._asked)
        analysis.failed.connect(self._analysis_failed)
        self._timer = QTimer(self)
        self._timer.setInterval(20)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._stop(SnapshotError(failure.sentence))

    @Slot(object)
    def _asked(self, question: Question) -> None:
        self._stop(question.error)

    @Slot(str, str)
    def _analysis_failed(self, sentence: str, details: str) -> None:
        self._refused = True  # a record that cannot be analysed can still be drawn
        if details:
            self._stop(SnapshotFault(f"{sentence}\n{details}"))

    @Slot()
    def out_of_time(self) -> None:
        """Give up."""
        self._stop(SnapshotError("the record took too long to draw"))

    @Slot()
    def _look(self) -> None:
        context = self._window.context
        waiting = context.document.analysis is None and not self._refused
        busy = waiting or context.pyramids.busy or context.thumbnails.busy
        self._quiet = 0 if busy or context.analysis.busy else self._quiet + self._timer.interval()
        if self._quiet >= QUIET_MS:
            self._stop(None)

    def _stop(self, fault: Exception | None) -> None:
        self.fault = fault
        self._timer.stop()
        self._loop.quit()


class _StreamWaiter(QObject):
    """Ends an event loop when a stream has something to show, or will not come."""

    def __init__(self, window: MainWindow, loop: QEventLoop) -> None:
        super().__init__(window)
        self._service = window.context.live
        self._loop = loop
        self.refusal = ""
        self._service.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.setInterval(50)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @Slot(str, str, str)
    def _failed(self, title: str, sentence: str, details: str) -> None:
        self._refuse(sentence)

    @Slot()
    def out_of_time(self) -> None:
        """Give up."""
        self._refuse("the board sends nothing")

    @Slot()
    def _look(self) -> None:
        session = self._service.session
        ring = None if session is None else session.ring
        if ring is not None and (ring.head - ring.tail) / ring.rate_hz >= STREAM_S:
            self._stop()

    def _refuse(self, sentence: str) -> None:
        self.refusal = self.refusal or sentence
        self._stop()

    def _stop(self) -> None:
        self._timer.stop()
        self._loop.quit()


def _stream(window: MainWindow, board: str) -> None:
    """Stream from a virtual board until there is something to see. SnapshotError when it does not come."""
    loop = QEventLoop()
    waiter = _StreamWaiter(window, loop)
    window.registry.run(f"live.start_{board}")
    QTimer.singleShot(STREAM_LIMIT_MS, waiter, waiter.out_of_time)
    loop.exec()
    if waiter.refusal:
        raise SnapshotError(waiter.refusal)


def draw(
    path: Path | None, target: Path, size: tuple[int, int], theme: str | None, live: str | None = None
) -> None:
    """Write the picture: of the record, or, with `live`, of the stream of that virtual board.

    EngineError in one sentence where the record or the file does not allow it, SnapshotFault where we are to blame.
    """
    make_application(["heartkit-gui"])
    with tempfile.TemporaryDirectory(prefix="heartkit-") as folder:
        window = make_window(Folders.inside(Path(folder)), theme)
        log_qt_messages()
        try:
            window.resize(*size)
            window.show()
            if path is not None:
                window.open_path(path)
            else:
                window.open_sample("mitdb")
            loop = QEventLoop()
            waiter = _Waiter(window, loop)
            QTimer.singleShot(LIMIT_MS, waiter, waiter.out_of_time)
            loop.exec()
            if waiter.fault is not None:
                raise waiter.fault
            window.review.canvas.finish_loading()
            if live is not None:
                _stream(window, live)
            if not window.grab().save(str(target), "PNG"):
                raise SnapshotError("the picture cannot be written", path=target)
        finally:
            window.close()
