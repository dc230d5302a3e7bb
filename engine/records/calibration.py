"""Values of unknown or foreign units into leads in millivolts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.records.amplitude import UnitGuess, guess_unit
from engine.records.hints import TextHints
from engine.records.leads import lead_name, unique_names, units_per_mv
from engine.records.record import F32, Lead


def calibrate(
    values: F32, names: Sequence[str], units: Sequence[str], hints: TextHints
) -> tuple[tuple[Lead, ...], tuple[str, ...]]:
    """Bring values [leads, n] to mV in place; leads and notices.

    Hints decide first, then the units stated ("" where there is none), then the size of the samples, which a
    notice says.
    """
    distinct, repeated = unique_names(lead_name(name) for name in names)
    notices = [f"Several signals are named {name}; they are numbered." for name in repeated]
    leads: list[Lead] = []
    guess: UnitGuess | None = None
    if hints.adu_per_mv is None and hints.unit is None and not all(units):
        guess = guess_unit(values[[i for i, unit in enumerate(units) if not unit]])
        notices.append(guess.reason[0].upper() + guess.reason[1:] + ".")
    for row, name in enumerate(distinct):
        unit, per_mv, zero = units[row], hints.adu_per_mv, hints.zero_adu
        if per_mv is None:
            zero = 0.0
            if hints.unit is not None:
                unit = hints.unit
            elif not unit and guess is not None:
                unit, per_mv, zero = guess.unit, guess.adu_per_mv, guess.zero_adu
            per_mv = per_mv or units_per_mv(unit)
        if per_mv:
            np.subtract(values[row], np.float32(zero), out=values[row])
            np.divide(values[row], np.float32(per_mv), out=values[row])
        leads.append(Lead(name, unit="mV" if per_mv else unit))
    return tuple(leads), tuple(notices)
