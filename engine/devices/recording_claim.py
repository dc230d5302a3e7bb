"""Whether a recording is being written: a lock on a file beside it, which ends with its program."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

CLAIM = ".writing"


class RecordingClaim:
    """Says that this program writes to a folder, until `release`. Raises OSError where nothing can be written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CLAIM
        self._file = self._path.open("wb")
        with suppress(OSError):  # a file system without locks: nobody can tell then
            _lock(self._file)

    def release(self) -> None:
        """The folder is free; harmless when repeated."""
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def is_claimed(folder: Path) -> bool:
    """Whether a running program, this one or another, writes to a folder of a recording."""
    try:
        with (folder / CLAIM).open("r+b") as file:
            _lock(file)
    except BlockingIOError:
        return True
    except PermissionError:  # how Windows says that it is locked; otherwise somebody else's, and not ours to touch
        return True
    except OSError:
        return False
    return False


def _lock(file: BinaryIO) -> None:
    """Take the lock or raise OSError at once; closing the file gives it back."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
