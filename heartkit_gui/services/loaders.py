"""Opening recordings off the GUI thread."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EngineError
from engine.records.annotations import Annotations
from engine.records.hints import NeedsHints, TextHints
from engine.records.record import Record
from heartkit_gui.services.delivery import Mailbox

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A record ready to be shown. `notices` are faults survived on the way, one sentence each."""

    record: Record
    annotations: tuple[Annotations, ...]
    notices: tuple[str, ...]
    hints: TextHints | None = None


@dataclass(frozen=True)
class Question:
    """The file can be read once the user answers; `error` says what is missing (NeedsHints)."""

    path: Path
    error: NeedsHints


@dataclass(frozen=True)
class Failure:
    """The file could not be opened: one sentence, and everything known for those who want it."""

    path: Path
    sentence: str
    details: str


def load(path: Path, hints: TextHints | None = None) -> Opened | Question | Failure:
    """Open a record and read its annotations; never raises."""
    from engine.records import open_record, read_annotations

    try:
        record = open_record(path, hints=hints)
    except NeedsHints as question:
        return Question(path, question)
    except EngineError as error:
        return Failure(path, str(error), _details(path))
    except Exception as error:  # a defect in a reader must not take the window down
        log.exception("opening %s", path)
        sentence = f"{path.name}: could not be opened because of a fault in HeartKit ({type(error).__name__})"
        return Failure(path, sentence, _details(path))
    notices = list(record.info.notices)
    annotations: tuple[Annotations, ...] = ()
    try:
        annotations = read_annotations(record)
    except EngineError as error:
        notices.append(f"{str(error).rstrip('.')}; the record is shown without these annotations.")
    except Exception:
        log.exception("annotations of %s", path)
        notices.append("Annotations could not be read because of a fault in HeartKit.")
    return Opened(record, annotations, tuple(notices), hints)


def _details(path: Path) -> str:
    size = ""
    try:
        size = f"Size: {path.stat().st_size} bytes\n"
    except OSError as error:
        size = f"Size: unknown ({error.strerror})\n"
    return f"File: {path}\n{size}\n{traceback.format_exc()}"


class RecordLoader(QObject):
    """Opens one record at a time; a later request makes an earlier one irrelevant."""

    started = Signal(object)  # Path
    opened = Signal(object)  # Opened
    asked = Signal(object)  # Question
    failed = Signal(object)  # Failure

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(self)
        self._request = 0

    def open(self, path: Path, hints: TextHints | None = None) -> None:
        """Start opening; exactly one of `opened`, `asked`, `failed` follows unless overtaken or cancelled."""
        self._request += 1
        request = self._request
        self.started.emit(path)
        self._mailbox.start("open record", _Task(path, hints, request), self._deliver)

    def cancel(self) -> None:
        """Forget the request under way; its thread ends by itself."""
        self._request += 1

    def shutdown(self) -> None:
        """Deliver nothing more."""
        self._mailbox.close()

    def _deliver(self, answer: object) -> None:
        assert isinstance(answer, tuple)
        request, result = answer
        if request != self._request:
            if isinstance(result, Opened):
                result.record.close()
        elif isinstance(result, Opened):
            self.opened.emit(result)
        elif isinstance(result, Question):
            self.asked.emit(result)
        else:
            self.failed.emit(result)


@dataclass(frozen=True)
class _Task:
    path: Path
    hints: TextHints | None
    request: int

    def __call__(self) -> object:
        return self.request, load(self.path, self.hints)
