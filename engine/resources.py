"""Files that come with the program: samples, models, icons."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.errors import EngineError


def resource_path(*parts: str) -> Path:
    """Path of a file under `resources/`, from source, from an installed wheel or from a frozen bundle.

    Raises EngineError when the installation lacks it.
    """
    for base in _bases():
        path = base.joinpath(*parts)
        if path.exists():
            return path
    raise EngineError(
        f"this installation lacks the built-in file {'/'.join(parts)}", hint="install the program again"
    )


def _bases() -> tuple[Path, ...]:
    package = Path(__file__).resolve().parent
    frozen = getattr(sys, "_MEIPASS", None)
    bases = (package.parent / "resources", package / "resources")
    return (Path(frozen) / "resources", *bases) if frozen else bases


BUILT_IN_RECORD = ("samples", "mitdb_208", "208x.hea")


def built_in_record() -> Path:
    """The record the application opens when it is given none."""
    return resource_path(*BUILT_IN_RECORD)
