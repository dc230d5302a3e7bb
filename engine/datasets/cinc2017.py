"""The training set of the PhysioNet/CinC Challenge 2017: 8,528 single-lead recordings of 9 to 61 s, 300 Hz.

Clifford et al., AF classification from a short single lead ECG recording: the PhysioNet/Computing in Cardiology
Challenge 2017, CinC 44, 2017. Labels are those of version 3: N(ormal), A(trial fibrillation), O(ther), ~ (noisy).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from engine.datasets.base import Dataset, DatasetInfo, RhythmSpan, Strip, physionet
from engine.datasets.reading import cure, of_patient, read_recording
from engine.errors import DatasetError

LABELS = ("N", "A", "O", "~")
_RHYTHM_OF_LABEL = {"N": "sr", "A": "afib", "O": "other", "~": "noise"}
_TABLE = "REFERENCE-v3.csv"
_TEST_SHARE, _VAL_SHARE = 0.2, 0.1
# Among small numbers, one under which every label's share of val and test is close to that of the whole.
_SALT = 299


class Cinc2017(Dataset):
    """One strip a record. The challenge does not say which records share a person: each counts as its own."""

    info = DatasetInfo(
        name="cinc2017",
        title="PhysioNet/Computing in Cardiology Challenge 2017, training set",
        licence="ODC-By 1.0",
        citation="Clifford et al., Computing in Cardiology 44, 2017; doi:10.22489/CinC.2017.065-469",
        home="https://physionet.org/content/challenge-2017/1.0.0/",
        rate_hz=300.0,
        n_patients=8528,
        size_bytes=195_000_000,
        listing=physionet("challenge-2017/1.0.0"),
        pick=("training2017.zip", "REFERENCE-v3.csv"),
        contains=("statements", "rhythms"),
        tables=(_TABLE,),
    )

    @cached_property
    def _labels(self) -> dict[str, str]:
        table = self.folder / _TABLE
        if not table.is_file():
            raise DatasetError("is missing", path=table, hint=cure("cinc2017"))
        try:
            with table.open(newline="", encoding="utf-8-sig") as lines:
                rows = [row for row in csv.reader(lines) if row]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(f"cannot be read: {error}", path=table, hint=cure("cinc2017")) from error
        wrong = next((row for row in rows if len(row) != 2 or row[1].strip() not in LABELS), None)
        if wrong is not None or not rows:
            shown = ",".join(wrong)[:40] if wrong else "nothing"
            raise DatasetError(f'holds "{shown}" where a record and its label belong', path=table)
        return {record.strip(): label.strip() for record, label in rows}

    @cached_property
    def _records_folder(self) -> Path:
        unpacked = self.folder / "training2017"
        return unpacked if unpacked.is_dir() else self.folder

    def patients(self) -> tuple[str, ...]:
        """Record names."""
        return tuple(sorted(self._labels))

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """The record, its label as statement and as rhythm of its whole length."""
        label = of_patient("cinc2017", patient, self._labels)
        recording = read_recording("cinc2017", self._records_folder / patient, leads)
        for signal in recording.signals:
            yield Strip(
                patient=patient,
                record=patient,
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                rhythms=(RhythmSpan(0, recording.n_samples, _RHYTHM_OF_LABEL[label]),),
                statements=frozenset((label,)),
                missing=signal.missing,
            )

    def strata(self) -> Mapping[str, str]:
        """The label of every record."""
        return self._labels

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        """70 % train, 10 % val, 20 % test by a hash of the record's name.

        The challenge publishes no split of its training set. A hash keeps every record on its side whatever part
        of the set a folder holds, so that a model is never scored on what another copy trained it with.
        """
        sides: dict[str, list[str]] = {"train": [], "val": [], "test": []}
        for record in self.patients():
            sides[_side(record)].append(record)
        return {side: tuple(records) for side, records in sides.items()}


def _side(record: str, salt: int = _SALT) -> str:
    place = int.from_bytes(hashlib.sha256(f"cinc2017 {salt} {record}".encode()).digest()[:8], "big") / 2**64
    if place < _TEST_SHARE:
        return "test"
    return "val" if place < _TEST_SHARE + _VAL_SHARE else "train"
