"""`Annotations`: marks on a record, in the WFDB vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]

# WFDB annotation codes 0-41 (PhysioNet "ecgcodes.h" vocabulary): number, mnemonic, meaning.
WFDB_CODES: tuple[tuple[int, str, str], ...] = (
    (1, "N", "Normal beat"),
    (2, "L", "Left bundle branch block beat"),
    (3, "R", "Right bundle branch block beat"),
    (4, "a", "Aberrated atrial premature beat"),
    (5, "V", "Premature ventricular contraction"),
    (6, "F", "Fusion of ventricular and normal beat"),
    (7, "J", "Nodal (junctional) premature beat"),
    (8, "A", "Atrial premature beat"),
    (9, "S", "Supraventricular premature or ectopic beat"),
    (10, "E", "Ventricular escape beat"),
    (11, "j", "Nodal (junctional) escape beat"),
    (12, "/", "Paced beat"),
    (13, "Q", "Unclassifiable beat"),
    (14, "~", "Signal quality change"),
    (16, "|", "Isolated QRS-like artifact"),
    (18, "s", "ST segment change"),
    (19, "T", "T-wave change"),
    (20, "*", "Systole"),
    (21, "D", "Diastole"),
    (22, '"', "Comment"),
    (23, "=", "Measurement"),
    (24, "p", "P-wave peak"),
    (25, "B", "Bundle branch block beat (unspecified)"),
    (26, "^", "Non-captured pacemaker artifact"),
    (27, "t", "T-wave peak"),
    (28, "+", "Rhythm change"),
    (29, "u", "U-wave peak"),
    (30, "?", "Learning"),
    (31, "!", "Ventricular flutter wave"),
    (32, "[", "Start of ventricular flutter/fibrillation"),
    (33, "]", "End of ventricular flutter/fibrillation"),
    (34, "e", "Atrial escape beat"),
    (35, "n", "Supraventricular escape beat"),
    (36, "@", "Link to external data"),
    (37, "x", "Non-conducted P-wave (blocked APC)"),
    (38, "f", "Fusion of paced and normal beat"),
    (39, "(", "Waveform onset"),
    (40, ")", "Waveform end"),
    (41, "r", "R-on-T premature ventricular contraction"),
)
SYMBOL_OF_CODE = {code: symbol for code, symbol, _ in WFDB_CODES}
CODE_OF_SYMBOL = {symbol: code for code, symbol, _ in WFDB_CODES}
MEANING_OF_SYMBOL = {symbol: meaning for _, symbol, meaning in WFDB_CODES}
BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")

# ANSI/AAMI EC57 beat classes.
AAMI_OF_SYMBOL = {
    **dict.fromkeys("NLRBejn", "N"),
    **dict.fromkeys("AaJS", "S"),
    **dict.fromkeys("VEr", "V"),
    "F": "F",
    **dict.fromkeys("/fQ?", "Q"),
}


@dataclass(frozen=True)
class Annotations:
    """Parallel arrays in time order; `sample` counts at rate `fs` of the record they belong to.

    `symbol` holds WFDB mnemonics (or custom ones described in `labels`), `aux` free text ("(AFIB", notes);
    `duration` is in samples, 0 for marks without one (WFDB files hold none, EDF+ files do).
    `source` says who made them: an algorithm id with version, or a person; `revision` grows with edits.
    """

    sample: I64
    symbol: tuple[str, ...]
    fs: float
    subtype: I64 | None = None
    chan: I64 | None = None
    num: I64 | None = None
    aux: tuple[str, ...] | None = None
    duration: I64 | None = None
    labels: tuple[tuple[int, str, str], ...] = ()  # custom (code, symbol, meaning)
    source: str = ""
    revision: int = 0
    name: str = field(default="atr")  # annotator: file suffix in WFDB

    def __post_init__(self) -> None:
        sample = np.asarray(self.sample, dtype=np.int64)
        n = len(sample)
        object.__setattr__(self, "sample", sample)
        object.__setattr__(self, "symbol", tuple(self.symbol))
        for key in ("subtype", "chan", "num", "duration"):
            given = getattr(self, key)
            full = np.zeros(n, np.int64) if given is None else np.asarray(given, dtype=np.int64)
            object.__setattr__(self, key, full)
        object.__setattr__(self, "aux", ("",) * n if self.aux is None else tuple(self.aux))
        lengths = {len(getattr(self, k)) for k in ("sample", "symbol", "subtype", "chan", "num", "aux", "duration")}
        if lengths != {n}:
            raise ValueError("annotation arrays differ in length")
        if n > 1 and np.any(np.diff(sample) < 0):
            raise ValueError("annotations are not in time order")

    def __len__(self) -> int:
        return len(self.sample)

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64] | Sequence[int]) -> Annotations:
        """The chosen annotations, by mask or by positions in time order."""
        where = np.asarray(index)
        where = np.flatnonzero(where) if where.dtype == bool else where.astype(np.int64)
        assert self.subtype is not None and self.chan is not None and self.num is not None
        assert self.aux is not None and self.duration is not None
        return replace(
            self,
            sample=self.sample[where],
            symbol=tuple(self.symbol[i] for i in where),
            subtype=self.subtype[where],
            chan=self.chan[where],
            num=self.num[where],
            aux=tuple(self.aux[i] for i in where),
            duration=self.duration[where],
        )

    def between(self, start: int, stop: int) -> Annotations:
        """Those with start <= sample < stop (binary search)."""
        a, b = np.searchsorted(self.sample, [start, stop])
        return self.take(np.arange(a, b))

    def at_rate(self, fs: float) -> Annotations:
        """The same marks counted at `fs` Hz, each at the nearest sample; exact for rates in whole ratio."""
        if fs == self.fs:
            return self
        assert self.duration is not None
        sample, duration = (np.rint(x * (fs / self.fs)).astype(np.int64) for x in (self.sample, self.duration))
        return replace(self, sample=sample, duration=duration, fs=fs)

    def only(self, symbols: Iterable[str]) -> Annotations:
        """Those with one of the symbols."""
        wanted = set(symbols)
        return self.take(np.array([s in wanted for s in self.symbol], dtype=bool))

    @property
    def beats(self) -> Annotations:
        """Heart beats only."""
        return self.only(BEAT_SYMBOLS)
