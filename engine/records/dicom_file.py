"""DICOM files as datasets: bounded in size, inflation and nesting, and mended where they were cut short."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import RecordError
from engine.records.limits import MAX_ARRAY_BYTES

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MAX_INFLATED_BYTES = 512 << 20
_MAX_ITEMS = 300_000  # a parsed item takes a thousand times the memory of its bytes
_MAX_MENDED_RATIO = 100
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_ITEM = b"\xfe\xff\x00\xe0"
_WAVEFORM_DATA = b"\x00\x54\x10\x10"
_END_OF_ITEM_AND_SEQUENCE = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"


def read_dicom(path: Path) -> tuple[Dataset, str, tuple[str, ...]]:
    """The dataset, "<" or ">" for the byte order of its samples, and notices.

    The file is read whole, so that no length in it can ask for more memory than it has bytes. If it ends in the
    middle, the samples it still holds are kept.
    """
    if path.stat().st_size > MAX_ARRAY_BYTES:
        raise RecordError(f"is larger than the {MAX_ARRAY_BYTES >> 30} GiB that can be read", path=path)
    data = path.read_bytes()
    syntax, end_of_meta = _transfer_syntax(data)
    is_deflated = syntax == _DEFLATED
    if is_deflated:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[end_of_meta:], _MAX_INFLATED_BYTES + 1)
        if len(data) > _MAX_INFLATED_BYTES:
            raise RecordError(f"inflates to more than {_MAX_INFLATED_BYTES >> 20} MiB", path=path)
    if data.count(_ITEM) > _MAX_ITEMS:
        raise RecordError(f"has more than {_MAX_ITEMS:,} sequence items", path=path)
    order = ">" if syntax == _BIG_ENDIAN else "<"
    try:
        return _parse(data, is_deflated), order, ()
    except (OSError, EOFError):
        mended = _mended(data) if order == "<" else None
        if mended is None:
            raise RecordError("ends before its samples", path=path) from None
    data, missing = mended
    try:
        dataset = _parse(data, is_deflated)
    except (OSError, EOFError) as error:
        raise RecordError("ends before its samples", path=path) from error
    if not missing:
        return dataset, order, ("The file ends after its samples; annotations may be missing.",)
    last = dataset.WaveformSequence[-1]
    last.WaveformData = last.WaveformData[:-missing]
    return dataset, order, ()


def _parse(data: bytes, is_deflated: bool) -> Dataset:
    from pydicom import config, dcmread
    from pydicom.filereader import read_dataset

    config.settings.reading_validation_mode = config.IGNORE  # no warnings about odd but harmless values
    if is_deflated:
        dataset = read_dataset(io.BytesIO(data), is_implicit_VR=False, is_little_endian=True)
    else:
        dataset = dcmread(io.BytesIO(data), force=True)
    for keyword in ("WaveformSequence", "WaveformAnnotationSequence"):
        dataset.get(keyword)  # parsed on first use; a file cut short shows here
    return dataset


def _transfer_syntax(data: bytes) -> tuple[str, int]:
    """Transfer syntax UID ("" if none is given), and where the file meta information ends."""
    at = 132 if data[128:132] == b"DICM" else 0
    syntax = ""
    while data[at : at + 2] == b"\x02\x00" and at + 8 <= len(data):
        is_long = data[at + 4 : at + 6] in (b"OB", b"OW", b"UN", b"SQ", b"UT")
        start = at + (12 if is_long else 8)
        size = int.from_bytes(data[start - 4 : start] if is_long else data[start - 2 : start], "little")
        if data[at + 2 : at + 4] == b"\x10\x00":
            syntax = data[start : start + size].decode("latin-1").strip(" \0")
        at = start + size
    return syntax, at


def _mended(data: bytes) -> tuple[bytes, int] | None:
    """A file that ends in the middle, made whole, and how many bytes of its samples are made up.

    Samples that are cut are filled up with zeros; anything cut after the samples is dropped. None if the file
    ends before the first sample.
    """
    at, end = 0, None
    while (at := data.find(_WAVEFORM_DATA, at)) >= 0:
        is_explicit = data[at + 4 : at + 6] in (b"OB", b"OW")
        start = at + (12 if is_explicit else 8)
        at = start + int.from_bytes(data[start - 4 : start], "little")
        if at > len(data):
            missing = at - len(data)
            if missing > _MAX_MENDED_RATIO * len(data):
                return None
            return data + bytes(missing) + _END_OF_ITEM_AND_SEQUENCE, missing
        end = at
    return None if end is None else (data[:end] + _END_OF_ITEM_AND_SEQUENCE, 0)
