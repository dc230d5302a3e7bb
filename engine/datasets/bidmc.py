"""The BIDMC PPG and Respiration Dataset: 53 recordings of 8 minutes, ECG, PPG and impedance respiration, 125 Hz.

Pimentel et al., Toward a robust estimation of respiratory rate from pulse oximeters, IEEE Trans Biomed Eng 64(8),
2017.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.datasets.base import F32, Dataset, DatasetInfo, Strip, physionet
from engine.datasets.reading import Recording, Signal, cure, gaps, of_patient, read_recording, read_table, wanted
from engine.errors import DatasetError

_COMPANION_OF_SIGNAL = {"PLETH": "ppg", "RESP": "rsp"}
_CSV_RATE_HZ = 125.0


class Bidmc(Dataset):
    """One strip for each ECG lead, with companions "ppg" and "rsp". Reads WFDB records, or the CSV tables.

    Each recording counts as one person.
    """

    info = DatasetInfo(
        name="bidmc",
        title="BIDMC PPG and Respiration Dataset 1.0.0",
        licence="ODC-By 1.0",
        citation="Pimentel et al., IEEE Trans Biomed Eng 64(8), 2017; doi:10.13026/C2208R",
        home="https://physionet.org/content/bidmc/1.0.0/",
        rate_hz=125.0,
        n_patients=53,
        size_bytes=40_000_000,
        listing=physionet("bidmc/1.0.0"),
        pick=("bidmc[0-9][0-9].hea", "bidmc[0-9][0-9].dat", "bidmc[0-9][0-9].breath", "RECORDS"),
        contains=("ppg", "rsp"),
        tables=("bidmc01.hea|bidmc_csv|bidmc_01_Signals.csv",),
    )

    @cached_property
    def _files(self) -> dict[str, Path]:
        found = {p.stem[5:]: p for p in sorted(self.folder.glob("bidmc[0-9][0-9].hea"))}
        if not found:
            folder = self.folder / "bidmc_csv"
            tables = (folder if folder.is_dir() else self.folder).glob("bidmc_[0-9][0-9]_Signals.csv")
            found = {p.stem.split("_")[1]: p for p in sorted(tables)}
        if not found:
            raise DatasetError("holds no recordings of BIDMC", path=self.folder, hint=cure("bidmc"))
        return found

    def patients(self) -> tuple[str, ...]:
        """Numbers of the recordings, of two digits."""
        return tuple(self._files)

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """The ECG leads of one recording."""
        path = of_patient("bidmc", patient, self._files)
        recording = read_recording("bidmc", path) if path.suffix == ".hea" else _read_csv(path)
        companions = _companions(recording)
        for signal in recording.signals:
            if signal.name.upper() in _COMPANION_OF_SIGNAL or not wanted(signal.name, leads):
                continue
            yield Strip(
                patient=patient,
                record=path.stem if path.suffix == ".hea" else f"bidmc{patient}",
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                companions=companions,
                missing=signal.missing,
            )


def _companions(recording: Recording) -> Mapping[str, F32]:
    named = {_COMPANION_OF_SIGNAL.get(s.name.upper()): s.samples for s in recording.signals}
    return {name: samples for name, samples in named.items() if name is not None}


def _read_csv(path: Path) -> Recording:
    rows = read_table("bidmc", path, ())
    if not rows:
        raise DatasetError("is empty", path=path, hint=cure("bidmc"))
    columns = [name for name in rows[0] if name and not name.strip().startswith("Time")]
    try:
        values = np.array([[float(row[c] or "nan") for c in columns] for row in rows], np.float32).T
    except (TypeError, ValueError) as error:
        raise DatasetError(f"holds a cell that is no number: {error}", path=path, hint=cure("bidmc")) from None
    signals = tuple(
        Signal(name.strip(" ,"), np.nan_to_num(row, nan=0.0, posinf=0.0, neginf=0.0), gaps(np.isfinite(row)))
        for name, row in zip(columns, values, strict=True)
    )
    return Recording(_CSV_RATE_HZ, values.shape[1], signals, ())
