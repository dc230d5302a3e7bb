"""`write_wfdb`: any record as a WFDB record, block by block, atomically.

A source that stores integers is written with the very same integers, gain and baseline, so that reading the copy
gives what the source gave. A source of floating-point values is stored on the finest 1-2-5 grid that its range
allows in the format: for 16 bits and signals within +-32 mV that is 1 uV or finer, and values that are whole
microvolts stay exact. Missing samples become the format's code for them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import AnnotationError, RecordError
from engine.records.annotations import Annotations
from engine.records.atomic import atomic_write
from engine.records.record import Record
from engine.records.wfdb_annotations import annotation_bytes, annotation_path
from engine.records.wfdb_formats import FORMATS, SignalFormat, encode
from engine.records.wfdb_header import GAIN_RANGE, plain_number
from engine.records.wfdb_leads import describe_patient
from engine.records.wfdb_record import WfdbRecord

BLOCK_SAMPLES = 1 << 20
DEFAULT_GAIN = 1000.0
FLOAT32_BITS = 24

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_WIDER = ("16", "24", "32")

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class _Scale:
    """How one lead is stored. `exact` leads keep the source's integers, others are rounded to the grid."""

    gain: float
    baseline: int
    exact: bool


class _DoesNotFitError(RecordError):
    """A sample lies outside the range of the format."""


def write_wfdb(
    record: Record,
    folder: str | Path,
    name: str,
    *,
    fmt: str | None = None,
    start: int = 0,
    stop: int | None = None,
    leads: Sequence[int] | None = None,
    annotations: Annotations | Sequence[Annotations] | None = None,
    comments: Sequence[str] | None = None,
    overwrite: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Write samples [start, stop) of the given leads as `folder/name.hea` and `name.dat`; returns the header.

    `fmt` is one of the formats 8, 16, 24, 32, 61, 80, 160, 212, 310 and 311; by default the source's own, or the
    narrowest of 16, 24 and 32 that holds its samples. Annotations are written beside it, moved to the new start;
    `comments` replace those of the record. `progress` is told the share done, and may raise to stop. RecordError
    when samples do not fit a format that was asked for, when files exist and `overwrite` is False, or when the
    source itself would be written over; then nothing is changed.
    """
    header_path, data_path = Path(folder) / f"{name}.hea", Path(folder) / f"{name}.dat"
    if not _NAME.fullmatch(name):
        raise RecordError("a WFDB record name has only letters, digits, - and _", path=header_path)
    chosen = tuple(range(len(record.leads))) if leads is None else tuple(leads)
    stop = record.n_samples if stop is None else min(stop, record.n_samples)
    if not chosen or not 0 <= start < stop:
        raise RecordError("has nothing to write: no lead or no sample is chosen", path=record.path)
    _protect_source(record, header_path, data_path)
    given = [annotations] if isinstance(annotations, Annotations) else list(annotations or ())
    marks = [_moved(a, record, start, stop) for a in given]
    writer = _Writer(record, start, stop, chosen, progress)
    for code in _candidates(record, chosen, fmt):
        try:
            with ExitStack() as files:
                # Left in reverse: the header takes its place last, when the samples are safe.
                header = files.enter_context(atomic_write(header_path, overwrite=overwrite, kind=RecordError))
                data = files.enter_context(atomic_write(data_path, overwrite=overwrite, kind=RecordError))
                lines = [data_path.name + " " + line for line in writer.write(FORMATS[code], data.write)]
                text = "\n".join([_record_line(record, name, start, stop, len(chosen)), *lines])
                header.write((text + "\n" + _comment_lines(record, comments)).encode())
                for a in marks:
                    path = annotation_path(folder, name, a.name)
                    encoded = annotation_bytes(a, path, time_resolution=a.fs != record.fs)
                    file = files.enter_context(atomic_write(path, overwrite=overwrite, kind=AnnotationError))
                    file.write(encoded)
            break
        except _DoesNotFitError:
            if fmt is not None or code == _WIDER[-1]:
                raise
    return header_path


def _candidates(record: Record, leads: Sequence[int], fmt: str | None) -> tuple[str, ...]:
    """Formats to try in turn."""
    if fmt is not None:
        if fmt not in FORMATS:
            raise RecordError(
                f"cannot be written in format {fmt}", path=record.path, hint=f"one of {', '.join(FORMATS)}"
            )
        return (fmt,)
    own: tuple[str, ...] = ()
    if isinstance(record, WfdbRecord):
        formats = {record.header.signals[i].format for i in leads}
        own = tuple(f for f in formats if len(formats) == 1 and f in FORMATS and f != "8")
    return tuple(dict.fromkeys(own + _WIDER))


def _protect_source(record: Record, *targets: Path) -> None:
    sources = {record.path.resolve(), record.path.with_suffix(".hea").resolve()}
    if isinstance(record, WfdbRecord):
        folder = record.header.path.parent
        sources |= {record.header.path.resolve()}
        sources |= {(folder / s.file).resolve() for s in record.header.signals if s.file is not None}
    for target in targets:
        if target.resolve() in sources:
            raise RecordError("belongs to the recording itself, which is never changed", path=target)


class _Writer:
    """Turns blocks of a record into stored bytes and gathers what the header must say of them."""

    def __init__(
        self,
        record: Record,
        start: int,
        stop: int,
        leads: tuple[int, ...],
        progress: Callable[[float], None] | None,
    ) -> None:
        self._record = record
        self._start, self._stop = start, stop
        self._leads = leads
        self._progress = progress
        self._exact = [_keeps_integers(record, start, i) for i in leads]
        self._range: NDArray[np.float64] | None = None

    def write(self, form: SignalFormat, put: Callable[[bytes], object]) -> list[str]:
        """Write every block with `put`; the signal lines of the header, without the file name."""
        scales = self._scales(form)
        n_leads = len(self._leads)
        sums, before = np.zeros(n_leads, np.int64), np.zeros(n_leads, np.int64)
        first: I64 | None = None
        for a, b in self._spans():
            codes = self._codes(form, scales, a, b)
            if first is None:
                first = before = codes[:, 0].copy()
            sums += codes.sum(axis=1)
            put(encode(form, self._steps(codes, before) if form.code == "8" else codes.T.reshape(-1)))
            before = codes[:, -1]
            if self._progress is not None:
                self._progress((b - self._start) / (self._stop - self._start))
        assert first is not None
        return [
            self._signal_line(form, lead, scale, int(initial), int(total))
            for lead, scale, initial, total in zip(self._leads, scales, first, sums, strict=True)
        ]

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Blocks of a multiple of six samples, so that each but the last fills whole groups of any format."""
        step = max(1, BLOCK_SAMPLES // (6 * len(self._leads))) * 6
        for a in range(self._start, self._stop, step):
            yield a, min(a + step, self._stop)

    def _codes(self, form: SignalFormat, scales: Sequence[_Scale], start: int, stop: int) -> I64:
        """Integers to store, [leads, n], with the format's code where there is no sample."""
        block = self._record.read(start, stop, self._leads)
        codes = np.empty(block.values.shape, np.int64)
        kept = [row for row, scale in enumerate(scales) if scale.exact]
        if kept:
            codes[kept] = self._record.read_adu(start, stop, [self._leads[row] for row in kept])
        for row, scale in enumerate(scales):
            if not scale.exact:
                codes[row] = np.rint(block.values[row] * np.float64(scale.gain)) + scale.baseline
        codes[~block.valid] = form.gap_code
        low, high = (-(1 << 31) + 1, (1 << 31) - 1) if form.code == "8" else (form.low, form.high)
        wrong = ((codes < low) | (codes > high)) & block.valid
        if wrong.any():
            row = int(np.flatnonzero(wrong.any(axis=1))[0])
            self._refuse(row, f"holds {int(codes[row][wrong[row]][0]):,}, which format {form.code} cannot store")
        if form.invalid is None and not block.valid.all():
            row = int(np.flatnonzero(~block.valid.all(axis=1))[0])
            self._refuse(row, f"has missing samples, which format {form.code} cannot mark")
        return codes

    def _steps(self, codes: I64, before: I64) -> I64:
        """Differences for format 8, sample after sample of each lead in turn."""
        steps = np.diff(codes, axis=1, prepend=before[:, None])
        wrong = (steps < -128) | (steps > 127)
        if wrong.any():
            row = int(np.flatnonzero(wrong.any(axis=1))[0])
            self._refuse(row, f"moves by {int(steps[row][wrong[row]][0])} at once, which format 8 cannot store")
        return steps.T.reshape(-1)

    def _refuse(self, row: int, fault: str) -> None:
        lead = self._record.leads[self._leads[row]].name
        raise _DoesNotFitError(f"lead {lead} {fault}", path=self._record.path, hint="choose another format")

    def _scales(self, form: SignalFormat) -> list[_Scale]:
        scales = []
        for row, i in enumerate(self._leads):
            lead = self._record.leads[i]
            if self._exact[row] and lead.adu_per_unit is not None:
                scales.append(_Scale(lead.adu_per_unit, int(lead.baseline_adu), True))
            else:
                low, high = self._ranges()[row]
                gain, baseline = finest_grid(float(low), float(high), form)
                if not GAIN_RANGE[0] <= gain <= GAIN_RANGE[1]:
                    self._refuse(row, "has values too large or too small to be stored as integers")
                scales.append(_Scale(gain, baseline, False))
        return scales

    def _ranges(self) -> NDArray[np.float64]:
        """Smallest and largest value of each lead, from one pass over the samples."""
        if self._range is None:
            found = np.tile((np.inf, -np.inf), (len(self._leads), 1))
            for a, b in self._spans():
                block = self._record.read(a, b, self._leads)
                lowest = block.values.min(axis=1, where=block.valid, initial=np.inf)
                highest = block.values.max(axis=1, where=block.valid, initial=-np.inf)
                found[:, 0] = np.minimum(found[:, 0], lowest)
                found[:, 1] = np.maximum(found[:, 1], highest)
            self._range = np.where(np.isfinite(found), found, 0.0)
        return self._range

    def _signal_line(self, form: SignalFormat, lead: int, scale: _Scale, initial: int, total: int) -> str:
        known = self._record.leads[lead]
        source = self._record.header.signals[lead] if isinstance(self._record, WfdbRecord) else None
        is_calibrated = source is None or source.calibrated
        gain = plain_number(scale.gain) if is_calibrated else "0"
        unit = re.sub(r"\s+", "_", known.unit) or "NU"
        bits = known.adc_bits if scale.exact and known.adc_bits else 0
        zero = source.adc_zero if source is not None and scale.exact else 0
        checksum = (total + 32768) % 65536 - 32768
        name = " ".join(known.name.split())
        return f"{form.code} {gain}({scale.baseline})/{unit} {bits} {zero} {initial} {checksum} 0 {name}".rstrip()


def _keeps_integers(record: Record, start: int, lead: int) -> bool:
    """True where the source stores integers of the lead on a scale that a header can state."""
    gain, baseline = record.leads[lead].adu_per_unit, record.leads[lead].baseline_adu
    if gain is None or not GAIN_RANGE[0] <= abs(gain) <= GAIN_RANGE[1]:
        return False
    if baseline != int(baseline) or abs(baseline) > 1 << 31:
        return False
    try:
        record.read_adu(start, start + 1, [lead])
    except RecordError:
        return False
    return True


def finest_grid(low: float, high: float, form: SignalFormat) -> tuple[float, int]:
    """Gain (stored units per unit) and baseline for values between `low` and `high`.

    The gain is 1, 2 or 5 times a power of ten, and no finer than the 24 bits of a float32. The baseline is 0
    unless a signal far from zero would then be stored more coarsely than a thousandth of its unit.
    """
    largest = max(abs(low), abs(high))
    if largest == 0:
        return DEFAULT_GAIN, 0
    finest = (1 << FLOAT32_BITS) / largest
    gain = _step_below(min(form.high / largest, finest))
    if gain >= DEFAULT_GAIN or high == low:
        return gain, 0
    centred = _step_below(min((form.high - 1) / ((high - low) / 2), finest))
    if centred <= gain:
        return gain, 0
    return centred, -round((high + low) / 2 * centred)


def _step_below(gain: float) -> float:
    """The largest of ..., 1, 2, 5, 10, 20, ... that is not above `gain`."""
    power = math.floor(math.log10(gain))
    steps = [step * 10.0**p for p in (power - 1, power, power + 1) for step in (1, 2, 5)]
    return max(s for s in steps if s <= gain)


def _record_line(record: Record, name: str, start: int, stop: int, n_leads: int) -> str:
    line = f"{name} {n_leads} {plain_number(record.fs)} {stop - start}"
    began = record.info.start_time
    if began is None:
        return line
    try:
        began += timedelta(seconds=start / record.fs)
    except OverflowError:  # past the year 9999
        return line
    fraction = f".{began.microsecond:06d}".rstrip("0") if began.microsecond else ""
    return f"{line} {began:%H:%M:%S}{fraction} {began.day:02d}/{began.month:02d}/{began.year:04d}"


def _comment_lines(record: Record, comments: Sequence[str] | None) -> str:
    """Comments as header lines; age and sex are added where the record knows them and its comments do not."""
    texts = list(record.info.comments if comments is None else comments)
    if comments is None:
        said, known = describe_patient(texts), record.info.patient
        texts += [f"Age: {known.age}"] if known.age and not said.age else []
        texts += [f"Sex: {known.sex}"] if known.sex and not said.sex else []
    return "".join(
        f"# {line.strip()}\n" for text in texts for line in text.replace("\0", " ").splitlines() if line.strip()
    )


def _moved(annotations: Annotations, record: Record, start: int, stop: int) -> Annotations:
    """Those that lie in the part written, counted from its start; all of them where all of it is written."""
    if start == 0 and stop == record.n_samples:
        return annotations
    ratio = annotations.fs / record.fs
    origin = start * ratio
    if origin != int(origin):  # the new start falls between two of their ticks
        annotations, ratio, origin = annotations.at_rate(record.fs), 1.0, float(start)
    inside = annotations.between(int(origin), math.ceil(stop * ratio))
    return replace(inside, sample=inside.sample - int(origin))
