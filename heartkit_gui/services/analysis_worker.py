"""The child process that analyses: no Qt, one job at a time, ends with its parent."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from engine.analysis.stages import DEFAULT, Stages
from engine.errors import EngineError
from engine.records.hints import TextHints

PROGRESS_EVERY_S = 0.05
NICENESS = 5  # the window is served first


@dataclass(frozen=True)
class Job:
    """What to analyse: a file (with the hints that make it readable) and a lead, None for the best; and by what."""

    number: int
    path: Path
    hints: TextHints | None = None
    lead: int | None = None
    stages: Stages = DEFAULT


@dataclass(frozen=True)
class Progress:
    """How far a job is: share done, 0 to 1, and what is being done."""

    number: int
    share: float
    stage: str


@dataclass(frozen=True)
class Outcome:
    """End of a job: `analysis`, or a sentence saying why not, with `details` where the fault is ours."""

    number: int
    analysis: object | None = None
    sentence: str = ""
    details: str = ""


def serve(connection: Connection) -> None:
    """Answer `Job`s until the other end closes."""
    with suppress(OSError, AttributeError):
        os.nice(NICENESS)
    with suppress(Exception):  # loaded before the first job, so that it starts at once; a job tells what fails
        import_module("engine.analysis.pipeline")
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            job = connection.recv()
            connection.send(run(job, connection))


def run(job: Job, connection: Connection) -> Outcome:
    """Analyse one record; every fault becomes part of the outcome."""
    last = 0.0

    def report(share: float, stage: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_EVERY_S or share >= 1.0:
            last = now
            connection.send(Progress(job.number, float(share), stage))

    try:
        from engine.analysis.pipeline import analyze
        from engine.records import open_record

        with open_record(job.path, hints=job.hints) as record:
            return Outcome(job.number, analyze(record, job.lead, stages=job.stages, progress=report))
    except EngineError as error:
        return Outcome(job.number, sentence=str(error))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        sentence = f"The analysis stopped because of a fault in HeartKit ({type(error).__name__})."
        return Outcome(job.number, sentence=sentence, details=traceback.format_exc())
