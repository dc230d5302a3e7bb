"""The Lobachevsky University database (LUDB) as its publisher packs it: 200 records of 10 s, 12 leads, 500 Hz.

Kalyakulina et al., LUDB: a new open-access validation tool for electrocardiogram delineation algorithms, IEEE
Access 8, 2020. Every lead has its own annotation of P, QRS and T with onset and offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.ludb import FS_HZ, LEADS, rhythms, validation_records

__all__ = [
    "FS_HZ",
    "LEADS",
    "marks",
    "marks_of_symbols",
    "rhythms",
    "signal",
    "validation_records",
    "without_p_waves",
]

_WAVES = {"p": ("p_on", "p", "p_off"), "N": ("qrs_on", "r", "qrs_off"), "t": ("t_on", "t", "t_off")}

Marks = Mapping[str, NDArray[np.int64]]


def without_p_waves(rhythm_of: Mapping[int, str]) -> list[int]:
    """Records in atrial fibrillation or flutter."""
    return sorted(n for n, name in rhythm_of.items() if name.startswith(("Atrial fibrillation", "Atrial flutter")))


def signal(folder: Path, record: int, lead: str) -> NDArray[np.float32]:
    """One lead [n] in mV."""
    import wfdb

    path = str(folder / "data" / str(record))
    names = [name.lower() for name in wfdb.rdheader(path).sig_name]
    values = wfdb.rdrecord(path, channels=[names.index(lead)]).p_signal[:, 0]
    return np.ascontiguousarray(values, dtype=np.float32)


def marks(folder: Path, record: int, lead: str) -> dict[str, NDArray[np.int64]]:
    """Reference samples of one lead by fiducial name (types.FIDUCIAL_NAMES)."""
    import wfdb

    annotation = wfdb.rdann(str(folder / "data" / str(record)), lead)
    return marks_of_symbols(annotation.symbol, np.asarray(annotation.sample))


def marks_of_symbols(symbols: list[str], samples: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Peaks are `p`, `N` and `t`; a `(` directly before one is its onset, a `)` directly after it its offset."""
    found: dict[str, list[int]] = {name: [] for names in _WAVES.values() for name in names}
    for k, symbol in enumerate(symbols):
        if symbol not in _WAVES:
            continue
        on, peak, off = _WAVES[symbol]
        found[peak].append(int(samples[k]))
        if k > 0 and symbols[k - 1] == "(":
            found[on].append(int(samples[k - 1]))
        if k + 1 < len(symbols) and symbols[k + 1] == ")":
            found[off].append(int(samples[k + 1]))
    return {name: np.sort(np.array(values, dtype=np.int64)) for name, values in found.items()}
