"""HeartKit's live demo of 2023: the board calls, this program answers with a stimulus and keeps what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.devices.erpc.channel import ErpcChannel
from engine.devices.erpc.codec import Call, CallStatus, DataBlock, DataType, Kind, Request, Service
from engine.devices.transports import Transport

RATE_HZ = 200
MOST_FETCHED = 500  # floats in one reply

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DemoSamples:
    """Samples of the board from `offset` on; float32 [n], in the units of its sensor."""

    offset: int
    values: F32


@dataclass(frozen=True, eq=False)
class DemoMask:
    """What the board made of the samples from `offset` on: segment classes, and beats (0 none, else class + 1)."""

    offset: int
    segment: U8
    beat: U8


@dataclass(frozen=True)
class DemoResults:
    """The board's findings on ten seconds."""

    heart_rate: int
    rhythm: int
    normal_beats: int
    atrial_beats: int
    ventricular_beats: int
    noise_beats: int
    arrhythmia: int


@dataclass(frozen=True)
class DemoText:
    """A line, usually the name of the state the board is in."""

    text: str


@dataclass(frozen=True)
class DemoUnknown:
    """A call that this demo does not know; it was refused."""

    description: str


DemoEvent = DemoSamples | DemoMask | DemoResults | DemoText | DemoUnknown

_TYPES = {
    DataType.UINT8: np.uint8,
    DataType.UINT32: np.uint32,
    DataType.FLOAT32: np.float32,
}


class LiveDemoServer:
    """Answers a board. `stimulus` gives the next n samples when the board asks for them instead of its sensor."""

    def __init__(self, transport: Transport, stimulus: Callable[[int], F32]) -> None:
        self._channel = ErpcChannel(transport)
        self._stimulus = stimulus

    def serve(self, timeout_s: float) -> DemoEvent | None:
        """Answer calls until one tells something; None when none does in time. Raises LinkLostError."""
        while True:
            call = self._channel.receive(timeout_s)
            if call is None:
                return None
            if call.kind not in (Kind.INVOCATION, Kind.ONE_WAY) or call.service != Service.EVB_TO_PC:
                continue
            event = self._answer(call)
            if event is not None:
                return event

    def _answer(self, call: Call) -> DemoEvent | None:
        if call.request == Request.PRINT:
            self._reply(call, CallStatus.OK)
            return DemoText((call.text or "").strip())
        block = call.block
        if call.request == Request.COMPUTE and block is not None and block.description == "FETCH_SAMPLES":
            self._reply(call, CallStatus.OK, self._samples(block))
            return None
        event = None if block is None or call.request != Request.SEND else _told(block)
        if event is None:
            empty = DataBlock(0, DataType.UINT8, "", 0, b"") if call.request != Request.SEND else None
            self._reply(call, CallStatus.FAILURE, empty)
            return DemoUnknown(block.description if block is not None else f"request {call.request}")
        self._reply(call, CallStatus.OK)
        return event

    def _samples(self, asked: DataBlock) -> DataBlock:
        """As many as the block sent along has room for."""
        count = min(MOST_FETCHED, len(asked.buffer) // 4 or asked.length)
        values = np.asarray(self._stimulus(count), "<f4")[:count]
        return DataBlock(len(values), DataType.FLOAT32, asked.description, asked.command, values.tobytes())

    def _reply(self, call: Call, status: CallStatus, block: DataBlock | None = None) -> None:
        if call.kind is Kind.INVOCATION:
            self._channel.send(call.reply(status, block))


def _told(block: DataBlock) -> DemoEvent | None:
    """What a block says, or None when it is none of the demo's."""
    expected = {"SEND_SAMPLES": DataType.FLOAT32, "SEND_MASK": DataType.UINT8, "SEND_RESULTS": DataType.UINT32}
    kind = expected.get(block.description)
    if kind is None or block.data_type != kind:
        return None
    width = np.dtype(_TYPES[kind]).itemsize
    if len(block.buffer) % width:
        return None
    values = np.frombuffer(block.buffer, np.dtype(_TYPES[kind]).newbyteorder("<"))
    if kind is DataType.FLOAT32:
        return DemoSamples(block.length, values)
    if kind is DataType.UINT8:
        octets = np.frombuffer(block.buffer, np.uint8)
        return DemoMask(block.length, np.bitwise_and(octets, 0x0F, dtype=np.uint8), octets // np.uint8(16))
    return DemoResults(*(int(v) for v in values)) if len(values) == 7 else None
