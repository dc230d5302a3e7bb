"""Work that must be done one piece after the other, off the GUI thread."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject

from engine.errors import EngineError
from heartkit_gui.services.delivery import Mailbox

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failed:
    """An errand that came to nothing: a sentence, and details where the fault is ours."""

    sentence: str
    details: str = ""


@dataclass(frozen=True)
class _Errand:
    key: str
    work: Callable[[], object]
    deliver: Callable[[object], None] | None


class Errands(QObject):
    """One thread that does what it is given, in order. Of waiting errands with the same key only the last is done.

    `deliver` gets what the work returned, or a `Failed`, on the GUI thread.
    """

    def __init__(self, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(self)
        self._waiting: list[_Errand] = []
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def give(self, key: str, work: Callable[[], object], deliver: Callable[[object], None] | None = None) -> None:
        """Have something done; an EngineError is its way to fail."""
        with self._changed:
            self._waiting = [errand for errand in self._waiting if errand.key != key]
            self._waiting.append(_Errand(key, work, deliver))
            self._changed.notify()

    def close(self, wait_s: float = 3.0) -> None:
        """Do what waits, then end; nothing is delivered any more."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._mailbox.close(0.0)
        self._thread.join(wait_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if not self._waiting:
                    return
                errand = self._waiting.pop(0)
            outcome = _done(errand.work)
            if errand.deliver is not None:
                self._mailbox.post(errand.deliver, outcome)

    def _has_work(self) -> bool:
        return bool(self._waiting) or not self._open


def _done(work: Callable[[], object]) -> object:
    try:
        return work()
    except EngineError as error:
        return Failed(str(error))
    except Exception as error:  # a fault of ours must not end the thread that all other work waits for
        log.exception("errand")
        return Failed(f"A fault in HeartKit stopped this ({type(error).__name__}).", traceback.format_exc())
