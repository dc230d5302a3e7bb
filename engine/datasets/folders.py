"""Finding the folder of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.datasets.catalog import dataset_info, default_folder
from engine.datasets.reading import cure
from engine.errors import DatasetError


def find_folder(name: str, source: Path | None = None) -> Path:
    """The folder of dataset `name`: where downloads go, or at or directly below `source`.

    Below `source` it is known by its name or by the tables its publisher packs. Raises DatasetError saying what
    was looked for and how to get it.
    """
    info = dataset_info(name)
    if not info.tables:  # made in memory
        return source or default_folder(name)
    looked_for = ", ".join(table.replace("|", " or ") for table in info.tables)
    if source is None:
        folder = default_folder(name)
        if holds(folder, info.tables):
            return folder
        raise DatasetError(f"dataset {name} is not at {folder}", hint=cure(name))
    if not source.is_dir():
        fault = "is a file, not a folder" if source.exists() else "does not exist"
        raise DatasetError(fault, path=source, hint=cure(name))
    telling = not any("*" in table.replace("|*", "") for table in info.tables)
    below = sorted(p for p in source.iterdir() if p.is_dir() and (telling or p.name.startswith(name)))
    for folder in (source / name, source, *below):
        if holds(folder, info.tables):
            return folder
    incomplete = source / name if (source / name).is_dir() else source
    lacking = next(table for table in info.tables if not holds(incomplete, (table,)))
    if holds(incomplete, info.tables[:1]):
        fault = f"holds only part of {name}: it lacks {lacking.replace('|', ' or ')}"
    else:
        fault = f"holds no {name} data (looked for {looked_for})"
    raise DatasetError(fault, path=incomplete, hint=cure(name))


def holds(folder: Path, tables: Sequence[str]) -> bool:
    """Whether a folder holds all of these files; "a|b" is either of two, and names may have wildcards."""
    return folder.is_dir() and all(
        any((folder / name).exists() if "*" not in name else any(folder.glob(name)) for name in table.split("|"))
        for table in tables
    )


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
