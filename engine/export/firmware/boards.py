"""The boards that firmware is built for, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import ConfigError


@dataclass(frozen=True)
class Board:
    """A board. folder: under `firmware/boards`; codegen_target: of `engine.export.codegen`.

    machine: QEMU's name for it, empty where QEMU does not play it.
    """

    name: str
    title: str
    folder: str
    codegen_target: str
    cross: bool
    machine: str = ""
    clock_hz: int = 0
    flash_bytes: int = 0
    ram_bytes: int = 0


_KB = 1024
BOARDS: Mapping[str, Board] = {
    board.name: board
    for board in (
        Board(
            "an386",
            "Virtual EVB (Cortex-M4F)",
            "qemu_an386",
            "dsp",
            True,
            "mps2-an386",
            25_000_000,
            2048 * _KB,
            384 * _KB,
        ),
        Board(
            "an547",
            "Virtual EVB (Cortex-M55)",
            "qemu_an547",
            "mve",
            True,
            "mps3-an547",
            32_000_000,
            512 * _KB,
            512 * _KB,
        ),
        Board("host", "Virtual EVB (native process)", "host", "portable", False),
    )
}


def board_of(name: str) -> Board:
    """A board by name. Raises ConfigError."""
    if name not in BOARDS:
        raise ConfigError(f'no board "{name}"', hint=f"known: {', '.join(BOARDS)}")
    return BOARDS[name]
