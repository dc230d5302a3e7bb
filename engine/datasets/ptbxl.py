"""PTB-XL: 21,799 twelve-lead recordings of 10 s of 18,869 people, 100 and 500 Hz.

Wagner et al., PTB-XL, a large publicly available electrocardiography dataset, Sci Data 7:154, 2020.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from engine.datasets.base import Dataset, DatasetInfo, Strip, physionet
from engine.datasets.labels import PRECEDENCE, whole_rhythm
from engine.datasets.reading import of_patient, read_recording, read_table, whole_number
from engine.errors import ConfigError, DatasetError

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
RHYTHM_OF_CODE = {
    "SR": "sr", "AFIB": "afib", "AFLT": "aflut", "STACH": "stach", "SBRAD": "sbrad", "SARRH": "sarrh",
    "SVARR": "svarr", "SVTAC": "svt", "PSVT": "svt", "BIGU": "bigu", "TRIGU": "trigu", "PACE": "pace",
}  # fmt: skip
_FILE_COLUMN = {100: "filename_lr", 500: "filename_hr"}
_DATABASE, _STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"


class Ptbxl(Dataset):
    """Twelve strips a recording. Statements are its SCP codes and the diagnostic superclasses they belong to.

    Parameters: `rate_hz` 100 (default) or 500; `min_likelihood` (default 0, as in the published benchmarks) is the
    least likelihood in percent for a diagnostic code to give its superclass. Rhythm codes carry none.
    """

    info = DatasetInfo(
        name="ptbxl",
        title="PTB-XL 1.0.3",
        licence="CC BY 4.0",
        citation="Wagner et al., Sci Data 7:154, 2020; doi:10.13026/kfzx-aw45",
        home="https://physionet.org/content/ptb-xl/1.0.3/",
        rate_hz=100.0,
        n_patients=18_869,
        size_bytes=3_100_000_000,
        listing=physionet("ptb-xl/1.0.3"),
        contains=("statements", "rhythms"),
        tables=(_DATABASE, _STATEMENTS),
    )
    known_params = ("rate_hz", "min_likelihood")

    @cached_property
    def _file_column(self) -> str:
        rate = self.params.get("rate_hz", 100)
        if rate not in _FILE_COLUMN:
            raise ConfigError(f"ptbxl has no recordings at {rate} Hz", hint="rate_hz is 100 or 500")
        return _FILE_COLUMN[int(rate)]

    @cached_property
    def _superclass_of(self) -> dict[str, str]:
        rows = read_table("ptbxl", self.folder / _STATEMENTS, ("", "diagnostic_class"))
        return {row[""]: row["diagnostic_class"] for row in rows if row["diagnostic_class"] in SUPERCLASSES}

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, str]]]:
        columns = ("ecg_id", "patient_id", "scp_codes", "strat_fold", *_FILE_COLUMN.values())
        grouped: dict[str, list[dict[str, str]]] = defaultdict(list)
        table = self.folder / _DATABASE
        for row in read_table("ptbxl", table, columns):
            grouped[str(whole_number("ptbxl", table, row, "patient_id"))].append(row)
        return dict(grouped)

    def patients(self) -> tuple[str, ...]:
        """The table's patient_id, in numeric order."""
        return tuple(sorted(self._rows, key=int))

    def records(self, patient: str) -> tuple[str, ...]:
        """The patient's ecg_id numbers."""
        return tuple(row["ecg_id"] for row in of_patient("ptbxl", patient, self._rows))

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """All leads of all recordings of one person, each with the other leads as companions.

        The rhythm is that of the record's rhythm statements.
        """
        for row in of_patient("ptbxl", patient, self._rows):
            codes = self._codes(row)
            recording = read_recording("ptbxl", self.folder / row[self._file_column], leads)
            for signal in recording.signals:
                yield Strip(
                    patient=patient,
                    record=row["ecg_id"],
                    lead=signal.name,
                    rate_hz=recording.rate_hz,
                    samples_mv=signal.samples,
                    rhythms=whole_rhythm(tuple(codes), RHYTHM_OF_CODE, recording.n_samples),
                    statements=self._statements(codes),
                    companions={other.name: other.samples for other in recording.signals if other is not signal},
                    missing=signal.missing,
                )

    def _codes(self, row: Mapping[str, str]) -> dict[str, float]:
        try:
            return {str(code): float(likelihood) for code, likelihood in ast.literal_eval(row["scp_codes"]).items()}
        except (ValueError, SyntaxError, AttributeError, TypeError, MemoryError, RecursionError):
            fault = f"has SCP codes that cannot be read in the row of ecg_id {row['ecg_id']}"
            raise DatasetError(fault, path=self.folder / _DATABASE) from None

    def _statements(self, codes: Mapping[str, float]) -> frozenset[str]:
        least = float(self.params.get("min_likelihood", 0))
        classes = {self._superclass_of[c] for c, p in codes.items() if c in self._superclass_of and p >= least}
        diagnoses = {c for c in codes if c not in SUPERCLASSES or c in classes}
        return frozenset(diagnoses | classes)

    def strata(self) -> Mapping[str, str]:
        """The rarest-first rhythm of each person's first recording."""
        found = {}
        for patient, rows in self._rows.items():
            rhythms = {RHYTHM_OF_CODE[c] for c in self._codes(rows[0]) if c in RHYTHM_OF_CODE}
            found[patient] = next((r for r in PRECEDENCE if r in rhythms), "none")
        return found

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        """The publisher's folds: 1-8 train, 9 val, 10 test; a person is never in two of them."""
        table = self.folder / _DATABASE
        sides: dict[str, list[str]] = {"train": [], "val": [], "test": []}
        for patient in self.patients():
            fold = max(whole_number("ptbxl", table, row, "strat_fold") for row in self._rows[patient])
            sides["test" if fold == 10 else "val" if fold == 9 else "train"].append(patient)
        return {side: tuple(patients) for side, patients in sides.items()}
