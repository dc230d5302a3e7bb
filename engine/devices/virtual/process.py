"""A process that listens on a port of this machine, and never outlives the program that started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

from engine.devices.faults import DeviceError

HOST = "127.0.0.1"
START_S, END_S, POLL_S = 15.0, 5.0, 0.02
_END_UNGUARDED_S = 0.5
_TRIES = 3  # another program may take the free port before ours does
GUARDED = os.name == "posix"
# Ends the command when standard input closes, as it does when the program that holds the other end is gone.
_GUARD = (
    'exec 3<&0; "$@" </dev/null & child=$!; (read -r line <&3; kill "$child" 2>/dev/null) & watch=$!; '
    'wait "$child"; code=$?; kill "$watch" 2>/dev/null; exit "$code"'
)


class PortProcess:
    """A running command and its port. `close` ends it; so does the end of this program.

    Where there is no POSIX shell (Windows) the command must watch its standard input itself (`GUARDED` is False) to
    notice that this program was killed.
    """

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.port = port
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        guarded = ["/bin/sh", "-c", _GUARD, "sh", *command] if GUARDED else list(command)
        self._process = subprocess.Popen(
            guarded,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=GUARDED,
        )
        self._end = weakref.finalize(self, _end, self._process, self._said)

    @property
    def is_alive(self) -> bool:
        """Whether the command still runs."""
        return self._process.poll() is None

    def complaint(self) -> str:
        """The last line it wrote to standard error."""
        if self._said.closed:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End it; harmless when repeated."""
        self._end()


def start_on_free_port(command: Callable[[int], Sequence[str]], what: str) -> PortProcess:
    """Start `command(port)` and wait until it listens. Raises DeviceError with its own words where it does not."""
    reason = ""
    for _ in range(_TRIES):
        port = _free_port()
        started = PortProcess(command(port), port)
        if _listens(started):
            return started
        silence = f"it did not listen within {START_S:.0f} s" if started.is_alive else "it ended at once"
        reason = started.complaint() or silence
        started.close()
        if "in use" not in reason.lower():
            break
    raise DeviceError(f"{what} did not start: {reason}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _listens(started: PortProcess) -> bool:
    end = time.monotonic() + START_S
    while time.monotonic() < end and started.is_alive:
        with suppress(OSError), socket.create_connection((HOST, started.port), timeout=START_S):
            return True
        time.sleep(POLL_S)
    return False


def _end(process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(END_S if GUARDED else _END_UNGUARDED_S)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()
    said.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if GUARDED:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
