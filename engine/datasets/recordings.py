"""Finding the file of one recording of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def find_recording(name: str, folders: Sequence[Path]) -> Path | None:
    """The header of recording `name` at or below one of the folders, if it is there."""
    for folder in folders:
        plain = folder / f"{name}.hea"
        if plain.is_file():
            return plain
        found = next(folder.rglob(f"{Path(name).name}.hea"), None)
        if found is not None:
            return found
    return None
