"""A WFDB record that grows: samples are appended as they come, and it can be read at any time up to the last flush.

One segment is a plain record whose header gives 0 for its length (not known) until it is closed, so that readers
take what the file holds. When a segment reaches its size the record becomes a multi-segment one. Missing samples
are written as the format's code for them, so that sample numbers in the file keep step with those of the stream.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.devices.raw_log import write_all
from engine.devices.ring import no_value
from engine.devices.stream_intake import StreamShape
from engine.records.atomic import write_atomic
from engine.records.wfdb_formats import FORMATS, decode, encode
from engine.records.wfdb_header import plain_number

Ints = NDArray[np.signedinteger]
I64 = NDArray[np.int64]

_GAP_BLOCK = 1 << 16


@dataclass
class _Segment:
    """One signal file."""

    name: str
    n_samples: int = 0
    first: I64 | None = None
    sums: I64 = field(default_factory=lambda: np.zeros(0, np.int64))


class WfdbRecording:
    """Appends codes [leads, n] to `folder/name`; a new segment begins before one grows beyond `split_bytes`."""

    def __init__(
        self, folder: Path, name: str, shape: StreamShape, *, split_bytes: int, began: datetime | None = None
    ) -> None:
        self.header_path = folder / f"{name}.hea"
        self.n_samples = 0  # written, in all segments
        self._folder, self._name, self._shape, self._began = folder, name, shape, began
        self._form = FORMATS[str(shape.bits)]
        frame_bytes = len(shape.leads) * shape.bits // 8
        self._most = max(1, split_bytes // frame_bytes)
        self._segments: list[_Segment] = []
        self._file: BinaryIO | None = None
        self._size = 0

    def begin(self) -> None:
        """Make the first signal file and its header. Raises OSError, EngineError."""
        self._begin_segment()
        self.write_headers(final=False)

    def adopt(self) -> None:
        """Take over the signal files that an interrupted recording left, whole samples only."""
        while (path := self._folder / f"{self._name}_{len(self._segments) + 1:04d}.dat").is_file():
            segment = _Segment(path.stem, sums=np.zeros(len(self._shape.leads), np.int64))
            self._segments.append(segment)
            with path.open("rb") as file:
                while codes := self._codes(file):
                    self._count(segment, codes[0])

    @property
    def n_segments(self) -> int:
        """How many files there are."""
        return len(self._segments)

    def append(self, codes: Ints) -> None:
        """Add samples. Raises OSError; what was written before stays whole."""
        while codes.shape[1]:
            segment = self._segments[-1]
            if segment.n_samples >= self._most:
                self._begin_segment()
                self.write_headers(final=False)
                continue
            part = codes[:, : self._most - segment.n_samples]
            self._write(segment, part)
            codes = codes[:, part.shape[1] :]

    def append_gap(self, n_samples: int) -> None:
        """Add missing samples."""
        for at in range(0, n_samples, _GAP_BLOCK):
            width = min(_GAP_BLOCK, n_samples - at)
            self.append(np.full((len(self._shape.leads), width), no_value(self._shape.bits), np.int32))

    def flush(self, *, durable: bool) -> None:
        """Make what was appended readable; `durable`: also after a power cut."""
        if self._file is not None and durable:
            os.fsync(self._file.fileno())
        if len(self._segments) > 1:
            self.write_headers(final=False)

    def close(self) -> None:
        """Close the signal file; `write_headers(final=True)` completes the record."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write_headers(self, *, final: bool) -> None:
        """Write the header, or the headers of all segments and the master. Raises EngineError for a full disk."""
        if len(self._segments) == 1:
            segment = self._segments[0]
            length = segment.n_samples if final else 0
            write_atomic(self.header_path, self._header(self._name, segment, length).encode())
            return
        for segment in self._segments if final else self._segments[-2:]:
            length = segment.n_samples if final or segment is not self._segments[-1] else 0
            text = self._header(segment.name, segment, length)
            write_atomic(self._folder / f"{segment.name}.hea", text.encode())
        filled = [s for s in self._segments if s.n_samples]
        total = sum(s.n_samples for s in filled)
        line = f"{self._name}/{len(filled)} {len(self._shape.leads)} {self._rate} {total}{self._clock}"
        text = "\n".join([line, *(f"{s.name} {s.n_samples}" for s in filled)]) + "\n"
        write_atomic(self.header_path, text.encode())

    def _begin_segment(self) -> None:
        self.close()
        name = f"{self._name}_{len(self._segments) + 1:04d}"
        self._file = (self._folder / f"{name}.dat").open("xb", buffering=0)
        self._size = 0
        self._segments.append(_Segment(name, sums=np.zeros(len(self._shape.leads), np.int64)))

    def _write(self, segment: _Segment, codes: Ints) -> None:
        assert self._file is not None
        data = encode(self._form, np.ascontiguousarray(codes.T).reshape(-1))
        write_all(self._file, data, self._size)
        self._size += len(data)
        is_first = segment.first is None
        self._count(segment, codes)
        if is_first:
            self.write_headers(final=False)  # it tells the first sample

    def _codes(self, file: BinaryIO) -> list[Ints]:
        """The next block of samples [leads, n] of a signal file, or nothing at its end."""
        n_leads = len(self._shape.leads)
        frame_bytes = n_leads * self._shape.bits // 8
        data = file.read(frame_bytes * _GAP_BLOCK)
        whole = len(data) // frame_bytes * frame_bytes
        return [decode(self._form, data[:whole]).reshape(-1, n_leads).T] if whole else []

    def _count(self, segment: _Segment, codes: Ints) -> None:
        if segment.first is None:
            segment.first = codes[:, 0].astype(np.int64)
        segment.sums += codes.sum(axis=1, dtype=np.int64)
        segment.n_samples += codes.shape[1]
        self.n_samples += codes.shape[1]

    @property
    def _rate(self) -> str:
        return plain_number(self._shape.rate_hz)

    @property
    def _clock(self) -> str:
        began = self._began
        return f" {began:%H:%M:%S}.{began.microsecond // 1000:03d} {began:%d/%m/%Y}" if began is not None else ""

    def _header(self, name: str, segment: _Segment, length: int) -> str:
        """`length` 0: not known yet."""
        tail = f" {length}{self._clock if segment is self._segments[0] else ''}"
        gain = plain_number(self._shape.units_per_mv)
        first = segment.first if segment.first is not None else np.zeros(len(self._shape.leads), np.int64)
        lines = [f"{name} {len(self._shape.leads)} {self._rate}{tail}"]
        for lead, initial, total in zip(self._shape.leads, first, segment.sums, strict=True):
            checksum = (int(total) + 32768) % 65536 - 32768
            calibration = f"{gain}(0)/mV {self._shape.bits} 0 {int(initial)} {checksum} 0"
            lines.append(f"{segment.name}.dat {self._form.code} {calibration} {lead}")
        return "\n".join(lines) + "\n"
