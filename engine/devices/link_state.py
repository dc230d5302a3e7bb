"""The states of a connection to a board, as the device panel shows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class LinkState(Enum):
    """Where a connection stands. The value is for machines; `words` are for people."""

    CLOSED = "closed"
    OPENING = "opening"
    HANDSHAKE = "handshake"
    READY = "ready"
    STREAMING = "streaming"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"
    WRONG_VERSION = "wrong version"
    GARBAGE = "garbage"
    LOST = "lost"

    @property
    def words(self) -> str:
        """A few words for the device panel."""
        return _WORDS[self]

    @property
    def is_connected(self) -> bool:
        """True while a board answers in our protocol."""
        return self in (LinkState.READY, LinkState.STREAMING, LinkState.STALLED)

    @property
    def is_fault(self) -> bool:
        """True where something is wrong; recovery goes on by itself except after CLOSED."""
        return self in _FAULTS


_WORDS = {
    LinkState.CLOSED: "Not connected",
    LinkState.OPENING: "Opening the port",
    LinkState.HANDSHAKE: "Asking who is there",
    LinkState.READY: "Connected, not streaming",
    LinkState.STREAMING: "Streaming",
    LinkState.STALLED: "Connected, but no samples come",
    LinkState.RECONNECTING: "Connection lost, trying again",
    LinkState.WRONG_VERSION: "Firmware of another protocol version",
    LinkState.GARBAGE: "Not understood",
    LinkState.LOST: "No board found there",
}
_FAULTS = frozenset((
    LinkState.STALLED,
    LinkState.RECONNECTING,
    LinkState.WRONG_VERSION,
    LinkState.GARBAGE,
    LinkState.LOST,
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A state, why, and since when (`transports.now_s`)."""

    state: LinkState
    reason: str = ""
    since_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.state.words}: {self.reason}" if self.reason else self.state.words
