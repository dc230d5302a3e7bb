"""Min/max pyramids of long records, loaded from the cache or built off the GUI thread."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import Cancelled, EngineError
from engine.records.record import Record
from heartkit_gui.services.delivery import Mailbox

log = logging.getLogger(__name__)

WORTHWHILE_S = 120.0  # shorter records are drawn from their samples as fast


class PyramidService(QObject):
    """Makes the pyramid of the open record; a later request ends an earlier one."""

    ready = Signal(object, object)  # Record, Pyramid

    def __init__(self, cache_folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cache = cache_folder
        self._mailbox = Mailbox(self)
        self._stop = threading.Event()
        self._busy = False

    @property
    def busy(self) -> bool:
        """True while a pyramid is on its way."""
        return self._busy

    def request(self, record: Record) -> None:
        """Load or build the pyramid of a record if it is long enough to need one."""
        self.cancel()
        if record.duration_s < WORTHWHILE_S:
            return
        stop = self._stop = threading.Event()
        self._busy = True
        self._mailbox.start("pyramid", _Task(record, self._cache, stop), self._deliver)

    def cancel(self) -> None:
        """Stop what is under way."""
        self._stop.set()
        self._busy = False

    def shutdown(self) -> None:
        """Stop and deliver nothing more."""
        self.cancel()
        self._mailbox.close()

    def _deliver(self, answer: object) -> None:
        assert isinstance(answer, tuple)
        record, pyramid, stop = answer
        if stop is self._stop:
            self._busy = False
            if pyramid is not None and not stop.is_set():
                self.ready.emit(record, pyramid)


class _Task:
    def __init__(self, record: Record, cache: Path, stop: threading.Event) -> None:
        self._record = record
        self._cache = cache
        self._stop = stop

    def __call__(self) -> object:
        from engine.signals.pyramid import Pyramid, prune_cache

        try:
            pyramid = Pyramid.load(self._record, self._cache)
            if pyramid is None:
                pyramid = Pyramid.build(self._record, cancelled=self._stop.is_set)
                self._keep(pyramid)
                prune_cache(self._cache)
        except Cancelled:
            pyramid = None
        except Exception:  # the record may have been closed meanwhile; without a pyramid drawing is only slower
            if not self._stop.is_set():
                log.exception("pyramid of %s", self._record.path)
            pyramid = None
        return self._record, pyramid, self._stop

    def _keep(self, pyramid: object) -> None:
        try:
            pyramid.save(self._cache)  # type: ignore[attr-defined]
        except EngineError as error:
            log.warning("%s", error)
