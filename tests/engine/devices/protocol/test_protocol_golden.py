"""Bytes that must never change: a change here breaks every board in the field.

FRAMES and DRAFTS come from two other encoders that agreed; `tests/data/protocol_v1.txt` keeps a frame of every
message as version 1 was frozen, and the firmware's codec is held to the same file.
"""

from __future__ import annotations

from binascii import crc_hqx
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.protocol import (
    Ack,
    Event,
    EventKind,
    Frame,
    FrameDecoder,
    Hello,
    Infer,
    Info,
    Inject,
    Input,
    Log,
    Mark,
    Message,
    ModelBegin,
    ModelCommit,
    ModelData,
    ModelFormat,
    ModelStats,
    Output,
    Reset,
    Result,
    Results,
    Samples,
    Samples24,
    SelfTest,
    SetModels,
    SetNoise,
    SetSource,
    Source,
    Start,
    Stats,
    Status,
    Stop,
    encode,
)
from engine.devices.protocol.cobs import cobs_decode, cobs_encode, most_encoded_bytes
from engine.devices.protocol.frame import CRC_START
from engine.devices.protocol.messages import MESSAGES

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

# Bodies that changed before version 1 was frozen; what is around them did not.
DRAFTS = [
    ("01030100 fa00 01 0a", "04 010301 02 fa 05 010a528e 00"),
    ("01050300 03", "04 010503 04 032b6e 00"),
    (
        "01120700 c4090000 00000000 03000000 01000000",
        "04011207 03c409 01 01 01 01 01 02 03 01 01 02 01 01 01 03 6f9c 00",
    ),
    ("01200000 726573796e63", "03 0120 01 09 726573796e630736 00"),
]
FROZEN: list[Message] = [
    Hello(),
    Info(502, 1200, b'{"a":1}'),
    Start(500, 0b101, 10, 24, Source.INJECT, Results.CLASS_RUNS, 0x80000003),
    Stop(),
    Ack(3, 258, Status.BAD_VALUE, 0x01020304, "no"),
    SetSource(Source.REPLAY, 2),
    SetModels(0xF0000001),
    SetNoise(1, 2, 300, 40000),
    Mark("stairs \u00e9"),
    SelfTest(),
    Reset(),
    Samples(10, np.array([[0, -1], [1000, -500]])),
    Result(5000, 640, 2, Results.TENSOR, 123456, 1547698, 0xDEADBEEF, 0x01234567, 4, 10, b"\0\xff\x7f\x80"),
    Stats(2**33 + 5, 2500, 7, 8, 9, 10, 11, 12, 13, 0x8001, 765, Source.REPLAY, 99),
    Log("ok"),
    Event(77, EventKind.SENSOR_FAULT, 0x10, "x"),
    Samples24(4294967280, np.array([[-8388608], [8388607], [-1]])),
    ModelStats(3, 100, 2, 1111, 2222, 333333),
    Inject(250, np.array([[-32768, 32767]])),
    ModelBegin(31, ModelFormat.TFLITE, 70000, 0xCBF43926, "seg-2"),
    ModelData(65536, b"\1\0\2"),
    ModelCommit(31),
    Input(2, 400, 1000, b"\x80\0\x7f"),
    Infer(2),
    Output(2, 22, 4000, 0, 0x811C9DC5, 0, 3, b"abc"),
]
DATA = Path(__file__).parents[3] / "data"


def test_every_message_of_version_1_is_frozen():
    rows = [line.split() for line in (DATA / "protocol_v1.txt").read_text().splitlines()]
    assert [row[0] for row in rows] == [type(message).__name__ for message in FROZEN]
    assert {type(message) for message in FROZEN} == set(MESSAGES)
    for message, (_, sequence, wire) in zip(FROZEN, rows, strict=True):
        assert encode(message, int(sequence)).hex() == wire
        (frame,) = FrameDecoder().feed(bytes.fromhex(wire))
        assert isinstance(frame, Frame) and (frame.message, frame.sequence) == (message, int(sequence))


@pytest.mark.parametrize(("plain", "wire"), DRAFTS)
def test_frames_around_bodies_of_a_draft(plain: str, wire: str):
    content = bytes.fromhex(plain)
    summed = content + crc_hqx(content, 0xFFFF).to_bytes(2, "little")
    assert cobs_encode(summed) + b"\0" == bytes.fromhex(wire.replace(" ", ""))


def test_check_sums_are_the_published_ones():
    assert crc_hqx(b"123456789", CRC_START) == 0x29B1


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
