"""Icentia11k: single-lead chest recordings of 11,000 people, up to 50 segments of 70 minutes each, 250 Hz.

Tan et al., Icentia11k single lead continuous raw electrocardiogram dataset, PhysioNet 2022, doi:10.13026/kk0v-r952.
Beat labels were made by a program and corrected by technicians.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from engine.datasets.base import Dataset, DatasetInfo, Strip, physionet
from engine.datasets.labels import beats_of_marks, rhythm_spans
from engine.datasets.reading import cure, of_patient, read_marks, read_recording
from engine.errors import ConfigError, DatasetError

TRAINING_PATIENTS = 10_000
_PATIENT = re.compile(r"p(\d{5})")


class Icentia11k(Dataset):
    """One strip a segment, with beats (N, S, V, and Q where undefined) and rhythms (normal, fibrillation, flutter).

    The licence forbids commercial use, of weights trained on it too. Parameter `max_segments` reads only the first
    so many segments of each person.
    """

    info = DatasetInfo(
        name="icentia11k",
        title="Icentia11k single lead continuous raw electrocardiogram dataset 1.0",
        licence="CC BY-NC-SA 4.0",
        citation="Tan et al., 2022; doi:10.13026/kk0v-r952",
        home="https://physionet.org/content/icentia11k-continuous-ecg/1.0/",
        rate_hz=250.0,
        n_patients=11_000,
        size_bytes=271_000_000_000,
        listing=physionet("icentia11k-continuous-ecg/1.0"),
        pick=("p*.hea", "p*.dat", "p*.atr"),
        commercial=False,
        must_accept=True,
        contains=("beats", "rhythms"),
        tables=("p0*",),
    )
    known_params = ("max_segments",)

    @cached_property
    def _folders(self) -> dict[str, Path]:
        found = {p.name: p for p in sorted(self.folder.glob("p[0-9][0-9]/p*")) if _PATIENT.fullmatch(p.name)}
        if not found:
            fault = "holds no patients of Icentia11k (p00/p00000, ...)"
            raise DatasetError(fault, path=self.folder, hint=cure("icentia11k"))
        return found

    def patients(self) -> tuple[str, ...]:
        """Names of the patients' folders that are there."""
        return tuple(self._folders)

    def records(self, patient: str) -> tuple[str, ...]:
        """Names of the patient's segments."""
        most = self.params.get("max_segments")
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise ConfigError(f"icentia11k: max_segments is {most!r}", hint="give a whole number from 1")
        found = sorted(p.stem for p in of_patient("icentia11k", patient, self._folders).glob(f"{patient}_s*.hea"))
        if not found:
            raise DatasetError("holds no segments", path=self._folders[patient], hint=cure("icentia11k"))
        return tuple(found[:most])

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """One strip a segment."""
        for record in self.records(patient):
            path = self._folders[patient] / record
            recording = read_recording("icentia11k", path, leads)
            marks = read_marks("icentia11k", path, "atr")
            for signal in recording.signals:
                yield Strip(
                    patient=patient,
                    record=record,
                    lead=signal.name,
                    rate_hz=recording.rate_hz,
                    samples_mv=signal.samples,
                    beats=beats_of_marks(marks),
                    rhythms=rhythm_spans(marks, recording.n_samples),
                    missing=signal.missing,
                )

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        """Patients numbered below 10,000 train, the others test; validation is drawn out of training."""
        number = {p: int(p[1:]) for p in self.patients()}
        return {
            "train": tuple(p for p, n in number.items() if n < TRAINING_PATIENTS),
            "test": tuple(p for p, n in number.items() if n >= TRAINING_PATIENTS),
        }
