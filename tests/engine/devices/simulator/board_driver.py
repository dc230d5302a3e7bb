"""A host for a simulated board without cable and clock: what is sent is answered at once."""

from __future__ import annotations

from engine.devices.protocol import (
    Ack,
    Assembler,
    BadFrame,
    DeviceInfo,
    Frame,
    FrameDecoder,
    Hello,
    Info,
    Message,
    Samples,
    encode,
)
from engine.devices.simulator.board import SimulatedBoard


class Driver:
    """Sends to a board, collects what it says and moves its time."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.board = board
        self.now_s = 100.0
        self.said: list[Message] = []
        self._decoder = FrameDecoder()
        self._sequence = 0
        board.advance(self.now_s)
        self.listen()

    def listen(self, most_bytes: int = 1 << 20) -> list[Message]:
        """What the board says now."""
        found = self._decoder.feed(b"".join(self.board.take_frames(most_bytes)))
        assert not [f for f in found if isinstance(f, BadFrame)]
        fresh = [f.message for f in found if isinstance(f, Frame)]
        self.said += fresh
        return fresh

    def send(self, message: Message) -> list[Message]:
        """Send and hear what comes back at once."""
        self.board.receive(encode(message, self._sequence))
        self._sequence += 1
        return self.listen()

    def ask(self, message: Message) -> Ack:
        """Send and take the ACK, which names the frame it answers."""
        (ack,) = [m for m in self.send(message) if isinstance(m, Ack)]
        assert (ack.request, ack.request_sequence) == (message.TYPE, self._sequence - 1)
        return ack

    def run(self, seconds: float, step_s: float = 0.02) -> list[Message]:
        """Let time pass, listening all the while."""
        fresh = []
        for _ in range(round(seconds / step_s)):
            self.pass_time(step_s)
            fresh += self.listen()
        return fresh

    def pass_time(self, seconds: float) -> None:
        """Let time pass without listening."""
        self.now_s += seconds
        self.board.advance(self.now_s)

    def info(self) -> DeviceInfo:
        """Ask who it is."""
        assembler = Assembler()
        blocks = [assembler.add(m) for m in self.send(Hello()) if isinstance(m, Info)]
        assert blocks[-1] is not None
        return DeviceInfo.from_json(blocks[-1])


def indices(messages: list[Message]) -> list[int]:
    """Every sample's index, in order of arrival."""
    return [m.index + k for m in messages if isinstance(m, Samples) for k in range(m.count)]
