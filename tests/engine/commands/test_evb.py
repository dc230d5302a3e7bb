"""`evb` from the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import main
from engine.devices import virtual


def test_boards_are_listed(capsys):
    assert main(["evb", "list"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == list(virtual.BOARDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--board", "simulator", "--fault", "dorp=1"], 'no fault "dorp=1"'),
        (["--board", "host", "--fault", "drop=1"], "only the simulator"),
        (["--board", "an547", "--image", "no.elf"], "no such firmware image"),
    ],
)
def test_what_cannot_be_started_is_told_in_a_sentence(arguments, words, capsys):
    assert main(["evb", "start", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
def test_a_started_board_prints_its_port_and_stays_until_interrupted():
    command = [sys.executable, "-m", "engine", "evb", "start", "--board", "simulator"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, restore_signals=True
    )
    assert started.stdout is not None
    url = started.stdout.readline().strip()
    assert url.startswith("socket://127.0.0.1:")
    socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5).close()
    started.send_signal(signal.SIGINT)
    assert started.wait(20) == 0
    started.stdout.close()


def test_sources_for_a_vendors_tools_are_written(capsys, tmp_path: Path):
    folder = tmp_path / "sources"
    command = ["evb", "build", "--board", "apollo510_evb", "--models", "seg-4-sm", "--output", str(folder)]
    assert main(command) == 0
    assert "README.md there" in capsys.readouterr().out and (folder / "src" / "generated" / "model_0.c").is_file()
    assert main(command) == 2  # the folder is there already
