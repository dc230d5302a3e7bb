"""Where the firmware of a virtual board and its emulator are on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from engine import __version__
from engine.devices.faults import DeviceError
from engine.errors import EngineError
from engine.resources import firmware_path, resource_path
from engine.runtime.compiled import compiler

QEMU = "qemu-system-arm"
MACHINES = {"an386": "mps2-an386", "an547": "mps3-an547"}
BUILD_S = 300.0
_SUFFIX = ".exe" if os.name == "nt" else ""
_KEPT_PROGRAMS = 3  # in the cache, of different sources
_HASHED = ("*.c", "*.h", "*.py")
_GENERATING = ("export/firmware", "export/codegen", "devices/protocol", "signals")


def qemu() -> str:
    """The emulator. Raises DeviceError."""
    usual = (Path(os.environ.get("PROGRAMFILES", "")) / "qemu" / f"{QEMU}.exe",) if os.name == "nt" else ()
    found = shutil.which(QEMU) or next((str(path) for path in usual if path.is_file()), None)
    if found is None:
        raise DeviceError(f"{QEMU} was not found", hint="on Debian: apt install qemu-system-arm")
    return found


def built_image(board: str) -> Path:
    """The image of an emulated board that comes with the program. Raises EngineError."""
    return resource_path("firmware", f"{board}.elf")


def recorded_instructions(board: str) -> dict[str, int]:
    """Instructions of one inference by model, as counted when an emulated board's built-in image was made.

    While streaming the emulator keeps pace with the clock and counts none. Empty where nothing is recorded.
    """
    try:
        figures = json.loads(resource_path("firmware", f"{board}.json").read_text(encoding="utf-8"))
    except (EngineError, OSError, ValueError):
        return {}
    return {str(name): int(count) for name, count in figures.get("instructions", {}).items()}


def native_obstacle() -> None:
    """Raise DeviceError where there is neither a native program nor a way to make one."""
    if _shipped_program() is None:
        _may_make()


def native_program() -> Path:
    """The firmware as a program of this machine: one that came along, or one made with the C compiler and kept.

    Raises EngineError where neither is possible.
    """
    return _shipped_program() or _made_program()


def _shipped_program() -> Path | None:
    try:
        return resource_path("firmware", f"host{_SUFFIX}")
    except EngineError:
        return None


def _may_make() -> None:
    if getattr(sys, "frozen", False):
        raise DeviceError("this bundle holds no native firmware")
    compiler()


def _made_program() -> Path:
    from platformdirs import user_cache_path

    _may_make()
    folder = user_cache_path("heartkit-workbench", appauthor=False) / "firmware"
    program = folder / f"host-{_fingerprint()}{_SUFFIX}"
    if not program.is_file():
        _make(program)
    return program


def _make(program: Path) -> None:
    """In a process of its own: building belongs to the export, which devices know nothing of."""
    command = [sys.executable, "-m", "engine", "evb", "build", "--board", "host", "--output", str(program)]
    root = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    environment = os.environ | {"PYTHONPATH": paths}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=BUILD_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(f"building the native firmware took longer than {BUILD_S:.0f} s") from None
    for old in sorted(program.parent.glob("host-*"), key=lambda path: path.stat().st_mtime)[:-_KEPT_PROGRAMS]:
        with suppress(OSError):  # it may be running
            old.unlink()
    if done.returncode != 0 or not program.is_file():
        raise DeviceError(f"the native firmware could not be built: {done.stderr.strip() or 'no reason given'}")


def _fingerprint() -> str:
    """Changes with anything the program is made of: sources, what generates others, models, compiler."""
    digest = hashlib.sha256(" ".join((__version__, *compiler())).encode())
    package = Path(__file__).resolve().parents[2]
    folders = (firmware_path(), *(package / part for part in _GENERATING))
    for folder in folders:
        for path in sorted(path for pattern in _HASHED for path in folder.rglob(pattern)):
            digest.update(path.read_bytes())
    digest.update((package / "devices" / "board_input.py").read_bytes())
    for path in sorted(resource_path("models").glob("*/model.tflite")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
