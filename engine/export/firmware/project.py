"""Sources of the firmware for a board whose vendor's tools build the image: everything but the SDK."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from engine.errors import EngineError
from engine.export.firmware.boards import BOARDS, board_of
from engine.export.firmware.build import PORTABLE, write_sources
from engine.export.firmware.models import BUILT_IN
from engine.records.atomic import write_atomic
from engine.resources import firmware_path

_TEMPLATE_BOARD = "apollo510_evb"  # what the committed CMakeLists.txt and nsx.yml are for
_NSX_CHANNELS = {"apollo510": "stable", "apollo4p": "preview"}


def write_project(name: str, folder: Path, models: Sequence[str | Path] = BUILT_IN) -> tuple[str, ...]:
    """Write the firmware with these models as an NSX application into `folder`; names of the models.

    The folder must be new or empty: nothing of anybody's is overwritten. Raises EngineError.
    """
    board = board_of(name)
    if not board.is_real:
        real = ", ".join(other.name for other in BOARDS.values() if other.is_real)
        raise EngineError(f"{name} is built here, not by a vendor's tools", hint=f"sources are written for {real}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EngineError("is there already", path=folder, hint="name a new folder")
    made = write_sources(board, models, folder / "src" / "generated")
    root = firmware_path()
    for part in PORTABLE:
        shutil.copytree(root / part, folder / "src" / part, ignore=_only_c)
    (folder / "src" / "boards").mkdir()
    for path in (root / "boards" / "board.h", root / "boards" / board.folder / "board_nsx.c"):
        shutil.copy(path, folder / "src" / "boards")
    shutil.copy(root / "boards" / board.folder / "README.md", folder)
    for template in ("CMakeLists.txt", "nsx.yml"):
        text = (root / "boards" / board.folder / template).read_text(encoding="utf-8")
        write_atomic(folder / template, _for_board(text, board.name, board.soc).encode())
    return tuple(model.card.name for model in made)


def _only_c(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith((".c", ".h"))]


def _for_board(text: str, name: str, soc: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith("# For the Apollo4")]
    adapted = "\n".join(lines) + "\n"
    adapted = adapted.replace(_TEMPLATE_BOARD, name).replace(f"soc: {BOARDS[_TEMPLATE_BOARD].soc}", f"soc: {soc}")
    return adapted.replace("channel: stable", f"channel: {_NSX_CHANNELS[soc]}")
