"""One call in a child process: TensorFlow's converter can crash or be killed without taking the engine along."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.jobs.events import Job

POLL_S = 0.1


def call(module: str, request: Mapping[str, Any], *, job: Job, what: str, limit_s: float) -> dict[str, Any]:
    """The JSON answer of `python -m module` to a JSON request on standard input.

    What the child's libraries print is swallowed: only the answer reaches us. Raises EngineError ("`what` ...")
    when the child reports a fault, crashes, is killed or takes longer than `limit_s`; Cancelled when the job is.
    """
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as noise:
        asked.write(json.dumps(dict(request)).encode())
        asked.seek(0)
        command = [sys.executable, "-m", module]
        with subprocess.Popen(command, stdin=asked, stdout=said, stderr=noise, env=_environment()) as child:
            try:
                _wait(child, job, what, limit_s)
            finally:
                if child.poll() is None:
                    child.kill()
        answer = _answer(_read(said))
        if answer is None:
            raise EngineError(_obituary(what, child.returncode, _read(noise)), hint=_hint(child.returncode))
    if "error" in answer:
        raise EngineError(str(answer["error"]), hint=answer.get("hint"))
    return answer


def serve(answer_to: Any) -> None:
    """Child's side: read the request, call `answer_to(request)`, write its answer or its EngineError.

    Standard output is pointed at nothing meanwhile, for Python and for C++ code alike.
    """
    request = json.load(sys.stdin)
    sys.stdout.flush()
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        answer = answer_to(request)
    except EngineError as error:
        named = f"{error.path.name}: " if error.path is not None else ""
        answer = {"error": f"{named}{error.fault}", "hint": error.hint}
    sys.stdout.flush()
    with os.fdopen(channel, "w", encoding="utf-8") as out:
        out.write(json.dumps(answer))


def _wait(child: subprocess.Popen[bytes], job: Job, what: str, limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while True:
        try:
            child.wait(POLL_S)
            return
        except subprocess.TimeoutExpired:
            job.check()
        if time.monotonic() > end:
            raise EngineError(
                f"{what} took longer than {limit_s:.0f} s and was stopped", hint="use a smaller model"
            )


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }


def _answer(text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(text)
    except json.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _read(file: Any) -> str:
    file.seek(0)
    return bytes(file.read()).decode("utf-8", "replace")


def _obituary(what: str, code: int, noise: str) -> str:
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"{what} crashed ({name})"
    last = next((line.strip() for line in reversed(noise.splitlines()) if line.strip()), "it said nothing")
    return f"{what} failed: {last[:500]}"


def _hint(code: int) -> str | None:
    if code == -getattr(signal, "SIGKILL", 9):
        return "the machine may be out of memory"
    if code < 0:
        return "recurrent layers must be unrolled; other layers may have no integer form"
    return None
