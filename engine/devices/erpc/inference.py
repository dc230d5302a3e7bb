"""HeartKit's backend "evb": the PC sends a model and inputs, the board runs it and gives the output.

The other end is the firmware `tflm-engine` of Ambiq's tileio-demos.
"""

from __future__ import annotations

import time
from enum import IntEnum

from engine.devices.erpc.channel import ErpcChannel
from engine.devices.erpc.codec import DataBlock, DataType, ErpcError, Request
from engine.devices.faults import NoAnswerError
from engine.devices.transports import Transport, now_s

CHUNK_BYTES = 128
PAUSE_S = 0.01  # between chunks; the firmware handles one at a time
POLL_S = 0.2
CALL_S = 2.0
INFERENCE_S = 30.0
MOST_MODEL_BYTES = 80 * 1024
MOST_OUTPUT_BYTES = 1 << 20


class Command(IntEnum):
    """What `command` of a block asks the firmware for."""

    SEND_MODEL = 0
    SEND_INPUT = 1
    FETCH_OUTPUT = 2
    FETCH_STATUS = 3
    PERFORM_INFERENCE = 4
    RESET = 5


class State(IntEnum):
    """What the firmware is doing."""

    IDLE = 0
    RUNNING = 1
    FAILED = 2


class EvbInference:
    """A board that runs models sent to it. Every step has a time limit."""

    def __init__(self, transport: Transport, *, call_s: float = CALL_S, pause_s: float = PAUSE_S) -> None:
        self._channel = ErpcChannel(transport)
        self._call_s = call_s
        self._pause_s = pause_s

    def send_model(self, tflite: bytes) -> None:
        """Give the board a model. Raises ErpcError when it is too large or refused."""
        if len(tflite) > MOST_MODEL_BYTES:
            raise ErpcError(f"the model has {len(tflite)} bytes; this firmware takes {MOST_MODEL_BYTES}")
        self._send("MODEL", Command.SEND_MODEL, tflite)

    def infer(self, tensor: bytes, *, timeout_s: float = INFERENCE_S) -> bytes:
        """The output tensor for an input tensor. Raises ErpcError when the board fails, NoAnswerError when late."""
        self._send("INPUT", Command.SEND_INPUT, tensor)
        self._send("INFER", Command.PERFORM_INFERENCE, b"\0")
        until_s = now_s() + timeout_s
        while (state := self.state()) != State.IDLE:
            if state == State.FAILED:
                raise ErpcError("the board could not run the model", hint="is every operator in its resolver?")
            if now_s() >= until_s:
                raise NoAnswerError(f"the board is still computing after {timeout_s:g} s")
            time.sleep(min(POLL_S, self._pause_s * 20))
        return self._fetch("OUTPUT", Command.FETCH_OUTPUT)

    def state(self) -> int:
        """What the board is doing."""
        data = self._fetch("STATE", Command.FETCH_STATUS)
        if not data:
            raise ErpcError("the board's state is empty")
        return data[0]

    def reset(self) -> None:
        """Let the board forget model and input."""
        self._send("RESET", Command.RESET, b"\0")

    def _send(self, description: str, command: Command, data: bytes) -> None:
        for at in range(0, len(data), CHUNK_BYTES):
            chunk = data[at : at + CHUNK_BYTES]
            block = DataBlock(len(data), DataType.UINT8, description, command, chunk)
            self._channel.call(Request.SEND, block, self._call_s)
            time.sleep(self._pause_s)

    def _fetch(self, description: str, command: Command) -> bytes:
        """Ask again and again until as much has come as the first reply announced."""
        ask = DataBlock(1, DataType.UINT8, description, command, b"\0")
        held = bytearray()
        while True:
            block = self._channel.call(Request.COMPUTE, ask, self._call_s).block
            if block is None or block.length > MOST_OUTPUT_BYTES or (not block.buffer and len(held) < block.length):
                raise ErpcError(f'the board\'s answer to "{description}" makes no sense')
            held += block.buffer
            if len(held) >= block.length:
                return bytes(held[: block.length])
