"""The Lobachevsky University database (LUDB): 200 records of 10 s, 12 leads, 500 Hz.

Kalyakulina et al., LUDB: a new open-access validation tool for electrocardiogram delineation algorithms, IEEE
Access 8, 2020. Every lead has its own annotation of P, QRS and T with onset and offset; first and last cycles
are left unmarked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.datasets.base import Dataset, DatasetInfo, RhythmSpan, Strip, physionet
from engine.datasets.labels import marked_span, waves_of_marks
from engine.datasets.reading import of_patient, read_marks, read_recording, read_table, whole_number

FS_HZ = 500.0
LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
TEST_SHARE, TEST_SEED = 0.2, 42
VAL_SHARE, VAL_SEED = 0.12, 20
_RHYTHM_OF_NAME = {
    "Sinus rhythm": "sr", "Sinus bradycardia": "sbrad", "Sinus tachycardia": "stach", "Sinus arrhythmia": "sarrh",
    "Irregular sinus rhythm": "sarrh", "Atrial fibrillation": "afib", "Atrial flutter, typical": "aflut",
}  # fmt: skip
_STATEMENT_COLUMNS = ("Rhythms", "Conduction abnormalities", "Extrasystolies", "Cardiac pacing")


class Ludb(Dataset):
    """Twelve strips a record, each with its own waves; the rhythm is that of the diagnosis."""

    info = DatasetInfo(
        name="ludb",
        title="Lobachevsky University Electrocardiography Database 1.0.1",
        licence="ODC-By 1.0",
        citation="Kalyakulina et al., IEEE Access 8, 2020; doi:10.13026/eegm-h675",
        home="https://physionet.org/content/ludb/1.0.1/",
        rate_hz=FS_HZ,
        n_patients=200,
        size_bytes=27_000_000,
        listing=physionet("ludb/1.0.1"),
        contains=("waves", "rhythms", "statements"),
        tables=("ludb.csv",),
    )

    @cached_property
    def _rows(self) -> dict[str, Mapping[str, str]]:
        table = self.folder / "ludb.csv"
        rows = read_table("ludb", table, ("ID", *_STATEMENT_COLUMNS))
        return {str(whole_number("ludb", table, row, "ID")): row for row in rows}

    @cached_property
    def rhythm_names(self) -> dict[str, str]:
        """Rhythm of every record as its physicians name it: the first line of the table's Rhythms column."""
        return {record: first_rhythm(row["Rhythms"]) for record, row in self._rows.items()}

    def patients(self) -> tuple[str, ...]:
        """Record numbers: every record is of another person."""
        return tuple(sorted(self._rows, key=int))

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """All leads of a record; `marked` runs from the first to the last mark of the lead."""
        path = self.folder / "data" / patient
        rhythm = _RHYTHM_OF_NAME.get(of_patient("ludb", patient, self.rhythm_names), "other")
        recording = read_recording("ludb", path, leads)
        for signal in recording.signals:
            marks = read_marks("ludb", path, signal.name.lower())
            yield Strip(
                patient=patient,
                record=patient,
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                waves=waves_of_marks(marks.symbol, marks.sample),
                marked=marked_span(marks.sample) or (0, 0),
                rhythms=(RhythmSpan(0, recording.n_samples, rhythm),),
                statements=self._statements(patient),
                missing=signal.missing,
            )

    def _statements(self, patient: str) -> frozenset[str]:
        row = self._rows[patient]
        lines = (line.strip().rstrip(".") for column in _STATEMENT_COLUMNS for line in row[column].split("\n"))
        return frozenset(line for line in lines if line)

    def strata(self) -> Mapping[str, str]:
        """The rhythm of every record."""
        return self.rhythm_names

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        """Test: the 41 records that published comparisons hold out; val: about 12 % of the rest, by rhythm."""
        test = {str(n) for n in validation_records({int(p): r for p, r in self.rhythm_names.items()})}
        rest = {int(p): r for p, r in self.rhythm_names.items() if p not in test}
        val = {str(n) for n in _share_of_each(rest, VAL_SHARE, VAL_SEED)}
        return {
            "train": tuple(p for p in self.patients() if p not in test | val),
            "val": tuple(p for p in self.patients() if p in val),
            "test": tuple(p for p in self.patients() if p in test),
        }


def first_rhythm(text: str) -> str:
    """First line of a cell of the Rhythms column, bare."""
    return text.strip().split("\n")[0].strip().rstrip(".")


def rhythms(folder: Path) -> dict[int, str]:
    """Rhythm of every record, by record number. Raises DatasetError without a table."""
    return {int(record): name for record, name in Ludb(folder).rhythm_names.items()}


def validation_records(rhythm_of: Mapping[int, str]) -> list[int]:
    """Records kept out of all training and tuning: a fifth of every rhythm, drawn once with a fixed seed."""
    return _share_of_each(rhythm_of, TEST_SHARE, TEST_SEED)


def _share_of_each(rhythm_of: Mapping[int, str], share: float, seed: int) -> list[int]:
    generator = np.random.default_rng(seed)
    kept: list[int] = []
    for rhythm in sorted(set(rhythm_of.values())):
        records = sorted(number for number, name in rhythm_of.items() if name == rhythm)
        generator.shuffle(records)
        kept.extend(records[: round(share * len(records))])
    return sorted(kept)
