"""Multi-segment WFDB records, of fixed and of variable layout, as one record.

Segments are records of their own in the same folder, never made of segments themselves. Their headers are read
on opening, their samples when asked for. Gaps (`~`), missing segments and leads a segment lacks are invalid.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import RecordError
from engine.records.limits import believed_length, rate_fault
from engine.records.record import F32, Bool, Int32, Lead, Record, RecordInfo
from engine.records.wfdb_files import HEADER_SUFFIX, sibling
from engine.records.wfdb_formats import NO_FILE
from engine.records.wfdb_header import Header, read_header
from engine.records.wfdb_leads import describe_leads, describe_patient
from engine.records.wfdb_record import WfdbRecord

MAX_DURATION_S = 366 * 86_400.0
OPEN_SEGMENTS = 8


@dataclass(frozen=True)
class _Part:
    """A distinct segment: its header, its leads, and for each lead of the whole its own lead or -1."""

    header: Header
    leads: tuple[Lead, ...]
    lead_of: tuple[int, ...]


def open_segments(header: Header, path: Path) -> SegmentedRecord:
    """Open the record that a multi-segment header describes; RecordError where no segment can be read."""
    headers, faults = _segment_headers(header)
    first = header.segments[0].name
    if header.is_variable:
        if first is None or first not in headers:
            raise RecordError(f"its layout segment {first} cannot be read", path=header.path)
        layout = headers[first]
    else:
        readable = (headers[s.name] for s in header.segments if s.name in headers)
        layout = next(readable, header)
    if not layout.signals:
        raise RecordError("none of its segments can be read", path=header.path)
    return SegmentedRecord(header, path, layout, headers, faults)


def _segment_headers(master: Header) -> tuple[dict[str, Header], dict[str, str]]:
    """Headers of the segments that can be read, and what is wrong with the others, by segment name."""
    headers: dict[str, Header] = {}
    faults: dict[str, str] = {}
    for segment in master.segments:
        name = segment.name
        if name is None or name in headers or name in faults:
            continue
        path = sibling(master.path, name + HEADER_SUFFIX)
        try:
            found = read_header(path)
        except RecordError as error:
            faults[name] = error.fault
            continue
        if found.segments:
            raise RecordError(f"its segment {name} is itself made of segments", path=master.path)
        if not found.signals:
            faults[name] = "describes no signals"
        elif abs(found.fs - master.fs) > 1e-6 * master.fs:
            faults[name] = f"runs at {found.fs:g} Hz, the record at {master.fs:g} Hz"
        else:
            headers[name] = found
    return headers, faults


class SegmentedRecord(Record):
    """One record out of many. Stored integers are given in the gain and baseline of the record's leads."""

    def __init__(
        self, header: Header, path: Path, layout: Header, headers: dict[str, Header], faults: dict[str, str]
    ) -> None:
        self.header = header
        leads, notices = describe_leads(layout.signals)
        segments = header.segments[1:] if header.is_variable else header.segments
        self._names = [s.name for s in segments]
        self.oversampling = max(s.samples_per_frame for h in (layout, *headers.values()) for s in h.signals)
        fs = header.fs * self.oversampling
        self._edges = np.cumsum([0, *(s.n_frames * self.oversampling for s in segments)])
        n_samples = int(self._edges[-1])
        if fault := rate_fault(fs):
            raise RecordError(fault, path=header.path)
        if n_samples / fs > MAX_DURATION_S:
            raise RecordError(f"is said to last {n_samples / fs / 86400:,.0f} days", path=header.path)
        self._parts = {}
        for name, part in headers.items():
            own, _ = describe_leads(part.signals)
            self._parts[name] = _Part(part, own, _match(leads, own, header.is_variable))
        notices += self._check_segments([(s.name, s.n_frames) for s in segments], faults)
        if header.n_frames not in (None, n_samples // self.oversampling):
            given = f"the header gives {header.n_frames:,} samples"
            notices.append(f"The segments add up to {n_samples // self.oversampling:,} samples, {given}.")
        self._open: OrderedDict[str, WfdbRecord] = OrderedDict()
        self._lock = threading.Lock()
        self._is_closed = False
        comments = header.comments + (layout.comments if header.is_variable else ())
        super().__init__(
            RecordInfo(
                name=header.path.stem,
                path=path,
                format="WFDB multi-segment",
                fs=fs,
                n_samples=n_samples,
                leads=leads,
                start_time=header.start,
                patient=describe_patient(comments),
                comments=comments,
                notices=header.notices + tuple(notices),
            )
        )

    def _check_segments(self, segments: Sequence[tuple[str | None, int]], faults: dict[str, str]) -> list[str]:
        """Notices on segments that are missing, short or of other leads; an absurd promise is refused."""
        held, faults = {}, dict(faults)
        for name, part in self._parts.items():
            try:
                with WfdbRecord(part.header, part.header.path, self.oversampling) as segment:
                    held[name] = segment.n_present // self.oversampling
            except RecordError as error:
                faults[name] = error.fault
        present = sum(min(held.get(name or "", 0), n) for name, n in segments)
        promised = sum(n for name, n in segments if name is not None)
        if present == 0:
            raise RecordError("none of its segments holds samples", path=self.header.path)
        if believed_length(promised, present, self.header.fs) < promised:
            what = f"promises {promised:,} samples but its segments hold {present:,}"
            raise RecordError(what, path=self.header.path)
        notices = []
        self._usable = {name for name, frames in held.items() if frames}
        lost = [name for name, _ in segments if name is not None and not held.get(name)]
        if lost:
            why = f": {faults[lost[0]]}" if lost[0] in faults else ""
            count = f"{len(lost)} of {len(segments)} segments cannot be read"
            notices.append(f"{count} (first {lost[0]}{why}); their stretch is shown as missing.")
        short = [name for name, n in segments if name is not None and 0 < held.get(name, 0) < n]
        if short:
            notices.append(f"{len(short)} of {len(segments)} segments end early (first {short[0]}).")
        if not self.header.is_variable:
            other = [name for name, part in self._parts.items() if -1 in part.lead_of]
            if other:
                notices.append(f"Segment {other[0]} lacks leads of the record; they are shown as missing there.")
        return notices

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        values = np.zeros((len(leads), stop - start), np.float32)
        valid = np.zeros(values.shape, np.bool_)
        for offset, name, a, b, rows in self._stretches(start, stop, leads):
            block = self._segment(name).read(a, b, [self._parts[name].lead_of[leads[row]] for row in rows])
            n = block.values.shape[1]
            values[rows, offset : offset + n] = block.values
            valid[rows, offset : offset + n] = block.valid
        return values, valid

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        out = np.full((len(leads), stop - start), NO_FILE.gap_code, np.int32)
        for offset, name, a, b, rows in self._stretches(start, stop, leads):
            part = self._parts[name]
            adu = self._segment(name).read_adu(a, b, [part.lead_of[leads[row]] for row in rows])
            for row, stored in zip(rows, adu, strict=True):
                own, whole = part.leads[part.lead_of[leads[row]]], self.leads[leads[row]]
                out[row, offset : offset + len(stored)] = _rescaled(stored, own, whole)
        return out

    def _stretches(
        self, start: int, stop: int, leads: tuple[int, ...]
    ) -> Iterator[tuple[int, str, int, int, list[int]]]:
        """What to read from which segment: (offset in the request, segment, from, to, rows it can fill)."""
        if stop <= start:
            return
        first = int(np.searchsorted(self._edges, start, side="right")) - 1
        for i in range(first, len(self._names)):
            origin, end = int(self._edges[i]), int(self._edges[i + 1])
            if origin >= stop:
                break
            name = self._names[i]
            if name not in self._usable or origin == end:
                continue
            lead_of = self._parts[name].lead_of
            rows = [row for row, lead in enumerate(leads) if lead_of[lead] >= 0]
            if rows:
                a, b = max(start, origin), min(stop, end)
                yield a - start, name, a - origin, b - origin, rows

    def _segment(self, name: str) -> WfdbRecord:
        """The segment, opened; the few used last stay open. Files close when the last reader lets go."""
        with self._lock:
            if self._is_closed:
                raise RecordError("is closed", path=self.path)
            segment = self._open.pop(name, None)
            if segment is None:
                part = self._parts[name]
                segment = WfdbRecord(part.header, part.header.path, self.oversampling)
            self._open[name] = segment
            while len(self._open) > OPEN_SEGMENTS:
                self._open.popitem(last=False)
            return segment

    def verify(self) -> tuple[str, ...]:
        """Sentences on segments whose samples do not match their checksums; reads everything."""
        faults = []
        for name in dict.fromkeys(n for n in self._names if n in self._usable):
            faults += [f"Segment {name}: {fault}" for fault in self._segment(name).verify()]
        return tuple(faults)

    def close(self) -> None:
        """Release the files."""
        with self._lock:
            self._is_closed = True
            self._open.clear()


def _match(leads: Sequence[Lead], own: Sequence[Lead], by_name: bool) -> tuple[int, ...]:
    """For each lead of the record the segment's lead that belongs there (same name or place, same unit), or -1."""
    if not by_name and len(own) == len(leads):
        places = dict(enumerate(range(len(leads))))
    else:
        position = {lead.name: i for i, lead in enumerate(own)}
        places = {i: position.get(lead.name, -1) for i, lead in enumerate(leads)}
    return tuple(p if p >= 0 and own[p].unit == leads[i].unit else -1 for i, p in places.items())


def _rescaled(stored: Int32, own: Lead, whole: Lead) -> Int32:
    """Stored integers of a segment in the scale of the whole record; unchanged where the scales agree."""
    gain, wanted = own.adu_per_unit, whole.adu_per_unit
    if gain is None or wanted is None or (gain, own.baseline_adu) == (wanted, whole.baseline_adu):
        return stored
    scaled = np.rint((stored - own.baseline_adu) * (wanted / gain) + whole.baseline_adu)
    return np.clip(scaled, -(2**31), 2**31 - 1).astype(np.int32)
