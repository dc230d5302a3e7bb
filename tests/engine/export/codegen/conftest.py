"""The kernels, compiled once with the sanitizer for all models of the tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from codegen_oracle import STRICT, need_gcc

from engine.resources import firmware_path


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Object files of all kernels."""
    need_gcc()
    folder = tmp_path_factory.mktemp("kernels")
    sources = sorted(firmware_path("nn").glob("*.c"))
    flags = [flag for flag in STRICT if flag != "-shared"]
    subprocess.run(["gcc", *flags, "-c", *map(str, sources)], cwd=folder, check=True)
    return sorted(folder.glob("*.o"))
