"""What is written from the message table: the firmware's C codec and the documentation."""

from __future__ import annotations

from pathlib import Path

from engine.devices.protocol.generator.c_code import header_text, source_text
from engine.devices.protocol.generator.documentation import documentation_text


def generated_files() -> dict[Path, str]:
    """Path in the source tree and content of every generated file."""
    root = Path(__file__).resolve().parents[4]
    return {
        root / "firmware" / "link" / "messages.h": header_text(),
        root / "firmware" / "link" / "messages.c": source_text(),
        root / "docs" / "protocol.md": documentation_text(),
    }
