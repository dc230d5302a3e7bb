"""eRPC as HeartKit's firmware speaks it: known bytes, round trips, noise, and both flows with time limits."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from erpc_boards import DemoFirmware, EngineFirmware, wire
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.erpc import (
    Call,
    CallStatus,
    DataBlock,
    DataType,
    DemoMask,
    DemoResults,
    DemoSamples,
    DemoText,
    DemoUnknown,
    ErpcError,
    ErpcReader,
    EvbInference,
    LiveDemoServer,
    encode_call,
)
from engine.devices.erpc.codec import Kind, Request, Service
from engine.devices.faults import LinkLostError, NoAnswerError

SAMPLES = DataBlock(0, DataType.FLOAT32, "SEND_SAMPLES", 5, struct.pack("<2f", 1.0, -0.5))
GOLDEN = [
    (
        Call(Service.EVB_TO_PC, Request.SEND, 1, block=SAMPLES),
        "3000c5a9 00010101 01000000 00000000 06000000 0c000000 53454e445f53414d504c4553 05000000 08000000"
        "0000803f000000bf",
    ),
    (Call(Service.EVB_TO_PC, Request.SEND, 1, Kind.REPLY, status=0), "0c005c51 02010101 01000000 00000000"),
    (
        Call(Service.PC_TO_EVB, Request.SEND, 1, block=DataBlock(1024, DataType.INT8, "model", 0, b"\0\1\2\3")),
        "25001083 00010201 01000000 00040000 03000000 05000000 6d6f64656c 00000000 04000000 00010203",
    ),
    (
        Call(Service.PC_TO_EVB, Request.COMPUTE, 7, block=DataBlock(0, DataType.UINT8, "STATUS", 3, b"")),
        "22007ebc 00030201 07000000 00000000 00000000 06000000 535441545553 03000000 00000000",
    ),
]
blocks = st.builds(
    DataBlock,
    st.integers(0, 2**32 - 1),
    st.integers(0, 7),
    st.text(max_size=20),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=400),
)
numbers = st.integers(0, 2**32 - 1)


@st.composite
def calls(draw) -> Call:
    service, request = draw(st.sampled_from(list(Service))), draw(st.sampled_from(list(Request)))
    if draw(st.booleans()):
        block = draw(blocks) if request in (Request.FETCH, Request.COMPUTE) else None
        return Call(service, request, draw(numbers), Kind.REPLY, block, status=draw(numbers))
    block = draw(blocks) if request in (Request.SEND, Request.COMPUTE) else None
    text = draw(st.text(max_size=40)) if request == Request.PRINT else None
    return Call(
        service, request, draw(numbers), draw(st.sampled_from([Kind.INVOCATION, Kind.ONE_WAY])), block, text
    )


@pytest.mark.parametrize(("call", "frame"), GOLDEN, ids=["samples", "reply", "model", "status"])
def test_frames_known_from_other_implementations(call: Call, frame: str):
    assert encode_call(call) == bytes.fromhex(frame)
    assert ErpcReader().feed(bytes.fromhex(frame)) == [call]


@settings(deadline=None)
@given(st.lists(calls(), max_size=4), st.data())
def test_calls_come_out_however_the_bytes_are_cut(sent: list[Call], data: st.DataObject):
    stream = b"".join(map(encode_call, sent))
    reader, found = ErpcReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == sent and reader.skipped == 0


@settings(derandomize=True, deadline=None)  # a check sum of 16 bits misses one damage in 65536
@given(st.binary(max_size=3000))
def test_noise_gives_no_call_and_no_fault(noise: bytes):
    assert ErpcReader().feed(noise) == []


def test_a_call_longer_than_the_firmwares_buffers_is_refused():
    with pytest.raises(ErpcError, match="4096"):
        encode_call(Call(Service.PC_TO_EVB, Request.SEND, 1, block=DataBlock(0, 0, "", 0, bytes(4096))))


@pytest.mark.parametrize("lost", range(len(encode_call(GOLDEN[0][0]))))
def test_a_lost_byte_costs_few_frames(lost: int):
    frame = encode_call(GOLDEN[0][0])
    stream = frame + frame[:lost] + frame[lost + 1 :] + frame * 100
    assert len(ErpcReader().feed(stream)) >= 100


def test_after_a_silence_a_half_frame_is_forgotten():
    reader = ErpcReader()
    frame = encode_call(GOLDEN[2][0])
    assert reader.feed(frame[:20]) == []
    reader.reset()
    assert reader.feed(frame) == [GOLDEN[2][0]] and reader.skipped == 20


# -- flow A: the PC drives the board


def engine(**options) -> tuple[EvbInference, EngineFirmware, object]:
    ours, theirs = wire()
    return EvbInference(ours, call_s=1.0, pause_s=0.0), EngineFirmware(theirs, **options), ours


def test_a_model_runs_on_the_board():
    client, firmware, ours = engine()
    model, tensor = bytes(range(256)) * 5, bytes(range(250))
    client.send_model(model)
    assert bytes(firmware.model) == model
    assert client.infer(tensor) == tensor[::-1]
    assert client.infer(b"again") == b"niaga"
    client.reset()
    assert not firmware.model
    ours.close()
    firmware.join()


def test_a_failing_inference_is_told():
    client, _, ours = engine(fails=True)
    with pytest.raises(ErpcError, match="could not run"):
        client.infer(b"x")
    ours.close()


def test_an_inference_that_never_ends_is_given_up():
    client, _, ours = engine(polls=10**9)
    with pytest.raises(NoAnswerError, match="still computing"):
        client.infer(b"x", timeout_s=0.05)
    ours.close()


def test_a_board_that_says_nothing_is_given_up():
    ours, _ = wire()
    with pytest.raises(NoAnswerError, match="no reply"):
        EvbInference(ours, call_s=0.05).send_model(b"model")


def test_a_damaged_reply_is_not_taken_and_the_next_call_works():
    ours, theirs = wire()
    firmware = EngineFirmware(theirs)
    theirs.damage = lambda data: data[:-1]
    client = EvbInference(ours, call_s=0.1, pause_s=0.0)
    with pytest.raises(NoAnswerError):
        client.send_model(b"model")
    theirs.damage = lambda data: data
    assert client.infer(b"abc") == b"cba"
    ours.close()
    firmware.join()


def test_a_model_too_large_for_the_firmware_is_refused():
    ours, _ = wire()
    with pytest.raises(ErpcError, match="81920"):
        EvbInference(ours).send_model(bytes(100_000))


# -- flow B: the board calls the PC


@pytest.fixture
def demo():
    ours, theirs = wire()
    given_out = []

    def stimulus(count: int) -> np.ndarray:
        given_out.append(count)
        return np.arange(count, dtype=np.float32)

    yield LiveDemoServer(ours, stimulus), DemoFirmware(theirs), given_out
    ours.close()


def block(description: str, kind: DataType, buffer: bytes, length: int = 0) -> DataBlock:
    return DataBlock(length, kind, description, 0, buffer)


def test_samples_masks_results_and_lines_are_kept(demo):
    server, board, _ = demo
    board.call(Request.SEND, block("SEND_SAMPLES", DataType.FLOAT32, struct.pack("<3f", 1, 2, 3), 50))
    event = server.serve(1.0)
    assert isinstance(event, DemoSamples) and (event.offset, event.values.tolist()) == (50, [1, 2, 3])
    assert board.reply().status == CallStatus.OK
    board.call(Request.SEND, block("SEND_MASK", DataType.UINT8, bytes([0x02, 0x13]), 50))
    event = server.serve(1.0)
    assert isinstance(event, DemoMask) and (event.segment.tolist(), event.beat.tolist()) == ([2, 3], [0, 1])
    board.reply()
    board.call(Request.SEND, block("SEND_RESULTS", DataType.UINT32, struct.pack("<7I", 72, 1, 9, 0, 1, 0, 0)))
    assert server.serve(1.0) == DemoResults(72, 1, 9, 0, 1, 0, 0)
    board.reply()
    board.call(Request.PRINT, text="COLLECT_STATE\n")
    assert server.serve(1.0) == DemoText("COLLECT_STATE")


def test_the_board_gets_the_stimulus_it_has_room_for(demo):
    server, board, given_out = demo
    board.call(Request.COMPUTE, block("FETCH_SAMPLES", DataType.FLOAT32, bytes(40), 2000))
    assert server.serve(0.05) is None
    reply = board.reply()
    assert reply.block is not None and given_out == [10]
    assert np.frombuffer(reply.block.buffer, "<f4").tolist() == list(range(10)) and reply.block.length == 10


@pytest.mark.parametrize(
    "odd",
    [
        block("SEND_SAMPLES", DataType.UINT8, b"abcd"),
        block("SEND_SAMPLES", DataType.FLOAT32, b"abc"),
        block("SEND_RESULTS", DataType.UINT32, bytes(8)),
        block("NEWS", DataType.UINT8, b""),
    ],
    ids=lambda b: b.description,
)
def test_calls_that_make_no_sense_are_refused(demo, odd: DataBlock):
    server, board, _ = demo
    board.call(Request.SEND, odd)
    assert server.serve(1.0) == DemoUnknown(odd.description)
    assert board.reply().status == CallStatus.FAILURE


def test_silence_and_a_pulled_cable_are_told_apart(demo):
    server, board, _ = demo
    assert server.serve(0.02) is None
    board._channel._transport.close()
    with pytest.raises(LinkLostError):
        server.serve(1.0)
