"""How a text table is laid out: comments, header, separators, and what each column holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from engine.records.hints import TextHints
from engine.records.leads import units_per_mv
from engine.records.sampling import parse_time, seconds_in

Decimal = Literal[".", ","]
Role = Literal["signal", "time", "clock", "index", "ignored"]

_DELIMITERS = (",", "\t", ";", "|", " ")
_LEAST_SHARE = 0.3  # of fields that are numbers, times or missing: below that it is prose or a table of words
_POINT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?")
_MISSING = frozenset(["", "nan", "na", "n/a", "null", "none", "-", "--", "?", "inf", "-inf", "#n/a"])
_COMMENT = ("#", "%", "//", "!")
_UNIT_IN_NAME = re.compile(r"(.*?)\s*[(\[{]\s*([^)\]}]*?)\s*[)\]}]")
_UNIT_AFTER_NAME = re.compile(r"(.+?)[ _](uV|mV|nV|µV|V|ms|sec|s|us)")
_TIME_NAME = re.compile(
    r"t|time.*|.*timestamp.*|timer|elapsed.*|date.*|clock|sec|secs|seconds|ms|millis.*|zeit|temps|tiempo|tijd|hh:mm.*",
    re.IGNORECASE,
)
_INDEX_NAME = re.compile(
    r"samples?[ _]*(?:#|no\.?|nr|number|index|id)?|index|idx|row|#|n|nr|no|count|unnamed: 0", re.IGNORECASE
)
_MARK_NAME = re.compile(
    r".*(?:label|annot|marker|event|class|is_?peak|r_?peak|beat_?type|quality|diagnosis|target|rhythm).*",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?:\bfs\b|\bsfreq\b|\bsr\b|(?:sampling|sample|samp)[ _-]*(?:rate|freq(?:uency)?)|abtastrate|\bfrequency\b)"
    r"[^\d\n]{0,24}?(\d+(?:[.,]\d+)?)\s*(k?hz)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table; `unit` is "" where the file names none."""

    number: int
    name: str
    unit: str
    role: Role


@dataclass(frozen=True, slots=True)
class Layout:
    """`delimiter` is "" for a single column and " " for runs of blanks; `skip` lines come before the data."""

    delimiter: str
    decimal: Decimal
    skip: int
    columns: tuple[Column, ...]
    has_names: bool
    comments: tuple[str, ...]
    rate_hz: float | None
    preview: tuple[tuple[str, ...], ...]

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """Columns of one role."""
        return tuple(c for c in self.columns if c.role == role)


def split_line(line: str, delimiter: str) -> list[str]:
    """Fields of a line, without quotes and outer blanks."""
    if delimiter == "":
        fields = [line]
    elif delimiter == " ":
        fields = line.split()
    else:
        fields = line.split(delimiter)
    return [field.strip(" \t\r\n'\"") for field in fields]


def parse_number(text: str, decimal: Decimal) -> float | None:
    """A number, NaN for the usual signs of a missing one, None for other text."""
    if (_POINT if decimal == "." else _COMMA).fullmatch(text):
        return float(text.replace(",", "."))
    return float("nan") if text.lower() in _MISSING else None


def is_comment(line: str) -> bool:
    """True for a line that is no row of the table."""
    return line.lstrip().startswith(_COMMENT)


def find_layout(lines: Sequence[str], hints: TextHints) -> Layout | None:
    """The layout of a table that starts with `lines`; None if they hold no table of numbers."""
    rows = [(i, line) for i, line in enumerate(lines) if line.strip() and not is_comment(line)]
    comments = [line.strip().lstrip("#%/! ") for line in lines if is_comment(line)]
    tail = [line for _, line in rows[len(rows) // 3 :]] if len(rows) > 12 else [line for _, line in rows]
    best: tuple[tuple[float, int], str, Decimal, int] | None = None
    delimiters = (*_DELIMITERS, "") if hints.delimiter is None else (hints.delimiter,)
    decimals: tuple[Decimal, ...] = (".", ",") if hints.decimal is None else (hints.decimal,)
    for delimiter in delimiters:
        for decimal in decimals:
            if decimal == delimiter:
                continue
            score, width = _score(tail, delimiter, decimal)
            # One column only competes where nothing separates: more columns win, then the usual point.
            if width and (best is None or (score, min(width, 2)) > best[0]):
                best = ((score, min(width, 2)), delimiter, decimal, width)
    if best is None or best[0][0] < _LEAST_SHARE:
        return None
    _, delimiter, decimal, width = best
    if width == 2 and delimiter == "," and hints.delimiter is None and _is_decimal_comma(tail):
        delimiter, decimal, width = "", ",", 1
    first = _first_row(rows, tail, delimiter, decimal, width)
    if first is None:
        return None
    preamble = [line for _, line in rows[:first]]
    names, units, used = _header(preamble, delimiter, width) if hints.header is not False else ([], [], 0)
    free_text = comments + [line.strip() for line in preamble[: len(preamble) - used]]
    if delimiter == " ":
        commented = lines[rows[first][0] - 1] if rows[first][0] else ""
        if not names and is_comment(commented) and len(fields := commented.lstrip("#%/! ").split()) == width:
            names = fields
    fields_of_rows = [split_line(line, delimiter) for _, line in rows[first : first + 200]]
    columns = _columns(fields_of_rows, names, units, width, decimal)
    return Layout(
        delimiter=delimiter,
        decimal=decimal,
        skip=rows[first][0],
        columns=columns,
        has_names=bool(names),
        comments=tuple(free_text[:50]),
        rate_hz=_stated_rate(comments + preamble),
        preview=tuple(tuple(f) for f in fields_of_rows[:8]),
    )


def _score(lines: Sequence[str], delimiter: str, decimal: Decimal) -> tuple[float, int]:
    """Share of fields that fit a table whose lines all have the commonest number of fields, and that number.

    Zeros unless most lines have that many fields and a number among them.
    """
    fields = [split_line(line, delimiter) for line in lines]
    if not fields:
        return 0.0, 0
    width = Counter(map(len, fields)).most_common(1)[0][0]
    if (width < 2) != (delimiter == ""):
        return 0.0, 0
    good, share = 0, 0.0
    for row in fields:
        if len(row) == width:
            kinds = [_kind(field, decimal) for field in row]
            if any(kind == "number" for kind in kinds):
                good += 1
                share += sum(kind != "text" for kind in kinds) / width
    return (share / len(fields), width) if good > 0.7 * len(fields) else (0.0, 0)


def _kind(field: str, decimal: Decimal) -> Literal["number", "missing", "clock", "text"]:
    value = parse_number(field, decimal)
    if value is not None:
        return "number" if value == value else "missing"
    return "clock" if parse_time(field) else "text"


def _is_decimal_comma(lines: Sequence[str]) -> bool:
    """True where two fields around commas are one number: "-0,05" or decimals with leading zeros."""
    pairs = [split_line(line, ",") for line in lines]
    pairs = [p for p in pairs if len(p) == 2 and p[0].lstrip("+-").isdecimal() and p[1].isdecimal()]
    if len(pairs) < 0.9 * len(lines):
        return False
    padded = sum(len(p[1]) > 1 and p[1].startswith("0") for p in pairs)
    minus_zero = any(p[0] == "-0" for p in pairs)
    return minus_zero or padded > 0.02 * len(pairs)


def _first_row(
    rows: Sequence[tuple[int, str]], tail: Sequence[str], delimiter: str, decimal: Decimal, width: int
) -> int | None:
    """Position of the first row with no text in columns that hold none further down."""
    below = [split_line(line, delimiter) for line in tail[:40]]
    below = [fields for fields in below if len(fields) == width]
    wordless = [sum(_kind(f[i], decimal) == "text" for f in below) < len(below) / 2 for i in range(width)]
    for i, (_, line) in enumerate(rows):
        fields = split_line(line, delimiter)
        if len(fields) == width and not any(
            expected and _kind(field, decimal) == "text" for field, expected in zip(fields, wordless, strict=True)
        ):
            return i
    return None


def _header(preamble: Sequence[str], delimiter: str, width: int) -> tuple[list[str], list[str], int]:
    """Names and units in the last lines before the data, and how many lines they take."""
    fits = [split_line(line, delimiter) for line in preamble]
    if not fits or len(fits[-1]) != width:
        return [], [], 0
    last = fits[-1]
    before = fits[-2] if len(fits) > 1 and len(fits[-2]) == width else None
    if before is not None and all(_is_unit(field) for field in last):
        return before, last, 2
    return last, [], 1


def _is_unit(field: str) -> bool:
    return bool(
        field in ("", "-", "adu", "NU", "bpm", "mmHg", "%")
        or units_per_mv(field)
        or seconds_in(field)
        or field.lower().startswith("hh:mm")
    )


def _columns(
    rows: Sequence[Sequence[str]], names: Sequence[str], units: Sequence[str], width: int, decimal: Decimal
) -> tuple[Column, ...]:
    columns: list[Column] = []
    for number in range(width):
        name, unit = (names[number] if names else ""), (units[number] if units else "")
        match = _UNIT_IN_NAME.fullmatch(name) or _UNIT_AFTER_NAME.fullmatch(name)
        if match and not unit:
            name, unit = match[1], match[2]
        fields = [row[number] for row in rows if len(row) == width]
        role = _role(fields, name, unit, number == 0 and not name, decimal)
        if role in ("time", "clock") and any(c.role in ("time", "clock") for c in columns):
            role = "ignored"
        columns.append(Column(number, name, unit, role))
    if not any(c.role == "signal" for c in columns) and width == 1:
        columns = [Column(0, columns[0].name, columns[0].unit, "signal")]
    return tuple(columns)


def _role(fields: Sequence[str], name: str, unit: str, leads_table: bool, decimal: Decimal) -> Role:
    """What a column holds, by its name, its unit and its first values.

    `leads_table` is True for a first column without a name, which may be a time or a row number.
    """
    if any(_kind(f, decimal) == "clock" for f in fields[:20]):
        return "clock"
    numbers = [parse_number(f, decimal) for f in fields]
    if any(x is None for x in numbers):
        return "ignored"
    values = [x for x in numbers if x is not None]
    steps = [b - a for a, b in pairwise(values)]
    counts_rows = len(steps) > 2 and all(step == 1 for step in steps)
    rises = len(steps) > 2 and all(step >= 0 for step in steps) and values[-1] > values[0]
    if units_per_mv(unit):
        return "signal"
    if seconds_in(unit) and (rises or _TIME_NAME.fullmatch(name)):
        return "time"
    if _INDEX_NAME.fullmatch(name) and counts_rows:
        return "index"
    if _TIME_NAME.fullmatch(name) and rises:
        return "index" if counts_rows else "time"
    if _MARK_NAME.fullmatch(name):
        return "ignored"
    if leads_table and counts_rows:
        return "index"
    climbs = len(steps) > 10 and all(step > 0 for step in steps)
    return "time" if leads_table and climbs else "signal"


def _stated_rate(texts: Sequence[str]) -> float | None:
    """A sampling rate that comments or lines above the table state."""
    for text in texts:
        if match := _RATE.search(text):
            rate = float(match[1].replace(",", ".")) * (1000 if (match[2] or "").lower() == "khz" else 1)
            if rate > 0:
                return rate
    return None
