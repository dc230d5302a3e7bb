"""A host for firmware under test: frames out, frames in, nothing clever in between."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from engine.devices.protocol import (
    FLUSH,
    Ack,
    Assembler,
    BadFrame,
    DeviceInfo,
    Event,
    FrameDecoder,
    Hello,
    Info,
    Mark,
    Message,
    Result,
    Samples,
    encode,
)

Kind = TypeVar("Kind", bound=Message)
FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffp-contract=off"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
LIMIT_S = 30.0
RECEIVE_BYTES = 16384  # little, so that a host that does not read is soon felt


class HostLink:
    """Connected to a board on a port of this machine; `got` holds every message since `clear`, `raw` every byte."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._socket.settimeout(LIMIT_S)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(0.02)
        self._decoder = FrameDecoder()
        self._sequence = 0
        self.got: list[Message] = []
        self.raw = bytearray()
        self.bad: list[BadFrame] = []

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send(self, message: Message) -> None:
        self.send_bytes(encode(message, self._sequence))
        self._sequence += 1

    def read(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except TimeoutError:
            return
        assert data, "the board hung up"
        self.raw += data
        for found in self._decoder.feed(data):
            if isinstance(found, BadFrame):
                self.bad.append(found)
            else:
                self.got.append(found.message)

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, f"waited in vain; got {[type(m).__name__ for m in self.got[-20:]]}"
            self.read()

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.got if isinstance(message, kind)]

    def clear(self) -> None:
        self.got.clear()
        self.raw.clear()

    def ask(self, message: Message) -> Ack:
        """Send and wait for the answer."""
        before = len(self.all(Ack))
        sequence = self._sequence
        self.send(message)
        self.until(lambda: len(self.all(Ack)) > before)
        ack = self.all(Ack)[before]
        assert (ack.request, ack.request_sequence) == (message.TYPE, sequence)
        return ack

    def settle(self) -> None:
        """Wait until everything sent before has been dealt with; asks again where the answer found no room."""
        for attempt in range(int(LIMIT_S)):
            self.send_bytes(FLUSH)
            self.send(Mark(f"settled {attempt}"))
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                self.read()
                if any(event.text == f"settled {attempt}" for event in self.all(Event)):
                    self.clear()
                    return
        raise AssertionError("the board does not answer any more")

    def info(self) -> DeviceInfo:
        assembler = Assembler()
        self.clear()
        self.send(Hello())
        self.until(
            lambda: self.all(Info) and self.all(Info)[-1].offset + len(self.all(Info)[-1].data) == self.total()
        )
        parts = [assembler.add(piece) for piece in self.all(Info)]
        assert parts[-1] is not None
        return DeviceInfo.from_json(parts[-1])

    def total(self) -> int:
        return self.all(Info)[-1].total

    def samples(self) -> np.ndarray:
        """Codes [n, leads] of all frames of samples, which must follow each other without a hole."""
        frames = self.all(Samples)
        for before, after in pairwise(frames):
            assert after.index == before.index + before.count
        return np.concatenate([frame.values for frame in frames])

    def results(self, model: int) -> list[tuple[Result, bytes]]:
        """Complete results of a model: the first piece, and the data."""
        assembler, found, first = Assembler(), [], None
        for piece in self.all(Result):
            if piece.model != model:
                continue
            first = piece if piece.offset == 0 else first
            whole = assembler.add(piece, piece.index)
            if whole is not None and first is not None:
                found.append((first, whole))
        return found

    def close(self) -> None:
        self._socket.close()
