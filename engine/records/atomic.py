"""Atomic file writing: a reader sees the old file or the whole new one, never half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from engine.errors import EngineError


@contextmanager
def atomic_write(
    path: str | Path, *, overwrite: bool = True, kind: type[EngineError] = EngineError
) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when the block ends without an exception.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the file is renamed over
    `path`; then the folder is flushed, so that the name survives a power cut too. After any exception the
    temporary file is gone and `path` is as it was. Raises `kind` for a folder that is missing, read-only or full,
    and for a `path` that exists when `overwrite` is False.
    """
    target = Path(path)
    if not overwrite and target.exists():
        raise kind("already exists", path=target)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        # O_EXCL never follows a link planted under the temporary name; mode 666 leaves the rest to the umask.
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(temporary, flags, 0o666), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not overwrite and target.exists():
            raise kind("already exists", path=target)
        temporary.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        raise kind(f"cannot be written: {(error.strerror or str(error)).lower()}", path=target) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_atomic(
    path: str | Path, data: bytes, *, overwrite: bool = True, kind: type[EngineError] = EngineError
) -> None:
    """Write a whole file atomically; see `atomic_write`."""
    with atomic_write(path, overwrite=overwrite, kind=kind) as file:
        file.write(data)


def check_places(*paths: str | Path | None) -> None:
    """Refuse before long work what could not be written at its end; None and "-" (standard output) are no files.

    Raises EngineError.
    """
    for target in (Path(path) for path in paths if path is not None and path != "-"):
        if target.is_dir():
            raise EngineError("is a folder; name a file", path=target)
        if not target.parent.is_dir():
            raise EngineError(f"cannot be written: there is no folder {target.parent}", path=target)
        if not os.access(target.parent, os.W_OK):
            raise EngineError(f"cannot be written: the folder {target.parent} is read-only", path=target)


def _flush_folder(folder: Path) -> None:
    """Make a rename durable; some systems cannot open or flush a folder, and there the rename has to do."""
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
