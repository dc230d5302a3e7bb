"""Files that come with the program: samples, models, icons, and the firmware's C."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.errors import EngineError


def resource_path(*parts: str) -> Path:
    """Path of a file under `resources/`, from source, from an installed wheel or from a frozen bundle.

    Raises EngineError when the installation lacks it.
    """
    return _found("resources", parts)


def firmware_path(*parts: str) -> Path:
    """Path of a file under `firmware/`, found in the same places. Raises EngineError."""
    return _found("firmware", parts)


def _found(folder: str, parts: tuple[str, ...]) -> Path:
    for base in _bases():
        path = base.joinpath(folder, *parts)
        if path.exists():
            return path
    name = "/".join(parts if folder == "resources" else (folder, *parts))
    raise EngineError(f"this installation lacks the built-in file {name}", hint="install the program again")


def _bases() -> tuple[Path, ...]:
    package = Path(__file__).resolve().parent
    frozen = getattr(sys, "_MEIPASS", None)
    return (Path(frozen), package.parent, package) if frozen else (package.parent, package)


BUILT_IN_RECORD = ("samples", "mitdb_208", "208x.hea")


def built_in_record() -> Path:
    """The record the application opens when it is given none."""
    return resource_path(*BUILT_IN_RECORD)
