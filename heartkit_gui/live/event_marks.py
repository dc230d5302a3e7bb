"""Events of a stream as annotations for the lane of marks. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.devices.live_types import LiveEvent
from engine.records.annotations import Annotations

WORDS = {
    "boot": "Board started",
    "button": "Button",
    "mark": "Mark",
    "lead_off": "Lead off",
    "lead_on": "Lead on",
    "source": "Input changed",
    "sensor_fault": "Sensor fault",
    "overflow": "Overflow",
    "segment": "Break",
}


def event_marks(events: Sequence[LiveEvent], rate_hz: float) -> Annotations:
    """Events in words, in time order."""
    ordered = sorted((event.position, _words(event)) for event in events)
    return Annotations(
        sample=np.array([position for position, _ in ordered], np.int64),
        symbol=('"',) * len(ordered),
        fs=rate_hz,
        aux=tuple(words for _, words in ordered),
        source="live",
        name="Marks",
    )


def _words(event: LiveEvent) -> str:
    known = WORDS.get(event.kind, event.kind.replace("_", " ").capitalize())
    return f"{known}: {event.text}" if event.text else known
