"""Tileio's packets: known bytes, round trips, noise, damage, and what HeartKit's slots mean."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.faults import DeviceError
from engine.devices.tileio import (
    APOLLO4_HEARTKIT,
    APOLLO5_VITALS,
    HeartKitInputs,
    Packet,
    PacketType,
    SlotProfile,
    TileioMetrics,
    TileioReader,
    TileioSamples,
    ask_inputs,
    encode_packet,
    metrics_packet,
    read_packet,
    signal_packets,
)

GOLDEN = [
    (ask_inputs(), "55 00 02 00 00", "02 e9"),
    (HeartKitInputs(6, 0, 0, 0, 0, 2, 2, 2).packet(), "55 00 02 08 00 06 00 00 00 00 02 02 02", "13 ab"),
    (
        Packet(0, PacketType.SIGNAL, struct.pack("<Hhh", 0x02C2, 1000, -500)),
        "55 00 00 06 00 c2 02 e8 03 0c fe",
        "a4 65",
    ),
    (
        Packet(0, PacketType.METRICS, struct.pack("<2f", 72.0, 0.5)),
        "55 00 01 08 00 00 00 90 42 00 00 00 3f",
        "6b 5f",
    ),
    (Packet(1, PacketType.SIGNAL, bytes(range(240))), "55 01 00 f0 00 00 01", "9a 05"),
]
packets = st.one_of(
    st.builds(
        Packet,
        st.integers(0, 3),
        st.sampled_from([PacketType.SIGNAL, PacketType.METRICS]),
        st.binary(max_size=248),
    ),
    st.builds(
        Packet, st.integers(0, 3), st.just(PacketType.UIO), st.sampled_from([b"", b"\x55" * 8, b"\0\1\2\3\4\5\6\7"])
    ),
)


@pytest.mark.parametrize(("packet", "begin", "crc"), GOLDEN, ids=["ask", "inputs", "signal", "metrics", "full"])
def test_packets_known_from_other_implementations(packet: Packet, begin: str, crc: str):
    raw = encode_packet(packet)
    head = bytes.fromhex(begin)
    assert raw[: len(head)] == head and raw[253:] == bytes.fromhex(crc) + b"\xaa" and len(raw) == 256
    assert TileioReader().feed(raw) == [packet]


@settings(deadline=None)
@given(st.lists(packets, max_size=4), st.data())
def test_packets_come_out_however_the_bytes_are_cut(sent: list[Packet], data: st.DataObject):
    stream = b"".join(map(encode_packet, sent))
    reader, found = TileioReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == sent and reader.skipped == 0


@settings(derandomize=True, deadline=None)  # a check sum of 16 bits misses one damage in 65536
@given(st.binary(max_size=2000).map(lambda b: b.replace(b"\x01", b"\x55").replace(b"\x02", b"\xaa")))
def test_noise_gives_no_packet_and_no_fault(noise: bytes):
    assert TileioReader().feed(noise) == []


def test_a_length_beyond_the_packet_is_refused_before_the_check_sum_is_looked_for():
    raw = bytearray(encode_packet(GOLDEN[2][0]))
    raw[3:5] = b"\xff\xff"
    reader = TileioReader()
    assert reader.feed(bytes(raw)) == [] and reader.skipped >= 1


@pytest.mark.parametrize(("at", "value"), [(1, 4), (2, 3), (0, 0x54), (255, 0xAB), (6, 1), (253, 0)])
def test_damage_is_recognised_and_the_next_packet_found(at: int, value: int):
    raw = bytearray(encode_packet(GOLDEN[2][0]))
    raw[at] = value
    good = encode_packet(GOLDEN[3][0])
    assert TileioReader().feed(bytes(raw) + good) == [GOLDEN[3][0]]


def test_uio_of_an_odd_length_is_no_packet():
    raw = bytearray(encode_packet(Packet(0, PacketType.SIGNAL, b"abc")))
    raw[2] = PacketType.UIO
    assert TileioReader().feed(bytes(raw)) == []
    with pytest.raises(ValueError):
        Packet(0, PacketType.UIO, b"abc")


def test_lost_bytes_cost_their_packet_alone():
    generator = np.random.default_rng(5)
    sent = [
        Packet(k % 4, PacketType.SIGNAL, generator.integers(0, 256, 200, np.uint8).tobytes()) for k in range(2000)
    ]
    octets = np.frombuffer(b"".join(map(encode_packet, sent)), np.uint8)
    kept = octets[generator.random(len(octets)) >= 1e-4]
    found = TileioReader().feed(kept.tobytes())
    assert len(found) >= 0.96 * len(sent)  # 256 bytes each: one in forty is hit
    order = {packet.data: k for k, packet in enumerate(sent)}
    places = [order[packet.data] for packet in found]
    assert places == sorted(set(places))


def test_samples_and_their_masks_are_read():
    packet = Packet(0, PacketType.SIGNAL, struct.pack("<HhhHhh", 0x02C2, 1000, -500, 0x0500, 0, 250))
    found = read_packet(packet, APOLLO4_HEARTKIT)
    assert isinstance(found, TileioSamples)
    assert found.values.tolist() == [[1.0, -0.5], [0.0, 0.25]]
    assert (found.segment.tolist(), found.quality.tolist()) == ([2, 0], [3, 0])
    assert (found.fiducial.tolist(), found.beat.tolist()) == ([2, 1], [0, 1])


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "f4"])
def test_samples_of_every_type_go_both_ways(kind: str):
    profile = SlotProfile("any", 100.0, ("a", "b", "c"), type=kind, scale=10.0)
    values = np.array([[0.0, 1.5, 2.5]] * 100, np.float32)
    sent = TileioSamples(0, values, np.arange(100, dtype=np.uint16))
    made = signal_packets(sent, profile)
    assert all(len(packet.data) <= 240 for packet in made)
    back = [read_packet(packet, (profile,)) for packet in made]
    assert np.concatenate([b.values for b in back if isinstance(b, TileioSamples)]) == pytest.approx(values)
    assert np.concatenate([b.mask for b in back if isinstance(b, TileioSamples)]).tolist() == list(range(100))


def test_values_beyond_the_type_are_held_and_missing_ones_are_zero():
    profile = APOLLO4_HEARTKIT[0]
    sent = TileioSamples(0, np.array([[99.0, np.nan]], np.float32), np.zeros(1, np.uint16))
    (packet,) = signal_packets(sent, profile)
    assert struct.unpack("<Hhh", packet.data) == (0, 32767, 0)


def test_metrics_have_names_and_more_of_them_numbers():
    packet = metrics_packet(TileioMetrics(1, {"pulse rate": 61.0, "quality": 3.0}), APOLLO5_VITALS[1])
    found = read_packet(packet, APOLLO5_VITALS)
    assert isinstance(found, TileioMetrics)
    assert found.values["pulse rate"] == 61.0 and np.isnan(found.values["SpO2"])
    extra = Packet(1, PacketType.METRICS, packet.data + struct.pack("<f", 7.0))
    last = read_packet(extra, APOLLO5_VITALS)
    assert isinstance(last, TileioMetrics) and last.values["metric 4"] == 7.0


def test_inputs_go_both_ways():
    inputs = HeartKitInputs(source=2, muscle_percent=40, rhythm=0)
    assert read_packet(inputs.packet(), APOLLO4_HEARTKIT) == inputs
    with pytest.raises(ValueError):
        HeartKitInputs(source=300).packet()


@pytest.mark.parametrize(
    "packet",
    [Packet(1, PacketType.SIGNAL, b""), Packet(0, PacketType.SIGNAL, b"12345"), ask_inputs()],
    ids=["slot", "size", "question"],
)
def test_packets_of_another_firmware_are_refused_in_words(packet: Packet):
    with pytest.raises(DeviceError):
        read_packet(packet, APOLLO4_HEARTKIT)
