"""The state of a connection in words: what it is, why, and what to do. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.devices.link_state import LinkState, LinkStatus

Level = Literal["quiet", "good", "busy", "fault"]

ADVICE = {
    LinkState.CLOSED: "Choose a board below, or start a virtual one.",
    LinkState.OPENING: "",
    LinkState.HANDSHAKE: "",
    LinkState.READY: "",
    LinkState.STREAMING: "",
    LinkState.STALLED: "If it stays so, press the reset button of the board.",
    LinkState.RECONNECTING: "Check cable and power. What was received is kept, and a recording goes on.",
    LinkState.WRONG_VERSION: "Put the firmware that comes with this program on the board.",
    LinkState.GARBAGE: "Choose another speed, or another port.",
    LinkState.LOST: "Check cable, power and address.",
}
_LEVELS: dict[LinkState, Level] = {
    LinkState.CLOSED: "quiet",
    LinkState.READY: "good",
    LinkState.STREAMING: "good",
    LinkState.OPENING: "busy",
    LinkState.HANDSHAKE: "busy",
}


@dataclass(frozen=True)
class StateWords:
    """What the state card shows. `level` chooses colour and mark."""

    title: str
    reason: str
    advice: str
    level: Level

    @property
    def spoken(self) -> str:
        """All of it as one text."""
        return " ".join(part for part in (f"{self.title}.", self.reason, self.advice) if part)


def state_words(
    status: LinkStatus | None, under_way: str = "", retry_in_s: float | None = None, since_s: float = 0.0
) -> StateWords:
    """Words for a status; `under_way` is work that precedes any connection, `retry_in_s` until the next attempt."""
    if under_way:
        return StateWords(under_way, "", "", "busy")
    state = status.state if status is not None else LinkState.CLOSED
    reason = sentence(status.reason) if status is not None else ""
    advice = ADVICE[state]
    if state.is_fault and state is not LinkState.STALLED:
        again = f"next attempt in {retry_in_s:.0f} s" if retry_in_s and retry_in_s >= 1 else "trying now"
        advice = f"{advice} {since_s:.0f} s so far, {again}.".strip()
    return StateWords(state.words, reason, advice, _LEVELS.get(state, "fault"))


def sentence(text: str) -> str:
    """A reason as a sentence."""
    text = text.strip()
    if not text:
        return ""
    text = text if text.startswith(("/", "socket:")) else text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
