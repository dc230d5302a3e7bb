"""Bringing results from a worker thread to the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot


class Mailbox(QObject):
    """Runs functions on daemon threads and hands what they return to a slot on the GUI thread.

    Daemon threads, because a reader stuck on a hostile file must not keep the program from closing. After
    `close` nothing arrives any more.
    """

    _posted = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._open = True
        self._threads: set[threading.Thread] = set()
        self._posted.connect(self._arrive)

    def start(self, name: str, work: Callable[[], object], deliver: Callable[[object], None]) -> None:
        """Run `work` on its own thread, then `deliver` its result on the GUI thread. `work` must not raise."""

        def run() -> None:
            try:
                self.post(deliver, work())
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def post(self, deliver: Callable[[object], None], value: object) -> None:
        """Hand a value to the GUI thread; may be called from any thread."""
        with self._lock:
            if self._open:
                self._posted.emit(deliver, value)

    def close(self, wait_s: float = 1.0) -> None:
        """Deliver nothing more; give running threads a moment to end."""
        with self._lock:
            self._open = False
        for thread in tuple(self._threads):
            thread.join(wait_s)

    @Slot(object, object)
    def _arrive(self, deliver: Callable[[object], None], value: object) -> None:
        if self._open:
            deliver(value)
