"""What a folder holds: subfolders and files that look like recordings. No Qt."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# Suffixes worth trying; whether a file is a recording is decided by its content when it is opened.
SUFFIXES = frozenset(
    ".hea .edf .bdf .rec .dcm .csv .tsv .txt .log .mat .npz .npy .h5 .hdf5".split()  # noqa: SIM905
)
MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the browser."""

    path: Path
    is_folder: bool
    size: int = 0
    changed_ns: int = 0

    @property
    def name(self) -> str:
        """File name; WFDB headers go by the name of their record."""
        return self.path.stem if self.path.suffix.lower() == ".hea" else self.path.name


@dataclass(frozen=True, slots=True)
class Listing:
    """Folders first, then files, each by name; `fault` says why a folder cannot be read, or was cut short."""

    folder: Path
    entries: tuple[Entry, ...]
    fault: str = ""


def list_folder(folder: Path) -> Listing:
    """Entries of a folder; never raises. Samples that belong to a WFDB header are left out."""
    folders: list[Entry] = []
    files: list[Entry] = []
    fault = ""
    try:
        with os.scandir(folder) as found:
            for item in found:
                if item.name.startswith("."):
                    continue
                if len(folders) + len(files) >= MAX_ENTRIES:
                    fault = f"Only the first {MAX_ENTRIES} entries are shown."
                    break
                entry = _entry(item)
                if entry is not None:
                    (folders if entry.is_folder else files).append(entry)
    except OSError as error:
        return Listing(folder, (), f"{folder.name or folder}: {error.strerror}")
    headers = {entry.path.stem for entry in files if entry.path.suffix.lower() == ".hea"}
    files = [e for e in files if e.path.suffix.lower() == ".hea" or e.path.stem not in headers]
    folders.sort(key=lambda entry: natural_key(entry.path.name))
    files.sort(key=lambda entry: natural_key(entry.path.name))
    return Listing(folder, (*folders, *files), fault)


def _entry(item: os.DirEntry[str]) -> Entry | None:
    try:
        if item.is_dir():
            return Entry(Path(item.path), True)
        if not item.is_file() or Path(item.name).suffix.lower() not in SUFFIXES:
            return None
        stat = item.stat()
        return Entry(Path(item.path), False, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return None  # vanished, or a broken link


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sorting key in which 2 comes before 10."""
    parts: list[tuple[int, int | str]] = []
    digits = ""
    for letter in f"{name.lower()}\0":
        if letter.isdecimal():
            digits += letter
            continue
        if digits:
            parts.append((0, int(digits)))
            digits = ""
        parts.append((1, letter))
    return tuple(parts)
