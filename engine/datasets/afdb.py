"""The MIT-BIH Atrial Fibrillation Database: ten-hour recordings of two leads, 250 Hz, with rhythm changes.

Moody & Mark, A new method for detecting atrial fibrillation using R-R intervals, Computers in Cardiology 10, 1983.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from engine.datasets.base import Dataset, DatasetInfo, Strip, physionet
from engine.datasets.labels import rhythm_spans
from engine.datasets.reading import cure, read_marks, read_recording
from engine.errors import DatasetError


class Afdb(Dataset):
    """Two strips a record with rhythms; two of the 25 records (00735, 03665) have no signals and are left out."""

    info = DatasetInfo(
        name="afdb",
        title="MIT-BIH Atrial Fibrillation Database 1.0.0",
        licence="ODC-By 1.0",
        citation="Moody & Mark, Computers in Cardiology 10, 1983; doi:10.13026/C2MW2D",
        home="https://physionet.org/content/afdb/1.0.0/",
        rate_hz=250.0,
        n_patients=23,
        size_bytes=606_000_000,
        listing=physionet("afdb/1.0.0"),
        pick=("*.hea", "*.dat", "*.atr", "*.qrs", "RECORDS"),
        contains=("rhythms",),
        tables=("04015.hea",),
    )

    @cached_property
    def _records(self) -> tuple[str, ...]:
        found = sorted(p.stem for p in self.folder.glob("[0-9]*.hea") if p.with_suffix(".dat").is_file())
        if not found:
            raise DatasetError("holds no records with signals (*.hea, *.dat)", path=self.folder, hint=cure("afdb"))
        return tuple(found)

    def patients(self) -> tuple[str, ...]:
        """Names of the records with signals."""
        return self._records

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """Both leads of a record."""
        path = self.folder / patient
        recording = read_recording("afdb", path, leads)
        rhythms = rhythm_spans(read_marks("afdb", path, "atr"), recording.n_samples)
        for signal in recording.signals:
            yield Strip(
                patient=patient,
                record=patient,
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                rhythms=rhythms,
                missing=signal.missing,
            )
