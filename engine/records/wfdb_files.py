"""Finding and reading the files of a WFDB record: plain names, regular files, bounded reads."""

from __future__ import annotations

import os
import stat
import threading
import weakref
from pathlib import Path

from engine.errors import EngineError, RecordError

HEADER_SUFFIX = ".hea"
MAX_HEADER_BYTES = 1 << 20
MAX_HEADERS_SEARCHED = 1000


def reason(error: OSError) -> str:
    """Why the system refused, in lower case."""
    return (error.strerror or type(error).__name__).lower()


def file_size(path: Path, kind: type[EngineError] = RecordError) -> int:
    """Size in bytes of a regular file; `kind` is raised for anything else, pipes and devices included."""
    try:
        status = path.stat()
    except OSError as error:
        fault = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {reason(error)}"
        raise kind(fault, path=path) from error
    except ValueError as error:  # a NUL in the name
        raise kind("is not a possible file name", path=repr(str(path))) from error
    if stat.S_ISDIR(status.st_mode):
        raise kind("is a folder, not a file", path=path)
    if not stat.S_ISREG(status.st_mode):
        raise kind("is not a regular file", path=path)
    return status.st_size


def read_whole(path: Path, limit: int, kind: type[EngineError] = RecordError) -> bytes:
    """The bytes of a file of at most `limit` bytes."""
    size = file_size(path, kind)
    if size > limit:
        raise kind(f"is {size:,} bytes long, more than the {limit:,} a file of its kind may have", path=path)
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise kind(f"cannot be read: {reason(error)}", path=path) from error


def sibling(header: Path, name: str) -> Path:
    """The file `name` in the folder of `header`; RecordError for a name that leads anywhere else.

    Names come from the header, so a hostile one could point at any file: only a plain name is taken, and what it
    names must lie in the folder after links are followed.
    """
    if not is_plain_name(name):
        shown = name if len(name) <= 60 else name[:57] + "..."
        raise RecordError(f"names a file outside its own folder ({shown!r})", path=header)
    path = header.parent / name
    if path.is_symlink():
        # realpath, unlike Path.resolve, also bears links that go in circles.
        folder, end = Path(os.path.realpath(header.parent)), Path(os.path.realpath(path))
        if not end.is_relative_to(folder):
            raise RecordError(f"its file {name} is a link that leads out of the folder", path=header)
    return path


def is_file(path: Path) -> bool:
    """True for a file that exists; False, never an exception, for names the system does not even take."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_plain_name(name: str) -> bool:
    """True for a bare file name: no folder, drive, address, device or control character."""
    return (
        0 < len(name.encode(errors="replace")) <= 255
        and name not in {".", "..", "-"}
        and not any(c in '/\\:*?"<>|' or c.isspace() or not c.isprintable() for c in name)
    )


def find_header(path: str | Path) -> Path | None:
    """The header of the WFDB record that `path` names, or None.

    `path` may be the header, the record name without suffix, or one of the record's signal files.
    """
    given = Path(path)
    if not given.name:
        return None
    if given.name.lower().endswith(HEADER_SUFFIX):
        return given if is_file(given) else None
    for candidate in (given.with_name(given.name + HEADER_SUFFIX), given.with_suffix(HEADER_SUFFIX)):
        if is_file(candidate):
            return candidate
    return _header_naming(given) if is_file(given) else None


def _header_naming(signal_file: Path) -> Path | None:
    """The header whose name starts the signal file's name and that lists the file (rec.hea for rec_1.dat)."""
    try:
        entries = [e.name for e in os.scandir(signal_file.parent) if e.name.endswith(HEADER_SUFFIX)]
    except OSError:
        return None
    stems = sorted(e[: -len(HEADER_SUFFIX)] for e in entries[:MAX_HEADERS_SEARCHED])
    for stem in sorted((s for s in stems if signal_file.name.startswith(s)), key=len, reverse=True):
        header = signal_file.with_name(stem + HEADER_SUFFIX)
        try:
            lines = read_whole(header, MAX_HEADER_BYTES).splitlines()
        except RecordError:
            continue
        if any(line.split()[:1] == [os.fsencode(signal_file.name)] for line in lines):
            return header
    return None


class ByteSource:
    """Random access to the bytes of one file, from any thread; never maps it, so truncation cannot kill us."""

    def __init__(self, path: Path) -> None:
        file_size(path)
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._handle = os.open(path, flags)
        except OSError as error:
            raise RecordError(f"cannot be read: {reason(error)}", path=path) from error
        self.path = path
        self.size = os.fstat(self._handle).st_size
        self._lock = threading.Lock()
        self._release = weakref.finalize(self, os.close, self._handle)

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer at the end of the file."""
        if not self._release.alive:
            raise RecordError("is closed", path=self.path)
        parts = []
        try:
            while count > 0 and (part := self._read_once(offset, min(count, 1 << 30))):
                parts.append(part)
                offset += len(part)
                count -= len(part)
        except OSError as error:
            raise RecordError(f"cannot be read: {reason(error)}", path=self.path) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_once(self, offset: int, count: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._handle, count, offset)
        with self._lock:
            os.lseek(self._handle, offset, os.SEEK_SET)
            return os.read(self._handle, count)

    def close(self) -> None:
        """Release the file; harmless when repeated."""
        self._release()
