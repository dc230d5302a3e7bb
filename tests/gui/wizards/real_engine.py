"""The real engine with the presets of a folder of the tests (first argument) in place of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import engine.presets
from engine.cli import main

FOLDER = Path(sys.argv.pop(1))

if __name__ == "__main__":
    engine.presets.resource_path = lambda *parts: FOLDER.joinpath(*parts[1:])  # type: ignore[assignment]
    sys.exit(main(sys.argv[1:]))
