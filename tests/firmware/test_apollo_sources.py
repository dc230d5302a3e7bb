"""The port to Ambiq's boards: complete sources, and every file compiles for both processors; no board was there."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from firmware_host import FIRMWARE, STRICT

from engine.errors import EngineError
from engine.export.codegen.targets import target_of
from engine.export.firmware import BOARDS, write_project

STANDINS = FIRMWARE / "boards" / "apollo_nsx" / "standins"


@pytest.mark.parametrize("name", ["apollo4p_evb", "apollo510_evb"])
def test_the_sources_are_complete_and_compile(name, tmp_path: Path):
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        pytest.skip("arm-none-eabi-gcc is not on this machine")
    folder = tmp_path / "sources"
    assert write_project(name, folder, ["seg-4-sm"]) == ("seg-4-sm",)
    sources = sorted(folder.glob("src/*/*.c"))
    includes = [f"-I{part}" for part in (*sorted((folder / "src").iterdir()), STANDINS)]
    flags = [*STRICT, *target_of(BOARDS[name].codegen_target).flags, "-ffreestanding", "-O1", *includes]

    def compiled(source: Path) -> str:
        command = [compiler, *flags, "-c", str(source), "-o", str(source.with_suffix(".o"))]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr

    with ThreadPoolExecutor(2) as pool:
        faults = list(pool.map(compiled, sources))
    assert [fault for fault in faults if fault] == []
    defined = subprocess.run(
        ["arm-none-eabi-nm", "--defined-only", *map(str, folder.glob("src/*/*.o"))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert " T main" in defined and " T board_link_write" in defined and " T model_0_invoke" in defined


@pytest.mark.parametrize("name", ["apollo4p_evb", "apollo510_evb"])
def test_the_project_files_name_the_board(name, tmp_path: Path):
    folder = tmp_path / "sources"
    write_project(name, folder, ["seg-4-sm"])
    config, cmake = ((folder / f).read_text(encoding="utf-8") for f in ("nsx.yml", "CMakeLists.txt"))
    assert f"board: {name}" in config and f"soc: {BOARDS[name].soc}" in config and f'"{name}"' in cmake
    other = {"apollo4p_evb": "apollo510", "apollo510_evb": "apollo4p"}[name]
    assert other not in config and other not in cmake
    assert "never run" in (folder / "README.md").read_text(encoding="utf-8").lower()


def test_nothing_of_anybodys_is_overwritten(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(EngineError, match="is there already"):
        write_project("apollo510_evb", tmp_path, ["seg-4-sm"])
    with pytest.raises(EngineError, match="an547"):
        write_project("an547", tmp_path / "new")


def test_what_the_board_adds_to_nsx_works(checked):
    verdicts = checked("apollo_check")
    assert len(verdicts) == 13
    assert [name for name, good in verdicts.items() if not good] == []
