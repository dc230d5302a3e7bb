"""Long engine work in a child process that speaks JSON lines: `heartkit-engine ... --json-events`.

The window never loads what the work needs; a stop is asked for politely, so that the work can keep what it has,
and enforced when nothing happens.
"""

from __future__ import annotations

import json
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

log = logging.getLogger(__name__)

PATIENCE_MS = 15_000  # after a polite request to stop
LAST_WORDS = 4000  # characters of standard error kept for details


class JobRunner(QObject):
    """Runs one engine command at a time.

    Events arrive as plain dictionaries (see `engine.jobs.events`); exactly one of `finished`, `failed` and
    `cancelled` ends a job.
    """

    started = Signal()
    progressed = Signal(str, float, str)  # stage, share 0..1, note
    metric = Signal(int, dict)  # epoch, figures
    message = Signal(str, str)  # "message" or "warning", text
    artefact = Signal(str, str)  # name, path
    finished = Signal(dict)  # result
    failed = Signal(str, str)  # sentence, details
    cancelled = Signal()
    busy_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._rest = b""
        self._errors = ""
        self._outcome: tuple[str, Any] | None = None
        self._stopping = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._enforce)

    @property
    def busy(self) -> bool:
        """True while a job runs."""
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Run `heartkit-engine ARGUMENTS --json-events`. Only one job at a time: asking for a second is a fault."""
        assert self._process is None
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("TF_CPP_MIN_LOG_LEVEL", "3")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._not_started)
        self._process, self._rest, self._errors = process, b"", ""
        self._outcome, self._stopping = None, False
        program, *first = engine_command()
        process.start(program, [*first, *arguments, "--json-events"])
        self.busy_changed.emit(True)
        self.started.emit()

    def cancel(self) -> None:
        """Ask the job to stop; it is ended by force when it does not."""
        if self._process is not None and not self._stopping:
            self._stopping = True
            self._process.write(b"cancel\n")
            self._patience.start()

    def shutdown(self) -> None:
        """End the job at once and say nothing more about it."""
        process, self._process = self._process, None
        self._patience.stop()
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(2000)

    @Slot()
    def _read(self) -> None:
        if self._process is None:
            return
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, KeyError, TypeError):
            return  # a library printed something; it is not for us
        if kind == "progress":
            total = float(event.get("total") or 0)
            share = min(1.0, float(event.get("done") or 0) / total) if total else 0.0
            self.progressed.emit(str(event.get("stage", "")), share, str(event.get("note", "")))
        elif kind == "metric":
            self.metric.emit(int(event["epoch"]), dict(event["values"]))
        elif kind in ("message", "warning"):
            self.message.emit(kind, str(event.get("text", "")))
        elif kind == "artefact":
            self.artefact.emit(str(event.get("name", "")), str(event.get("path", "")))
        elif kind in ("finished", "error", "cancelled"):
            self._outcome = (kind, event)

    @Slot()
    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._errors = (self._errors + text)[-LAST_WORDS:]

    @Slot(int, QProcess.ExitStatus)
    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._read_errors()
        self._close()
        kind, event = self._outcome or ("", {})
        if kind == "finished":
            self.finished.emit(dict(event.get("result") or {}))
        elif kind == "cancelled" or self._stopping:
            self.cancelled.emit()
        elif kind == "error":
            self.failed.emit(str(event.get("text", "")), "")
        else:
            log.error("engine process ended with code %s, status %s\n%s", code, status, self._errors)
            self.failed.emit(
                "The work stopped unexpectedly; what was finished is kept. The details may say why.",
                f"Exit code {code}.\n{self._errors}",
            )

    @Slot(QProcess.ProcessError)
    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._close()
            self.failed.emit("The engine could not be started.", reason)

    def _close(self) -> None:
        process, self._process = self._process, None
        self._patience.stop()
        if process is not None:
            process.deleteLater()
        self.busy_changed.emit(False)

    @Slot()
    def _enforce(self) -> None:
        if self._process is not None:
            self._process.kill()


def engine_command() -> tuple[str, ...]:
    """How the engine is started from this program, be it run from source or from a bundle."""
    if getattr(sys, "frozen", False):
        return (str(Path(sys.executable).with_name("heartkit-engine" + Path(sys.executable).suffix)),)
    return (sys.executable, "-m", "engine")


def shown_command(arguments: Sequence[str]) -> str:
    """The same command as a person types it in a terminal."""
    return shlex.join(("heartkit-engine", *arguments))
