"""Filtering off the GUI thread: pages asked for while drawing arrive later and are drawn then."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from heartkit_gui.canvas.pages import PageSource


class PageLoader(QObject):
    """One thread that fills page sources. `loaded` comes on the GUI thread."""

    loaded = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._asked: tuple[PageSource, range] | None = None
        self.loaded.connect(self._done)

    def request(self, source: PageSource, pages: range) -> None:
        """Fill pages of a source; a request while one is running replaces the one waiting."""
        if not pages or self._asked == (source, pages):
            return
        self._pool.clear()
        self._asked = (source, pages)
        self._pool.start(_Fetch(self, source, pages))

    def wait(self) -> None:
        """Until nothing is being loaded."""
        self._pool.waitForDone()

    def _done(self) -> None:
        self._asked = None


class _Fetch(QRunnable):
    def __init__(self, loader: PageLoader, source: PageSource, pages: range) -> None:
        super().__init__()
        self._loader, self._source, self._pages = loader, source, pages

    def run(self) -> None:
        """Runs in the pool's thread."""
        self._source.fetch(self._pages)
        with suppress(RuntimeError):  # the widget was closed meanwhile
            self._loader.loaded.emit()
