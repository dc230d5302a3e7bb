"""Which requests were answered, and how."""

from __future__ import annotations

import threading
from collections import OrderedDict

from engine.devices.protocol import Ack

_KEPT = 64


class Answers:
    """ACKs by the sequence of the frame they answer. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, tuple[int, Ack | None]] = OrderedDict()

    def expect(self, sequence: int, message_type: int) -> None:
        """A frame is about to be sent."""
        with self._lock:
            self._waiting[sequence] = (message_type, None)
            self._waiting.move_to_end(sequence)
            while len(self._waiting) > _KEPT:
                self._waiting.popitem(last=False)

    def give(self, ack: Ack) -> None:
        """An answer came; one that nobody waits for is dropped."""
        with self._lock:
            known = self._waiting.get(ack.request_sequence)
            if known is not None and known[0] == ack.request:
                self._waiting[ack.request_sequence] = (ack.request, ack)

    def has(self, sequence: int) -> bool:
        """True once the frame was answered."""
        with self._lock:
            known = self._waiting.get(sequence)
            return known is not None and known[1] is not None

    def take(self, sequence: int) -> Ack | None:
        """The answer to a frame, which is forgotten then; None when there is none."""
        with self._lock:
            known = self._waiting.pop(sequence, None)
            return known[1] if known is not None else None
