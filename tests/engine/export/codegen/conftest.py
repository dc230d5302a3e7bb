"""The kernels, compiled once with the sanitizer for all models of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from codegen_oracle import built_kernels, need_gcc


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Object files of all kernels."""
    need_gcc()
    return built_kernels(tmp_path_factory.mktemp("kernels"))
