"""A board in memory that answers as told, for tests that need no clock and no port."""

from __future__ import annotations

import queue

import numpy as np
from numpy.typing import NDArray

from engine.devices.faults import LinkLostError
from engine.devices.protocol import (
    Ack,
    DeviceInfo,
    Event,
    EventKind,
    Frame,
    FrameDecoder,
    Hello,
    Info,
    Message,
    Samples,
    Samples24,
    Start,
    Status,
    encode,
    pieces,
    room_for_data,
)
from engine.devices.transports import Transport

INFO = DeviceInfo(
    firmware="test 1",
    board="fake",
    protocol=(1, 1),
    leads=("I", "II", "V1"),
    rates_hz=(250, 500, 1000),
    uv_per_lsb=2.5,
    uv_per_lsb_24=0.01,
)


class FakeBoard(Transport):
    """Answers HELLO with INFO and everything else with ACK; samples are sent with `emit`."""

    def __init__(self, info: DeviceInfo = INFO) -> None:
        super().__init__("fake")
        self.info = info
        self.mute = False
        self.refuse: dict[int, Status] = {}
        self.received: list[Message] = []
        self.unplugged = False
        self.opened = 0
        self.leads, self.bits = 1, 16
        self._out: queue.Queue[bytes] = queue.Queue()
        self._decoder = FrameDecoder()
        self._sequence = 0

    def plug(self) -> FakeBoard:
        """What a client's opener calls."""
        if self.unplugged:
            raise LinkLostError("fake is not there")
        self.opened += 1
        return self

    def read(self, timeout_s: float) -> bytes:
        if self.unplugged:
            raise LinkLostError("fake was unplugged")
        try:
            return self._out.get(timeout=timeout_s)
        except queue.Empty:
            return b""

    def write(self, data: bytes) -> None:
        if self.unplugged:
            raise LinkLostError("fake was unplugged")
        for frame in self._decoder.feed(data):
            if isinstance(frame, Frame):
                self._answer(frame)

    def close(self) -> None:
        pass

    def send(self, message: Message) -> None:
        self.send_bytes(encode(message, self._sequence))
        self._sequence = (self._sequence + 1) & 0xFFFF

    def send_bytes(self, data: bytes) -> None:
        self._out.put(data)

    def emit(self, index: int, codes: NDArray[np.integer]) -> None:
        """Codes [leads, n] in frames of 25 samples."""
        kind = Samples24 if self.bits == 24 else Samples
        for at in range(0, codes.shape[1], 25):
            self.send(kind(index + at, codes[:, at : at + 25].T))

    def reboot(self) -> None:
        """As after a reset: the sequence begins anew, nothing streams."""
        self._sequence = 0
        self.send(Event(0, EventKind.BOOT))

    def _answer(self, frame: Frame) -> None:
        message = frame.message
        self.received.append(message)
        if self.mute:
            return
        if isinstance(message, Hello):
            document = self.info.to_json()
            for offset, piece in pieces(document, room_for_data(Info)):
                self.send(Info(offset, len(document), piece))
            return
        if isinstance(message, Start):
            self.leads, self.bits = message.lead_mask.bit_count(), message.sample_bits
        status = self.refuse.get(message.TYPE, Status.OK)
        self.send(Ack(message.TYPE, frame.sequence, status))
