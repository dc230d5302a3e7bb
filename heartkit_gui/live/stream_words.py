"""A stream in the words of the status bar. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.devices.link_state import LinkState
from engine.reports.wording import clock, rate

if TYPE_CHECKING:
    from engine.devices.live import LiveSession


@dataclass(frozen=True)
class StreamWords:
    """State and time streamed, rate, filter, analysed lead; empty where there is nothing to say.

    aside: all there is to say while something else is looked at.
    """

    state: str
    rate: str = ""
    filter: str = ""
    lead: str = ""
    aside: str = ""


def stream_words(session: LiveSession | None, state: str, filter_label: str) -> StreamWords:
    """Words for a session whose connection stands as `state` says."""
    ring = session.ring if session is not None else None
    if session is None or ring is None:
        return StreamWords(state)
    recording = session.recording
    aside = f"Live: {state.lower()}" if session.status.state is not LinkState.CLOSED else ""
    if recording is not None and recording.is_recording:
        aside = f"● Recording {clock(recording.seconds).rpartition('.')[0]}"
    lead = f"Analysed lead {ring.lead_names[session.lead_index]}"
    if session.analysis_fault:
        lead = f"Not analysed: {session.analysis_fault}"
    elif session.analysis is None:
        lead = f"Lead {ring.lead_names[session.lead_index]}: no findings yet"
    time = clock(ring.head / ring.rate_hz).rpartition(".")[0]
    return StreamWords(f"{state}  {time}", rate(ring.rate_hz), filter_label, lead, aside)
