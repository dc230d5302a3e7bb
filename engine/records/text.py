"""Recordings in text tables: CSV, TSV and relatives. What the file does not say is found out where possible."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.calibration import calibrate
from engine.records.hints import Guess, NeedsHints, TextHints
from engine.records.limits import MAX_ARRAY_BYTES, MAX_SIGNALS, rate_fault
from engine.records.record import F32, ArrayRecord, Record, RecordInfo
from engine.records.sampling import (
    USUAL_RATES_HZ,
    Sampling,
    parse_time,
    sampling_of,
    seconds_in,
    unwrap_midnight,
    usual_unit,
)
from engine.records.text_layout import Column, Layout, find_layout, split_line
from engine.records.text_rows import read_rows

__all__ = ["TextHints", "open_text"]

_HEAD_CHARS = 1 << 18
_HEAD_LINES = 400
_MAX_FILE_BYTES = 8 << 30
_MAX_SPAN_S = 31 * 86_400.0
_RATE_IN_NAME = re.compile(r"(\d{2,5})[ _-]?hz", re.IGNORECASE)

F64 = NDArray[np.float64]


def open_text(path: str | Path, hints: TextHints | None = None) -> Record:
    """Open a text table with one column a lead, or with one row a lead.

    The rate comes from `hints`, a time column, or a comment such as "fs = 250 Hz". NeedsHints asks for it when
    there is none of these. The unit comes from `hints`, the header, or, with a notice, from the size of the
    samples. Jumps in time leave gaps. The table is parsed in blocks and kept as float32.
    """
    path = Path(path)
    hints = hints or TextHints()
    if hints.rate_hz is not None and (fault := rate_fault(hints.rate_hz)):
        raise RecordError(fault, path=path)
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise RecordError(f"is larger than the {_MAX_FILE_BYTES >> 30} GiB that a text table may have")
        with path.open(encoding=_encoding(path), errors="replace") as file:
            return _open(file, path, hints)
    except NeedsHints as question:
        raise NeedsHints(question.fault, path=path, hint=question.hint, guess=question.guess) from None
    except RecordError as error:
        raise RecordError(error.fault, path=path, hint=error.hint) from error
    except UnicodeError as error:
        raise RecordError("is not text in the encoding that its start announces", path=path) from error
    except OSError as error:
        raise RecordError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=path) from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_CHARS)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _open(file: TextIO, path: Path, hints: TextHints) -> Record:
    head = file.read(_HEAD_CHARS)
    lines = head.split("\n")
    if len(head) == _HEAD_CHARS and len(lines) > 1:
        lines.pop()
    layout = find_layout(lines[:_HEAD_LINES], hints)
    if layout is None:
        raise RecordError("is text, but holds no table of numbers")
    if len(layout.columns) > MAX_SIGNALS:
        return _open_wide(file, layout, path, hints)
    signals = _signals(layout, hints)
    clock = _time_column(layout, hints)
    if hints.rate_hz is None and clock is None and layout.rate_hz is None:
        raise _question("does not say its sampling rate", layout, signals, path)
    table = _read(file, layout, signals, clock if hints.rate_hz is None else None)
    sampling, start_time = _sampling(table, layout, signals, clock, hints, path)
    names = [c.name or ("ECG" if len(signals) == 1 else f"signal {i + 1}") for i, c in enumerate(signals)]
    values = _spread(table.values, sampling)
    left_out = [c.name for c in layout.with_role("ignored") if c.name and c not in signals]
    notices = [f"Column {name} is left out: it holds no signal." for name in left_out[:5]]
    if table.cut:
        notices.append("The last line ends in the middle and is left out.")
    if len(sampling.rows) > 1:
        times = "once" if len(sampling.rows) == 2 else f"{len(sampling.rows) - 1:,} times"
        notices.append(f"The clock jumps {times}; what lies between is shown as missing.")
    return _record(values, names, [c.unit for c in signals], sampling.fs, start_time, layout, path, hints, notices)


def _record(
    values: F32,
    names: Sequence[str],
    units: Sequence[str],
    fs: float,
    start_time: datetime | None,
    layout: Layout,
    path: Path,
    hints: TextHints,
    notices: Sequence[str],
) -> Record:
    if fault := rate_fault(fs):
        raise RecordError(fault)
    leads, more = calibrate(values, names, units, hints)
    info = RecordInfo(
        name=path.stem,
        path=path,
        format={",": "CSV", ";": "CSV", "\t": "TSV"}.get(layout.delimiter, "text table"),
        fs=fs,
        n_samples=values.shape[1],
        leads=leads,
        start_time=start_time,
        comments=layout.comments,
        notices=(*notices, *more),
    )
    return ArrayRecord(info, values)


# -- columns


def _signals(layout: Layout, hints: TextHints) -> list[Column]:
    chosen = list(layout.with_role("signal"))
    if hints.columns is not None:
        chosen = [_named(layout, wanted) for wanted in hints.columns]
    if not chosen:
        raise RecordError("has no column that looks like a signal", hint="name the columns to read")
    return chosen


def _named(layout: Layout, wanted: str | int) -> Column:
    for column in layout.columns:
        if wanted == column.number or (isinstance(wanted, str) and wanted.lower() == column.name.lower()):
            return column
    known = ", ".join(c.name or str(c.number) for c in layout.columns[:20])
    raise RecordError(f"has no column {wanted!r}", hint=f"its columns are {known}")


def _time_column(layout: Layout, hints: TextHints) -> Column | None:
    if hints.time_column is None:
        return next((c for c in layout.columns if c.role in ("time", "clock")), None)
    column = _named(layout, hints.time_column)
    texts = [row[column.number] for row in layout.preview if len(row) > column.number]
    is_clock = any(parse_time(text) for text in texts)
    return replace(column, role="clock" if is_clock else "time")


def _question(fault: str, layout: Layout, signals: Sequence[Column], path: Path) -> NeedsHints:
    """A request for the sampling rate, with what is known of the table."""
    rates = list(USUAL_RATES_HZ)
    if any("sample" in c.name.lower() for c in layout.with_role("index")):
        rates.insert(0, 360.0)  # the way MIT-BIH records are exported
    if match := _RATE_IN_NAME.search(path.stem):
        rates.insert(0, float(match[1]))
    guess = Guess(
        delimiter=layout.delimiter,
        decimal=layout.decimal,
        columns=tuple(c.name or f"column {c.number + 1}" for c in layout.columns),
        signals=tuple(c.name or f"column {c.number + 1}" for c in signals),
        unit=next((c.unit for c in signals if c.unit), None),
        rates_hz=tuple(dict.fromkeys(rates)),
        preview=layout.preview,
    )
    return NeedsHints(fault, hint="give the rate in Hz", guess=guess)


# -- rows


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows: values [signals, rows], and times in the file's unit where there is a time column."""

    values: F32
    times: F64 | None
    cut: bool


def _read(file: TextIO, layout: Layout, signals: Sequence[Column], clock: Column | None) -> _Rows:
    wanted = [c.number for c in signals]
    by_clock = clock is not None and clock.role == "clock"
    if clock is not None and not by_clock:
        wanted.append(clock.number)
    values: list[F32] = []
    times: list[F64] = []
    cut, size = False, 0
    for rows in read_rows(file, layout, wanted, clock.number if clock is not None and by_clock else None):
        values.append(rows.numbers[:, : len(signals)].astype(np.float32))
        if rows.times is not None:
            times.append(rows.times)
        elif clock is not None:
            times.append(rows.numbers[:, -1].copy())
        cut = cut or rows.cut
        size += values[-1].nbytes
        if size > MAX_ARRAY_BYTES:
            raise RecordError(
                f"holds more than the {MAX_ARRAY_BYTES >> 30} GiB of samples that a text table may have"
            )
    if not sum(map(len, values)):
        raise RecordError("has a header but no rows")
    joined = np.concatenate(values)
    return _Rows(np.ascontiguousarray(joined.T), np.concatenate(times) if times else None, cut)


def _sampling(
    table: _Rows, layout: Layout, signals: Sequence[Column], clock: Column | None, hints: TextHints, path: Path
) -> tuple[Sampling, datetime | None]:
    """Rate, gaps and start of the rows."""
    times = table.times
    if clock is None or times is None:
        rate = hints.rate_hz or layout.rate_hz
        assert rate is not None
        return Sampling(float(rate), np.zeros(1, np.int64), np.zeros(1, np.int64)), None
    start_time = None
    if clock.role == "clock":
        unit_s: float | None = 1.0
        first = parse_time(layout.preview[0][clock.number]) if layout.preview else None
        if first is not None and first[1]:
            start_time = datetime.fromtimestamp(first[0], UTC).replace(tzinfo=None)
        else:
            times = unwrap_midnight(times)
    else:
        unit_s = seconds_in(clock.unit) or seconds_in(clock.name) or usual_unit(times)
    if unit_s is None:
        raise _question(
            f"has times in column {clock.name or clock.number + 1} of unknown unit", layout, signals, path
        )
    try:
        sampling = sampling_of(times * unit_s)
    except ValueError as error:
        raise RecordError(
            f"has a time column that cannot be used: {error}", hint="give the rate to do without it"
        ) from error
    return sampling, start_time


def _spread(values: F32, sampling: Sampling) -> F32:
    """Values with NaN in the gaps between runs of rows."""
    if len(sampling.rows) == 1:
        return values
    lengths = np.diff(np.append(sampling.rows, values.shape[1]))
    n = int(sampling.starts[-1] + lengths[-1])
    if n > _MAX_SPAN_S * sampling.fs or n * len(values) * 4 > MAX_ARRAY_BYTES:
        raise RecordError(
            f"spans {n / sampling.fs / 86_400:,.1f} days with {values.shape[1]:,} rows; its times are damaged"
        )
    spread = np.full((len(values), n), np.nan, np.float32)
    for row, start, length in zip(sampling.rows, sampling.starts, lengths, strict=True):
        spread[:, start : start + length] = values[:, row : row + length]
    return spread


def _open_wide(file: TextIO, layout: Layout, path: Path, hints: TextHints) -> Record:
    """A table with one row a lead, perhaps with the lead's name in front."""
    rate = hints.rate_hz or layout.rate_hz
    if rate is None:
        raise _question("does not say its sampling rate", replace(layout, columns=(), preview=()), (), path)
    file.seek(0)
    names: list[str] = []
    rows: list[F32] = []
    delimiter = None if layout.delimiter == " " else layout.delimiter
    for number, line in enumerate(file):
        if number < layout.skip or not line.strip():
            continue
        if len(rows) == MAX_SIGNALS:
            raise RecordError(f"has more than {MAX_SIGNALS} columns and more than {MAX_SIGNALS} rows")
        fields = split_line(line, layout.delimiter)
        name = ""
        if not re.match(r"[+-]?[\d.,]", fields[0]) and fields[0].lower() not in ("nan", ""):
            name, _, line = line.partition(layout.delimiter)
        text = line.replace(",", ".") if layout.decimal == "," else line
        try:
            rows.append(np.loadtxt([text], delimiter=delimiter, ndmin=1, comments=None, dtype=np.float32))
        except ValueError as error:
            raise RecordError(f"line {number + 1} is not a row of numbers") from error
        names.append(name.strip(" '\""))
    if len({len(row) for row in rows}) != 1:
        raise RecordError("has rows of different lengths")
    names = [name or ("ECG" if len(rows) == 1 else f"signal {i + 1}") for i, name in enumerate(names)]
    return _record(np.stack(rows), names, [""] * len(rows), float(rate), None, layout, path, hints, [])
