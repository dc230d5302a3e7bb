"""EDF+ annotation lists: the codec, the WFDB vocabulary in them, and onsets as samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from edf_bytes import Edf, Signal, clock, ramp, tal_signal
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import AnnotationError
from engine.records import read_annotations
from engine.records.annotations import CODE_OF_SYMBOL, Annotations
from engine.records.edf_annotations import (
    encode_tal,
    pack_tals,
    parse_tals,
    read_edf_annotations,
    record_onset,
    symbol_of,
    text_of,
)

Find = Callable[[str], Path]
plain_text = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=30)


@given(
    st.lists(
        st.tuples(
            st.decimals(-(10**6), 10**8, places=7, allow_nan=False),
            st.decimals(0, 10**5, places=3, allow_nan=False),
            st.lists(plain_text, min_size=1, max_size=3),
        ),
        max_size=8,
    )
)
def test_annotation_lists_survive_encoding(rows: list) -> None:
    raw = b"".join(
        encode_tal(f"{onset:+f}", texts, f"{length:f}" if length else "") for onset, length, texts in rows
    )
    tals, broken = parse_tals(raw + b"\0\0\0")
    assert broken == 0
    assert [(t.onset_s, t.duration_s, t.texts) for t in tals] == [
        (float(onset), float(length), tuple(texts)) for onset, length, texts in rows
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_counted_as_broken(raw: bytes) -> None:
    tals, broken = parse_tals(raw)
    assert len(tals) + broken == sum(1 for piece in raw.split(b"\0") if piece)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b"+5\x14\x14\0", 5.0), (b"-0.25\x14", -0.25), (b"5\x14\x14", None), (b"+\x14", None), (b"", None),
     (b"+99999999999\x14", None), (b"+1e5\x14", None), (b"+nan\x14", None)],
)  # fmt: skip
def test_onset_of_a_data_record(raw: bytes, expected: float | None) -> None:
    assert record_onset(raw) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("N", ("N", "")), ("V", ("V", "")), ("+", ("+", "")), ("(AFIB", ("+", "(AFIB")),
     ("Sleep stage W", ('"', "Sleep stage W")), ("[V] wide", ("V", "wide")), ("[x2] wide", ('"', "[x2] wide")),
     ("n/a", ('"', "n/a"))],
)  # fmt: skip
def test_texts_in_the_wfdb_vocabulary(text: str, expected: tuple[str, str]) -> None:
    assert symbol_of(text) == expected


@given(
    st.sampled_from(sorted(CODE_OF_SYMBOL)),
    st.one_of(plain_text, st.sampled_from(["N", "(VT", "[N] x", "(", "[", "]"])),
)
def test_symbol_and_text_survive_together(symbol: str, aux: str) -> None:
    assert symbol_of(text_of(symbol, aux)) == (symbol, aux)
    assert text_of(symbol, aux)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 60)), max_size=60).map(sorted),
    st.integers(0, 30),
)
def test_packing_keeps_order_and_never_goes_before_home(rows: list[tuple[int, int]], end: int) -> None:
    tals = [bytes([65 + i % 26]) * size for i, (_, size) in enumerate(rows)]
    clocks = [b"c" * (2 + i % 3) for i in range(10)]
    packed = pack_tals(tals, [home for home, _ in rows], clocks, b"e" * end)
    assert len({len(p) for p in packed}) == 1
    for p, c in zip(packed, clocks, strict=True):
        assert p.startswith(c)
    body = b"".join(p[len(c) :].rstrip(b"\0") for p, c in zip(packed, clocks, strict=True))
    assert body.replace(b"e", b"") == b"".join(tals)
    assert body.count(b"e") == end


def test_a_crowd_of_annotations_does_not_widen_every_data_record() -> None:
    clocks = [b"c"] * 1000
    packed = pack_tals([b"x" * 20] * 1000, [0] * 1000, clocks, b"")
    assert len(packed[0]) <= 1 + 2 * 20


def annotated(tmp_path: Path, *texts: bytes, kind: str = "EDF+C") -> Path:
    path = tmp_path / "x.edf"
    signals = [Signal(ramp(len(texts), 100)), Signal(ramp(len(texts), 50), label="ECG V1"), tal_signal(list(texts))]
    path.write_bytes(bytes(Edf(signals, kind=kind)))
    return path


def test_onsets_become_samples_after_the_first_data_record(tmp_path: Path) -> None:
    path = annotated(
        tmp_path,
        clock("+0.25", encode_tal("+0.75", ["N", "noisy"]), encode_tal("+0.1", ["early"])),
        clock("+1.25", encode_tal("+1.5", ["(AFIB@@ECG V1"], "0.4"), encode_tal("+1.6", ["mail@@nowhere"])),
    )
    marks = read_edf_annotations(path)
    assert marks is not None
    assert marks.fs == 100.0
    assert marks.sample.tolist() == [0, 50, 50, 125, 135]
    assert marks.symbol == ('"', "N", '"', "+", '"')
    assert marks.aux == ("early", "", "noisy", "(AFIB", "mail@@nowhere")
    assert marks.chan is not None
    assert marks.chan.tolist() == [0, 0, 0, 1, 0]
    assert marks.duration is not None
    assert marks.duration.tolist() == [0, 0, 0, 40, 0]
    assert len(read_annotations(path)) == 1


def test_broken_pieces_are_skipped_but_a_wholly_broken_list_is_an_error(tmp_path: Path) -> None:
    half = annotated(tmp_path, clock("+0", b"garbage\x14\0", encode_tal("+0.5", ["N"])))
    marks = read_edf_annotations(half)
    assert marks is not None
    assert marks.symbol == ("N",)
    with pytest.raises(AnnotationError, match="none of its"):
        read_edf_annotations(annotated(tmp_path, b"\x01\x02\x03", b"\x04"))


def test_files_without_annotations_have_none(tmp_path: Path) -> None:
    path = tmp_path / "x.edf"
    path.write_bytes(bytes(Edf([Signal(ramp(1, 10))])))
    assert read_edf_annotations(path) is None
    assert read_annotations(path) == ()


def test_a_real_file_of_sleep_stages(dataset: Find) -> None:
    import edfio

    path = dataset("file_formats") / "edf" / "test_edfann.edf"
    (marks,) = read_annotations(path)
    expected = edfio.read_edf(path).annotations
    assert isinstance(marks, Annotations)
    assert marks.aux == tuple(a.text for a in expected)
    np.testing.assert_array_equal(marks.sample, [round(a.onset * 1000) for a in expected])
    assert marks.duration is not None
    np.testing.assert_array_equal(marks.duration, [round((a.duration or 0) * 1000) for a in expected])
