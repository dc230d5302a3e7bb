"""A port that was looked at, in words. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from engine.devices.discovery import Candidate
from heartkit_gui.live.state_words import sentence


@dataclass(frozen=True)
class FoundWords:
    """What the list shows of a port: what it is, where, and what was found there."""

    port: str
    title: str
    detail: str
    tip: str
    answers: bool


def found_words(found: Candidate) -> FoundWords:
    """Words for a port."""
    if found.info is not None:
        detail = f"{found.port}, firmware {found.info.firmware}"
        return FoundWords(found.port, found.info.board, detail, sentence(found.why) or detail, True)
    entry = found.entry
    title = entry.product or entry.description or found.port
    return FoundWords(found.port, title, f"{found.port}, no board", sentence(found.why) or title, False)
