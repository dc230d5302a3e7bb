"""The QT Database: 105 quarter-hour excerpts of two leads, 250 Hz, about 30 beats of each marked by an expert.

Laguna et al., A database for evaluation of algorithms for measurement of QT and other waveform intervals in the
ECG, Computers in Cardiology 24, 1997. Marks are those of the first expert (`q1c`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.datasets.base import I64, Dataset, DatasetInfo, Strip, Wave, physionet
from engine.datasets.labels import beats_of_marks, marked_span, waves_of_marks
from engine.datasets.reading import cure, gaps, read_marks, read_recording, wanted
from engine.errors import DatasetError

_EXPORT = "*qtdb*.npz"
_KIND_OF_LABEL = {1: "p", 2: "qrs", 3: "t"}
_EXPORT_RATE_HZ = 250.0


class Qtdb(Dataset):
    """Two strips a record, both with the expert's waves: he marked them looking at both leads.

    Where a folder holds no WFDB records but an .npz export of the annotated stretches (arrays REC/idx sample
    numbers, REC/uv [2, n] microvolts, REC/lab 0 none, 1 P, 2 QRS, 3 T), that is read: its waves have no peaks, and
    no T onsets, because whoever made it cut those where T touches QRS.
    """

    info = DatasetInfo(
        name="qtdb",
        title="QT Database 1.0.0",
        licence="ODC-By 1.0",
        citation="Laguna et al., Computers in Cardiology 24, 1997; doi:10.13026/C24K53",
        home="https://physionet.org/content/qtdb/1.0.0/",
        rate_hz=250.0,
        n_patients=105,
        size_bytes=115_000_000,
        listing=physionet("qtdb/1.0.0"),
        contains=("waves", "beats"),
        tables=("sel100.hea|*qtdb*.npz",),
    )

    @cached_property
    def _export(self) -> Path | None:
        if any(self.folder.glob("sel*.q1c")):
            return None
        return next(iter(sorted(self.folder.glob(_EXPORT))), None)

    def patients(self) -> tuple[str, ...]:
        """Names of the records with marks of the first expert."""
        if self._export is not None:
            with self._arrays() as arrays:
                return tuple(sorted({name.partition("/")[0] for name in arrays.files}))
        found = tuple(sorted(p.stem for p in self.folder.glob("sel*.q1c")))
        if not found:
            raise DatasetError(
                "holds no records of the QT database (sel*.q1c)", path=self.folder, hint=cure("qtdb")
            )
        return found

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """Both leads of a record."""
        if self._export is not None:
            yield from self._exported(patient, leads)
            return
        path = self.folder / patient
        recording = read_recording("qtdb", path, leads)
        marks = read_marks("qtdb", path, "q1c").only("pNt()")
        has_beats = path.with_name(f"{patient}.atr").is_file()
        beats = beats_of_marks(read_marks("qtdb", path, "atr")) if has_beats else None
        for signal in recording.signals:
            yield Strip(
                patient=patient,
                record=patient,
                lead=signal.name,
                rate_hz=recording.rate_hz,
                samples_mv=signal.samples,
                waves=waves_of_marks(marks.symbol, marks.sample, biphasic=True),
                marked=marked_span(marks.sample) or (0, 0),
                beats=beats,
                missing=signal.missing,
            )

    def _arrays(self) -> np.lib.npyio.NpzFile:
        assert self._export is not None
        try:
            return np.load(self._export, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DatasetError(f"cannot be read: {error}", path=self._export, hint=cure("qtdb")) from error

    def _exported(self, patient: str, leads: Sequence[str] | None) -> Iterator[Strip]:
        with self._arrays() as arrays:
            try:
                index, values, labels = (arrays[f"{patient}/{part}"] for part in ("idx", "uv", "lab"))
            except (KeyError, ValueError, OSError, EOFError) as error:
                fault = f"cannot give record {patient}: {error}"
                raise DatasetError(fault, path=self._export, hint=cure("qtdb")) from error
        place = index.astype(np.int64) - int(index[0])
        known = np.zeros(int(place[-1]) + 1, np.bool_)
        known[place] = True
        missing = gaps(known)
        for row, lead in enumerate(("ecg1", "ecg2")):
            if not wanted(lead, leads):
                continue
            samples = np.zeros(len(known), np.float32)
            samples[place] = values[row].astype(np.float32) / np.float32(1000)
            yield Strip(
                patient=patient,
                record=patient,
                lead=lead,
                rate_hz=_EXPORT_RATE_HZ,
                samples_mv=samples,
                waves=_waves_of_runs(place, labels),
                marked=(0, len(known)),
                missing=missing,
            )


def _waves_of_runs(place: I64, labels: I64) -> tuple[Wave, ...]:
    """Waves from stretches of one label, whose last sample is the offset."""
    breaks = np.flatnonzero((np.diff(labels) != 0) | (np.diff(place) != 1)) + 1
    waves = []
    for first, stop in zip([0, *breaks], [*breaks, len(labels)], strict=True):
        kind = _KIND_OF_LABEL.get(int(labels[first]))
        if kind is not None:
            onset = -1 if kind == "t" else int(place[first])
            waves.append(Wave(kind, onset, -1, int(place[stop - 1])))
    return tuple(waves)
