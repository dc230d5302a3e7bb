"""Firmware images: the C of `firmware/`, tables and models generated for it, compiled for one board."""

from __future__ import annotations

from engine.export.firmware.boards import BOARDS, Board, board_of
from engine.export.firmware.build import Image, build, write_sources
from engine.export.firmware.models import BUILT_IN, FirmwareModel, model_for_firmware
from engine.export.firmware.project import write_project

__all__ = [
    "BOARDS",
    "BUILT_IN",
    "Board",
    "FirmwareModel",
    "Image",
    "board_of",
    "build",
    "model_for_firmware",
    "write_project",
    "write_sources",
]
