"""`open_record`: any recording, recognised by its content; `read_annotations`: the marks that belong to it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import AnnotationError, RecordError
from engine.records.annotations import Annotations
from engine.records.hints import TextHints
from engine.records.record import Record
from engine.records.sniff import HEAD_BYTES, KNOWN_FORMATS, Sniffed, sniff


def open_record(path: str | Path, *, hints: TextHints | None = None) -> Record:
    """Open a recording; headers only, samples are read on demand (text tables and arrays are parsed at once).

    `path` names the file, or a WFDB record with or without suffix. `hints` answers what plain tables and arrays
    may leave open: `NeedsHints`, a RecordError, asks for it and says what was found out. RecordError, in one
    sentence, for everything that cannot be opened.
    """
    path = Path(path)
    try:
        return _open(path, hints)
    except RecordError:
        raise
    except OSError as error:
        raise RecordError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=path) from error
    except MemoryError as error:
        raise RecordError("needs more memory than there is", path=path) from error


def _open(path: Path, hints: TextHints | None) -> Record:
    if _is_wfdb_name(path):
        from engine.records.wfdb_record import open_wfdb

        return open_wfdb(path)
    sniffed = _sniff_file(path)
    match sniffed.kind:
        case "edf":
            from engine.records.edf_record import open_edf

            return open_edf(path)
        case "dicom":
            from engine.records.dicom import open_dicom

            return open_dicom(path, hints)
        case "mat4" | "mat5" | "hdf5" | "npy" | "zip":
            from engine.records.matfile import open_arrays

            return open_arrays(path, sniffed.kind, hints)
        case "wfdb":
            raise RecordError("is a WFDB header under another name", path=path, hint=f"name it {path.stem}.hea")
        case "text":
            from engine.records.text import open_text

            return open_text(path, hints)
    from engine.records.wfdb_files import find_header

    if find_header(path) is not None:  # an annotation file, most likely
        from engine.records.wfdb_record import open_wfdb

        return open_wfdb(path)
    fault = f"looks like {sniffed.looks_like}, which cannot be opened"
    raise RecordError(fault, path=path, hint=f"formats that open: {KNOWN_FORMATS}")


def _is_wfdb_name(path: Path) -> bool:
    """True for a .hea file, a record name without suffix, and a signal file that a header beside it lists."""
    from engine.records.wfdb_files import HEADER_SUFFIX, MAX_HEADER_BYTES, file_size, find_header

    if path.name.lower().endswith(HEADER_SUFFIX):
        return True
    header = find_header(path)
    if header is None:
        return False
    if not path.is_file():
        return True
    if file_size(header) > MAX_HEADER_BYTES:
        return False
    name = os.fsencode(path.name)
    return any(line.split()[:1] == [name] for line in header.read_bytes().splitlines())


def _sniff_file(path: Path) -> Sniffed:
    from engine.records.wfdb_files import file_size

    size = file_size(path)
    if size == 0:
        raise RecordError("is empty", path=path)
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES), size)


def read_annotations(source: str | Path | Record, annotator: str | None = None) -> tuple[Annotations, ...]:
    """Every set of annotations that comes with a recording: files beside a WFDB record, marks inside EDF+ or DICOM.

    Samples count at the record's rate. `source` is an open record or a path as for `open_record`; a file that
    holds annotations only (EDF+) will do.
    `annotator` asks for one set by name; RecordError if there is none of that name. Annotation files beside the
    record that cannot be read are left out unless asked for.
    """
    if not isinstance(source, Record):
        path = Path(source)
        if not _is_wfdb_name(path) and _sniff_file(path).kind == "edf":
            return _chosen(_edf_annotations(path), annotator, path)
        with open_record(path) as record:
            return read_annotations(record, annotator)
    if source.info.format.startswith("WFDB"):
        return _wfdb_annotations(source, annotator)
    if source.info.format.startswith(("EDF", "BDF")):
        return _chosen(_edf_annotations(source.path), annotator, source.path)
    if source.info.format.startswith("DICOM"):
        from engine.records.dicom import DicomRecord

        found = source.annotations if isinstance(source, DicomRecord) else None
        return _chosen(() if found is None else (found,), annotator, source.path)
    return _chosen((), annotator, source.path)


def _edf_annotations(path: Path) -> tuple[Annotations, ...]:
    from engine.records.edf_annotations import read_edf_annotations

    found = read_edf_annotations(path)
    return (found,) if found is not None and len(found) else ()


def _wfdb_annotations(record: Record, annotator: str | None) -> tuple[Annotations, ...]:
    from engine.records.wfdb_annotations import find_annotators, read_wfdb_annotations
    from engine.records.wfdb_files import find_header

    header = find_header(record.path) or record.path
    if annotator is not None:
        return (_at_rate(read_wfdb_annotations(header, annotator), record.fs),)
    found = []
    for name in find_annotators(header):
        with suppress(AnnotationError):
            found.append(_at_rate(read_wfdb_annotations(header, name), record.fs))
    return tuple(found)


def _at_rate(annotations: Annotations, fs: float) -> Annotations:
    """Annotations counted at the record's rate, where a WFDB record has several samples a frame."""
    if annotations.fs == fs:
        return annotations
    return replace(annotations, sample=np.rint(annotations.sample * (fs / annotations.fs)).astype(np.int64), fs=fs)


def _chosen(found: tuple[Annotations, ...], annotator: str | None, path: Path) -> tuple[Annotations, ...]:
    if annotator is None:
        return found
    chosen = tuple(a for a in found if a.name == annotator)
    if not chosen:
        known = ", ".join(a.name for a in found)
        raise RecordError(
            f"has no annotations called {annotator}", path=path, hint=f"it has {known}" if known else None
        )
    return chosen
