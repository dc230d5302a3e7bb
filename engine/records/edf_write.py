"""Writing EDF+ and BDF+ files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, RecordError
from engine.records.annotations import Annotations
from engine.records.atomic import atomic_write
from engine.records.edf_annotations import ENDS_TEXT, encode_tal, pack_tals, text_of
from engine.records.edf_file import encode_integers
from engine.records.edf_header import BDF_MAGIC, EDF_MAGIC, UNKNOWN_DATE
from engine.records.edf_scaling import Scaling, scale_floats, scale_integers, shortest_text
from engine.records.leads import is_known_lead
from engine.records.limits import MAX_SIGNALS
from engine.records.record import Bool, Int32, Lead, Patient, Record

Report = Callable[[float], None]

_SOFTWARE = "HeartKit_Workbench"
_RECORD_BYTES = 61_440  # largest data record that EDF recommends
_BLOCK_SAMPLES = 1 << 20
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def write_edf(
    record: Record,
    path: str | Path,
    *,
    annotations: Annotations | Sequence[Annotations] | None = None,
    start: int = 0,
    stop: int | None = None,
    leads: Sequence[int] | None = None,
    identify: bool = False,
    overwrite: bool = False,
    progress: Report | None = None,
) -> Path:
    """Write samples [start, stop) of a record, with annotations, as EDF+ (16 bits) or, for ".bdf", BDF+ (24 bits).

    Stored integers are written as they are, with the same calibration. Sources without integers are scaled to
    the range of each lead, which rounds by at most range / 131068 in EDF. Missing samples get the lowest code,
    which the declared digital range excludes; data records in which every lead is missing are left out, and the
    file is then discontinuous (EDF+D). A length that is no whole number of data records is said by the standard
    text "Recording ends". Annotations keep onset, duration, symbol, text and lead; subtype and num have no place
    in EDF+. Patient, date and device are only written with `identify`. `progress` is given the fraction done and
    may raise to stop. The file appears whole or not at all.

    RecordError when the record is empty, does not fit the format, or is the very file to be written.
    """
    path = Path(path)
    if path.exists() and path.resolve() == record.path.resolve():
        raise RecordError("cannot be replaced by a copy of itself", path=path)
    stop = record.n_samples if stop is None else min(stop, record.n_samples)
    chosen = tuple(range(len(record.leads))) if leads is None else tuple(leads)
    if not 0 <= start < stop or not chosen:
        raise RecordError("nothing is selected to be written", path=path)
    if len(chosen) >= MAX_SIGNALS:
        raise RecordError(f"cannot hold more than {MAX_SIGNALS - 1} leads", path=path)
    sets = [annotations] if isinstance(annotations, Annotations) else list(annotations or ())
    bits = 24 if path.suffix.lower() == ".bdf" else 16
    try:
        writer = _Writer(record, start, stop, chosen, bits, identify, progress or (lambda fraction: None))
        writer.survey()
        writer.place(sets)
        with atomic_write(path, overwrite=overwrite) as file:
            file.write(writer.header())
            for piece in writer.data():
                file.write(piece)
    except EngineError as error:
        raise RecordError(error.fault, path=error.path or path, hint=error.hint) from error
    return path


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cutting of the time axis: samples per data record, and its duration as the header says it."""

    n: int
    seconds: str

    @property
    def fs(self) -> float:
        """Sampling rate that a reader computes."""
        return float(self.n / Fraction(self.seconds))


def choose_grid(fs: float, bytes_per_frame: int) -> _Grid:
    """Data records of about a second whose duration, in eight characters, gives the rate as exactly as possible."""
    rate = Fraction(repr(float(fs)))
    exact = [
        Fraction(s)
        for s in (
            "1",
            "0.5",
            "0.25",
            "0.2",
            "0.1",
            "0.05",
            "0.01",
            "2",
            "4",
            "5",
            "10",
            "20",
            "25",
            "50",
            "100",
            "1000",
        )
        if (rate * Fraction(s)).denominator == 1
    ]
    for seconds in exact:
        if rate * seconds * bytes_per_frame <= _RECORD_BYTES:
            return _Grid(int(rate * seconds), shortest_text(seconds))
    if exact:
        return _Grid(int(rate * exact[0]), shortest_text(exact[0]))
    most = max(1, min(math.ceil(fs * 2), _RECORD_BYTES // bytes_per_frame, 20_000))
    best, least = _Grid(1, "1"), math.inf
    for n in range(max(1, most // 2), most + 1):
        text = shortest_text(n / rate)
        if text not in ("", "0"):
            error = abs(n / float(text) - fs)
            if error < least:
                best, least = _Grid(n, text), error
    if least > 1e-5 * fs:
        raise RecordError(f"a rate of {fs:g} Hz cannot be said in EDF")
    return best


class _Writer:
    """One file being written: `survey`, then `place`, then header and data records."""

    def __init__(
        self,
        record: Record,
        start: int,
        stop: int,
        leads: tuple[int, ...],
        bits: int,
        identify: bool,
        report: Report,
    ) -> None:
        self._record = record
        self._start, self._stop = start, stop
        self._leads = leads
        self._bits = bits
        self._identify = identify
        self._report = report
        self._grid = choose_grid(record.fs, len(leads) * bits // 8)
        self._n_records = -(-(stop - start) // self._grid.n)
        self._whole = self._stores_integers()
        self._kept = np.ones(self._n_records, bool)
        self._scaling: list[Scaling] = []
        self._tals: list[bytes] = []
        begin = record.info.start_time
        self._begin = begin + timedelta(seconds=start / record.fs) if begin else None
        self._zero_s = Decimal(self._begin.microsecond) / 1_000_000 if self._begin and identify else Decimal(0)

    def _stores_integers(self) -> bool:
        if any(self._record.leads[i].adu_per_unit is None for i in self._leads):
            return False
        try:
            self._record.read_adu(self._start, self._start + 1, self._leads)
        except RecordError:
            return False
        return True

    def _blocks(self) -> Iterator[tuple[int, int, NDArray[np.float64] | Int32, Bool]]:
        """Pieces of the stretch: data records first and last, samples as stored or as floats, validity."""
        step = max(1, _BLOCK_SAMPLES // (self._grid.n * len(self._leads)))
        for first in range(0, self._n_records, step):
            last = min(first + step, self._n_records)
            a = self._start + first * self._grid.n
            b = min(self._start + last * self._grid.n, self._stop)
            block = self._record.read(a, b, self._leads)
            samples = self._record.read_adu(a, b, self._leads) if self._whole else block.values.astype(np.float64)
            yield first, last, samples, block.valid

    def survey(self) -> None:
        """Find each lead's range and what is missing, and from that the calibration."""
        low = np.full(len(self._leads), np.inf)
        high = np.full(len(self._leads), -np.inf)
        gaps = (self._stop - self._start) % self._grid.n > 0
        for first, last, samples, valid in self._blocks():
            gaps = gaps or not valid.all()
            low = np.minimum(low, np.where(valid, samples, np.inf).min(axis=1))
            high = np.maximum(high, np.where(valid, samples, -np.inf).max(axis=1))
            any_lead: Bool = np.any(valid, axis=0)
            self._kept[first:last] = np.logical_or.reduceat(any_lead, np.arange(0, len(any_lead), self._grid.n))
            self._report(0.5 * last / self._n_records)
        self._kept[[0, -1]] = True
        missing = low > high
        low[missing], high[missing] = 0, 0
        for row, i in enumerate(self._leads):
            self._scaling.append(self._scale(self._record.leads[i], float(low[row]), float(high[row]), gaps))

    def _scale(self, lead: Lead, low: float, high: float, gaps: bool) -> Scaling:
        if self._whole:
            found = scale_integers(lead, int(low), int(high), self._bits, marks_missing=gaps)
        else:
            found = scale_floats(lead, low, high, self._bits)
        if found is None:
            cure = "a name that ends in .bdf gives 24 bits" if self._bits == 16 and self._whole else None
            raise RecordError(f"lead {lead.name} does not fit in {self._bits} bits", hint=cure)
        return found

    def place(self, sets: Sequence[Annotations]) -> None:
        """Distribute the annotations over the data records."""
        marks = sorted(
            (mark for annotations in sets for mark in self._marks(annotations)), key=lambda mark: mark[0]
        )
        kept = np.flatnonzero(self._kept)
        step_s = Decimal(self._grid.seconds)
        clocks = [encode_tal(f"+{_plain(self._zero_s + step_s * int(k))}", [""]) for k in kept]
        homes = np.searchsorted(kept, [at // self._grid.n for at, _ in marks], "right") - 1
        length = self._stop - self._start
        final = encode_tal(self._onset(length), [ENDS_TEXT]) if length % self._grid.n else b""
        # A multiple of 6 is a whole number of samples in either format.
        packed = pack_tals([tal for _, tal in marks], homes.tolist(), clocks, final)
        width = -(-len(packed[0]) // 6) * 6
        self._tals = [text.ljust(width, b"\0") for text in packed]

    def _marks(self, annotations: Annotations) -> Iterator[tuple[int, bytes]]:
        """Sample counted from the start of the file, and TAL, of every annotation inside the stretch."""
        assert annotations.aux is not None and annotations.duration is not None and annotations.chan is not None
        ratio = self._record.fs / annotations.fs
        for i, symbol in enumerate(annotations.symbol):
            at = int(annotations.sample[i]) * ratio - self._start
            if not 0 <= at < self._stop - self._start:
                continue
            text = text_of(symbol, annotations.aux[i])
            chan, duration = int(annotations.chan[i]), int(annotations.duration[i]) * ratio
            if chan and chan in self._leads:
                text += f"@@{_label(self._record.leads[chan])}"
            yield int(at), encode_tal(self._onset(at), [text], self._seconds(duration) if duration else "")

    def _seconds(self, samples: float) -> str:
        """A time as text, fine enough for the sample to be found again at any rate."""
        return _plain(Decimal(f"{samples / self._grid.fs:.9f}"))

    def _onset(self, samples: float) -> str:
        return f"+{_plain(self._zero_s + Decimal(self._seconds(samples)))}"

    def header(self) -> bytes:
        """The file header."""
        info = self._record.info
        kind = "BDF" if self._bits == 24 else "EDF"
        patient, date, device, day = "X X X X", "X", "X", UNKNOWN_DATE
        if self._identify:
            patient, device = _patient_field(info.patient), _subfield(info.device)
            if self._begin and 1985 <= self._begin.year <= 2084:
                date = f"{self._begin.day:02d}-{_MONTHS[self._begin.month - 1]}-{self._begin.year}"
                day = f"{self._begin:%d.%m.%y}"
        half = 1 << (self._bits - 1)
        rows = [
            (_label(self._record.leads[i]), *_fields(s)) for i, s in zip(self._leads, self._scaling, strict=True)
        ]
        rows.append((f"{kind} Annotations", "", "", "-1", "1", str(-half), str(half - 1), ""))
        counts = [self._grid.n] * len(self._leads) + [len(self._tals[0]) * 8 // self._bits]
        fixed = [
            (patient, 80),
            (f"Startdate {date} X {_SOFTWARE} {device}", 80),
            (day, 8),
            (f"{self._begin:%H.%M.%S}" if self._begin else "00.00.00", 8),
            (str(256 * (len(rows) + 1)), 8),
            (f"{kind}+{'C' if self._kept.all() else 'D'}", 44),
            (str(len(self._tals)), 8),
            (self._grid.seconds, 8),
            (str(len(rows)), 4),
        ]
        for column, width in zip(zip(*rows, strict=True), (16, 80, 8, 8, 8, 8, 8, 80), strict=True):
            fixed += [(text, width) for text in column]
        fixed += [(str(n), 8) for n in counts] + [("", 32) for _ in rows]
        magic = BDF_MAGIC if kind == "BDF" else EDF_MAGIC
        return magic + b"".join(text.encode("ascii", "replace")[:width].ljust(width) for text, width in fixed)

    def data(self) -> Iterator[bytes]:
        """The data records, a block at a time."""
        n, missing = self._grid.n, -(1 << (self._bits - 1))
        width = n * self._bits // 8
        tal_width = len(self._tals[0])
        written = 0
        for first, last, samples, valid in self._blocks():
            octets = np.empty((last - first, width * len(self._leads) + tal_width), np.uint8)
            for row, scaling in enumerate(self._scaling):
                stored = np.full((last - first) * n, missing, np.int32)
                values = samples[row]
                if not self._whole:
                    values = np.rint(values * scaling.gain + scaling.zero)
                    values = np.clip(values, scaling.digital_min, scaling.digital_max)
                stored[: len(values)] = np.where(valid[row], values, missing)
                raw = np.frombuffer(encode_integers(stored, self._bits), np.uint8)
                octets[:, row * width : (row + 1) * width] = raw.reshape(last - first, width)
            kept = self._kept[first:last]
            octets = octets[kept]
            tals = b"".join(self._tals[written : written + len(octets)])
            octets[:, width * len(self._leads) :] = np.frombuffer(tals, np.uint8).reshape(-1, tal_width)
            written += len(octets)
            yield octets.tobytes()
            self._report(0.5 + 0.5 * last / self._n_records)


def _plain(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _fields(scaling: Scaling) -> tuple[str, ...]:
    edges = (scaling.physical_min, scaling.physical_max, str(scaling.digital_min), str(scaling.digital_max))
    return "", scaling.unit, *edges, ""


def _label(lead: Lead) -> str:
    """The EDF+ standard label of an ECG lead ("ECG II"), or the name as it is."""
    return (f"ECG {lead.name}" if is_known_lead(lead.name) else lead.name).encode("ascii", "replace").decode()[:16]


def _subfield(text: str) -> str:
    """Text as one part of an EDF+ patient or recording field."""
    return "_".join(text.split()) or "X"


def _patient_field(patient: Patient) -> str:
    sex = patient.sex[:1].upper()
    return " ".join(
        (
            _subfield(patient.id),
            sex if sex in ("M", "F") else "X",
            _subfield(patient.birth_date),
            _subfield(patient.name),
        )
    )
