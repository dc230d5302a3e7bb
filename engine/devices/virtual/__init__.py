"""Boards that exist in software: the firmware in QEMU or as a process, or a simulator; all behind a URL."""

from __future__ import annotations

from engine.devices.virtual.board import BOARDS, VirtualBoard, availability, start
from engine.devices.virtual.images import recorded_instructions

__all__ = ["BOARDS", "VirtualBoard", "availability", "recorded_instructions", "start"]
