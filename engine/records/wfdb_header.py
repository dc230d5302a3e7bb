"""WFDB header files (`.hea`): a strict, bounded parser.

The syntax is that of header(5) in the WFDB Applications Guide (PhysioNet). Every number is checked for form and
range before it is used, so a header can neither crash the reader nor make it reserve memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from engine.errors import RecordError
from engine.records.limits import MAX_RATE_HZ, MAX_SIGNALS, rate_fault
from engine.records.wfdb_files import MAX_HEADER_BYTES, is_plain_name, read_whole

DEFAULT_FS_HZ = 250.0
DEFAULT_GAIN = 200.0
GAIN_RANGE = (1e-15, 1e15)

_INTEGER = re.compile(r"[+-]?\d{1,15}(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,4})?")
_FS = re.compile(r"([^/(]+)(?:/([^/(]+))?(?:\(([^)]*)\))?")
_FORMAT = re.compile(r"(\d{1,4})(?:x(\d{1,15}))?(?::(\d{1,15}))?(?:\+(\d{1,15}))?")
_GAIN = re.compile(r"([^/(]+)(?:\(([^)]*)\))?(?:/(\S+))?")
_TIME = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})(?:\.(\d{1,12}))?")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DATE_NAMED = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """One signal line. `file` is None for a signal without samples (`~`); `gain` is in stored units per `unit`."""

    file: str | None
    format: str
    samples_per_frame: int = 1
    skew: int = 0
    byte_offset: int = 0
    gain: float = DEFAULT_GAIN
    calibrated: bool = True
    baseline: int = 0
    unit: str = "mV"
    adc_bits: int = 0
    adc_zero: int = 0
    initial: int | None = None
    checksum: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class SegmentSpec:
    """One segment line: record name (None for a gap, `~`) and length in frames."""

    name: str | None
    n_frames: int


@dataclass(frozen=True)
class Header:
    """A parsed header. `fs` is the frame rate in Hz; `n_frames` is None where the header leaves it out."""

    path: Path
    name: str
    fs: float
    n_frames: int | None
    n_signals: int
    signals: tuple[SignalSpec, ...] = ()
    segments: tuple[SegmentSpec, ...] = ()
    start: datetime | None = None
    counter_fs: float | None = None
    base_counter: float = 0.0
    comments: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def is_variable(self) -> bool:
        """True for a multi-segment record whose first segment is a layout without samples."""
        return bool(self.segments) and self.segments[0].n_frames == 0 and self.segments[0].name is not None


def read_header(path: Path) -> Header:
    """Read and check a header file; RecordError names the line and the fault."""
    data = read_whole(path, MAX_HEADER_BYTES)
    if not data:
        raise RecordError("is empty", path=path)
    if b"\0" in data:
        raise RecordError("is not a WFDB header (it holds binary data)", path=path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return parse_header(text, path)


def parse_header(text: str, path: Path) -> Header:
    """Parse header text; `path` is only used in messages and to find the record's folder later."""
    return _Parser(path).parse(text)


class _Parser:
    """Walks the lines of one header and gathers notices on faults that can be survived."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []
        self.line = 0

    def parse(self, text: str) -> Header:
        comments: list[str] = []
        lines: list[tuple[int, str]] = []
        for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
            line = raw.strip()
            if line.startswith("#"):
                comments.append(line[1:].strip())
            elif line:
                lines.append((number, line))
        if not lines:
            raise RecordError("is not a WFDB header (it has no record line)", path=self.path)
        self.line, record_line = lines[0]
        name, n_segments, n_signals, fs, counter, base, n_frames, start = self._record_line(record_line)
        body = lines[1:]
        promised = n_signals if n_segments is None else n_segments
        kind = "signal" if n_segments is None else "segment"
        if len(body) < promised:
            held = f"describes {len(body)}"
            raise RecordError(f"promises {promised:,} {kind}{'s' * (promised != 1)} but {held}", path=self.path)
        if len(body) > promised:
            self.notices.append(f"Header lines after the {promised} promised {kind} lines are ignored.")
        signals: list[SignalSpec] = []
        segments: list[SegmentSpec] = []
        for self.line, line in body[:promised]:
            if n_segments is None:
                signals.append(self._signal_line(line))
            else:
                segments.append(self._segment_line(line))
        return Header(
            path=self.path,
            name=name,
            fs=fs,
            n_frames=n_frames,
            n_signals=n_signals,
            signals=tuple(signals),
            segments=tuple(segments),
            start=start,
            counter_fs=counter,
            base_counter=base,
            comments=tuple(c for c in comments if c),
            notices=tuple(self.notices),
        )

    def fault(self, what: str) -> RecordError:
        return RecordError(f"line {self.line}: {what}", path=self.path)

    def integer(self, text: str, what: str, low: int = -(10**15), high: int = 10**15) -> int:
        if not _INTEGER.fullmatch(text):
            raise self.fault(f"{what} {_short(text)} is not a whole number")
        value = int(text.partition(".")[0])
        if not low <= value <= high:
            raise self.fault(f"{what} {value:,} is out of range")
        return value

    def number(self, text: str, what: str) -> float:
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            raise self.fault(f"{what} {_short(text)} is not a finite number")
        return float(text)

    def _record_line(
        self, line: str
    ) -> tuple[str, int | None, int, float, float | None, float, int | None, datetime | None]:
        fields = line.split()
        name, slash, count = fields[0].partition("/")
        if len(fields) < 2 or not is_plain_name(name) or not _INTEGER.fullmatch(fields[1]):
            raise RecordError("is not a WFDB header (its first line does not describe a record)", path=self.path)
        n_segments = self.integer(count, "the number of segments", 1, 10**6) if slash else None
        n_signals = self.integer(fields[1], "the number of signals", 0)
        if n_signals > MAX_SIGNALS:
            raise self.fault(f"{n_signals:,} signals are more than the {MAX_SIGNALS} a record may have")
        fs, counter, base = DEFAULT_FS_HZ, None, 0.0
        if len(fields) > 2:
            fs, counter, base = self._rates(fields[2])
        else:
            self.notices.append(f"The header gives no sampling rate; {DEFAULT_FS_HZ:g} Hz is assumed.")
        n_frames = self.integer(fields[3], "the number of samples", 0) if len(fields) > 3 else None
        start = self._start(fields[4:])
        return name, n_segments, n_signals, fs, counter, base, n_frames or None, start

    def _rates(self, field: str) -> tuple[float, float | None, float]:
        match = _FS.fullmatch(field)
        if match is None:
            raise self.fault(f"sampling rate {_short(field)} is not a finite number")
        fs = self.number(match[1], "sampling rate")
        if fault := rate_fault(fs):
            raise self.fault(fault)
        counter = self.number(match[2], "counter frequency") if match[2] else None
        base = self.number(match[3], "base counter value") if match[3] else 0.0
        return fs, counter if counter and counter > 0 else None, base

    def _start(self, fields: list[str]) -> datetime | None:
        """Date and time in either order; a time without a date gives None, as does one that makes no sense."""
        day: date | None = None
        clock: time | None = None
        text = " ".join(fields)
        try:
            for field in fields[:2]:
                if match := _DATE.fullmatch(field):
                    day = date(int(match[3]), int(match[2]), int(match[1]))
                elif match := _DATE_NAMED.fullmatch(field):
                    day = date(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]))
                elif match := _TIME.fullmatch(field.strip("[]")):
                    micro = int((match[4] or "0").ljust(6, "0")[:6])
                    clock = time(int(match[1] or 0), int(match[2] or 0), int(match[3]), micro)
                else:
                    raise ValueError(field)
        except ValueError:
            self.notices.append(f"The start {_short(text)} in the header is not a date and time; it is left out.")
            return None
        return datetime.combine(day, clock or time()) if day else None

    def _signal_line(self, line: str) -> SignalSpec:
        fields = line.split(maxsplit=8)
        file = fields[0]
        if file != "~" and not is_plain_name(file):
            raise self.fault(f"names a file outside the record's own folder ({_short(file)})")
        form = _FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
        if form is None:
            raise self.fault(f"signal format {_short(fields[1] if len(fields) > 1 else '')} is not understood")
        spec: dict[str, int | None] = dict.fromkeys(("adc_bits", "adc_zero", "initial", "checksum", "block"))
        ranges = {"adc_bits": (0, 64), "block": (0, 10**9)}
        gain, calibrated, baseline, unit = DEFAULT_GAIN, False, None, "mV"
        description = fields[8].strip() if len(fields) > 8 else ""
        if len(fields) > 2:
            gain, calibrated, baseline, unit = self._gain(fields[2])
        for i, key in enumerate(spec, start=3):
            if i >= len(fields):
                break
            if not re.match(r"[+-]?\d", fields[i]):
                # Some writers leave fields out and go straight to the name.
                description = " ".join(fields[i:])
                self.notices.append(f"Header line {self.line} lacks fields before the signal's name.")
                break
            what = key.replace("_", " ") + " value"
            spec[key] = self.integer(fields[i], what, *ranges.get(key, (-(2**32), 2**32)))
        zero = spec["adc_zero"] or 0
        return SignalSpec(
            file=None if file == "~" else file,
            format=str(int(form[1])),
            samples_per_frame=self.integer(form[2] or "1", "samples per frame", 1, int(MAX_RATE_HZ)),
            skew=int(form[3] or 0),
            byte_offset=int(form[4] or 0),
            gain=gain,
            calibrated=calibrated,
            baseline=zero if baseline is None else baseline,
            unit=unit,
            adc_bits=spec["adc_bits"] or 0,
            adc_zero=zero,
            initial=spec["initial"],
            checksum=spec["checksum"],
            description=description,
        )

    def _gain(self, field: str) -> tuple[float, bool, int | None, str]:
        match = _GAIN.fullmatch(field)
        if match is None:
            raise self.fault(f"gain {_short(field)} is not understood")
        gain = self.number(match[1], "gain")
        baseline = None
        if match[2] is not None:
            baseline = self.integer(match[2], "baseline", -(2**31), 2**31)
        if gain != 0 and not GAIN_RANGE[0] <= abs(gain) <= GAIN_RANGE[1]:
            raise self.fault(f"gain {match[1]} is out of range")
        # Zero is the standard's way of saying "not calibrated"; 200 per mV is then to be assumed.
        return gain or DEFAULT_GAIN, gain != 0, baseline, match[3] or "mV"

    def _segment_line(self, line: str) -> SegmentSpec:
        fields = line.split()
        if len(fields) < 2:
            raise self.fault("a segment line needs a name and a length")
        if fields[0] != "~" and not is_plain_name(fields[0]):
            raise self.fault(f"names a segment outside the record's own folder ({_short(fields[0])})")
        return SegmentSpec(None if fields[0] == "~" else fields[0], self.integer(fields[1], "segment length", 0))


def plain_number(value: float) -> str:
    """The shortest text that reads back as exactly this number: 360, 257.4."""
    return repr(float(value)).removesuffix(".0")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
