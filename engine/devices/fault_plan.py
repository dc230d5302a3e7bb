"""Faults of the simulator as words, for the command line: `drop=0.01`, `drift=200`, `unplug=2@10`, `reset@15`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.devices.faults import DeviceError

if TYPE_CHECKING:
    from engine.devices.simulator import Faults

_LASTING = {
    "drop": "drop",
    "duplicate": "duplicate",
    "corrupt": "corrupt",
    "lose": "lose",
    "jitter": "jitter_s",
    "burst": "burst_s",
    "drift": "drift_ppm",
}
_SINGLE = ("stall", "unplug", "reset")
FORMS = (
    "drop=SHARE, duplicate=SHARE (of frames), corrupt=SHARE, lose=SHARE (of bytes), jitter=SECONDS, burst=SECONDS, "
    "drift=PPM, stall=SECONDS@TIME, unplug=SECONDS@TIME, reset@TIME"
)


@dataclass(frozen=True)
class SingleFault:
    """A stall, unplug or reset (`kind`), so many seconds after streaming began; the first two last a while."""

    kind: str
    at_s: float
    lasts_s: float = 0.0


@dataclass(frozen=True)
class FaultPlan:
    """Faults that last, and those that happen once, in the order of their time."""

    lasting: Faults
    single: tuple[SingleFault, ...]

    @staticmethod
    def parse(words: Sequence[str]) -> FaultPlan:
        """The plan in words, one fault each (`FORMS`). Raises DeviceError."""
        from engine.devices.simulator import Faults

        amounts: dict[str, float] = {}
        single = []
        for word in words:
            name, _, value = word.partition("=")
            if name in _LASTING:
                amounts[_LASTING[name]] = _number(word, value)
            elif name.partition("@")[0] in _SINGLE:
                single.append(_single(word))
            else:
                raise DeviceError(f'no fault "{word}"', hint=f"known: {FORMS}")
        try:
            lasting = Faults(**amounts)
        except ValueError as error:
            raise DeviceError(f"such a fault cannot be: {error}") from None
        return FaultPlan(lasting, tuple(sorted(single, key=lambda fault: fault.at_s)))


def _single(word: str) -> SingleFault:
    what, _, at = word.partition("@")
    kind, _, lasts = what.partition("=")
    if not at or (kind == "reset") == bool(lasts):
        raise DeviceError(
            f'"{word}" lacks a time', hint="write stall=SECONDS@TIME, unplug=SECONDS@TIME or reset@TIME"
        )
    fault = SingleFault(kind, _number(word, at), _number(word, lasts) if lasts else 0.0)
    if fault.at_s < 0 or fault.lasts_s < 0:
        raise DeviceError(f'"{word}": times are not negative')
    return fault


def _number(word: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DeviceError(f'"{word}" has no number where one belongs', hint=f"known: {FORMS}")
    return number
