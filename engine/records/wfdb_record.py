"""`open_wfdb`: records in the WFDB format of PhysioNet, read lazily from their own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import RecordError
from engine.records.limits import believed_length, rate_fault
from engine.records.record import F32, Bool, Int32, Record, RecordInfo
from engine.records.wfdb_files import file_size, find_header, is_file, sibling
from engine.records.wfdb_formats import NO_FILE, Ints
from engine.records.wfdb_header import Header, SignalSpec, read_header
from engine.records.wfdb_leads import describe_leads, describe_patient
from engine.records.wfdb_signals import SignalFile, open_signal_file

BLOCK_SAMPLES = 1 << 20  # decoded at a time, whatever the length asked for
MAX_SKEW_S = 60.0
MAX_UNFILLED_FRAME = 4096  # samples in a frame of a file that does not hold a whole one


def open_wfdb(path: str | Path) -> Record:
    """Open a WFDB record: its header, its name without suffix, or one of its signal files.

    Reads headers and the first frame of each signal file. A record whose signals differ in samples per frame
    runs at the rate of the fastest; slower ones hold each sample until their next. Skew is taken out, so that
    signals are in time with each other. Where a file ends early or is missing, samples are invalid and
    `info.notices` says so. RecordError for everything that cannot be read.
    """
    given = Path(path)
    header_path = find_header(given)
    if header_path is None:
        file_size(given)
        raise RecordError("has no WFDB header beside it", path=given, hint=f"expected {given.stem}.hea")
    header = read_header(header_path)
    if header.segments:
        from engine.records.wfdb_segments import open_segments

        return open_segments(header, given)
    return WfdbRecord(header, given)


@dataclass(frozen=True)
class _Group:
    """Signals that share a file; `file` is None where there is none to read."""

    file: SignalFile | None
    fault: str
    signals: tuple[int, ...]
    columns: tuple[int, ...]  # first column of each signal in a frame


class WfdbRecord(Record):
    """A record of one segment. `header` is the parsed header; `oversampling` record samples make a frame."""

    def __init__(self, header: Header, path: Path, oversampling: int = 1) -> None:
        if not header.signals:
            raise RecordError("describes no signals", path=header.path)
        self.header = header
        specs = header.signals
        self.oversampling = max(oversampling, *(s.samples_per_frame for s in specs))
        fs = header.fs * self.oversampling
        if fault := rate_fault(fs):
            raise RecordError(fault, path=header.path)
        self._groups = _open_groups(header)
        try:
            n_frames, notices = _settle_length(header, self._groups)
            leads, lead_notices = describe_leads(specs)
            notices += lead_notices + self._check_start(specs)
        except BaseException:
            self.close()
            raise
        self._place = {signal: group for group in self._groups for signal in group.signals}
        gains = [lead.adu_per_unit for lead in leads]
        self._gain = np.array(gains, np.float64)[:, None]
        self._baseline = np.array([s.baseline for s in specs], np.float64)[:, None]
        # Where gain and difference are exact in float32, its quotient is the same as that of float64 rounded.
        self._is_single = (self._gain.astype(np.float32) == self._gain) & (np.abs(self._baseline) < 1 << 22)
        super().__init__(
            RecordInfo(
                name=header.path.stem,
                path=path,
                format=f"WFDB {'+'.join(dict.fromkeys(s.format for s in specs))}",
                fs=fs,
                n_samples=n_frames * self.oversampling,
                leads=leads,
                start_time=header.start,
                patient=describe_patient(header.comments),
                comments=header.comments,
                notices=header.notices + tuple(notices),
            )
        )

    @property
    def n_present(self) -> int:
        """Samples, at the record's rate, up to the end of the longest signal file."""
        return min(self.n_samples, _longest(self._groups) * self.oversampling)

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        values = np.zeros((len(leads), stop - start), np.float32)
        valid = np.zeros(values.shape, np.bool_)
        for a, b, rows, adu, gap in self._blocks(start, stop, leads):
            signals = [leads[row] for row in rows]
            single = adu.dtype == np.int16 and bool(self._is_single[signals].all())
            kind = np.float32 if single else np.float64
            block = np.subtract(adu, self._baseline[signals].astype(kind), dtype=kind)
            block /= self._gain[signals].astype(kind)
            known = adu != gap
            if not known.all():
                block[~known] = 0
            values[rows, a:b] = block
            valid[rows, a:b] = known
        return values, valid

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        out = np.full((len(leads), stop - start), NO_FILE.gap_code, np.int32)
        for a, b, rows, adu, _ in self._blocks(start, stop, leads):
            out[rows, a:b] = adu
        return out

    def _blocks(
        self, start: int, stop: int, leads: tuple[int, ...]
    ) -> Iterator[tuple[int, int, list[int], Ints, int]]:
        """Pieces of the request as (from, to, rows, integers [rows, to - from], gap code), counted from start."""
        for group in self._groups:
            rows = [row for row, lead in enumerate(leads) if self._place[lead] is group]
            if group.file is None or not rows or stop <= start:
                continue
            over = self.oversampling
            step = max(1, BLOCK_SAMPLES // (group.file.frame_size + over * len(rows)))
            last = -(-stop // over)
            for first in range(start // over, last, step):
                a, b = max(start, first * over), min(stop, (first + step) * over)
                adu = self._stored(group, group.file, a, b, [leads[row] for row in rows])
                yield a - start, b - start, rows, adu, group.file.form.gap_code

    def _stored(self, group: _Group, file: SignalFile, start: int, stop: int, signals: Sequence[int]) -> Ints:
        """Stored integers [signals, stop - start] of one group."""
        over = self.oversampling
        first, last = start // over, -(-stop // over)
        specs = [self.header.signals[i] for i in signals]
        columns = [group.columns[group.signals.index(i)] for i in signals]
        if over == 1 and not any(s.skew for s in specs):
            frames = file.read(first, last)
            return frames.T if columns == list(range(file.frame_size)) else frames.T[columns]
        early = min(s.skew for s in specs)
        frames = file.read(first + early, last + max(s.skew for s in specs))
        out = np.empty((len(signals), stop - start), frames.dtype)
        fine = np.arange(start - first * over, stop - first * over)
        for row, (spec, column) in enumerate(zip(specs, columns, strict=True)):
            part = frames[spec.skew - early :][: last - first, column : column + spec.samples_per_frame]
            out[row] = part.reshape(-1)[fine * spec.samples_per_frame // over]
        return out

    def _check_start(self, specs: Sequence[SignalSpec]) -> list[str]:
        """A notice where the first samples are not those the header gives; one frame a file is read."""
        wrong = []
        for group in self._groups:
            if group.file is None or not group.file.n_frames:
                continue
            frame = group.file.read(0, 1)[0]
            for signal, column in zip(group.signals, group.columns, strict=True):
                initial = specs[signal].initial
                if initial is not None and not specs[signal].skew and frame[column] != initial:
                    wrong.append(signal)
        if not wrong:
            return []
        which = ", ".join(str(i) for i in wrong[:6]) + (" and more" if len(wrong) > 6 else "")
        what = "The first sample is not the one the header gives"
        return [f"{what} (signal {which}); header or samples may be damaged."]

    def verify(self) -> tuple[str, ...]:
        """Compare every sample with the header's 16-bit checksums; sentences on mismatches, none when all is well.

        Reads the whole record, in blocks. Signals with skew, without a checksum or with samples missing are left
        out, as their sum is not that of the header.
        """
        faults = []
        n_frames = self.n_samples // self.oversampling
        for group in self._groups:
            if group.file is None or group.file.n_frames < n_frames:
                continue
            sums = np.zeros(group.file.frame_size, np.int64)
            step = max(1, BLOCK_SAMPLES // group.file.frame_size)
            for first in range(0, n_frames, step):
                sums += group.file.read(first, min(first + step, n_frames)).sum(axis=0, dtype=np.int64)
            for signal, column in zip(group.signals, group.columns, strict=True):
                spec = self.header.signals[signal]
                total = int(sums[column : column + spec.samples_per_frame].sum())
                if spec.checksum is not None and not spec.skew and (total - spec.checksum) % 65536:
                    name = self.leads[signal].name
                    faults.append(f"The samples of {name} do not match the header's checksum; they may be damaged.")
        return tuple(faults)

    def close(self) -> None:
        """Release the files."""
        for group in self._groups:
            if group.file is not None:
                group.file.close()


def _open_groups(header: Header) -> tuple[_Group, ...]:
    """Open the signal files; one that is missing or empty becomes a group without file and with a fault."""
    members: dict[str | None, list[int]] = {}
    for i, spec in enumerate(header.signals):
        members.setdefault(spec.file, []).append(i)
    groups = []
    for name, signals in members.items():
        specs = [header.signals[i] for i in signals]
        if len({(s.format, s.byte_offset) for s in specs}) > 1:
            raise RecordError(f"gives {name} more than one format or byte offset", path=header.path)
        per_frame = [s.samples_per_frame for s in specs]
        columns = np.cumsum([0, *per_frame])[:-1]
        file, fault = None, ""
        if name is not None:
            path = sibling(header.path, name)
            initial = [s.adc_zero if s.initial is None else s.initial for s in specs]
            if is_file(path):
                file = open_signal_file(specs[0].format, path, per_frame, specs[0].byte_offset, initial)
            else:
                fault = f"signal file {name} is missing."
        groups.append(_Group(file, fault, tuple(signals), tuple(int(c) for c in columns)))
    return tuple(groups)


def _longest(groups: Sequence[_Group]) -> int:
    return max((-(-g.file.n_samples // g.file.frame_size) for g in groups if g.file is not None), default=0)


def _settle_length(header: Header, groups: Sequence[_Group]) -> tuple[int, list[str]]:
    """Frames of the record and notices; RecordError where there is nothing to show or the skew is absurd."""
    notices = [f"Its {g.fault}" for g in groups if g.fault]
    present = _longest(groups)
    promised = header.n_frames
    if present == 0:
        fault = "its" + notices[0][3:].rstrip(".") if notices else "its signal files hold no samples"
        raise RecordError(fault, path=header.path)
    for group in groups:
        held = group.file.n_frames if group.file is not None else present
        skew = max(header.signals[i].skew for i in group.signals)
        if skew > min(held, MAX_SKEW_S * header.fs):
            raise RecordError(f"gives a skew of {skew:,} samples, which is absurd", path=header.path)
        if group.file is not None and held == 0 and group.file.frame_size > MAX_UNFILLED_FRAME:
            size = f"{group.file.frame_size:,} samples a frame, more than {group.file.path.name} holds"
            raise RecordError(f"gives {size}", path=header.path)
    if promised is None:
        return present, notices
    if believed_length(promised, present, header.fs) < promised:
        ends = f"the data end after {present:,}, and so does the record"
        return present, [*notices, f"The header promises {promised:,} samples but {ends}."]
    for file in (g.file for g in groups if g.file is not None):
        if file.fault:
            notices.append(f"{file.path.name} {file.fault}.")
        surplus = file.n_samples - promised * file.frame_size
        if file.n_frames < promised:
            what = f"holds {file.n_frames:,} of the {promised:,} samples its header promises"
            notices.append(f"{file.path.name} {what}; the rest is shown as missing.")
        elif surplus >= max(file.frame_size, file.form.group):
            what = f"holds {file.n_frames:,} samples, more than the {promised:,} of its header"
            notices.append(f"{file.path.name} {what}; the rest is not shown.")
    return promised, notices
