"""The header of EDF, EDF+, BDF and BDF+ files, checked field by field before anything is believed.

Layout after Kemp et al. 1992 (EDF) and Kemp & Olivan 2003 (EDF+); BDF is BioSemi's 24-bit variant. Everything is
ASCII in fixed columns: 256 bytes for the file, then 256 bytes a signal, field by field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Literal

from engine.errors import RecordError
from engine.records.leads import lead_name, units_per_mv
from engine.records.limits import MAX_RATE_HZ, MAX_SIGNALS, believed_length
from engine.records.record import Lead, Patient

EDF_MAGIC = b"0       "
BDF_MAGIC = b"\xffBIOSEMI"
UNKNOWN_DATE = "01.01.85"  # as EDF+ prescribes for recordings made anonymous
_FIXED = 256
_SIGNAL_FIELDS = (
    ("label", 16),
    ("transducer", 80),
    ("unit", 8),
    ("physical minimum", 8),
    ("physical maximum", 8),
    ("digital minimum", 8),
    ("digital maximum", 8),
    ("prefilter", 80),
    ("samples per data record", 8),
    ("reserved", 32),
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?")
_MAX_PHYSICAL = 1e12  # float32 and common sense end far below what eight characters can say


@dataclass(frozen=True, slots=True)
class EdfSignal:
    """One signal as declared. `fault` says why its samples cannot be calibrated ("" when they can)."""

    label: str
    transducer: str
    unit: str
    physical_min: float
    physical_max: float
    digital_min: int
    digital_max: int
    prefilter: str
    n_per_record: int
    offset: int  # first byte inside a data record
    fault: str = ""

    @property
    def is_annotations(self) -> bool:
        """True for the signal that holds EDF+ time-stamped annotation lists."""
        return self.label in ("EDF Annotations", "BDF Annotations")

    def lead(self, bits: int) -> Lead:
        """As a lead in mV, or in its own unit when that is no voltage."""
        per_mv = units_per_mv(self.unit)
        span = self.physical_max - self.physical_min
        steps = self.digital_max - self.digital_min
        return Lead(
            name=lead_name(self.label),
            unit="mV" if per_mv else self.unit,
            adu_per_unit=steps * (per_mv or 1.0) / span,
            baseline_adu=self.digital_min - self.physical_min * steps / span,
            adc_bits=bits,
            description=", ".join(x for x in (self.label, self.transducer, self.prefilter) if x),
        )


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """A checked header.

    `n_records` is the length believed; when `open_ended`, the last of them ends where the file does. `n_bytes` is
    what the file really holds of them.
    """

    path: Path
    bits: Literal[16, 24]
    plus: Literal["", "C", "D"]
    patient: Patient
    recording: str
    device: str
    start_time: datetime | None
    header_bytes: int
    n_records: int
    open_ended: bool
    record_s: Fraction
    signals: tuple[EdfSignal, ...]
    n_bytes: int
    notices: tuple[str, ...]

    @property
    def bytes_per_sample(self) -> int:
        """2 for EDF, 3 for BDF."""
        return self.bits // 8

    @property
    def record_bytes(self) -> int:
        """Bytes of one data record."""
        return sum(s.n_per_record for s in self.signals) * self.bytes_per_sample

    @property
    def format(self) -> str:
        """ "EDF", "EDF+C", "BDF+D", ..."""
        return f"{'EDF' if self.bits == 16 else 'BDF'}{'+' if self.plus else ''}{self.plus}"


def read_edf_header(path: Path) -> EdfHeader:
    """Read and check the header of an EDF or BDF file.

    Faults that leave the samples unambiguous become notices; any other raises RecordError.
    """
    try:
        file_bytes = path.stat().st_size
        with path.open("rb") as file:
            fixed = file.read(_FIXED)
            if len(fixed) < _FIXED:
                raise RecordError(f"ends inside the file header, after {len(fixed)} of {_FIXED} bytes", path=path)
            n_signals = _signal_count(fixed[252:256], path)
            wanted = n_signals * _FIXED
            per_signal = file.read(wanted)
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror or error}", path=path) from error
    if len(per_signal) < wanted:
        have = len(per_signal) // _FIXED
        raise RecordError(
            f"promises {n_signals} signals, but the file ends inside the header of number {have + 1}", path=path
        )
    return _Parser(path, fixed, per_signal, n_signals, file_bytes).header()


def record_signals(header: EdfHeader) -> tuple[list[EdfSignal], int]:
    """The signals that make up the record, and its samples per data record: those of the fastest voltage."""
    usable = [s for s in header.signals if not s.is_annotations and not s.fault]
    voltages = [s for s in usable if units_per_mv(s.unit)]
    return usable, max((s.n_per_record for s in voltages or usable), default=0)


def _signal_count(field: bytes, path: Path) -> int:
    text = _text(field)
    if not text.isdecimal() or not 1 <= int(text) <= MAX_SIGNALS:
        raise RecordError(
            f"declares {text or 'no number of'!s} signals, where 1 to {MAX_SIGNALS} are possible", path=path
        )
    return int(text)


def _text(field: bytes) -> str:
    return "".join(c if c.isprintable() else " " for c in field.decode("latin-1")).strip()


class _Parser:
    """Fields of one header; collects notices on the way."""

    def __init__(self, path: Path, fixed: bytes, per_signal: bytes, n_signals: int, file_bytes: int) -> None:
        self._path = path
        self._fixed = fixed
        self._notices: list[str] = []
        self._bits: Literal[16, 24] = 24 if fixed.startswith(BDF_MAGIC) else 16
        self._file_bytes = file_bytes
        self._columns: dict[str, list[str]] = {}
        at = 0
        for name, width in _SIGNAL_FIELDS:
            stop = at + width * n_signals
            self._columns[name] = [_text(per_signal[i : i + width]) for i in range(at, stop, width)]
            at = stop

    def header(self) -> EdfHeader:
        """The checked header."""
        fixed = self._fixed
        if not fixed.startswith((EDF_MAGIC, BDF_MAGIC)):
            raise self._error("does not start like an EDF or BDF file")
        reserved = _text(fixed[192:236])
        plus: Literal["", "C", "D"] = ""
        if reserved[:5] in ("EDF+C", "BDF+C"):
            plus = "C"
        elif reserved[:5] in ("EDF+D", "BDF+D"):
            plus = "D"
        header_bytes = self._integer(_text(fixed[184:192]), "header size")
        expected = _FIXED * (len(self._columns["label"]) + 1)
        if header_bytes != expected:
            n = len(self._columns["label"])
            raise self._error(f"declares a header of {header_bytes} bytes, but {n} signals need {expected}")
        record_s = Fraction(self._number_text(_text(fixed[244:252]), "data record duration"))
        if record_s < 0:
            raise self._error(f"declares data records of {float(record_s):g} s")
        signals = self._signals(record_s)
        record_bytes = sum(s.n_per_record for s in signals) * (self._bits // 8)
        n_bytes = self._file_bytes - header_bytes
        n_records, open_ended = self._record_count(n_bytes, record_bytes, record_s)
        patient, device = self._people(bool(plus))
        start_time = self._start(bool(plus))
        return EdfHeader(
            path=self._path,
            bits=self._bits,
            plus=plus,
            patient=patient,
            recording=_text(fixed[88:168]),
            device=device,
            start_time=start_time,
            header_bytes=header_bytes,
            n_records=n_records,
            open_ended=open_ended,
            record_s=record_s,
            signals=signals,
            n_bytes=min(n_bytes, n_records * record_bytes),
            notices=tuple(self._notices),
        )

    def _error(self, fault: str) -> RecordError:
        return RecordError(fault, path=self._path)

    def _number_text(self, text: str, field: str) -> str:
        if "," in text and "." not in text:
            notice = "Numbers in the header use a decimal comma, read as a point."
            if notice not in self._notices:
                self._notices.append(notice)
            text = text.replace(",", ".")
        if not _NUMBER.fullmatch(text):
            raise self._error(f"its {field} is {text!r}, not a number")
        return text

    def _integer(self, text: str, field: str) -> int:
        value = float(self._number_text(text, field))
        if not value.is_integer():
            raise self._error(f"its {field} is {text!r}, not a whole number")
        return int(value)

    def _signals(self, record_s: Fraction) -> tuple[EdfSignal, ...]:
        counts = [
            self._integer(text, f"number of samples per data record of signal {i + 1}")
            for i, text in enumerate(self._columns["samples per data record"])
        ]
        for i, count in enumerate(counts):
            if count < 1:
                raise self._error(f"signal {i + 1} has {count} samples per data record")
        offsets = [0, *accumulate(count * (self._bits // 8) for count in counts)]
        signals = [self._signal(i, counts[i], offsets[i]) for i in range(len(counts))]
        for signal in signals:
            if signal.is_annotations:
                continue
            if record_s == 0:
                raise self._error("declares data records of 0 s, so its sampling rate is unknown")
            if signal.n_per_record / record_s > MAX_RATE_HZ:
                rate = float(signal.n_per_record / record_s)
                raise self._error(
                    f"signal {signal.label!r} has {rate:g} samples a second, more than {MAX_RATE_HZ:g}"
                )
        return tuple(signals)

    def _signal(self, i: int, n_per_record: int, offset: int) -> EdfSignal:
        column = {name: values[i] for name, values in self._columns.items()}
        label = column["label"]
        numbers: dict[str, float] = {}
        fault = ""
        if label not in ("EDF Annotations", "BDF Annotations"):
            try:
                for side in ("physical minimum", "physical maximum"):
                    numbers[side] = float(self._number_text(column[side], side))
                for side in ("digital minimum", "digital maximum"):
                    numbers[side] = self._integer(column[side], side)
                fault = _calibration_fault(numbers, self._bits)
            except RecordError as error:
                fault = error.fault
            if fault:
                self._notices.append(f"Signal {label or i + 1!s} is left out: {fault}.")
        return EdfSignal(
            label, column["transducer"], column["unit"],
            numbers.get("physical minimum", 0.0), numbers.get("physical maximum", 0.0),
            int(numbers.get("digital minimum", 0)), int(numbers.get("digital maximum", 0)),
            column["prefilter"], n_per_record, offset, fault,
        )  # fmt: skip

    def _record_count(self, n_bytes: int, record_bytes: int, record_s: Fraction) -> tuple[int, bool]:
        """Data records to count with, and whether the last one ends where the file does."""
        declared = self._integer(_text(self._fixed[236:244]), "number of data records")
        if declared < -1:
            raise self._error(f"declares {declared} data records")
        if n_bytes < self._bits // 8:
            raise self._error("holds a header and no data")
        present = -(-n_bytes // record_bytes)
        if declared <= 0:
            why = "was still being recorded" if declared == -1 else "declares 0 data records"
            self._notices.append(f"The file {why}; its length is taken from its size.")
            return present, True
        promised_bytes = declared * record_bytes
        if promised_bytes > n_bytes:
            bytes_per_s = float(record_bytes / record_s) if record_s else 1.0
            believed = believed_length(promised_bytes, n_bytes, bytes_per_s) == promised_bytes
            self._notices.append(
                f"The file is cut short: {declared} data records are promised, {n_bytes / record_bytes:.1f} are "
                f"there; the rest is {'shown as missing' if believed else 'left out'}."
            )
            return (declared, False) if believed else (present, True)
        if promised_bytes < n_bytes:
            self._notices.append(
                f"{n_bytes - promised_bytes} bytes after the last declared data record are ignored."
            )
        return declared, False

    def _start(self, plus: bool) -> datetime | None:
        date, time = _text(self._fixed[168:176]), _text(self._fixed[176:184])
        if date == UNKNOWN_DATE:
            return None
        try:
            hour, minute, second = (int(x) for x in re.split(r"[./: -]", time))
            return datetime(*self._date(date, plus), hour, minute, second)
        except (ValueError, TypeError):
            self._notices.append(f"Its start, {date} {time}, is not a possible date and time.")
            return None

    def _date(self, date: str, plus: bool) -> tuple[int, int, int]:
        """Year, month, day; EDF+ repeats them in the recording field, which serves where the header has "yy"."""
        stated = re.match(r"Startdate (\d\d)-([A-Z]{3})-(\d{4})", _text(self._fixed[88:168])) if plus else None
        parts = re.split(r"[./: -]", date)
        if stated is not None and not all(x.isdecimal() for x in parts):
            return int(stated[3]), _MONTHS.index(stated[2]) + 1, int(stated[1])
        day, month, year = (int(x) for x in parts)
        return year + (1900 if year >= 85 else 2000), month, day

    def _people(self, plus: bool) -> tuple[Patient, str]:
        text = _text(self._fixed[8:88])
        recording = _text(self._fixed[88:168])
        if not plus:
            return Patient(id=text), ""
        code, sex, born, name, *more = [*map(_known, text.split()), *[""] * 4]
        parts = recording.split()
        device = _known(parts[4]) if len(parts) > 4 and parts[0] == "Startdate" else ""
        return Patient(id=code, name=name, sex=sex, birth_date=born, notes=tuple(filter(None, more))), device


def _known(part: str) -> str:
    return "" if part == "X" else part.replace("_", " ")


def _calibration_fault(numbers: dict[str, float], bits: int) -> str:
    low, high = numbers["digital minimum"], numbers["digital maximum"]
    half = 1 << (bits - 1)
    if low >= high:
        return f"its digital minimum, {low:g}, is not below its digital maximum, {high:g}"
    if low < -half or high > half:
        return f"its digital range, {low:g} to {high:g}, does not fit in {bits} bits"
    if numbers["physical minimum"] == numbers["physical maximum"]:
        return f"its physical minimum and maximum are both {numbers['physical minimum']:g}"
    if max(abs(numbers["physical minimum"]), abs(numbers["physical maximum"])) > _MAX_PHYSICAL:
        return "its physical range is beyond reason"
    return ""
