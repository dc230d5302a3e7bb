"""Bytes that two independent encoders agreed on; a change here breaks every board in the field."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.protocol import Hello, Log, Message, Samples, Stop, encode
from engine.devices.protocol.cobs import cobs_decode, cobs_encode, most_encoded_bytes

FRAMES = [
    (Hello(), 0, "03 0101 01 03 44c5 00"),
    (Stop(), 2, "04 010402 03 d648 00"),
    (
        Samples(10, np.array([[0, -1], [1000, -500]])),
        258,
        "06 011002010a 01 01 03 0202 01 09 ffffe8030cfe9f5d 00",
    ),
    (Log("A" * 260), 1, "04 011301 ff" + "41" * 254 + "09" + "41" * 6 + "7cb2 00"),
]


@pytest.mark.parametrize(("message", "sequence", "wire"), FRAMES, ids=lambda v: type(v).__name__)
def test_frames_known_from_other_encoders(message: Message, sequence: int, wire: str):
    assert encode(message, sequence) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        (b"", "01"),
        (b"\0", "01 01"),
        (b"\0\0", "01 01 01"),
        (b"\x11\x22\0\x33", "03 11 22 02 33"),
        (b"\x11\0\0\0", "02 11 01 01 01"),
        (bytes(range(1, 255)), "ff" + bytes(range(1, 255)).hex()),
        (bytes(range(255)), "01 ff" + bytes(range(1, 255)).hex()),
        (bytes(range(1, 256)), "ff" + bytes(range(1, 255)).hex() + "02 ff"),
        (bytes(range(2, 256)) + b"\0", "ff" + bytes(range(2, 256)).hex() + "01 01"),
    ],
)
def test_byte_stuffing_as_its_authors_show_it(plain: bytes, stuffed: str):
    assert cobs_encode(plain) == bytes.fromhex(stuffed)
    assert cobs_decode(bytes.fromhex(stuffed)) == plain


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=300), st.just(b"\0"), st.just(b"\7" * 254)), max_size=6).map(b"".join))
def test_byte_stuffing_loses_nothing_and_leaves_no_zero(plain: bytes):
    stuffed = cobs_encode(plain)
    assert b"\0" not in stuffed
    assert len(stuffed) <= most_encoded_bytes(len(plain))
    assert cobs_decode(stuffed) == plain


@pytest.mark.parametrize("broken", [b"\5ab", b"\0", b"\2a\0b"])
def test_what_no_encoder_made_is_recognised(broken: bytes):
    assert cobs_decode(broken) is None
