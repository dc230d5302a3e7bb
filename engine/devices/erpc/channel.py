"""Calls over a port, with time limits everywhere: the stock clients wait for ever when a reply is lost."""

from __future__ import annotations

from collections import deque

from engine.devices.erpc.codec import Call, CallStatus, DataBlock, ErpcError, ErpcReader, Kind, Service, encode_call
from engine.devices.faults import NoAnswerError
from engine.devices.transports import Transport, now_s

IDLE_S = 0.25  # a half frame that does not go on for so long is lost


class ErpcChannel:
    """One port. Used by one thread."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._reader = ErpcReader()
        self._waiting: deque[Call] = deque()
        self._sequence = 0
        self._heard_s = now_s()

    @property
    def bytes_skipped(self) -> int:
        """Bytes received that belonged to no frame."""
        return self._reader.skipped

    def send(self, call: Call) -> None:
        """Send a call or a reply as it is."""
        self._transport.write(encode_call(call))

    def receive(self, timeout_s: float) -> Call | None:
        """The next call or reply; None when none comes in time. Raises LinkLostError."""
        until_s = now_s() + timeout_s
        while not self._waiting:
            left_s = until_s - now_s()
            if left_s <= 0:
                return None
            data = self._transport.read(min(left_s, IDLE_S))
            if data:
                self._heard_s = now_s()
                self._waiting.extend(self._reader.feed(data))
            elif now_s() - self._heard_s >= IDLE_S:
                self._reader.reset()
        return self._waiting.popleft()

    def call(self, request: int, block: DataBlock, timeout_s: float) -> Call:
        """Call the board and wait for its reply.

        Raises NoAnswerError when none comes in time, ErpcError when the board says it failed.
        """
        self._sequence += 1
        self.send(Call(Service.PC_TO_EVB, request, self._sequence, block=block))
        until_s = now_s() + timeout_s
        while True:
            found = self.receive(until_s - now_s())
            if found is None:
                self._reader.reset()
                raise NoAnswerError(
                    f'{self._transport.port}: no reply to "{block.description}" within {timeout_s:g} s',
                    hint="is the firmware an eRPC server (tflm-engine)?",
                )
            if found.kind is Kind.REPLY and found.sequence == self._sequence and found.request == request:
                break
        if found.status != CallStatus.OK:
            why = "the block is too large" if found.status == CallStatus.BLOCK_TOO_LARGE else "failure"
            raise ErpcError(f'the board refused "{block.description}": {why}')
        return found
