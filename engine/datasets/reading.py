"""Reading one recording of a dataset through `engine.records`, with faults that name the file and the cure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import F32
from engine.errors import AnnotationError, DatasetError, RecordError
from engine.records import Annotations, open_record, read_wfdb_annotations

Found = TypeVar("Found")


@dataclass(frozen=True)
class Signal:
    """One signal: float32 [n] in mV (or its own unit), and the stretches that hold nothing."""

    name: str
    samples: F32
    missing: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Recording:
    """Signals of one recording, all at `rate_hz`; `comments` are the header's lines without "#"."""

    rate_hz: float
    n_samples: int
    signals: tuple[Signal, ...]
    comments: tuple[str, ...]


def cure(dataset: str) -> str:
    """What to do about a dataset that is missing or damaged."""
    return f"download it with: heartkit-engine download {dataset}, or point --from at a copy"


def read_recording(dataset: str, path: Path, leads: Sequence[str] | None = None) -> Recording:
    """A WFDB record with the chosen leads (None: all), `path` with or without suffix.

    A trailing comma in signal names, as some publishers leave it, is dropped. Raises DatasetError for a record
    that is missing, damaged or shorter than its header says.
    """
    header = path if path.suffix == ".hea" else path.with_name(path.name + ".hea")
    if not header.is_file():
        raise DatasetError("is missing", path=header, hint=cure(dataset))
    try:
        with open_record(header) as record:
            cut_short = next((n for n in record.info.notices if "samples its header promises" in n), None)
            names = [lead.name.rstrip(", ") for lead in record.leads]
            chosen = [i for i, name in enumerate(names) if wanted(name, leads)]
            block = record.read(leads=chosen)
            comments, rate_hz, n = record.info.comments, record.fs, record.n_samples
    except RecordError as error:
        raise DatasetError(error.fault, path=error.path or header, hint=cure(dataset)) from error
    if cut_short is not None:
        raise DatasetError(f"is damaged: {cut_short.split(';')[0]}", path=header, hint=cure(dataset))
    signals = tuple(Signal(names[i], block.values[row], gaps(block.valid[row])) for row, i in enumerate(chosen))
    return Recording(rate_hz, n, signals, comments)


def read_marks(dataset: str, path: Path, annotator: str) -> Annotations:
    """Annotations of a record (`path` without suffix). Raises DatasetError for a missing or damaged file."""
    file = path.with_name(f"{path.name}.{annotator}")
    if not file.is_file():
        raise DatasetError("is missing", path=file, hint=cure(dataset))
    try:
        return read_wfdb_annotations(file)
    except (AnnotationError, RecordError) as error:
        raise DatasetError(error.fault, path=file, hint=cure(dataset)) from error


def read_table(dataset: str, path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV table that must have `columns`. Raises DatasetError naming file and column."""
    if not path.is_file():
        raise DatasetError("is missing", path=path, hint=cure(dataset))
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            lacking = [c for c in columns if c not in (reader.fieldnames or ())]
            if lacking:
                raise DatasetError(f'lacks the column "{lacking[0]}"', path=path, hint=cure(dataset))
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot be read: {error}", path=path, hint=cure(dataset)) from error
    for row in rows:
        if any(row[c] is None for c in columns):
            raise DatasetError("has a row that is cut short", path=path, hint=cure(dataset))
    return rows


def whole_number(dataset: str, path: Path, row: Mapping[str, str], column: str) -> int:
    """A cell of a table that must be a whole number ("9" or "9.0"). Raises DatasetError naming the cell."""
    text = row[column].strip()
    if not text.removesuffix(".0").isdecimal() or len(text) > 12:
        fault = f'holds "{text[:40]}" where the column "{column}" needs a whole number'
        raise DatasetError(fault, path=path, hint=cure(dataset))
    return int(text.removesuffix(".0"))


def of_patient(dataset: str, patient: str, table: Mapping[str, Found]) -> Found:
    """What a table holds for one patient. Raises DatasetError for a patient that this copy does not have."""
    if patient not in table:
        raise DatasetError(f"{dataset} has no patient {patient[:40]} in this copy", hint=cure(dataset))
    return table[patient]


def wanted(name: str, leads: Sequence[str] | None) -> bool:
    """Whether a lead is among the chosen ones; names are compared without case."""
    return leads is None or name.lower() in {lead.lower() for lead in leads}


def gaps(valid: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Stretches [start, stop) where `valid` [n] is False."""
    if valid.all():
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate([[True], valid, [True]]).astype(np.int8)))
    return tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))
