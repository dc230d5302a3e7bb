"""The MIT-BIH Arrhythmia Database: 48 half-hour records of 47 people, two leads, 360 Hz.

Moody & Mark, The impact of the MIT-BIH Arrhythmia Database, IEEE Eng Med Biol 20(3), 2001. The split into DS1 and
DS2 by patient is that of de Chazal et al., IEEE Trans Biomed Eng 51(7), 2004.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.datasets.base import Dataset, DatasetInfo, Strip, physionet
from engine.datasets.labels import beats_of_marks, rhythm_spans
from engine.datasets.reading import cure, read_marks, read_recording, wanted
from engine.errors import DatasetError

DS1 = (
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122",
    "124", "201", "203", "205", "207", "208", "209", "215", "220", "223", "230",
)  # fmt: skip
DS2 = (
    "100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210",
    "212", "213", "214", "219", "221", "222", "228", "231", "232", "233", "234",
)  # fmt: skip
PACED = ("102", "104", "107", "217")
# Chosen for what they hold, not by any score: 198 supraventricular and 964 ventricular beats, about a quarter of
# what DS1 has of each, and 19 fusion beats, in four different people.
VAL = ("119", "124", "220", "223")
# Records 201 and 202 are one person, and 202 is in DS2; so 201 is left out rather than trained on.
SAME_PERSON = {"201": "202"}


class Mitdb(Dataset):
    """Two strips a record. Paced records and record 201, whose person is in the test set, are left out by default.

    Parameters: `include_paced` adds 102, 104, 107 and 217, to no published set; `include_201` adds record 201 to
    patient "202".
    """

    info = DatasetInfo(
        name="mitdb",
        title="MIT-BIH Arrhythmia Database 1.0.0",
        licence="ODC-By 1.0",
        citation="Moody & Mark, IEEE Eng Med Biol 20(3), 2001; doi:10.13026/C2F305",
        home="https://physionet.org/content/mitdb/1.0.0/",
        rate_hz=360.0,
        n_patients=47,
        size_bytes=104_000_000,
        listing=physionet("mitdb/1.0.0"),
        pick=("*.hea", "*.dat", "*.atr", "RECORDS"),
        contains=("beats", "rhythms"),
        tables=("100.hea", "100.atr", "234.dat"),
    )
    known_params = ("include_paced", "include_201")

    def patients(self) -> tuple[str, ...]:
        """Record names; "202" stands for the person of records 201 and 202."""
        paced = PACED if self.params.get("include_paced", False) else ()
        if not self.folder.is_dir():
            raise DatasetError("is not a folder", path=self.folder, hint=cure("mitdb"))
        return tuple(sorted({r for r in (*DS1, *DS2, *paced) if r not in SAME_PERSON}))

    def records(self, patient: str) -> tuple[str, ...]:
        """The patient's record, or both of patient "202" when `include_201` asks for it."""
        if patient not in self.patients():
            hint = "set include_paced" if patient in PACED else None
            raise DatasetError(f"mitdb has no patient {patient[:40]}", hint=hint)
        both = patient == "202" and self.params.get("include_201", False)
        return ("201", "202") if both else (patient,)

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """Both leads of each record; the other lead is the companion "ecg2"."""
        for record in self.records(patient):
            yield from two_lead_strips("mitdb", self.folder, patient, record, leads)

    def published_split(self) -> Mapping[str, tuple[str, ...]]:
        """Inter-patient: DS1, without VAL and record 201, to train; DS2 to test."""
        return {
            "train": tuple(r for r in DS1 if r not in VAL and r not in SAME_PERSON),
            "val": VAL,
            "test": DS2,
        }


def two_lead_strips(
    dataset: str, folder: Path, patient: str, record: str, leads: Sequence[str] | None
) -> Iterator[Strip]:
    """Strips of a record with `.atr` beats and rhythm changes, each with the other lead as companion "ecg2"."""
    path = folder / record
    recording = read_recording(dataset, path)
    marks = read_marks(dataset, path, "atr")
    beats, rhythms = beats_of_marks(marks), rhythm_spans(marks, recording.n_samples)
    for k, signal in enumerate(recording.signals):
        if not wanted(signal.name, leads):
            continue
        others = [s for i, s in enumerate(recording.signals) if i != k]
        yield Strip(
            patient=patient,
            record=record,
            lead=signal.name,
            rate_hz=recording.rate_hz,
            samples_mv=signal.samples,
            beats=beats,
            rhythms=rhythms,
            companions={"ecg2": others[0].samples} if others else {},
            missing=signal.missing,
        )
