"""Rows of a text table as numbers, a block of lines at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.sampling import parse_times
from engine.records.text_layout import Layout, is_comment, parse_number, split_line

_BLOCK_CHARS = 4 << 20
_MAX_LINE_CHARS = 64 << 20

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows: wanted columns [rows, columns] with NaN where missing, and the texts of a clock column."""

    numbers: F64
    times: F64 | None
    cut: bool = False  # the last line of the file ended in the middle and was left out


def read_rows(file: TextIO, layout: Layout, numbers: Sequence[int], clock: int | None) -> Iterator[Rows]:
    """Parse a table from its start: columns `numbers` as numbers, column `clock` as times of day or dates.

    RecordError names the line that does not fit.
    """
    for first_line, lines, is_last in _blocks(file, layout.skip):
        yield _parse(lines, first_line, is_last, layout, list(numbers), clock)


def _blocks(file: TextIO, skip: int) -> Iterator[tuple[int, list[str], bool]]:
    """Number of the first line (from 1), whole lines, and whether the last of them has no end."""
    file.seek(0)
    line_number, carry, left = 1, "", skip
    while chunk := file.read(_BLOCK_CHARS):
        lines = (carry + chunk).split("\n")
        carry = lines.pop()
        if len(carry) > _MAX_LINE_CHARS:
            raise RecordError(f"has a line longer than {_MAX_LINE_CHARS >> 20} MiB")
        drop = min(left, len(lines))
        left -= drop
        if lines[drop:]:
            yield line_number + drop, lines[drop:], False
        line_number += len(lines)
    if carry and not left:
        yield line_number, [carry], True


def _parse(
    lines: list[str], first_line: int, is_last: bool, layout: Layout, numbers: list[int], clock: int | None
) -> Rows:
    rows = [line for line in lines if line and not line.isspace() and not is_comment(line)]
    values = _fast(rows, layout, numbers)
    if values is None:
        return _slow(lines, first_line, is_last, layout, numbers, clock)
    times = None
    if clock is not None:
        times = parse_times([split_line(row, layout.delimiter)[clock] for row in rows])
    return Rows(values, times)


def _fast(rows: list[str], layout: Layout, numbers: list[int]) -> F64 | None:
    """All rows at once, or None where one of them is out of the ordinary."""
    if not rows:
        return np.zeros((0, len(numbers)))
    if layout.delimiter not in ("", " "):
        separators = len(layout.columns) - 1
        if any(row.count(layout.delimiter) != separators for row in rows):
            return None
    if layout.decimal == ",":
        rows = [row.replace(",", ".") for row in rows]
    if any(mark in rows[0] for mark in "\"'"):
        rows = [row.replace('"', "").replace("'", "") for row in rows]
    delimiter = None if layout.delimiter in ("", " ") else layout.delimiter
    try:
        return np.loadtxt(rows, delimiter=delimiter, usecols=numbers, ndmin=2, comments=None, dtype=np.float64)
    except ValueError:
        return None


def _slow(
    lines: list[str], first_line: int, is_last: bool, layout: Layout, numbers: list[int], clock: int | None
) -> Rows:
    values: list[list[float]] = []
    clocks: list[str] = []
    width = len(layout.columns)
    for number, line in enumerate(lines, first_line):
        if not line or line.isspace() or is_comment(line):
            continue
        fields = split_line(line, layout.delimiter)
        if len(fields) != width:
            if is_last and len(fields) < width:
                return Rows(
                    np.array(values).reshape(-1, len(numbers)),
                    parse_times(clocks) if clock is not None else None,
                    True,
                )
            raise RecordError(f"line {number} has {len(fields)} columns, where {width} are expected")
        row = []
        for i in numbers:
            value = parse_number(fields[i], layout.decimal)
            if value is None:
                raise RecordError(f"line {number} holds {fields[i][:40]!r} where a number is expected")
            row.append(value)
        values.append(row)
        if clock is not None:
            clocks.append(fields[clock])
    return Rows(np.array(values).reshape(-1, len(numbers)), parse_times(clocks) if clock is not None else None)
