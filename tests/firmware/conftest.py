from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from firmware_host import FIRMWARE, SANITIZE, STRICT, HostLink

from engine.devices.virtual.process import start_on_free_port
from engine.export.firmware import build

MODELS = ("seg-4-sm", "den-sm", "beat-aami")
APOLLO = ("boards/apollo_nsx", "boards/apollo_nsx/standins")
FOLDERS = ("app", "dsp", "drivers", "link", "boards", *APOLLO)


@pytest.fixture(scope="session")
def gcc() -> str:
    found = shutil.which("gcc")
    if found is None:
        pytest.skip("gcc is not on this machine")
    return found


@pytest.fixture(scope="session")
def checked(gcc: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, bool]]:
    """Build and run a check under sanitizers: its lines "name ok" as a table."""
    folder = tmp_path_factory.mktemp("checks")

    def run(name: str, *sources: str) -> dict[str, bool]:
        checks = Path(__file__).parent / "checks"
        includes = [f"-I{checks}", *(f"-I{FIRMWARE / part}" for part in FOLDERS)]
        files = [str(checks / f"{name}.c"), *(str(FIRMWARE / s) for s in sources)]
        program = folder / name
        subprocess.run([gcc, *STRICT, *SANITIZE, *includes, *files, "-lm", "-o", str(program)], check=True)
        ran = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        rows = [line.split() for line in ran.stdout.splitlines()]
        failed = {row[0] for row in rows if row[-1] != "ok"}
        return {row[0]: row[0] not in failed for row in rows if row[-1] in ("ok", "FAILED")}

    return run


@pytest.fixture(scope="session")
def firmware_program(gcc: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware as a process, under sanitizers, warnings being errors."""
    program = tmp_path_factory.mktemp("firmware") / "firmware"
    build("host", program, MODELS, strict=True, sanitize=True)
    return program


@pytest.fixture
def board(firmware_program: Path) -> Iterator[HostLink]:
    """A link to a freshly started board."""
    yield from _linked(firmware_program, 1)


@pytest.fixture
def hurried(firmware_program: Path) -> Iterator[HostLink]:
    """The same with a clock that runs ten times as fast."""
    yield from _linked(firmware_program, 10)


def _linked(program: Path, times: int) -> Iterator[HostLink]:
    options = ["--hurry", str(times)]
    process = start_on_free_port(lambda port: [str(program), "--port", str(port), *options], "the firmware")
    link = HostLink(process.port)
    try:
        yield link
        assert process.is_alive, process.complaint()
    finally:
        link.close()
        process.close()
