"""Signal formats: known bytes, round trips, and what a cut file still gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records.wfdb_formats import FORMATS, decode, encode

FIXED = [f for f in FORMATS.values() if f.code != "8"]


@pytest.mark.parametrize(
    ("code", "data", "samples"),
    [
        ("16", "0100 feff ff7f 0080", [1, -2, 32767, -32768]),
        ("61", "0001 fffe 7fff 8000", [1, -2, 32767, -32768]),
        ("160", "0180 fe7f ffff 0000", [1, -2, 32767, -32768]),
        ("80", "81 7e ff 00", [1, -2, 127, -128]),
        ("24", "010000 feffff ffff7f 000080", [1, -2, 8388607, -8388608]),
        ("32", "01000000 feffffff ffffff7f 00000080", [1, -2, 2**31 - 1, -(2**31)]),
        # 212: low bytes first and third, high nibbles share the middle byte (first sample in its low half).
        ("212", "e3 33 f3 01 f0 fe", [0x3E3, 0x3F3, 1, -2]),
        # 310: one and two above bit 0 of each word, the third split over the top five bits of both.
        ("310", "0200 fcff 0008 0080", [1, -2, -32, 0, 0, -511]),
        # 311: three tens of bits from the lowest.
        ("311", "01f8ef3f", [1, -2, -2]),
    ],
)
def test_known_bytes(code: str, data: str, samples: list[int]) -> None:
    raw = bytes.fromhex(data.replace(" ", ""))
    assert decode(FORMATS[code], raw).tolist() == samples


@pytest.mark.parametrize("form", FIXED, ids=lambda f: f.code)
@given(data=st.data())
def test_samples_survive_encoding(form, data) -> None:
    low = form.invalid  # the code for a missing sample is stored like any other
    samples = np.array(data.draw(st.lists(st.integers(low, form.high), max_size=40)), np.int64)
    stored = encode(form, samples)
    assert len(stored) == form.bytes_for(len(samples))
    assert decode(form, stored)[: len(samples)].tolist() == samples.tolist()
    assert form.samples_in(len(stored)) >= len(samples)


@given(st.lists(st.integers(-128, 127), max_size=40))
def test_differences_survive_encoding(steps: list[int]) -> None:
    form = FORMATS["8"]
    assert decode(form, encode(form, np.array(steps, np.int64))).tolist() == steps


@pytest.mark.parametrize("form", FIXED, ids=lambda f: f.code)
def test_a_cut_gives_the_whole_samples_before_it(form) -> None:
    rng = np.random.default_rng(7)
    samples = rng.integers(form.low, form.high, 12, endpoint=True)
    stored = encode(form, samples)
    counts = [form.samples_in(n) for n in range(len(stored) + 1)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 12
    for n, count in enumerate(counts):
        assert count * form.bits <= 8 * n
        assert decode(form, stored[:n]).tolist() == samples[:count].tolist()
