"""Bytes of EDF and BDF data records, fetched by position; no calibration, no time axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.edf_header import EdfHeader, EdfSignal

_BULK_BYTES = 8 << 20


def decode_integers(raw: bytes, bits: int) -> NDArray[np.int32]:
    """Little-endian two's-complement 16- or 24-bit samples as int32."""
    if bits == 16:
        return np.frombuffer(raw, "<i2").astype(np.int32)
    octets = np.frombuffer(raw, np.uint8).reshape(-1, 3)
    wide = np.zeros((len(octets), 4), np.uint8)
    wide[:, 1:] = octets
    return wide.view("<i4").reshape(-1) >> 8


def encode_integers(values: NDArray[np.int32], bits: int) -> bytes:
    """The inverse of `decode_integers`; values must fit."""
    if bits == 16:
        return values.astype("<i2").tobytes()
    return np.ascontiguousarray(values, "<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


class EdfFile:
    """Random access to the data records behind a checked header.

    The file is opened for every request: no handle is held, requests from several threads do not meet, and a file
    that shrinks or vanishes meanwhile is an error instead of a crash.
    """

    def __init__(self, header: EdfHeader) -> None:
        self.header = header
        self.n_present = -(-header.n_bytes // header.record_bytes)  # data records of which something is there

    def present(self, signal: EdfSignal, record: int) -> int:
        """Samples of a signal that the file really holds of one data record (fewer only where it was cut)."""
        first = record * self.header.record_bytes + signal.offset
        return min(max((self.header.n_bytes - first) // self.header.bytes_per_sample, 0), signal.n_per_record)

    def slice(self, signal: EdfSignal, record: int, start: int, stop: int) -> NDArray[np.int32]:
        """Samples [start, stop) of a signal in one data record; all must be present."""
        width = self.header.bytes_per_sample
        at = record * self.header.record_bytes + signal.offset + start * width
        return decode_integers(self._read(at, (stop - start) * width), self.header.bits)

    def bulk(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Data records [first, last) in pieces: number of the first, and bytes [records, record_bytes].

        Bytes past the end of the file are 0.
        """
        size = self.header.record_bytes
        step = max(1, _BULK_BYTES // size)
        for record in range(first, last, step):
            n = min(step, last - record)
            wanted = min(n * size, self.header.n_bytes - record * size)
            raw = self._read(record * size, wanted).ljust(n * size, b"\0")
            yield record, np.frombuffer(raw, np.uint8).reshape(n, size)

    def column(self, signal: EdfSignal, piece: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Samples [records, n_per_record] of one signal out of a piece from `bulk`."""
        width = signal.n_per_record * self.header.bytes_per_sample
        raw = piece[:, signal.offset : signal.offset + width].tobytes()
        return decode_integers(raw, self.header.bits).reshape(len(piece), signal.n_per_record)

    def texts(self, signal: EdfSignal, first: int, last: int, limit: int | None = None) -> Iterator[bytes]:
        """Raw bytes of an annotation signal, one piece a data record, cut to `limit`; touches nothing else."""
        width = min(signal.n_per_record * self.header.bytes_per_sample, self.header.n_bytes)
        width = width if limit is None else min(width, limit)
        base = self.header.header_bytes + signal.offset
        try:
            with self.header.path.open("rb", buffering=0) as file:
                for record in range(first, min(last, self.n_present)):
                    file.seek(base + record * self.header.record_bytes)
                    yield file.read(width) or b""
        except OSError as error:
            raise self._unreadable(error) from error

    def _read(self, at: int, size: int) -> bytes:
        try:
            with self.header.path.open("rb", buffering=0) as file:
                file.seek(self.header.header_bytes + at)
                raw = file.read(size) or b""
                while len(raw) < size and (more := file.read(size - len(raw))):
                    raw += more
        except OSError as error:
            raise self._unreadable(error) from error
        if len(raw) < size:
            raise RecordError("has become shorter since it was opened", path=self.header.path)
        return raw

    def _unreadable(self, error: OSError) -> RecordError:
        return RecordError(f"can no longer be read: {error.strerror or error}", path=self.header.path)
