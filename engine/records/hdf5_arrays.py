"""Arrays in HDF5 files, MATLAB 7.3 among them, without following anything out of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.limits import MAX_ARRAY_BYTES

_MAX_DEPTH = 4
_MAX_OBJECTS = 10_000
_MAX_TEXT = 100_000
# Deflate cannot shrink anything further than about 1000-fold, so more than this cannot be stored in the file.
_MAX_RATIO = 1100


def read_hdf5(path: Path) -> dict[str, NDArray[np.generic] | str | list[str]]:
    """Arrays and texts by name ("group.array"). External links, external storage and virtual data are refused."""
    import h5py

    found: dict[str, NDArray[np.generic] | str | list[str]] = {}
    try:
        with h5py.File(path, "r") as file:
            _Reader(file, path.stat().st_size, found).group(file, "", 0)
    except RecordError:
        raise
    except OSError as error:
        if error.errno is not None and error.strerror:
            raise
        raise RecordError("is a damaged HDF5 file") from error
    except (RuntimeError, KeyError, ValueError, TypeError, RecursionError, UnicodeError) as error:
        raise RecordError("is a damaged HDF5 file") from error
    return found


class _Reader:
    """Walks one file; keeps count of what it has read."""

    def __init__(self, file: Any, size: int, found: dict[str, NDArray[np.generic] | str | list[str]]) -> None:
        self._file = file
        self._size = size
        self._found = found
        self._budget = MAX_ARRAY_BYTES
        self._objects = 0

    def group(self, group: Any, prefix: str, depth: int) -> None:
        """Read what a group holds, and the groups in it."""
        import h5py

        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise RecordError("links to other files, which is refused for safety")
            if isinstance(link, h5py.SoftLink) or name.startswith("#"):
                continue
            self._objects += 1
            if self._objects > _MAX_OBJECTS:
                raise RecordError(f"holds more than {_MAX_OBJECTS:,} objects")
            item = group[name]
            if isinstance(item, h5py.Group):
                if depth < _MAX_DEPTH:
                    self.group(item, f"{prefix}{name}.", depth + 1)
            elif isinstance(item, h5py.Dataset):
                value = self._value(item)
                if value is not None:
                    self._found[prefix + name] = value

    def _value(self, item: Any) -> NDArray[np.generic] | str | list[str] | None:
        import h5py

        if item.is_virtual or item.external:
            raise RecordError("keeps its samples in other files, which is refused for safety")
        if item.shape is None or "MATLAB_empty" in item.attrs:
            return None
        kind = item.attrs.get("MATLAB_class", b"")
        kind = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)
        if h5py.check_string_dtype(item.dtype) is not None:
            if item.size > _MAX_TEXT:
                return None
            texts = [t.decode("utf-8", "replace") if isinstance(t, bytes) else str(t) for t in np.ravel(item[()])]
            return texts if item.ndim else texts[0]
        if h5py.check_ref_dtype(item.dtype) is not None:
            return self._cell(item)
        if item.dtype.kind not in "iuf":
            return None
        needed = item.size * item.dtype.itemsize
        if needed > self._budget or needed > self._size * _MAX_RATIO:
            raise RecordError(f"promises {needed:,} bytes of samples, more than a file of its size can hold")
        self._budget -= needed
        values = item[()]
        if kind == "char" and item.dtype.kind == "u":
            rows = ["".join(map(chr, row)).strip(" \0") for row in np.atleast_2d(np.asarray(values).T)]
            return rows[0] if len(rows) == 1 else rows
        # MATLAB counts axes the other way round.
        return np.asarray(values).T if kind else np.asarray(values)

    def _cell(self, item: Any) -> list[str] | None:
        """A MATLAB cell array of texts; None for cells of anything else."""
        import h5py

        if item.size > 1000:
            return None
        texts = []
        for reference in np.ravel(item[()]):
            target = self._file[reference] if reference else None
            text = self._value(target) if isinstance(target, h5py.Dataset) and target.dtype.kind == "u" else None
            if not isinstance(text, str):
                return None
            texts.append(text)
        return texts
