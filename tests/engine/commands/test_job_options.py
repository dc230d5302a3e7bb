"""However a job ends, a program that listens hears of it."""

from __future__ import annotations

import argparse
import errno
import json

import pytest

from engine.commands.job_options import run_job
from engine.errors import Cancelled, EngineError


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (EngineError("is damaged", path="a.dat", hint="fetch it again"), "error", "a.dat: is damaged (fetch"),
        (OSError(errno.ENOSPC, "No space left on device"), "error", "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "b.npz"), "error", "b.npz: Permission denied"),
        (ZeroDivisionError("division by zero"), "error", "something went wrong in HeartKit Workbench itself"),
        (Cancelled(), "cancelled", None),
    ],
)
def test_whatever_ends_a_job_is_told_as_its_last_event(
    fault: Exception, kind: str, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(_: object) -> dict[str, str]:
        raise fault

    with pytest.raises(type(fault)):
        run_job(argparse.Namespace(json_events=True, quiet=False, command="train"), work)
    first, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first["command"]) == ("started", "train")
    assert last["event"] == kind
    assert text is None or text in last["text"]
