"""The native board is for Windows too: its sources compile and link there without a warning."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from firmware_host import FIRMWARE, STRICT

from engine.export.firmware import BOARDS
from engine.export.firmware.build import PORTABLE, write_sources

WINDOWS = "x86_64-w64-mingw32-gcc"


def test_the_native_board_builds_for_windows(tmp_path: Path):
    if shutil.which(WINDOWS) is None:
        pytest.skip(f"{WINDOWS} is not on this machine")
    generated = tmp_path / "generated"
    write_sources(BOARDS["host"], ["den-sm"], generated)
    folders = [generated, *(FIRMWARE / part for part in (*PORTABLE, "boards/host"))]
    sources = [path for folder in folders for path in sorted(folder.glob("*.c")) if path != FIRMWARE / "app/main.c"]
    sources.append(FIRMWARE / "boards/virtual_sensor.c")
    includes = [f"-I{folder}" for folder in (*folders, FIRMWARE / "boards")]
    program = tmp_path / "firmware.exe"
    subprocess.run([WINDOWS, *STRICT, *includes, *map(str, sources), "-lws2_32", "-o", str(program)], check=True)
    assert program.read_bytes()[:2] == b"MZ"
