"""Ports behind which no board of ours sits, made to look like one: recordings, and boards that print numbers.

A `StandIn` answers the requests of the protocol by itself; a subclass says what it is and what it sends.
"""

from __future__ import annotations

import threading
from abc import abstractmethod

from engine.devices.protocol import (
    Ack,
    DeviceInfo,
    Frame,
    FrameDecoder,
    Hello,
    Info,
    Message,
    SetModels,
    Start,
    Status,
    Stop,
    encode,
    pieces,
    room_for_data,
)
from engine.devices.transports import Transport

POLL_S = 0.02  # a request waits this long at most for its answer


class StandIn(Transport):
    """Answers HELLO, START, STOP and SET_MODELS; refuses the rest with `refusal`."""

    refusal = "not possible here"

    def __init__(self, port: str) -> None:
        super().__init__(port)
        self._news = threading.Condition()
        self._answers: list[Message] = []
        self._decoder = FrameDecoder()
        self._sequence = 0

    @property
    @abstractmethod
    def info(self) -> DeviceInfo:
        """What it claims to be."""

    @abstractmethod
    def start(self, start: Start) -> str:
        """Begin to stream; why not, or empty."""

    @abstractmethod
    def stop(self) -> None:
        """Stream no more."""

    def write(self, data: bytes) -> None:
        """Take requests."""
        with self._news:
            for frame in self._decoder.feed(data):
                if isinstance(frame, Frame):
                    self._answer(frame)
            self._news.notify_all()

    def take_answers(self) -> bytes:
        """Frames that answer what was asked; numbered as they leave, as the rest of the stream is."""
        with self._news:
            answers, self._answers = self._answers, []
        return b"".join(self.frame(message) for message in answers)

    def frame(self, message: Message) -> bytes:
        """A message as the next frame."""
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        return encode(message, sequence)

    def _answer(self, frame: Frame) -> None:
        message = frame.message
        if isinstance(message, Hello):
            document = self.info.to_json()
            for offset, piece in pieces(document, room_for_data(Info)):
                self._answers.append(Info(offset, len(document), piece))
            return
        status, detail = Status.OK, ""
        if isinstance(message, Start):
            detail = self.start(message)
            status = Status.BAD_VALUE if detail else Status.OK
        elif isinstance(message, Stop):
            self.stop()
        elif not isinstance(message, SetModels):
            status, detail = Status.NOT_SUPPORTED, self.refusal
        self._answers.append(Ack(message.TYPE, frame.sequence, status, 0, detail))
