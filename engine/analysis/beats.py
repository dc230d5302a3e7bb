"""Beat types by timing and morphology: normal, supraventricular, ventricular, paced. No neural network.

Two small boosted-tree models judge each beat on its context (`beat_context`: prematurity against the local RR, the
pause after it, likeness to the dominant shape and to its own family of shapes, P and T windows): is it ventricular,
and if not, is it supraventricular ectopic. They were fitted by `benchmarks/fit_beats.py` on the 22 training records
of the split of de Chazal et al. (IEEE Trans Biomed Eng 2004) of the MIT-BIH Arrhythmia Database;
`benchmarks/beats.py` gives the figures on the other 22.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beat_context import CONTEXT_COLUMN, beat_context
from engine.analysis.beat_features import COLUMNS, CONTEXT_S, beat_features
from engine.analysis.boosted_trees import BoostedTrees
from engine.analysis.criteria import Criteria
from engine.analysis.types import Fiducials
from engine.records.annotations import AAMI_OF_SYMBOL

__all__ = ["CONTEXT_S", "N_FEATURES", "beat_features", "type_beats"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

N_FEATURES = len(COLUMNS)
FEWEST_BEATS = 3  # with fewer nothing is early or unlike the others

_MODEL_FILE = Path(__file__).with_name("beat_model.json")


@cache
def _models() -> tuple[BoostedTrees, BoostedTrees]:
    stored = json.loads(_MODEL_FILE.read_text(encoding="utf-8"))
    return BoostedTrees.from_document(stored["ventricular"]), BoostedTrees.from_document(stored["supraventricular"])


def type_beats(
    r: I64,
    features: F32,
    fiducials: Fiducials,
    fs_hz: float,
    *,
    confidence: F32 | None = None,
    criteria: Criteria | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...], F32]:
    """WFDB symbol, AAMI class and confidence 0..1 of every beat.

    Parameters
    ----------
    r, fiducials: all beats of the recording in time order, samples at fs_hz.
    features: their rows from `beat_features`, [n, N_FEATURES].
    confidence: that of the detector, [n]; multiplies ours.
    """
    criteria = criteria or Criteria()
    n = len(r)
    symbol = np.full(n, "N")
    sure = np.full(n, 0.5 if n < FEWEST_BEATS else 1.0)
    if n >= FEWEST_BEATS:
        context, _ = beat_context(r, features, fs_hz)
        ventricular_model, supraventricular_model = _models()
        ventricular = ventricular_model.probability(context)
        early = context[:, CONTEXT_COLUMN["rr_prev_to_local"]] <= np.log(1 - criteria.premature_percent / 100)
        supraventricular = supraventricular_model.probability(context)
        symbol[(supraventricular > 0.5) & early] = "S"
        symbol[ventricular > 0.5] = "V"
        ectopic = np.where(symbol == "S", supraventricular, 1 - supraventricular)
        sure = np.where(symbol == "V", ventricular, np.minimum(1 - ventricular, ectopic))
    if confidence is not None:
        sure = sure * confidence
    symbols = tuple(symbol.tolist())
    return symbols, tuple(AAMI_OF_SYMBOL[s] for s in symbols), sure.astype(np.float32)
