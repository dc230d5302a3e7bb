"""Shared fixtures. Tests that need the reference recordings skip where those are not at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path.home() / ".cache" / "heartkit-data"


@pytest.fixture(scope="session")
def dataset() -> Callable[[str], Path]:
    """Folder of a reference dataset ("mitdb", "ludb", "nstdb", "file_formats", ...), or skip.

    HEARTKIT_DATA names a folder of unpacked datasets; otherwise archives in a `shared/data` folder beside the
    checkout are unpacked once into the user's cache.
    """

    def find(name: str) -> Path:
        base = Path(os.environ.get("HEARTKIT_DATA", CACHE))
        if not (base / name).is_dir():
            unpack = ROOT.parent / "shared" / "data" / "unpack.py"
            if not unpack.is_file():
                pytest.skip(f"reference dataset {name} is not on this machine (set HEARTKIT_DATA)")
            subprocess.run([sys.executable, str(unpack), "--to", str(base), name], check=True)
        return base / name

    return find
