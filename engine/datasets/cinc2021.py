"""Twelve-lead collections of `.mat` and `.hea` files with SNOMED codes: Challenges 2020-2021, and Chapman/Ningbo.

Reyna et al., Will two do? Varying dimensions in electrocardiography: the PhysioNet/CinC Challenge 2021, CinC 48,
2021. Zheng et al., A 12-lead electrocardiogram database for arrhythmia research covering more than 10,000 patients,
Sci Data 7:48, 2020, and Optimal multi-stage arrhythmia classification approach, Sci Rep 10:2898, 2020.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from engine.datasets.base import Dataset, DatasetInfo, Strip, physionet
from engine.datasets.labels import PRECEDENCE, whole_rhythm
from engine.datasets.reading import cure, of_patient, read_recording, read_table
from engine.datasets.snomed import ABBREVIATION_OF_CODE, RHYTHM_OF_CODE
from engine.errors import DatasetError

_DX = re.compile(r"^#\s*Dx:\s*(.*)$", re.MULTILINE)
_CONDITIONS = "ConditionNames_SNOMED-CT.csv"
_MAX_HEADER_BYTES = 1 << 20


class Cinc2021(Dataset):
    """Twelve strips a record. Statements are its SNOMED codes and, where they have one, their abbreviations.

    Records of every folder below are read. The collections do not say which records share a person: each counts as
    its own; those of PTB-XL (HR...) and Chapman/Ningbo (JS...) are known to the overlap check.
    """

    info = DatasetInfo(
        name="cinc2021",
        title="PhysioNet/Computing in Cardiology Challenge 2021, training sets",
        licence="CC BY 4.0",
        citation="Reyna et al., Computing in Cardiology 48, 2021; doi:10.13026/34va-7q14",
        home="https://physionet.org/content/challenge-2021/1.0.3/",
        rate_hz=500.0,
        n_patients=88_253,
        size_bytes=12_800_000_000,
        listing=physionet("challenge-2021/1.0.3"),
        pick=("training/*.hea", "training/*.mat"),
        contains=("statements", "rhythms"),
        tables=("training|*.hea",),
    )

    @cached_property
    def _headers(self) -> dict[str, Path]:
        """Header of every record by name; a name that occurs twice keeps the first in order of folders."""
        found: dict[str, Path] = {}
        for path in sorted(self.folder.rglob("*.hea")):
            found.setdefault(path.stem, path)
        if not found:
            raise DatasetError("holds no records (*.hea)", path=self.folder, hint=cure(self.info.name))
        return dict(sorted(found.items()))

    @cached_property
    def _codes(self) -> dict[str, tuple[str, ...]]:
        return {record: self._codes_of(path) for record, path in self._headers.items()}

    def _codes_of(self, header: Path) -> tuple[str, ...]:
        try:
            with header.open(encoding="utf-8", errors="replace") as file:
                found = _DX.search(file.read(_MAX_HEADER_BYTES))
        except OSError as error:
            raise DatasetError(f"cannot be read: {error.strerror}", path=header) from error
        if found is None:
            raise DatasetError("has no line of diagnoses (#Dx: ...)", path=header, hint=cure(self.info.name))
        return tuple(code.strip() for code in found[1].split(",") if code.strip())

    @property
    def abbreviations(self) -> Mapping[str, str]:
        """Abbreviation by SNOMED code."""
        return ABBREVIATION_OF_CODE

    def patients(self) -> tuple[str, ...]:
        """Record names."""
        return tuple(self._headers)

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """All leads of a record; the rhythm is that of its rhythm codes."""
        header = of_patient(self.info.name, patient, self._headers)
        codes = self._codes_of(header)
        recording = read_recording(self.info.name, header, leads)
        names = {self.abbreviations[c] for c in codes if c in self.abbreviations}
        for signal in recording.signals:
            yield Strip(
                patient=patient,
                record=patient,
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                rhythms=whole_rhythm(codes, RHYTHM_OF_CODE, recording.n_samples),
                statements=frozenset(codes) | names,
                missing=signal.missing,
            )

    def strata(self) -> Mapping[str, str]:
        """The rhythm of every record."""
        found = {}
        for record, codes in self._codes.items():
            rhythms = {RHYTHM_OF_CODE[c] for c in codes if c in RHYTHM_OF_CODE}
            found[record] = next((r for r in PRECEDENCE if r in rhythms), "none")
        return found


class Lsad(Cinc2021):
    """The Chapman-Shaoxing and Ningbo records as PhysioNet packs them, with the abbreviations of their table."""

    info = DatasetInfo(
        name="lsad",
        title="A large scale 12-lead electrocardiogram database for arrhythmia study 1.0.0 (Chapman, Ningbo)",
        licence="CC BY 4.0",
        citation="Zheng et al., Sci Data 7:48 and Sci Rep 10:2898, 2020; doi:10.13026/wgex-er52",
        home="https://physionet.org/content/ecg-arrhythmia/1.0.0/",
        rate_hz=500.0,
        n_patients=45_152,
        size_bytes=5_400_000_000,
        listing=physionet("ecg-arrhythmia/1.0.0"),
        contains=("statements", "rhythms"),
        tables=(_CONDITIONS,),
    )

    @cached_property
    def _table(self) -> dict[str, str]:
        rows = read_table("lsad", self.folder / _CONDITIONS, ("Acronym Name", "Snomed_CT"))
        return {row["Snomed_CT"].strip(): row["Acronym Name"].strip() for row in rows if row["Snomed_CT"].strip()}

    @property
    def abbreviations(self) -> Mapping[str, str]:
        """Acronym by SNOMED code, of the publisher's table."""
        return self._table
