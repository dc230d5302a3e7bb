"""HeartKit's firmware played in Python, at the other end of a wire without a port."""

from __future__ import annotations

import queue
import struct
import threading
from collections.abc import Callable

from engine.devices.erpc.channel import ErpcChannel
from engine.devices.erpc.codec import Call, CallStatus, DataBlock, DataType, Request, Service
from engine.devices.faults import LinkLostError
from engine.devices.transports import Transport

OUTPUT_CHUNK = 100


class WireEnd(Transport):
    """One end of a pair; bytes pass `damage` on their way out."""

    def __init__(self, inbox: queue.SimpleQueue[bytes | None], outbox: queue.SimpleQueue[bytes | None]) -> None:
        super().__init__("wire")
        self._inbox, self._outbox = inbox, outbox
        self.damage: Callable[[bytes], bytes] = lambda data: data

    def read(self, timeout_s: float) -> bytes:
        try:
            data = self._inbox.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return b""
        if data is None:
            raise LinkLostError("wire: gone")
        return data

    def write(self, data: bytes) -> None:
        self._outbox.put(self.damage(data))

    def close(self) -> None:
        self._outbox.put(None)
        self._inbox.put(None)


def wire() -> tuple[WireEnd, WireEnd]:
    there: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    back: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    return WireEnd(there, back), WireEnd(back, there)


class EngineFirmware:
    """`tflm-engine`: runs "models" that reverse their input; busy for as many polls as told."""

    def __init__(self, transport: Transport, *, polls: int = 2, fails: bool = False) -> None:
        self.model = bytearray()
        self.input = bytearray()
        self.output = b""
        self.silent = False
        self._polls, self._fails, self._left, self._sent = polls, fails, 0, 0
        self._channel = ErpcChannel(transport)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(5)

    def _run(self) -> None:
        try:
            while True:
                call = self._channel.receive(0.2)
                if call is not None and call.block is not None and not self.silent:
                    self._answer(call, call.block)
        except LinkLostError:
            return

    def _answer(self, call: Call, block: DataBlock) -> None:
        if call.request == Request.SEND:
            self._channel.send(call.reply(self._take(block)))
            return
        if block.command == 3:
            state = 2 if self._fails else int(self._left > 0)
            self._left -= 1
            answer = DataBlock(4, DataType.INT32, block.description, 3, struct.pack("<i", state))
        else:
            chunk = self.output[self._sent : self._sent + OUTPUT_CHUNK]
            self._sent += len(chunk)
            answer = DataBlock(len(self.output), DataType.UINT8, block.description, 2, chunk)
        self._channel.send(call.reply(CallStatus.OK, answer))

    def _take(self, block: DataBlock) -> CallStatus:
        if block.command == 0:
            self.model += block.buffer
        elif block.command == 1:
            if len(self.input) >= block.length:
                self.input.clear()
            self.input += block.buffer
        elif block.command == 4:
            self.output, self._sent, self._left = bytes(reversed(self.input)), 0, self._polls
        elif block.command == 5:
            self.model.clear()
        else:
            return CallStatus.FAILURE
        return CallStatus.OK


class DemoFirmware:
    """The demo of 2023: calls the PC and waits for its reply."""

    def __init__(self, transport: Transport) -> None:
        self._channel = ErpcChannel(transport)
        self._sequence = 0

    def call(self, request: Request, block: DataBlock | None = None, text: str | None = None) -> None:
        self._sequence += 1
        self._channel.send(Call(Service.EVB_TO_PC, request, self._sequence, block=block, text=text))

    def reply(self) -> Call:
        found = self._channel.receive(1.0)
        assert found is not None and found.sequence == self._sequence
        return found
