"""`Record`: one recording, whatever file it came from. Lazy, file-backed, read-only."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Int32 = NDArray[np.int32]

VOLTAGE_UNIT = "mV"


@dataclass(frozen=True, slots=True)
class Lead:
    """One signal of a record.

    `unit` is what `Record.read` delivers: always "mV" for voltages (V, uV and nV are converted), otherwise the
    file's own unit ("mmHg", "NU", ...). `adu_per_unit` and `baseline_adu` map stored integers to `unit`:
    value = (adu - baseline_adu) / adu_per_unit; `adu_per_unit` is None for sources that store no integers.
    """

    name: str
    unit: str = VOLTAGE_UNIT
    adu_per_unit: float | None = None
    baseline_adu: float = 0.0
    adc_bits: int | None = None
    description: str = ""

    @property
    def is_voltage(self) -> bool:
        """True when the signal is in millivolts, so that paper scale and ECG analysis apply."""
        return self.unit == VOLTAGE_UNIT


@dataclass(frozen=True, slots=True)
class Patient:
    """What the file says of the person; separable, so that a record can be shown or written without it."""

    id: str = ""
    name: str = ""
    sex: str = ""
    birth_date: str = ""
    age: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a record: `values` float32 [leads, n] in each lead's unit, `valid` bool [leads, n].

    `values` never holds NaN or infinity; where `valid` is False the value is 0 and means nothing.
    """

    start: int
    values: F32
    valid: Bool

    @property
    def stop(self) -> int:
        """Sample index after the last one."""
        return self.start + self.values.shape[1]


@dataclass(frozen=True)
class RecordInfo:
    """Everything known from headers alone."""

    name: str
    path: Path
    format: str
    fs: float
    n_samples: int
    leads: tuple[Lead, ...]
    start_time: datetime | None = None
    patient: Patient = field(default_factory=Patient)
    device: str = ""
    comments: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()  # faults survived while opening, one sentence each, shown to the user


class Record(ABC):
    """One recording at one rate. Subclasses implement `_read` (and `_read_adu` where integers are stored).

    Sample numbers are 0-based at the record's own rate `fs` (Hz). Opening reads headers only; `read` touches only
    the bytes it needs. Usable as a context manager; safe to read from several threads.
    """

    def __init__(self, info: RecordInfo) -> None:
        self.info = info

    @property
    def name(self) -> str:
        """Record name, without folder or suffix."""
        return self.info.name

    @property
    def path(self) -> Path:
        """The file the user named."""
        return self.info.path

    @property
    def fs(self) -> float:
        """Sampling rate in Hz."""
        return self.info.fs

    @property
    def n_samples(self) -> int:
        """Samples per lead."""
        return self.info.n_samples

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.info.n_samples / self.info.fs

    @property
    def leads(self) -> tuple[Lead, ...]:
        """The signals, in file order."""
        return self.info.leads

    def lead_index(self, lead: str | int) -> int:
        """Index of a lead by number or by (case-insensitive) name; RecordError names the known ones."""
        if isinstance(lead, str) and not lead.lstrip("-").isdigit():
            for i, known in enumerate(self.leads):
                if known.name.lower() == lead.lower():
                    return i
        else:
            number = int(lead)
            if 0 <= number < len(self.leads):
                return number
        known_names = ", ".join(f"{i} {known.name}" for i, known in enumerate(self.leads))
        raise RecordError(f"has no lead {lead!r}", path=self.path, hint=f"its leads are {known_names}")

    def read(self, start: int = 0, stop: int | None = None, leads: Sequence[int] | None = None) -> Block:
        """Samples [start, stop) of the given leads (all by default), clipped to the record."""
        start, stop, chosen = self._clip(start, stop, leads)
        values, valid = self._read(start, stop, chosen)
        return Block(start, values, valid)

    def read_adu(self, start: int = 0, stop: int | None = None, leads: Sequence[int] | None = None) -> Int32:
        """Stored integers [leads, n] int32; RecordError for sources that hold none."""
        start, stop, chosen = self._clip(start, stop, leads)
        return self._read_adu(start, stop, chosen)

    def _clip(self, start: int, stop: int | None, leads: Sequence[int] | None) -> tuple[int, int, tuple[int, ...]]:
        stop = self.n_samples if stop is None else min(int(stop), self.n_samples)
        start = min(max(int(start), 0), max(stop, 0))
        return start, max(stop, start), tuple(range(len(self.leads))) if leads is None else tuple(leads)

    @abstractmethod
    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]: ...

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        raise RecordError("stores no integer samples", path=self.path)

    @property
    def fingerprint(self) -> str:
        """Stable id of the content (hex, 32 digits): header facts plus samples from start, middle and end.

        Cheap on any length; keys the pyramid cache and the edit log.
        """
        digest = hashlib.blake2b(digest_size=16)
        facts = (self.fs, self.n_samples, [(x.name, x.unit, x.adu_per_unit) for x in self.leads])
        digest.update(repr(facts).encode())
        span = 2048
        for start in (0, max(0, (self.n_samples - span) // 2), max(0, self.n_samples - span)):
            block = self.read(start, start + span)
            digest.update(block.values.tobytes())
            digest.update(block.valid.tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Release files; reading afterwards is an error. Harmless when repeated."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ArrayRecord(Record):
    """A record held in memory: small text files, synthetic signals, tests."""

    def __init__(self, info: RecordInfo, values: F32, valid: Bool | None = None) -> None:
        super().__init__(info)
        if values.shape != (len(info.leads), info.n_samples):
            raise ValueError(f"values are {values.shape}, expected {(len(info.leads), info.n_samples)}")
        finite = np.isfinite(values)
        self._valid = finite if valid is None else finite & valid
        self._values = np.where(self._valid, values, np.float32(0)).astype(np.float32, copy=False)

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        rows = list(leads)
        return self._values[rows, start:stop], self._valid[rows, start:stop]
