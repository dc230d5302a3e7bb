"""Blocks longer than a frame: cut for sending, put together again on arrival."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from engine.devices.protocol.fields import Message
from engine.devices.protocol.messages import MOST_BODY_BYTES, Info, Input, Output, Result

Part = Info | Result | Input | Output


def pieces(block: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """(offset, piece) of a block cut into pieces of `size` bytes; an empty block is one empty piece."""
    for offset in range(0, max(1, len(block)), size):
        yield offset, block[offset : offset + size]


def room_for_data(kind: type[Message]) -> int:
    """Most bytes that the data or text of one message of this type can have."""
    return MOST_BODY_BYTES - sum(wire.bits // 8 for _, wire in kind.fixed())


class Assembler:
    """Puts the pieces of one kind of block together. Pieces of a block come in order; a lost one loses the block.

    `key` tells blocks apart (window and model of a RESULT, say): a piece of another block ends an unfinished one.
    """

    def __init__(self) -> None:
        self._key: Hashable = None
        self._held = bytearray()
        self.blocks_lost = 0

    def add(self, part: Part, key: Hashable = None) -> bytes | None:
        """The whole block when this piece completes it, else None."""
        if part.offset == 0:
            self.blocks_lost += bool(self._held)
            self._held.clear()
            self._key = (key, part.total)
        elif part.offset != len(self._held) or self._key != (key, part.total):
            self.blocks_lost += bool(self._held)
            self._held.clear()
            return None
        self._held += part.data
        if len(self._held) < part.total:
            return None
        block = bytes(self._held)
        self._held.clear()
        return block
