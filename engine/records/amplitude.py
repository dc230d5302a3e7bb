"""The unit of unlabelled ECG samples, guessed from their size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LOOKED_AT = 200_000  # samples a column: minutes of signal are enough to know its size
# Peak-to-peak size of an ECG with artefacts, 0.03 to 30 mV, as it reads in each unit.
_SIZES = (("mV", 0.03, 30.0), ("uV", 30.0, 50_000.0), ("V", 2e-5, 0.03))
_MITDB_COUNTS = (200.0, 1024.0)


@dataclass(frozen=True, slots=True)
class UnitGuess:
    """`unit` is "mV", "uV", "V", or "adu" for raw counts; counts of a known kind come with their calibration."""

    unit: str
    reason: str
    adu_per_mv: float | None = None
    zero_adu: float = 0.0


def guess_unit(columns: NDArray[np.floating]) -> UnitGuess:
    """Guess from samples [columns, n], NaN where missing.

    Whole numbers without sign are raw counts; those of 11 bits around 1024 look like MIT-BIH records and get
    that database's calibration (200 counts per mV). Anything else goes by peak-to-peak size.
    """
    step = max(1, columns.shape[1] // _LOOKED_AT)
    seen = np.asarray(columns[:, ::step], np.float64)
    known = seen[np.isfinite(seen)]
    if not len(known):
        return UnitGuess("mV", "no sample tells the unit; mV is assumed")
    whole = bool(np.all(known == np.rint(known)))
    if whole and known.min() >= 0 and known.max() > 30:
        middle = float(np.median(known))
        if known.max() <= 2047 and 824 <= middle <= 1224:
            reason = (
                "no unit is given; whole numbers around 1024 are read as 200 counts per mV, as in MIT-BIH records"
            )
            return UnitGuess("adu", reason, *_MITDB_COUNTS)
        return UnitGuess("adu", "no unit is given and the numbers look like raw counts; they are not calibrated")
    spans = [np.ptp(np.percentile(row[np.isfinite(row)], [0.1, 99.9])) for row in seen if np.isfinite(row).any()]
    size = float(np.median(spans))
    for unit, low, high in _SIZES:
        if low <= size < high:
            return UnitGuess(unit, f"no unit is given; a size of {size:.3g} peak to peak is taken for {unit}")
    if size == 0:
        return UnitGuess("mV", "no unit is given and the signal is flat; mV is assumed")
    return UnitGuess("adu", f"no unit is given and a size of {size:.3g} fits none; the numbers are not calibrated")
