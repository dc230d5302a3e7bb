"""Virtual boards: started, said what they are, ended in every case; the next best one where one cannot be."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.devices import virtual
from engine.devices.faults import DeviceError
from engine.devices.virtual.process import GUARDED, start_on_free_port
from engine.errors import EngineError

LIMIT_S = 30.0
ANSWERING = (
    "import socket,sys,time; s=socket.socket(); s.bind(('127.0.0.1',int(sys.argv[1]))); s.listen(); time.sleep(99)"
)


def listens(url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5).close()
    except OSError:
        return False
    return True


def soon(condition) -> bool:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)


def test_without_emulator_and_compiler_the_simulator_plays_and_says_so(nothing_installed):
    with virtual.start("an547") as board:
        assert board.board == "simulator" and listens(board.url)
        assert "simulator" in board.note and "qemu-system-arm" in board.note and "compiler" in board.note
        assert board.simulator is not None


def test_without_fallback_the_obstacle_is_told(nothing_installed):
    with pytest.raises(DeviceError, match="qemu-system-arm was not found"):
        virtual.start("an386", fallback=False)
    with pytest.raises(EngineError, match="compiler"):
        virtual.start("host", fallback=False)
    told = {name: obstacle for name, _, obstacle in virtual.availability()}
    assert list(told) == list(virtual.BOARDS)
    assert told["an547"] and told["host"] and not told["simulator"]


def test_an_unknown_board_is_refused_with_the_known_ones():
    with pytest.raises(DeviceError, match="an547, an386, host, simulator"):
        virtual.start("an999")


def test_a_missing_image_is_told(tmp_path: Path):
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not on this machine")
    with pytest.raises(DeviceError, match="no such firmware image"):
        virtual.start("an547", image=tmp_path / "none.elf")  # and nothing else takes its place
    with pytest.raises(DeviceError, match="runs no firmware"):
        virtual.start("simulator", image=tmp_path / "none.elf")
    (tmp_path / "bad.elf").write_bytes(b"not an image")
    with pytest.raises(DeviceError, match=r"bad\.elf: is no firmware image"):
        virtual.start("an547", image=tmp_path / "bad.elf")


def test_a_board_of_each_kind_ends_when_closed():
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not on this machine")
    board = virtual.start("an386", fallback=False)
    assert board.board == "an386" and board.note == "" and board.is_alive and listens(board.url)
    board.close()
    board.close()
    assert not board.is_alive and not listens(board.url)


def test_a_command_that_ends_at_once_is_told_in_its_own_words():
    with pytest.raises(DeviceError, match="the thing did not start: out of paper"):
        start_on_free_port(lambda port: [sys.executable, "-c", "import sys; sys.exit('out of paper')"], "the thing")
    with pytest.raises(DeviceError, match="it ended at once"):
        start_on_free_port(lambda port: [sys.executable, "-c", ""], "the thing")


def test_nothing_outlives_a_program_that_was_killed():
    if not GUARDED:
        pytest.skip("only POSIX systems have the shell that watches over a process")
    script = (
        "import sys,time\n"
        "from engine.devices.virtual.process import start_on_free_port\n"
        f"answering = {ANSWERING!r}\n"
        "p = start_on_free_port(lambda port: [sys.executable, '-c', answering, str(port)], 'it')\n"
        "print(p.port, flush=True); time.sleep(99)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    url = f"socket://127.0.0.1:{program.stdout.readline().strip()}"
    assert listens(url)
    os.kill(program.pid, 9)
    program.wait()
    program.stdout.close()
    assert soon(lambda: not listens(url))


def test_recorded_instructions_are_there_for_emulated_boards_only():
    assert set(virtual.recorded_instructions("an547")) == set(virtual.recorded_instructions("an386")) != set()
    assert virtual.recorded_instructions("host") == {}
