"""A child process answers, crashes, hangs or is cancelled; the engine tells what happened each time."""

from __future__ import annotations

import pytest

from engine.errors import Cancelled, EngineError
from engine.export.child import call
from engine.jobs.events import Job

NOISY = """
import os
from engine.errors import EngineError
from engine.export.child import serve

def work(request):
    print("chatter of a library")
    os.write(1, b"chatter of C++ code")
    if request["fault"]:
        raise EngineError("cannot be done", hint="do something else")
    return {"twice": 2 * request["n"]}

serve(work)
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(code: str, job: Job | None = None, limit_s: float = 30.0, **request):
        (tmp_path / "a_worker.py").write_text(code)
        return call("a_worker", request, job=job or Job(), what="the work", limit_s=limit_s)

    return run


def test_the_answer_arrives_without_the_chatter(child):
    assert child(NOISY, n=21, fault=False) == {"twice": 42}


def test_a_fault_found_by_the_child_keeps_its_hint(child):
    with pytest.raises(EngineError, match=r"^cannot be done \(do something else\)$"):
        child(NOISY, n=1, fault=True)


def test_a_crash_is_named(child):
    with pytest.raises(EngineError, match=r"the work crashed .*SIGSEGV.*unrolled"):
        child("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")


def test_a_kill_points_at_memory(child):
    with pytest.raises(EngineError, match=r"SIGKILL.*out of memory"):
        child("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_a_python_error_gives_its_last_line(child):
    with pytest.raises(EngineError, match="the work failed: ValueError: too blue"):
        child("raise ValueError('too blue')")


def test_an_exit_without_an_answer_is_a_fault(child):
    with pytest.raises(EngineError, match="it said nothing"):
        child("pass")


def test_a_hang_ends_at_the_limit(child):
    with pytest.raises(EngineError, match="longer than 0 s"):
        child("import time; time.sleep(60)", limit_s=0.2)


def test_a_cancelled_job_stops_the_child(child):
    with pytest.raises(Cancelled):
        child("import time; time.sleep(60)", job=Job(cancelled=lambda: True))
