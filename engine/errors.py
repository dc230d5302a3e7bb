"""The one family of errors the engine raises for reasons outside its own code.

Anything else that escapes is a defect of ours. `str(error)` is one sentence a stranger understands: it names
the file (or option), the fault and, where there is one, the cure.
"""

from __future__ import annotations

import errno
from pathlib import Path


class EngineError(Exception):
    """Bad input, missing resource or refused request; never a programming mistake.

    Parameters
    ----------
    fault: what is wrong, in plain words, without the file name.
    path: the file concerned, if any; its name starts the sentence.
    hint: what to do about it, if known; ends the sentence.
    """

    def __init__(self, fault: str, *, path: str | Path | None = None, hint: str | None = None) -> None:
        self.fault = fault
        self.path = Path(path) if path is not None else None
        self.hint = hint
        prefix = f"{self.path.name or self.path}: " if self.path is not None else ""
        suffix = f" ({hint})" if hint else ""
        super().__init__(f"{prefix}{fault}{suffix}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.fault, self.path, self.hint))


def _rebuild(kind: type[EngineError], fault: str, path: Path | None, hint: str | None) -> EngineError:
    return kind(fault, path=path, hint=hint)


class RecordError(EngineError):
    """A recording cannot be opened, read or written."""


class AnnotationError(EngineError):
    """An annotation file cannot be read or written."""


class ConfigError(EngineError):
    """A configuration or option is not acceptable."""


class DatasetError(EngineError):
    """A dataset is missing, incomplete, damaged or cannot be fetched."""


class Cancelled(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised inside a running job after a cancel request."""


def disk_is_full(error: OSError) -> bool:
    """Whether a write found no room; NumPy says so in words only ("9 requested and 4 written")."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or (
        error.errno is None and "requested and" in str(error)
    )


def fault_of_system(error: OSError) -> str | None:
    """What the system refused, in one sentence; None where no file is named, which is a defect of ours."""
    if disk_is_full(error):
        return "the disk is full; make room and run the same again"
    return None if error.filename is None else f"{error.filename}: {error.strerror or error}"
