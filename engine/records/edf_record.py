"""EDF, EDF+, BDF and BDF+ recordings, read lazily.

The record runs at the rate of its fastest voltage signal. Slower signals are held (each sample repeated, exactly,
where the rates are in a whole ratio) or taken at the nearest sample; faster ones (sound, ...) at the nearest
sample, without an anti-alias filter, and a notice says so. In discontinuous files (EDF+D) the time between data
records is missing, as is whatever a truncated file no longer holds.

Two conventions of this package are also understood, because plain EDF can say neither: a sample at the lowest
code of the format, where the declared digital range excludes that code, is missing; and the standard text
"Recording ends" inside the last data record says where its padding begins.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.edf_annotations import ENDS_TEXT, file_zero_s, parse_tals
from engine.records.edf_file import EdfFile
from engine.records.edf_header import EdfHeader, EdfSignal, read_edf_header, record_signals
from engine.records.edf_timeline import Run, find_runs
from engine.records.leads import unique_names
from engine.records.limits import rate_fault
from engine.records.record import F32, Bool, Int32, Record, RecordInfo

_BULK_RECORD_BYTES = 1 << 18  # longer data records are read in part only


def open_edf(path: str | Path) -> EdfRecord:
    """Open an EDF, EDF+, BDF or BDF+ file; RecordError if its header cannot be trusted."""
    header = read_edf_header(Path(path))
    signals, n_out = record_signals(header)
    if not signals:
        fault = "holds only annotations"
        if not all(s.is_annotations for s in header.signals):
            fault = f"has no usable signal: {' '.join(header.notices)}".rstrip(".")
        raise RecordError(fault, path=header.path)
    fs = float(n_out / header.record_s)
    if fault_of_rate := rate_fault(fs):
        raise RecordError(fault_of_rate, path=header.path)
    return EdfRecord(header, signals, n_out)


class EdfRecord(Record):
    """A recording in an EDF or BDF file; open it with `open_edf`."""

    def __init__(self, header: EdfHeader, signals: list[EdfSignal], n_out: int) -> None:
        self.header = header
        self._file = EdfFile(header)
        self._signals = signals
        self._n_out = n_out
        self._closed = False
        fs = float(n_out / header.record_s)
        self._runs, notices = find_runs(self._file, n_out, fs)
        self._starts = np.array([run.start for run in self._runs])
        notices += tuple(
            f"Signal {s.label} is faster than the record and shown at {fs:g} Hz."
            for s in signals
            if s.n_per_record > n_out
        )
        leads = [s.lead(header.bits) for s in signals]
        names, repeated = unique_names(lead.name for lead in leads)
        notices += tuple(f"Several signals are named {name}; they are numbered." for name in repeated)
        start_time = header.start_time
        super().__init__(
            RecordInfo(
                name=header.path.stem,
                path=header.path,
                format=header.format,
                fs=fs,
                n_samples=self._length(fs),
                leads=tuple(replace(lead, name=name) for lead, name in zip(leads, names, strict=True)),
                start_time=start_time and start_time + timedelta(seconds=file_zero_s(self._file)),
                patient=header.patient,
                device=header.device,
                comments=(header.recording,) if header.recording and not header.plus else (),
                notices=header.notices + notices,
            )
        )

    def close(self) -> None:
        """No file is held open; reading afterwards is refused all the same."""
        self._closed = True

    def _length(self, fs: float) -> int:
        """Samples in the record: up to "Recording ends", or up to the last byte of a file of open length."""
        run = self._runs[-1]
        final = run.last - 1
        before = run.start + (final - run.first) * self._n_out
        if self.header.open_ended:
            return max(1, before + max(self._shown(s, self._file.present(s, final)) for s in self._signals))
        for raw in self._file.texts(clock, final, run.last) if (clock := self._clock()) else ():
            for tal in parse_tals(raw)[0]:
                end = round((tal.onset_s - file_zero_s(self._file)) * fs)
                if ENDS_TEXT in tal.texts and before < end <= before + self._n_out:
                    return end
        return before + self._n_out

    def _clock(self) -> EdfSignal | None:
        return next((s for s in self.header.signals if s.is_annotations), None)

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        adu, valid = self._collect(start, stop, leads)
        values = np.empty(adu.shape, np.float32)
        for row, i in enumerate(leads):
            lead = self.leads[i]
            values[row] = (adu[row] - lead.baseline_adu) / lead.adu_per_unit
        values[~valid] = 0
        return values, valid

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        return self._collect(start, stop, leads)[0]

    def _collect(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[Int32, Bool]:
        """Stored integers, 0 where missing, and validity."""
        if self._closed:
            raise RecordError("has been closed", path=self.path)
        adu = np.zeros((len(leads), stop - start), np.int32)
        valid = np.zeros(adu.shape, bool)
        signals = [self._signals[i] for i in leads]
        first_run = max(0, int(np.searchsorted(self._starts, start, "right")) - 1)
        for run in self._runs[first_run:]:
            if run.start >= stop:
                break
            self._collect_run(run, start, stop, signals, adu, valid)
        for row, signal in enumerate(signals):
            missing = -(1 << (self.header.bits - 1))
            if signal.digital_min > missing:
                gone = adu[row] == missing
                valid[row, gone] = False
                adu[row, gone] = 0
        return adu, valid

    def _collect_run(
        self, run: Run, start: int, stop: int, signals: list[EdfSignal], adu: Int32, valid: Bool
    ) -> None:
        n_out = self._n_out
        begin = max(start - run.start, 0)
        end = min(stop - run.start, (run.last - run.first) * n_out)
        first = run.first + begin // n_out
        last = min(run.first - (-end // n_out), self._file.n_present)
        if self.header.record_bytes > _BULK_RECORD_BYTES:
            for record in range(first, last):
                offset = run.start + (record - run.first) * n_out
                lo, hi = max(start - offset, 0), min(stop - offset, n_out)
                for row, signal in enumerate(signals):
                    found = self._part(signal, record, lo, hi)
                    at = offset + lo - start
                    adu[row, at : at + len(found)] = found
                    valid[row, at : at + len(found)] = True
            return
        for record, piece in self._file.bulk(first, last):
            offset = run.start + (record - run.first) * n_out - start
            lo, hi = max(-offset, 0), min(len(piece) * n_out, stop - start - offset)
            for row, signal in enumerate(signals):
                column = self._file.column(signal, piece)
                if signal.n_per_record != n_out:
                    column = column[:, self._source(signal, np.arange(n_out))]
                cut = n_out - self._shown(signal, self._file.present(signal, record + len(piece) - 1))
                adu[row, offset + lo : offset + hi] = column.reshape(-1)[lo:hi]
                valid[row, offset + lo : offset + max(lo, min(hi, len(piece) * n_out - cut))] = True

    def _part(self, signal: EdfSignal, record: int, lo: int, hi: int) -> Int32:
        """Samples [lo, hi) of the record's rate in one data record, as far as the file holds them."""
        hi = min(hi, self._shown(signal, self._file.present(signal, record)))
        if hi <= lo:
            return np.zeros(0, np.int32)
        source = self._source(signal, np.arange(lo, hi))
        return self._file.slice(signal, record, int(source[0]), int(source[-1]) + 1)[source - source[0]]

    def _source(self, signal: EdfSignal, position: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the signal's sample shown at each position inside a data record."""
        n, n_out = signal.n_per_record, self._n_out
        if n_out % n == 0:
            return position // (n_out // n)
        return np.minimum((2 * position * n + n_out) // (2 * n_out), n - 1)

    def _shown(self, signal: EdfSignal, present: int) -> int:
        """Positions inside a data record whose source is among the first `present` samples of the signal."""
        n, n_out = signal.n_per_record, self._n_out
        if present >= n:
            return n_out
        if n_out % n == 0:
            return present * (n_out // n)
        return max(0, -(-(2 * present - 1) * n_out // (2 * n)))
