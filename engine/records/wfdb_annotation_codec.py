"""The MIT annotation format, bytes to `Annotations` and back without loss.

The layout is that of annot(5) in the WFDB Applications Guide (PhysioNet): 16-bit little-endian words with a
6-bit code and a 10-bit number. Codes above 58 are not marks but parts of one: SKIP a long step in time, NUM, SUB
and CHN the fields, AUX a text of up to 255 bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import AnnotationError
from engine.records.annotations import SYMBOL_OF_CODE, Annotations
from engine.records.limits import MAX_RATE_HZ
from engine.records.wfdb_header import plain_number

SKIP, NUM, SUB, CHN, AUX = 59, 60, 61, 62, 63
NOTE = 22
MAX_CODE = 58
MAX_STEP = 1023
MAX_SKIP = (1 << 31) - 1
MAX_SAMPLE = 1 << 53
MAX_AUX_BYTES = 255
CUSTOM_CODES = (*range(42, 50), 15, 17, *range(50, MAX_CODE + 1))

_RESOLUTION = re.compile(r"## time resolution: (\S+)\s*")
_DEFINITIONS = "## annotation type definitions"
_END_OF_DEFINITIONS = "## end of definitions"
_DEFINITION = re.compile(r"(\d{1,9}) (\S+)(?: (.*))?", re.DOTALL)

Labels = tuple[tuple[int, str, str], ...]
I64 = NDArray[np.int64]


class StoredText(str):
    """Text of an annotation with the bytes it was read from, so that writing it back changes nothing.

    The text itself is free of the NUL that ends it in many files. Bytes that are not UTF-8 are taken as Latin-1.
    """

    raw: bytes

    def __new__(cls, raw: bytes) -> StoredText:
        """Text of stored bytes."""
        bare = raw.rstrip(b"\0")
        try:
            text = bare.decode("utf-8")
        except UnicodeDecodeError:
            text = bare.decode("latin-1")
        made = super().__new__(cls, text)
        made.raw = raw
        return made

    def __reduce__(self) -> tuple[type[StoredText], tuple[bytes]]:
        return StoredText, (self.raw,)


@dataclass(frozen=True)
class _Words:
    """Words of an annotation file apart from payloads, and what was found in the payloads by word index."""

    place: NDArray[np.int64]
    code: NDArray[np.int64]
    value: NDArray[np.int64]
    skips: dict[int, int]
    texts: dict[int, bytes]


def decode(data: bytes, fs: float | None, name: str) -> Annotations:
    """Annotations of a whole file; AnnotationError (without a path) for what is not one.

    `fs` is the rate, in Hz, of a file that does not state its own time resolution. Marks at one time keep their
    order; a file that steps back in time is put in order. Code 0 only carries time and is left out.
    """
    words = _split(data)
    is_mark = words.code <= MAX_CODE
    count = int(is_mark.sum())
    owner = np.cumsum(is_mark) - 1
    if len(owner) and np.any(owner[words.code > SKIP] < 0):
        raise AnnotationError("is not a WFDB annotation file (it begins with half a mark)")
    steps = np.zeros(count + 1, np.int64)
    steps[:count] = words.value[is_mark]
    for i in np.flatnonzero(words.code == SKIP):
        # A long step belongs to the mark that follows it.
        steps[owner[i] + 1] += words.skips[int(words.place[i])]
    sample = np.cumsum(steps[:count])
    if count and (sample.min() < 0 or sample.max() > MAX_SAMPLE):
        raise AnnotationError("is damaged: a mark lies at an impossible time")
    code = words.code[is_mark]
    aux: list[str] = [""] * count
    for i in np.flatnonzero(words.code == AUX):
        aux[owner[i]] = StoredText(words.texts[int(words.place[i])])
    subtype = np.zeros(count, np.int64)
    is_sub = words.code == SUB
    subtype[owner[is_sub]] = _signed(words.value[is_sub])
    num = _signed(_carried(words, owner, count, NUM))
    chan = _carried(words, owner, count, CHN) & 0xFF
    own_fs, labels, settings = _read_settings(sample, code, aux)
    rate = own_fs if own_fs is not None else fs
    if rate is None:
        raise AnnotationError("does not state its sampling rate", hint="name the record's header or give the rate")
    keep = (code > 0) & ~settings
    symbol_of = symbols_by_code(labels)
    order = np.flatnonzero(keep)[np.argsort(sample[keep], kind="stable")]
    return Annotations(
        sample=sample[order],
        symbol=tuple(symbol_of[int(c)] for c in code[order]),
        fs=rate,
        subtype=subtype[order],
        chan=chan[order],
        num=num[order],
        aux=tuple(aux[i] for i in order),
        labels=labels,
        name=name,
    )


def _split(data: bytes) -> _Words:
    """Separate words from payloads. Only SKIP and AUX are walked one by one; the rest is done at once."""
    if not data:
        raise AnnotationError("is empty")
    words = np.frombuffer(data, "<u2", len(data) // 2).astype(np.int64)
    code, value = words >> 10, words & MAX_STEP
    plain = np.ones(len(words), np.bool_)
    skips: dict[int, int] = {}
    texts: dict[int, bytes] = {}
    stops = np.flatnonzero((code == SKIP) | (code == AUX) | (words == 0))
    after, end = 0, None
    for at in stops.tolist():
        if at < after:
            continue  # inside a payload
        if words[at] == 0:
            end = at
            break
        length = int(value[at]) & 0xFF if code[at] == AUX else 4
        after = at + 1 + (length + 1) // 2
        if after > len(words):
            raise _cut_short()
        plain[at + 1 : after] = False
        if code[at] == AUX:
            texts[at] = data[2 * at + 2 : 2 * at + 2 + length]
        else:
            step = int(words[at + 1]) << 16 | int(words[at + 2])
            skips[at] = step - (1 << 32) if step >= 1 << 31 else step
    if end is None and len(data) % 2:
        raise _cut_short()
    plain[len(words) if end is None else end :] = False
    place = np.flatnonzero(plain)
    return _Words(place, code[place], value[place], skips, texts)


def _cut_short() -> AnnotationError:
    return AnnotationError("is damaged: it ends in the middle of a mark")


def _signed(value: NDArray[np.int64]) -> NDArray[np.int64]:
    return (value & 0xFF).astype(np.uint8).view(np.int8).astype(np.int64)


def _carried(words: _Words, owner: NDArray[np.int64], count: int, code: int) -> NDArray[np.int64]:
    """A field that keeps its value from mark to mark until a word changes it; 0 at first."""
    given = words.code == code
    changed = np.full(count + 1, -1, np.int64)
    changed[owner[given] + 1] = np.flatnonzero(given)
    latest = np.maximum.accumulate(changed)[1:]
    return np.where(latest >= 0, words.value[latest], 0)


def _read_settings(sample: I64, code: I64, aux: Sequence[str]) -> tuple[float | None, Labels, NDArray[np.bool_]]:
    """Rate and custom labels from the notes at time 0 that hold them, and which marks those notes are."""
    settings = np.zeros(len(sample), np.bool_)
    rate: float | None = None
    labels: list[tuple[int, str, str]] = []
    in_definitions = False
    for i in np.flatnonzero((sample == 0) & (code == NOTE)).tolist():
        text = aux[i]
        settings[i] = True
        definition = _DEFINITION.fullmatch(text)
        if in_definitions and definition:
            labels.append((int(definition[1]), definition[2], definition[3] or ""))
        elif in_definitions and text == _END_OF_DEFINITIONS:
            in_definitions = False
        elif text == _DEFINITIONS:
            in_definitions = True
        elif (resolution := _RESOLUTION.fullmatch(text)) and rate is None:
            rate = _rate(resolution[1])
        else:
            settings[i] = False
    return rate, tuple(labels), settings


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    # Marks may be finer than samples, so the bound is wider than a record's.
    if not 0 < rate <= 1000 * MAX_RATE_HZ:
        raise AnnotationError(f"is damaged: its time resolution is {text[:40]!r}")
    return rate


def symbols_by_code(labels: Labels) -> dict[int, str]:
    """The symbol of every code: custom labels first, then the standard ones; "[15]" for codes with neither.

    No two codes share a symbol, so that a symbol leads back to its code.
    """
    custom = {code: symbol for code, symbol, _ in labels if 0 < code <= MAX_CODE}
    names = {c: SYMBOL_OF_CODE.get(c, f"[{c}]") for c in range(1, MAX_CODE + 1) if c not in custom}
    taken = set(names.values())
    for code, symbol in custom.items():
        choice = symbol if symbol not in taken else f"[{code}]"
        while choice in taken:
            choice += "'"
        taken.add(choice)
        names[code] = choice
    return names


def encode(annotations: Annotations, *, time_resolution: bool) -> bytes:
    """The file for `annotations`; AnnotationError (without a path) for what the format cannot hold."""
    a = annotations
    assert a.subtype is not None and a.chan is not None and a.num is not None and a.aux is not None
    for what, values, low, high in (
        ("subtype", a.subtype, -128, 127),
        ("num", a.num, -128, 127),
        ("chan", a.chan, 0, 255),
        ("sample", a.sample, 0, MAX_SAMPLE),
    ):
        wrong = values[(values < low) | (values > high)]
        if len(wrong):
            raise AnnotationError(f"{what} {int(wrong[0])} does not fit a WFDB annotation file ({low} to {high})")
    labels = _completed(a)
    code_of = {symbol: code for code, symbol in symbols_by_code(labels).items()}
    out = bytearray()
    if time_resolution:
        _put(out, 0, NOTE, text=f"## time resolution: {plain_number(a.fs)}".encode())
    if labels:
        _put(out, 0, NOTE, text=_DEFINITIONS.encode())
        for code, symbol, meaning in labels:
            _put(out, 0, NOTE, text=_bytes_of(f"{code} {symbol} {meaning or symbol}"))
        _put(out, 0, NOTE, text=_END_OF_DEFINITIONS.encode())
    codes = [code_of[s] for s in a.symbol]
    steps = np.diff(a.sample, prepend=0)
    chan: int = 0
    num: int = 0
    rows = zip(codes, steps.tolist(), a.subtype.tolist(), a.chan.tolist(), a.num.tolist(), a.aux, strict=True)
    for code, step, subtype, new_chan, new_num, text in rows:
        fields = []
        if new_num != num:
            fields.append((NUM, new_num))
        if subtype:
            fields.append((SUB, subtype))
        if new_chan != chan:
            fields.append((CHN, new_chan))
        _put(out, step, code, fields, _bytes_of(text))
        chan, num = new_chan, new_num
    return bytes(out + b"\0\0")


def _put(out: bytearray, step: int, code: int, fields: Sequence[tuple[int, int]] = (), text: bytes = b"") -> None:
    while step > MAX_STEP:
        skip = min(step, MAX_SKIP)
        out += (SKIP << 10).to_bytes(2, "little")
        out += (skip >> 16).to_bytes(2, "little") + (skip & 0xFFFF).to_bytes(2, "little")
        step -= skip
    out += (code << 10 | step).to_bytes(2, "little")
    for field, value in fields:
        out += (field << 10 | value & MAX_STEP).to_bytes(2, "little")
    if text:
        out += (AUX << 10 | len(text)).to_bytes(2, "little") + text + b"\0" * (len(text) % 2)


def _bytes_of(text: str) -> bytes:
    try:
        data = text.raw if isinstance(text, StoredText) else text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise AnnotationError(f"text {text[:40]!r} cannot be written as UTF-8") from error
    if len(data) > MAX_AUX_BYTES:
        raise AnnotationError(
            f"text {text[:20]!r}... is {len(data)} bytes long; an annotation holds {MAX_AUX_BYTES}"
        )
    return data


def _completed(annotations: Annotations) -> Labels:
    """The labels of the annotations, with a free code for every symbol that has none yet."""
    labels = list(annotations.labels)
    for code, symbol, _ in labels:
        if not symbol or any(c.isspace() for c in symbol):
            raise AnnotationError(f"label {symbol!r} (code {code}) is empty or has white space")
    wanted = dict.fromkeys(annotations.symbol)
    code_of = {symbol: code for code, symbol in symbols_by_code(tuple(labels)).items()}
    used = {code for code, _, _ in labels} | {code_of[s] for s in wanted if s in code_of}
    free = iter([c for c in CUSTOM_CODES if c not in used])
    for symbol in wanted:
        if symbol in code_of:
            continue
        if not symbol or any(c.isspace() or c == "\0" for c in symbol):
            raise AnnotationError(f"symbol {symbol!r} is empty or has white space")
        if (new := next(free, None)) is None:
            raise AnnotationError(
                f"symbol {symbol!r} has no code left; WFDB has room for {len(CUSTOM_CODES)} own ones"
            )
        labels.append((new, symbol, symbol))
    return tuple(labels)
