"""Where a simulated board takes its samples from: a synthetic heart, recordings, or samples the host injects.

Codes are int16 of 1 µV; `NO_VALUE_16` where a lead has no value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.devices.protocol import NO_VALUE_16
from engine.records import open_record
from engine.records.record import Record
from engine.resources import built_in_record, resource_path
from engine.signals.resample import resample

I16 = NDArray[np.int16]
F32 = NDArray[np.float32]

# II first, as in the firmware: it is what one gets with a single lead, and what the models were mostly trained on.
TWELVE_LEADS = ("II", "I", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
UV_PER_CODE = 1.0
INJECT_VALUES = 16384  # buffered, all leads together
_STRIP_S = 60.0


@dataclass(frozen=True, eq=False)
class Recording:
    """What the source REPLAY plays, in a loop: `samples_mv` float32 [leads, n] at `rate_hz`, NaN where missing."""

    name: str
    rate_hz: float
    leads: tuple[str, ...]
    samples_mv: F32

    @staticmethod
    def of(record: Record) -> Recording:
        """All leads of a record that are voltages."""
        chosen = [i for i, lead in enumerate(record.leads) if lead.is_voltage]
        block = record.read(leads=chosen)
        names = tuple(record.leads[i].name for i in chosen)
        return Recording(record.name, record.fs, names, np.where(block.valid, block.values, np.float32(np.nan)))


def built_in_recordings() -> tuple[Recording, ...]:
    """The samples that come with the program: five minutes of one lead, ten seconds of twelve."""
    paths = (built_in_record(), resource_path("samples", "dicom_12lead", "waveform_ecg.dcm"))
    found = []
    for path in paths:
        with open_record(path) as record:
            found.append(Recording.of(record))
    return tuple(found)


class Source(ABC):
    """Samples one after the other."""

    begun = True  # only then time passes for it

    @abstractmethod
    def take(self, count: int) -> I16:
        """The next `count` samples [count, leads]."""


class Loop(Source):
    """A strip [n, leads] played again and again."""

    def __init__(self, strip: I16) -> None:
        self._strip = strip
        self._at = 0

    def take(self, count: int) -> I16:
        """The next samples."""
        rows = (self._at + np.arange(count)) % len(self._strip)
        self._at = (self._at + count) % len(self._strip)
        return self._strip[rows]


def synthetic(leads: tuple[str, ...], rate_hz: float, seed: int) -> Loop:
    """A minute of sinus rhythm with a few ectopic beats, seen from the leads; unknown leads have no value."""
    return Loop(_synthetic_strip(leads, rate_hz, seed))


@lru_cache(maxsize=4)
def _synthetic_strip(leads: tuple[str, ...], rate_hz: float, seed: int) -> I16:
    from engine.datasets.synthetic_ecg import LEADS, draw_heart, draw_leads
    from engine.datasets.synthetic_rhythm import plan_beats

    generator = np.random.default_rng(seed)
    plan = plan_beats("sr", _STRIP_S, 0.03, generator)
    drawn = draw_leads(draw_heart(generator), plan, [lead for lead in leads if lead in LEADS], rate_hz, generator)
    none = np.full(round(_STRIP_S * rate_hz), np.nan, np.float32)
    return codes(np.stack([drawn[lead].samples_mv if lead in drawn else none for lead in leads], axis=1))


def replay(recording: Recording, leads: tuple[str, ...], rate_hz: float) -> Loop:
    """A recording at the board's rate; leads it does not have are without value.

    A recording of one lead plays on the board's first lead, whatever that is called.
    """
    samples = recording.samples_mv
    missing = ~np.isfinite(samples)
    strip = resample(np.where(missing, np.float32(0), samples), recording.rate_hz, rate_hz)
    gone = resample(missing.astype(np.float32), recording.rate_hz, rate_hz) > 0.01
    rows = codes(np.where(gone, np.float32(np.nan), strip).T)
    out = np.full((len(rows), len(leads)), NO_VALUE_16, np.int16)
    names = [name.lower() for name in recording.leads]
    for column, lead in enumerate(leads):
        if len(names) == 1 and column == 0:
            out[:, 0] = rows[:, 0]
        elif len(names) > 1 and lead.lower() in names:
            out[:, column] = rows[:, names.index(lead.lower())]
    return Loop(out)


def codes(samples_mv: NDArray[np.floating]) -> I16:
    """Millivolts as codes, clamped; NaN becomes "no value"."""
    finite = np.isfinite(samples_mv)
    scaled = np.clip(np.rint(np.where(finite, samples_mv, 0) * (1000 / UV_PER_CODE)), NO_VALUE_16 + 1, 32767)
    found: I16 = np.where(finite, scaled, NO_VALUE_16).astype(np.int16)
    return found


class Injected(Source):
    """Samples the host sends, played at the board's rate; without value where the host is late."""

    def __init__(self, leads: int) -> None:
        self.begun = False
        self._leads = leads
        self._room = INJECT_VALUES // leads
        self._held: I16 = np.zeros((0, leads), np.int16)
        self._next = 0  # index expected

    @property
    def room(self) -> int:
        """Samples that may still be sent."""
        return self._room - len(self._held)

    def put(self, index: int, values: I16) -> bool:
        """Samples from `index` on; a hole before them has no value, a repetition is passed over. False: full."""
        ahead = (index - self._next + (1 << 31)) % (1 << 32) - (1 << 31)
        values = values[max(0, -ahead) :]
        if not len(values):
            return True
        hole = max(0, ahead)
        if hole + len(values) > self.room:
            return False
        gap = np.full((hole, self._leads), NO_VALUE_16, np.int16)
        self._held = np.concatenate([self._held, gap, values.astype(np.int16)])
        self._next = (self._next + hole + len(values)) % (1 << 32)
        self.begun = True
        return True

    def take(self, count: int) -> I16:
        """The next samples."""
        taken, self._held = self._held[:count], self._held[count:]
        late = np.full((count - len(taken), self._leads), NO_VALUE_16, np.int16)
        return np.concatenate([taken, late])
