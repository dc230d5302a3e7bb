"""Finding frames in a stream: in step again within a frame, every refused frame told with its reason."""

from __future__ import annotations

import struct
from binascii import crc_hqx

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol_strategies import messages

from engine.devices.protocol import (
    FLUSH,
    BadFrame,
    BadReason,
    Frame,
    FrameDecoder,
    Hello,
    Log,
    Message,
    Samples,
    Start,
    Stop,
    encode,
)
from engine.devices.protocol.cobs import cobs_encode
from engine.devices.protocol.frame import MOST_WIRE_BYTES


def framed(kind: int, body: bytes, *, version: int = 1, sequence: int = 5) -> bytes:
    plain = struct.pack("<BBH", version, kind, sequence) + body
    return cobs_encode(plain + struct.pack("<H", crc_hqx(plain, 0xFFFF))) + b"\0"


def only(data: bytes) -> Frame | BadFrame:
    (found,) = FrameDecoder().feed(data)
    return found


@settings(deadline=None)
@given(st.lists(messages(), max_size=5), st.data())
def test_frames_come_out_however_the_bytes_are_cut(sent: list[Message], data: st.DataObject):
    wire = b"".join(encode(message, k) for k, message in enumerate(sent))
    decoder, found = FrameDecoder(), []
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert [(f.message, f.sequence) for f in found] == [(message, k) for k, message in enumerate(sent)]


def test_empty_frames_mean_nothing():
    assert FrameDecoder().feed(FLUSH + b"\0\0\0") == []


def test_garbage_and_half_a_frame_cost_no_whole_one():
    whole = encode(Log("resync"), 1)
    found = FrameDecoder().feed(b"\x55garbage" + encode(Log("ok"), 0)[:5] + FLUSH + whole)
    assert isinstance(found[0], BadFrame) and [f.message for f in found[1:]] == [Log("resync")]


@pytest.mark.parametrize("lost", range(len(encode(Samples(3, np.array([[5, 0]])), 0))))
def test_a_lost_byte_costs_its_frame_and_at_most_the_next(lost: int):
    frames = [encode(Samples(k, np.array([[5, 0]])), k) for k in range(4)]
    wire = bytearray(b"".join(frames))
    del wire[len(frames[0]) + lost]
    found = FrameDecoder().feed(bytes(wire))
    good = [f.sequence for f in found if isinstance(f, Frame)]
    assert good in ([0, 2, 3], [0, 3]) and sum(isinstance(f, BadFrame) for f in found) == 1
    assert good == ([0, 3] if lost == len(frames[1]) - 1 else [0, 2, 3])


@settings(derandomize=True, deadline=None)  # a check sum of 16 bits misses one damage in 65536
@given(messages(), st.data())
def test_a_damaged_frame_is_not_taken_for_another(message: Message, data: st.DataObject):
    wire = bytearray(encode(message, 1))
    at = data.draw(st.integers(0, len(wire) - 2))
    wire[at] ^= data.draw(st.integers(1, 255))
    found = FrameDecoder().feed(bytes(wire) + b"\0")
    assert not [f for f in found if isinstance(f, Frame) and f.message != message]


@settings(derandomize=True, deadline=None)  # a check sum of 16 bits misses one damage in 65536
@given(st.binary(max_size=2000))
def test_noise_gives_no_frame_and_no_fault(noise: bytes):
    for found in FrameDecoder().feed(noise + b"\0"):
        assert isinstance(found, BadFrame)


def test_reasons_are_told_apart():
    damaged = bytearray(encode(Hello(), 0))
    damaged[1] ^= 4
    assert only(bytes(damaged)).reason is BadReason.CRC
    assert only(b"\x09abc\0").reason is BadReason.COBS
    assert only(b"\x04abc\0").reason is BadReason.SHORT
    assert only(b"\x01" * 2000 + b"\0").reason is BadReason.OVERLONG
    assert only(framed(200, b"")).reason is BadReason.TYPE
    assert only(framed(Hello.TYPE, b"x")).reason is BadReason.BODY
    assert only(framed(Start.TYPE, b"x")).reason is BadReason.BODY
    assert only(framed(Samples.TYPE, struct.pack("<IBB", 0, 2, 2) + b"12345")).reason is BadReason.BODY


def test_another_version_is_named():
    found = only(framed(2, b"whatever version 2 has", version=2))
    assert found.reason is BadReason.VERSION
    assert found.detail == "firmware speaks protocol 2, this program 1"
    assert (found.version, found.sequence) == (2, 5)


def test_frames_of_the_longest_size_fit_and_longer_ones_are_refused():
    assert isinstance(only(framed(Log.TYPE, b"A" * 506)), Frame)
    assert len(framed(Log.TYPE, b"A" * 506, sequence=0x0505)) == MOST_WIRE_BYTES
    assert only(framed(Log.TYPE, b"A" * 507)).reason is BadReason.OVERLONG
    assert only(framed(Log.TYPE, b"\0" * 510)).reason is BadReason.OVERLONG


def test_a_device_that_never_ends_a_frame_takes_no_memory():
    decoder = FrameDecoder()
    for _ in range(1000):
        assert decoder.feed(b"\x55" * 1000) == []
    assert len(decoder._pending) < MOST_WIRE_BYTES
    bad, good = decoder.feed(b"\0" + encode(Stop(), 1))
    assert (bad.reason, bad.size, good.message) == (BadReason.OVERLONG, 1_000_001, Stop())


def test_after_a_reset_the_half_frame_is_forgotten():
    decoder = FrameDecoder()
    decoder.feed(encode(Log("lost"), 0)[:-3])
    decoder.reset()
    assert [f.message for f in decoder.feed(encode(Stop(), 1))] == [Stop()]
