"""Windows kept on disk, so that a second run on the same data starts at once.

An entry is a folder named by the hash of everything its windows depend on. It is written under another name and
renamed when complete; one that is damaged is made again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.jobs.events import Job
from engine.tasks.base import WindowSet

_MOST_BYTES = 8_000_000_000
_YOUNG_S = 24 * 3600.0  # entries used since then are never thrown out
_FIELDS = ("x", "y", "patient", "record", "lead", "start", "rate_hz")


def default_cache() -> Path:
    """Where windows are kept when no folder is named."""
    from platformdirs import user_cache_path

    return user_cache_path("heartkit-workbench", appauthor=False) / "windows"


def digest(content: Any) -> str:
    """SHA-256 in hex of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def cached_windows(cache: Path, key: str, make: Callable[[], WindowSet], job: Job) -> WindowSet:
    """The windows under `key`: read from the cache, or made and put there. The big arrays stay on disk.

    A cache that cannot be written is only warned about.
    """
    folder = cache / key[:32]
    if folder.is_dir():
        found = _read(folder)
        if found is not None:
            with suppress(OSError):
                (folder / "index.json").touch()
            return found
        job.warning(f"the cached windows in {folder} are damaged and are made again")
    windows = make()
    try:
        _write(folder, windows)
    except OSError as error:
        job.warning(f"windows cannot be kept in {cache}: {error.strerror or error}")
        return windows
    _throw_out_old(cache)
    return _read(folder) or windows


def _throw_out_old(cache: Path) -> None:
    """Keep the cache below its size by removing the entries that were not used for longest."""
    entries = []
    for index in cache.glob("*/index.json"):
        with suppress(OSError):
            size = sum(file.stat().st_size for file in index.parent.iterdir())
            entries.append((index.stat().st_mtime, size, index.parent))
    total = sum(size for _, size, _ in entries)
    for used, size, folder in sorted(entries):
        if total <= _MOST_BYTES or time.time() - used < _YOUNG_S:
            return
        shutil.rmtree(folder, ignore_errors=True)
        total -= size


def _write(folder: Path, windows: WindowSet) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        arrays = {name: getattr(windows, name) for name in _FIELDS}
        arrays |= {f"extra.{name}": value for name, value in windows.extra.items()}
        sums = {}
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
            sums[name] = _sum(temporary / f"{name}.npy")
        (temporary / "index.json").write_text(json.dumps(sums), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary)


def _read(folder: Path) -> WindowSet | None:
    """The windows of an entry, None when it is incomplete or its check sums are wrong."""
    try:
        sums = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        arrays: dict[str, NDArray[Any]] = {}
        for name, expected in sums.items():
            path = folder / f"{name}.npy"
            if _sum(path) != expected:
                return None
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        extra = {name.removeprefix("extra."): a for name, a in arrays.items() if name.startswith("extra.")}
        return WindowSet(**{name: arrays[name] for name in _FIELDS}, extra=extra)
    except (OSError, ValueError, KeyError, EngineError):
        return None


def _sum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            total = zlib.crc32(block, total)
    return total
