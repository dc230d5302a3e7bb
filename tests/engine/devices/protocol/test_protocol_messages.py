"""Every message survives the wire; values that do not fit are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol_strategies import messages

from engine.devices.protocol import (
    MOST_FRAME_BYTES,
    Ack,
    FrameDecoder,
    Info,
    Inject,
    Message,
    ModelBegin,
    Samples,
    Samples24,
    Start,
    encode,
)
from engine.devices.protocol.frame import MOST_WIRE_BYTES
from engine.devices.protocol.messages import MESSAGES


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=40)
@given(st.data(), st.integers(0, 0xFFFF))
def test_every_message_comes_back_as_it_was_sent(kind: type[Message], data: st.DataObject, sequence: int):
    message = data.draw(messages((kind,)))
    wire = encode(message, sequence)
    assert wire.endswith(b"\0") and b"\0" not in wire[:-1] and len(wire) <= MOST_WIRE_BYTES
    (frame,) = FrameDecoder().feed(wire)
    assert (frame.message, frame.sequence, frame.size) == (message, sequence, len(wire))


def test_numbers_and_names_are_unique():
    assert len({kind.TYPE for kind in MESSAGES}) == len(MESSAGES) == len({kind.__name__ for kind in MESSAGES})


def test_samples_keep_their_shape_and_tell_where_they_have_a_value():
    values = np.array([[1, -32768], [3, 4]], np.int16)
    (frame,) = FrameDecoder().feed(encode(Samples(7, values), 0))
    message = frame.message
    assert (message.count, message.leads) == (2, 2)
    assert message.values.tolist() == values.tolist()
    assert message.valid.tolist() == [[True, False], [True, True]]


def test_samples_of_24_bits_are_samples_too():
    values = np.array([[-8388608, 8388607, -1]])
    (frame,) = FrameDecoder().feed(encode(Samples24(0, values), 0))
    assert isinstance(frame.message, Samples)
    assert frame.message.values.tolist() == values.tolist()
    assert frame.message.valid.tolist() == [[False, True, True]]


@pytest.mark.parametrize(
    "message",
    [
        Start(0),
        Start(70000),
        Start(250, lead_mask=0),
        Samples(0, np.array([[40000]])),
        Samples(0, np.array([1, 2])),
        Samples(0, np.zeros((0, 1), np.int16)),
        Samples(0, np.zeros((1, 17), np.int16)),
        Samples(0, np.array([[0.5]])),
        Samples24(0, np.array([[1 << 23]])),
        Inject(-1, np.array([[0]])),
        ModelBegin(32, 0, 1, 0),
        Info(offset=2, total=3, data=b"ab"),
        Info(offset=0, total=3, data=b""),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_a_mistake_of_the_caller(message: Message):
    with pytest.raises(ValueError):
        encode(message, 0)


def test_a_message_longer_than_a_frame_is_refused():
    longest = MOST_FRAME_BYTES - 6 - 8
    assert len(encode(Ack(1, detail="x" * longest), 0)) <= MOST_WIRE_BYTES
    with pytest.raises(ValueError, match="does not fit a frame"):
        encode(Ack(1, detail="x" * (longest + 1)), 0)
