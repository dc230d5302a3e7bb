"""How long commands speak: a progress line for people, JSON lines for programs; and how they are stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO

from engine.errors import Cancelled, EngineError, fault_of_system
from engine.jobs.events import Job, Sink, json_lines


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """--json-events and --quiet."""
    parser.add_argument(
        "--json-events",
        action="store_true",
        help='events as JSON lines on standard output; a line "cancel" on standard input stops the job',
    )
    parser.add_argument("--quiet", action="store_true", help="print only warnings and the result")


def run_job(
    arguments: argparse.Namespace,
    work: Callable[[Job], Mapping[str, Any]],
    *,
    sink: Callable[[Sink], Sink] | None = None,
) -> Mapping[str, Any]:
    """Run `work` with a job that speaks as the arguments say; its result.

    `sink` may wrap the listener (to keep a log). Whatever ends the work is told as an event, and raised on.
    """
    listener = json_lines() if arguments.json_events else PeopleListener(quiet=arguments.quiet)
    listener = sink(listener) if sink is not None else listener
    stop = threading.Event()
    previous = _stop_on_terminate(stop)
    if arguments.json_events:
        _stop_on_request(stop)
    job = Job(listener, stop.is_set)
    try:
        job.emit("started", command=arguments.command)
        result = work(job)
        job.emit("finished", result=result)
    except EngineError as error:
        job.emit("error", text=str(error), hint=error.hint)
        raise
    except (Cancelled, KeyboardInterrupt):
        job.emit("cancelled")
        raise
    except Exception as error:
        said = fault_of_system(error) if isinstance(error, OSError) else None
        job.emit("error", text=said or "something went wrong in HeartKit Workbench itself", hint=None)
        raise
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)
    return result


def _stop_on_terminate(stop: threading.Event) -> Any:
    """Let SIGTERM end the job at its next step, with everything kept; the handler that was there before."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, lambda *_: stop.set())


def _stop_on_request(stop: threading.Event) -> None:
    def listen() -> None:
        with suppress(OSError, ValueError):  # there may be no standard input to listen to
            for line in sys.stdin:
                if line.strip() == "cancel":
                    stop.set()
                    return

    threading.Thread(target=listen, name="cancel-listener", daemon=True).start()


class PeopleListener:
    """Progress as one changing line with the time left, metrics and messages as lines, on standard error."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._out = stream or sys.stderr
        self._quiet = quiet
        self._stage, self._began = "", 0.0
        self._line_open = False

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Show one event."""
        kind = event["event"]
        if kind == "warning":
            self._line(f"warning: {event['text']}")
        if self._quiet:
            return
        if kind == "progress":
            self._progress(event)
        elif kind == "metric":
            figures = "  ".join(f"{name} {value:.4f}" for name, value in event["values"].items())
            self._line(f"epoch {event['epoch'] + 1}: {figures}")
        elif kind == "message":
            self._line(event["text"])
        elif kind == "artefact":
            self._line(f"{event['name']}: {event['path']}")
        elif kind == "finished":
            self._line("")

    def _progress(self, event: Mapping[str, Any]) -> None:
        if not self._out.isatty():
            return
        now = time.monotonic()
        if event["stage"] != self._stage:
            self._stage, self._began = event["stage"], now
        share = event["done"] / event["total"] if event["total"] else 1.0
        left = (now - self._began) * (1 - share) / share if share > 0.02 else float("nan")
        remaining = f"  {_duration(left)} left" if left == left and share < 1 else ""
        bar = "█" * round(24 * share) + "░" * (24 - round(24 * share))
        note = f"  {event['note']}" if event.get("note") else ""
        self._out.write(f"\r\x1b[K{self._stage} {bar} {share:4.0%}{remaining}{note}")
        self._out.flush()
        self._line_open = True
        if share >= 1:
            self._line("")

    def _line(self, text: str) -> None:
        if self._line_open:
            self._out.write("\n")
            self._line_open = False
        if text:
            self._out.write(text + "\n")
        self._out.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
