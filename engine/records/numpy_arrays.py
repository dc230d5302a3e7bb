"""Arrays in .npy and .npz files, with every size checked against the file first and pickles refused."""

from __future__ import annotations

import errno
import io
import zipfile
import zlib
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.limits import MAX_ARRAY_BYTES

_MAX_MEMBERS = 10_000


def read_npy(file: BinaryIO, size: int) -> dict[str, NDArray[np.generic]]:
    """The array of a .npy file of `size` bytes, under the name "array"; fields of a table under their own."""
    try:
        version = npy.read_magic(file)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        shape, is_fortran, form = read_header(file) if read_header else ((), False, np.dtype("V0"))
    except Exception as error:  # numpy evaluates the header as a Python literal, which can fail in many ways
        raise RecordError("has a damaged array header") from error
    if read_header is None:
        raise RecordError(f"is a .npy file of version {version[0]}.{version[1]}, which cannot be read")
    if form.hasobject:
        raise RecordError("holds Python objects, which are not read for safety")
    if any(n < 0 for n in shape):
        raise RecordError("has a damaged array header")
    needed = prod(shape) * form.itemsize
    present = size - file.tell()
    if needed > present:
        raise RecordError(f"promises {needed:,} bytes of samples, {max(present, 0):,} are there")
    if needed > MAX_ARRAY_BYTES:
        raise RecordError(f"holds more than the {MAX_ARRAY_BYTES >> 30} GiB that can be read")
    data = file.read(needed)
    if len(data) < needed:
        raise RecordError("ends in the middle of its samples")
    values: NDArray[Any] = np.frombuffer(data, form, prod(shape)) if form.itemsize else np.zeros(0)
    values = values.reshape(shape, order="F" if is_fortran else "C")
    if form.names:
        return {name: values[name] for name in form.names}
    return {"array": values}


def read_npz(file: BinaryIO) -> dict[str, NDArray[np.generic]]:
    """The arrays of a .npz file by name."""
    found: dict[str, NDArray[np.generic]] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if not any(m.filename.endswith(".npy") for m in members):
                raise RecordError(f"is {_other_zip([m.filename for m in members])}, which cannot be opened")
            if len(members) > _MAX_MEMBERS or sum(m.file_size for m in members) > MAX_ARRAY_BYTES:
                raise RecordError(f"unpacks to more than {MAX_ARRAY_BYTES >> 30} GiB")
            for member in members:
                if member.filename.endswith(".npy"):
                    with archive.open(member) as packed:
                        data = packed.read(member.file_size + 1)
                    name = member.filename.removesuffix(".npy")
                    arrays = read_npy(io.BytesIO(data), len(data))
                    found.update({name if key == "array" else f"{name}.{key}": a for key, a in arrays.items()})
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise RecordError("is a damaged or encrypted archive") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a directory that points before the start of the file
            raise
        raise RecordError("is a damaged or encrypted archive") from error
    return found


def _other_zip(names: list[str]) -> str:
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook"
    if any(name.startswith("word/") for name in names):
        return "a Word document"
    return "a zip archive without arrays"
