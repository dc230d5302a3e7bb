"""Analysis in a child process, so that the window stays free and a stop is immediate."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.analysis.stages import DEFAULT, Stages
from engine.records.hints import TextHints
from heartkit_gui.services.analysis_worker import Job, Outcome, Progress, serve
from heartkit_gui.services.delivery import Mailbox

log = logging.getLogger(__name__)


class AnalysisService(QObject):
    """Runs one analysis at a time; a new one replaces the one under way.

    The child process is started by `warm_up` or the first job and kept. Cancelling ends the child, which is the
    only way to stop numerical code at once; the next job gets a new one.
    """

    started = Signal()
    progressed = Signal(float, str)  # share 0..1, stage
    finished = Signal(object)  # Analysis
    failed = Signal(str, str)  # sentence, details
    cancelled = Signal()
    busy_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(self)
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._number = 0
        self._busy = False

    @property
    def busy(self) -> bool:
        """True while a job is under way."""
        return self._busy

    def warm_up(self) -> None:
        """Start the child, so that the first job does not wait for it."""
        if self._process is None or not self._process.is_alive():
            self._start_child()

    def start(
        self, path: Path, hints: TextHints | None = None, lead: int | None = None, stages: Stages = DEFAULT
    ) -> None:
        """Analyse a file with the algorithms chosen; `finished`, `failed` or `cancelled` follows."""
        if self._busy:
            self._stop_child()
        self.warm_up()
        self._number += 1
        self._set_busy(True)
        self.started.emit()
        assert self._connection is not None
        try:
            self._connection.send(Job(self._number, path, hints, lead, stages))
        except OSError:
            self._lost(self._connection)

    def cancel(self) -> None:
        """Stop the job under way, at once."""
        if self._busy:
            self._stop_child()
            self._set_busy(False)
            self.cancelled.emit()
            self.warm_up()

    def shutdown(self) -> None:
        """End the child and deliver nothing more."""
        self._stop_child()
        self._mailbox.close()

    def _start_child(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), name="heartkit-analysis", daemon=True)
        self._process.start()
        theirs.close()
        self._connection = ours
        threading.Thread(target=self._listen, args=(ours,), name="analysis results", daemon=True).start()

    def _stop_child(self) -> None:
        process, self._process = self._process, None
        self._connection = None  # its listener closes it
        if process is not None:
            process.terminate()
            process.join(2.0)
            if process.is_alive():
                process.kill()
                process.join()

    def _listen(self, connection: Connection) -> None:
        while True:
            try:
                message = connection.recv()
            except (EOFError, OSError):
                connection.close()
                self._mailbox.post(self._lost, connection)
                return
            self._mailbox.post(self._arrive, message)

    def _arrive(self, message: object) -> None:
        if isinstance(message, Progress) and message.number == self._number and self._busy:
            self.progressed.emit(message.share, message.stage)
        elif isinstance(message, Outcome) and message.number == self._number and self._busy:
            self._set_busy(False)
            if message.analysis is not None:
                self.finished.emit(message.analysis)
            else:
                if message.details:
                    log.error("%s\n%s", message.sentence, message.details)
                self.failed.emit(message.sentence, message.details)

    def _lost(self, connection: object) -> None:
        """The child went away by itself."""
        if connection is not self._connection:
            return
        process = self._process
        self._stop_child()
        if self._busy:
            self._set_busy(False)
            code = process.exitcode if process is not None else None
            log.error("the analysis process ended with code %s", code)
            self.failed.emit(
                "The analysis process stopped unexpectedly; run the analysis again.",
                f"Exit code {code}. A negative code is the number of the signal that ended it; -9 usually means "
                "that the computer ran out of memory.",
            )

    def _set_busy(self, busy: bool) -> None:
        if busy != self._busy:
            self._busy = busy
            self.busy_changed.emit(busy)
