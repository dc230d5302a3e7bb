"""The boards that firmware is built for, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import ConfigError


@dataclass(frozen=True)
class Board:
    """A board. folder: under `firmware/boards`; codegen_target: of `engine.export.codegen`.

    cross: built by the Arm compiler. machine: QEMU's name for it, empty where QEMU does not play it. soc: of a
    board whose image is built by the vendor's tools, from sources that we write.
    """

    name: str
    title: str
    folder: str
    codegen_target: str
    cross: bool
    machine: str = ""
    soc: str = ""
    clock_hz: int = 0
    flash_bytes: int = 0
    ram_bytes: int = 0

    @property
    def is_real(self) -> bool:
        """Silicon."""
        return bool(self.soc)


_KB = 1024
_AN386 = Board(
    *("an386", "Virtual EVB (Cortex-M4F)", "qemu_an386", "dsp", True, "mps2-an386"),
    clock_hz=25_000_000,
    flash_bytes=2048 * _KB,
    ram_bytes=384 * _KB,
)
_AN547 = Board(
    *("an547", "Virtual EVB (Cortex-M55)", "qemu_an547", "mve", True, "mps3-an547"),
    clock_hz=32_000_000,
    flash_bytes=512 * _KB,
    ram_bytes=512 * _KB,
)
_HOST = Board("host", "Virtual EVB (native process)", "host", "portable", False)
_APOLLO4P = Board("apollo4p_evb", "Apollo4 Plus EVB", "apollo_nsx", "dsp", True, soc="apollo4p")
_APOLLO510 = Board("apollo510_evb", "Apollo510 EVB", "apollo_nsx", "mve", True, soc="apollo510")
BOARDS: Mapping[str, Board] = {board.name: board for board in (_AN386, _AN547, _HOST, _APOLLO4P, _APOLLO510)}


def board_of(name: str) -> Board:
    """A board by name. Raises ConfigError."""
    if name not in BOARDS:
        raise ConfigError(f'no board "{name}"', hint=f"known: {', '.join(BOARDS)}")
    return BOARDS[name]
