"""The MIT-BIH Noise Stress Test Database: recordings of noise, and two clean records with noise added, 360 Hz.

Moody, Muldrow & Mark, A noise stress test for arrhythmia detectors, Computers in Cardiology 11, 1984.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from engine.datasets.base import Dataset, DatasetInfo, Strip, physionet
from engine.datasets.mitdb import two_lead_strips
from engine.datasets.reading import cure, of_patient, read_recording
from engine.errors import DatasetError

NOISES = ("bw", "em", "ma")  # baseline wander, electrode motion, muscle


class Nstdb(Dataset):
    """Noise records ("bw", "em", "ma", two strips each, their name as statement) and mixes.

    Mixes keep beats and rhythms of the record they were made from, and its number as patient: 118e00 is patient
    "118", the person of record 118 of mitdb. Parameter `noise_only` leaves the mixes out.
    """

    info = DatasetInfo(
        name="nstdb",
        title="MIT-BIH Noise Stress Test Database 1.0.0",
        licence="ODC-By 1.0",
        citation="Moody, Muldrow & Mark, Computers in Cardiology 11, 1984; doi:10.13026/C2HS3T",
        home="https://physionet.org/content/nstdb/1.0.0/",
        rate_hz=360.0,
        n_patients=5,
        size_bytes=22_000_000,
        listing=physionet("nstdb/1.0.0"),
        pick=("*.hea", "*.dat", "*.atr", "RECORDS"),
        contains=("noise", "beats", "rhythms"),
        tables=("bw.hea", "em.hea", "ma.hea"),
    )
    known_params = ("noise_only",)

    @cached_property
    def _mixes(self) -> dict[str, tuple[str, ...]]:
        found = sorted(p.stem for p in self.folder.glob("11[89]e*.hea"))
        return {patient: tuple(r for r in found if r.startswith(patient)) for patient in ("118", "119")}

    def patients(self) -> tuple[str, ...]:
        """The noises, then the people whose records were mixed with noise."""
        for noise in NOISES:
            if not (self.folder / f"{noise}.hea").is_file():
                raise DatasetError("is missing", path=self.folder / f"{noise}.hea", hint=cure("nstdb"))
        if self.params.get("noise_only", False):
            return NOISES
        return (*NOISES, *(p for p, records in self._mixes.items() if records))

    def records(self, patient: str) -> tuple[str, ...]:
        """Record names."""
        return (patient,) if patient in NOISES else of_patient("nstdb", patient, self._mixes)

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """Both signals of each record."""
        if patient not in NOISES:
            for record in of_patient("nstdb", patient, self._mixes):
                yield from two_lead_strips("nstdb", self.folder, patient, record, leads)
            return
        recording = read_recording("nstdb", self.folder / patient, leads)
        for signal in recording.signals:
            yield Strip(
                patient=patient,
                record=patient,
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                statements=frozenset((patient,)),
                missing=signal.missing,
            )

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        """The same noise serves every side: the records are no people. Mixes are on the side of mitdb's 118, 119.

        Record 118 trains and 119 validates in the published split of mitdb.
        """
        people = self.patients()
        train = tuple(p for p in people if p in (*NOISES, "118"))
        return {"train": train, "val": tuple(p for p in people if p == "119"), "test": ()}
