"""EDF+ annotations: time-stamped annotation lists (TALs), and their translation to and from WFDB vocabulary.

A TAL is `+onset[<21>duration]<20>text<20>text...<20><0>` (Kemp & Olivan 2003, section 2.2). The first TAL of each
data record has an empty text and says when that record starts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import AnnotationError
from engine.records.annotations import CODE_OF_SYMBOL, Annotations
from engine.records.edf_file import EdfFile
from engine.records.edf_header import EdfHeader, read_edf_header, record_signals
from engine.records.leads import lead_name

ENDS_TEXT = "Recording ends"  # one of the standard texts of EDF+
_ONSET_BYTES = 40
_TICKS_HZ = 1000.0  # time base of files that hold annotations only
_ONSET = re.compile(rb"([+-]\d{1,10}(?:\.\d{0,15})?)(?:\x15(\d{1,10}(?:\.\d{0,15})?)?)?\x14")
_RHYTHM = re.compile(r"\([A-Z]{1,6}")
_TAGGED = re.compile(r"\[(.+?)\] ?(.*)", re.DOTALL)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Tal:
    """One time-stamped annotation list. `onset_s` counts from the start of the file."""

    onset_s: float
    duration_s: float
    texts: tuple[str, ...]


def parse_tals(raw: bytes) -> tuple[list[Tal], int]:
    """The TALs in the annotation bytes of one data record, and how many pieces of it made no sense."""
    tals: list[Tal] = []
    broken = 0
    for piece in raw.split(b"\0"):
        if not piece:
            continue
        match = _ONSET.match(piece)
        if match is None or not piece.endswith(b"\x14"):
            broken += 1
            continue
        texts = piece[match.end() : -1].decode("utf-8", "replace").split("\x14")
        tals.append(Tal(float(match[1]), float(match[2] or 0), tuple(texts)))
    return tals, broken


def encode_tal(onset: str, texts: Sequence[str], duration: str = "") -> bytes:
    """One TAL with its closing 0. `onset` carries its sign; characters that TALs cannot hold become spaces."""
    head = onset.encode() + (b"\x15" + duration.encode() if duration else b"") + b"\x14"
    return head + b"".join(_FORBIDDEN.sub(" ", t).encode("utf-8", "replace") + b"\x14" for t in texts) + b"\0"


def pack_tals(tals: Sequence[bytes], homes: Sequence[int], clocks: Sequence[bytes], final: bytes) -> list[bytes]:
    """Annotation bytes of each data record, all of one length: its clock TAL, then others in order.

    `homes` says (rising) in which data record each TAL belongs; where that is full, later ones take it, so that a
    crowd of annotations does not widen every record. `final` goes into the last one.
    """
    total = sum(map(len, tals))
    room = len(final) + max(-(-total // len(clocks)), max(map(len, tals), default=0))
    while True:
        packed = [bytearray() for _ in clocks]
        packed[-1] += final
        at = 0
        for tal, home in zip(tals, homes, strict=True):
            at = max(at, home)
            while at < len(packed) and len(packed[at]) + len(tal) > room:
                at += 1
            if at == len(packed):
                break
            packed[at] += tal
        else:
            width = max(len(c) + len(p) for c, p in zip(clocks, packed, strict=True))
            return [(c + p).ljust(width, b"\0") for c, p in zip(clocks, packed, strict=True)]
        room *= 2


def record_onset(raw: bytes) -> float | None:
    """Start of a data record in seconds, from the first bytes of its annotations; None if they do not say."""
    match = _ONSET.match(raw)
    return float(match[1]) if match else None


def file_zero_s(file: EdfFile) -> float:
    """Onset of the first data record: where sample 0 lies after the header's start time, in seconds."""
    clock = next((s for s in file.header.signals if s.is_annotations), None)
    if clock is None or not file.header.plus:
        return 0.0
    return record_onset(next(file.texts(clock, 0, 1, _ONSET_BYTES), b"")) or 0.0


def symbol_of(text: str) -> tuple[str, str]:
    """WFDB symbol and aux text for an EDF+ annotation text.

    A WFDB mnemonic alone stands for itself, "(AFIB" and the like for a rhythm change, "[V] text" for a mnemonic
    with text; anything else is a comment.
    """
    if text in CODE_OF_SYMBOL:
        return text, ""
    if _RHYTHM.fullmatch(text):
        return "+", text
    tagged = _TAGGED.fullmatch(text)
    if tagged and tagged[1] in CODE_OF_SYMBOL:
        return tagged[1], tagged[2]
    return '"', text


def text_of(symbol: str, aux: str) -> str:
    """The shortest EDF+ text that `symbol_of` turns back into symbol and aux; custom symbols become comments."""
    if symbol not in CODE_OF_SYMBOL:
        return f"{symbol} {aux}".strip()
    for text in (aux if symbol == '"' else symbol, aux):
        if text and symbol_of(text) == (symbol, aux):
            return text
    return f"[{symbol}] {aux}"


def read_edf_annotations(path: str | Path | EdfHeader, fs: float | None = None) -> Annotations | None:
    """Annotations inside an EDF+ or BDF+ file; None if it has no annotation signal.

    Onsets become samples at `fs` (by default the record's own rate, or 1000 Hz in a file without other signals),
    counted from the first data record. Text tied to a signal ("text@@label") gets that signal's lead number in
    `chan`.
    """
    header = path if isinstance(path, EdfHeader) else read_edf_header(Path(path))
    signals = [s for s in header.signals if s.is_annotations]
    if not signals:
        return None
    leads, n_out = record_signals(header)
    if fs is None:
        fs = float(n_out / header.record_s) if leads else _TICKS_HZ
    chan_of = {name: i for i, s in enumerate(leads) for name in (lead_name(s.label), s.label)}
    file = EdfFile(header)
    zero_s = file_zero_s(file)
    rows: list[tuple[int, int, str, str, int]] = []
    broken = 0
    for signal in signals:
        for number, raw in enumerate(file.texts(signal, 0, header.n_records)):
            tals, bad = parse_tals(raw)
            broken += bad
            for tal in tals:
                sample = max(0, round((tal.onset_s - zero_s) * fs))
                for text in tal.texts:
                    if not text or (text == ENDS_TEXT and number == header.n_records - 1):
                        continue
                    body, _, label = text.rpartition("@@")
                    chan = chan_of.get(label, 0) if body else 0
                    symbol, aux = symbol_of(body if label in chan_of and body else text)
                    rows.append((sample, round(tal.duration_s * fs), symbol, aux, chan))
    if broken and not rows:
        raise AnnotationError(f"none of its {broken} annotation entries is readable", path=header.path)
    rows.sort(key=lambda row: row[0])
    return Annotations(
        sample=np.array([r[0] for r in rows], np.int64),
        symbol=tuple(r[2] for r in rows),
        fs=fs,
        chan=np.array([r[4] for r in rows], np.int64),
        aux=tuple(r[3] for r in rows),
        duration=np.array([r[1] for r in rows], np.int64),
        source=header.format,
        name="edf",
    )
