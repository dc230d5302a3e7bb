"""Your own recordings: a folder of WFDB records with annotations, as one dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from engine.datasets.base import Dataset, DatasetInfo, Strip
from engine.datasets.labels import beats_of_marks, marked_span, rhythm_spans, waves_of_marks
from engine.datasets.reading import of_patient, read_marks, read_recording, read_table
from engine.errors import DatasetError
from engine.records.annotations import Annotations

PATIENTS_TABLE = "PATIENTS.csv"
_HINT = "it takes WFDB records: .hea files with their signals, and annotation files where there are labels"
_WAVE_SYMBOLS = "pNt()"


class WfdbFolder(Dataset):
    """Every WFDB record at or below the folder; labels are what its annotation file holds.

    Beats from beat marks, rhythms from `+` marks with a text such as "(AFIB", waves where there are `(` and `)`
    marks. A file whose suffix is a lead's name in lower case holds that lead's own marks. A table PATIENTS.csv with
    columns record and patient groups records of one person; without it each record counts as its own.

    Parameters: `annotator` is the suffix of the other annotation files (default "atr"); `labels` is a CSV file with
    columns record and label, several rows a record allowed, that gives statements.
    """

    info = DatasetInfo(
        name="wfdb-folder",
        title="A folder of WFDB records of your own",
        licence="yours",
        citation="",
        home="",
        rate_hz=0.0,
        n_patients=0,
        size_bytes=0,
        contains=("beats", "rhythms", "waves", "statements"),
        tables=("*.hea|*/*.hea|*/*/*.hea",),
    )
    known_params = ("annotator", "labels")

    @cached_property
    def _headers(self) -> dict[str, Path]:
        found = {str(p.relative_to(self.folder).with_suffix("")): p for p in sorted(self.folder.rglob("*.hea"))}
        if not found:
            raise DatasetError("holds no WFDB records (*.hea)", path=self.folder, hint=_HINT)
        return found

    @cached_property
    def _grouped(self) -> dict[str, tuple[str, ...]]:
        table = self.folder / PATIENTS_TABLE
        person = {record: record for record in self._headers}
        if table.is_file():
            for row in read_table("wfdb-folder", table, ("record", "patient")):
                if row["record"] not in person:
                    raise DatasetError(f'names record "{row["record"][:60]}", which is not there', path=table)
                person[row["record"]] = row["patient"]
        grouped: dict[str, list[str]] = {}
        for record, patient in person.items():
            grouped.setdefault(patient, []).append(record)
        return {patient: tuple(records) for patient, records in sorted(grouped.items())}

    @cached_property
    def _statements(self) -> dict[str, frozenset[str]] | None:
        if self.params.get("labels") is None:
            return None
        table = self.folder / str(self.params["labels"])
        found: dict[str, set[str]] = {record: set() for record in self._headers}
        for row in read_table("wfdb-folder", table, ("record", "label")):
            if row["record"] not in found:
                raise DatasetError(f'names record "{row["record"][:60]}", which is not there', path=table)
            found[row["record"]].add(row["label"].strip())
        return {record: frozenset(labels) for record, labels in found.items()}

    def patients(self) -> tuple[str, ...]:
        """People of PATIENTS.csv, or record names."""
        return tuple(self._grouped)

    def records(self, patient: str) -> tuple[str, ...]:
        """Record names below the folder, with "/"."""
        return of_patient("wfdb-folder", patient, self._grouped)

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """All leads of all records of one person."""
        for record in self.records(patient):
            header = self._headers[record]
            recording = read_recording("wfdb-folder", header, leads)
            common = self._marks(header, str(self.params.get("annotator", "atr")))
            for signal in recording.signals:
                own = self._marks(header, signal.name.lower())
                marks = own if own is not None else common
                drawn = None if marks is None else marks.only(_WAVE_SYMBOLS)
                has_waves = drawn is not None and "(" in drawn.symbol
                has_rhythm = marks is not None and "+" in marks.symbol
                yield Strip(
                    patient=patient,
                    record=record,
                    lead=signal.name,
                    rate_hz=recording.rate_hz,
                    samples_mv=signal.samples,
                    waves=waves_of_marks(drawn.symbol, drawn.sample) if drawn is not None and has_waves else None,
                    marked=marked_span(drawn.sample) if drawn is not None and has_waves else None,
                    beats=None if marks is None else beats_of_marks(marks),
                    rhythms=rhythm_spans(marks, recording.n_samples) if marks is not None and has_rhythm else None,
                    statements=None if self._statements is None else self._statements[record],
                    missing=signal.missing,
                )

    def _marks(self, header: Path, annotator: str) -> Annotations | None:
        path = header.with_suffix("")
        if not path.with_name(f"{path.name}.{annotator}").is_file():
            return None
        return read_marks("wfdb-folder", path, annotator)
