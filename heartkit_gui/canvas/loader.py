"""Filtering off the GUI thread: pages asked for while drawing arrive later and are drawn then."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

from PySide6.QtCore import QObject, Signal

from heartkit_gui.canvas.pages import PageSource


class PageLoader(QObject):
    """One thread that fills page sources. `loaded` comes on the GUI thread.

    A Python thread, not one of Qt's pool: the destructor of a pool waits for its threads while it holds the
    interpreter lock that these need.
    """

    loaded = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
        self._asked: tuple[PageSource, range] | None = None
        self._waiting: Future[None] | None = None
        self.loaded.connect(self._done)

    def request(self, source: PageSource, pages: range) -> None:
        """Fill pages of a source; a request while one is running replaces the one waiting."""
        if not pages or self._asked == (source, pages):
            return
        if self._waiting is not None:
            self._waiting.cancel()
        self._asked = (source, pages)
        self._waiting = self._thread.submit(self._fetch, source, pages)

    def wait(self) -> None:
        """Until nothing is being loaded."""
        if self._waiting is not None:
            wait([self._waiting])

    def _fetch(self, source: PageSource, pages: range) -> None:
        source.fetch(pages)
        with suppress(RuntimeError):  # the widget was closed meanwhile
            self.loaded.emit()

    def _done(self) -> None:
        self._asked = None
