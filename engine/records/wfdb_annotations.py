"""Annotation files beside WFDB records: finding, reading and writing them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from engine.errors import AnnotationError, EngineError, RecordError
from engine.records.annotations import Annotations
from engine.records.atomic import write_atomic
from engine.records.record import Record
from engine.records.wfdb_annotation_codec import decode, encode
from engine.records.wfdb_files import HEADER_SUFFIX, find_header, is_plain_name, read_whole, sibling
from engine.records.wfdb_header import Header, read_header

MAX_ANNOTATION_BYTES = 256 << 20

_ANNOTATOR = re.compile(r"[A-Za-z0-9_-]{1,30}")
# Suffixes of records' other files; a mark file must never be written over one, nor one taken for marks.
_OTHER_SUFFIXES = frozenset((
    "hea", "dat", "mat", "edf", "bdf", "csv", "tsv", "txt", "json", "xml", "xws", "html", "md", "npz", "npy",
    "zip", "gz", "pdf", "png", "svg", "rec", "wav", "flac",
))  # fmt: skip
# Mark files that may lack the two zero bytes at their end by which others are known.
_USUAL_SUFFIXES = frozenset(("atr", "qrs", "ecg", "ari", "ann", "man", "pu", "q1c", "q2c", "qt1", "wqrs", "gqrs"))


def read_wfdb_annotations(
    path: str | Path | Record, annotator: str = "atr", fs: float | None = None
) -> Annotations:
    """Annotations of a record by one annotator, or those of an annotation file named directly.

    `path` is an open record, anything `open_wfdb` takes (the file then is the record's name with `annotator` as
    its suffix), or the annotation file itself. Sample numbers count at `Annotations.fs`: the time resolution the
    file states, else `fs` (Hz), else the frame rate of the record's header, which is below the record's own rate
    where signals have several samples a frame (`Annotations.at_rate` converts). AnnotationError names file and
    fault.
    """
    file = _annotation_file(path.path if isinstance(path, Record) else Path(path), annotator)
    data = read_whole(file, MAX_ANNOTATION_BYTES, AnnotationError)
    rate = fs if fs is not None else _frame_rate(file.with_suffix(HEADER_SUFFIX))
    try:
        return decode(data, rate, file.suffix[1:])
    except AnnotationError as error:
        raise AnnotationError(error.fault, path=file, hint=error.hint) from error


def write_wfdb_annotations(
    annotations: Annotations,
    folder: str | Path,
    record_name: str,
    *,
    annotator: str | None = None,
    time_resolution: bool | None = None,
    overwrite: bool = False,
) -> Path:
    """Write `folder/record_name.annotator` atomically and return its path.

    The annotator is `annotations.name` by default. The rate is stated in the file where it differs from the frame
    rate of the header beside it or where there is no header; `time_resolution` forces or forbids that. An
    existing file is only replaced with `overwrite`. Durations have no place in the format. AnnotationError for
    texts, fields or names that the format cannot hold.
    """
    target = annotation_path(folder, record_name, annotations.name if annotator is None else annotator)
    if time_resolution is None:
        header_rate = _frame_rate(target.with_name(record_name + HEADER_SUFFIX))
        time_resolution = header_rate != annotations.fs
    data = annotation_bytes(annotations, target, time_resolution=time_resolution)
    write_atomic(target, data, overwrite=overwrite, kind=AnnotationError)
    return target


def annotation_path(folder: str | Path, record_name: str, annotator: str) -> Path:
    """Where an annotator's file for a record goes; AnnotationError for names it must not have."""
    if not _ANNOTATOR.fullmatch(annotator) or annotator.lower() in _OTHER_SUFFIXES:
        raise AnnotationError(f"{annotator[:40]!r} cannot be the name of an annotator", path=Path(folder))
    if not is_plain_name(record_name):
        raise AnnotationError(f"{record_name[:40]!r} is not a plain record name", path=Path(folder))
    return Path(folder) / f"{record_name}.{annotator}"


def annotation_bytes(annotations: Annotations, path: Path, *, time_resolution: bool) -> bytes:
    """The file's content; AnnotationError, naming `path`, for what the format cannot hold."""
    try:
        return encode(annotations, time_resolution=time_resolution)
    except AnnotationError as error:
        raise AnnotationError(error.fault, path=path, hint=error.hint) from error


def find_annotators(path: str | Path) -> tuple[str, ...]:
    """Suffixes of the annotation files beside a record: "atr" first, the others in order of name."""
    header_path = find_header(path)
    if header_path is None:
        return ()
    try:
        signal_files = _signal_files(read_header(header_path))
        entries = [e for e in os.scandir(header_path.parent) if e.name.startswith(header_path.stem + ".")]
    except (EngineError, OSError):
        return ()
    found = []
    for entry in entries:
        suffix = entry.name[len(header_path.stem) + 1 :]
        is_candidate = _ANNOTATOR.fullmatch(suffix) and suffix.lower() not in _OTHER_SUFFIXES
        if is_candidate and entry.name not in signal_files and _looks_like_marks(entry, suffix):
            found.append(suffix)
    return tuple(sorted(found, key=lambda s: (s != "atr", s)))


def _looks_like_marks(entry: os.DirEntry[str], suffix: str) -> bool:
    """True for a file of whole words that ends with the end mark; a usual suffix may do without it."""
    try:
        if not entry.is_file() or entry.stat().st_size == 0:
            return False
        if suffix.lower() in _USUAL_SUFFIXES:
            return True
        size = entry.stat().st_size
        with Path(entry.path).open("rb") as file:
            file.seek(max(0, size - 2))
            return size % 2 == 0 and file.read(2) == b"\0\0"
    except OSError:
        return False


def _signal_files(header: Header) -> set[str]:
    return {s.file for s in header.signals if s.file is not None}


def _annotation_file(path: Path, annotator: str) -> Path:
    """The annotation file meant by a path; see `read_wfdb_annotations`."""
    if not _ANNOTATOR.fullmatch(annotator):
        raise AnnotationError(f"{annotator[:40]!r} cannot be the name of an annotator", path=path)
    header_path = find_header(path)
    is_header = path.name.lower().endswith(HEADER_SUFFIX)
    if path.is_file() and not is_header and not _is_signal_file(path, header_path):
        return path
    if header_path is not None:
        return sibling(header_path, f"{header_path.stem}.{annotator}")
    stem = path.with_suffix("") if is_header else path
    return stem.with_name(f"{stem.name}.{annotator}")


def _is_signal_file(path: Path, header_path: Path | None) -> bool:
    if path.suffix[1:].lower() in _OTHER_SUFFIXES:
        return True
    if header_path is None:
        return False
    try:
        return path.name in _signal_files(read_header(header_path))
    except RecordError:
        return False


def _frame_rate(header_path: Path) -> float | None:
    """Frame rate in Hz from a header, or None where there is none to be had."""
    try:
        return read_header(header_path).fs if header_path.is_file() else None
    except RecordError:
        return None
