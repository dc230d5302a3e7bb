"""Beat types by timing and morphology: normal, supraventricular, ventricular, paced. No neural network.

Is a beat ventricular? A small boosted-tree model judges its `beat_context`: prematurity against the local RR, the
pause after it, likeness to the dominant shape, its family of shapes, P and T windows. If it is not, is it
supraventricular ectopic? A logistic of two numbers judges its `sinus_context`: prematurity against the sinus RR,
plain and over its usual spread; the chance that the atria fibrillate takes from it, for then no beat can be
told from another. An ectopic rhythm that prevails cannot be told from a sinus rhythm by timing: it stays normal.

Both were fitted by `benchmarks/fit_beats.py` on the 22 training records of the split of de Chazal et al. (IEEE
Trans Biomed Eng 2004) of the MIT-BIH Arrhythmia Database; `benchmarks/beats.py` gives the figures on the other 22.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beat_context import CONTEXT_COLUMN, beat_context, rr_seconds
from engine.analysis.beat_features import COLUMN, COLUMNS, CONTEXT_S, beat_features
from engine.analysis.boosted_trees import BoostedTrees
from engine.analysis.criteria import Criteria
from engine.analysis.fibrillation import fibrillation_on_both_sides
from engine.analysis.sinus_context import sinus_context
from engine.analysis.types import ABSENT, Fiducials
from engine.records.annotations import AAMI_OF_SYMBOL

__all__ = ["CONTEXT_S", "N_FEATURES", "beat_features", "type_beats", "whole_beats"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

N_FEATURES = len(COLUMNS)
FEWEST_BEATS = 3  # with fewer nothing is early or unlike the others

_UNSEEN_S = 0.45  # a first detection this early can be the T wave of a beat before the recording
_GENTLE = -1.0  # logarithm of its slope to the usual one, then
_WHOLE_S = (0.12, 0.15)  # before and after R: with less of its QRS recorded, a beat cannot be typed
_SPIKE_TO_NOISE, _SPIKE_MV, _PACED_SHARE = 15.0, 0.05, 0.5

_MODEL_FILE = Path(__file__).with_name("beat_model.json")


@dataclass(frozen=True)
class Models:
    """Ventricular: trees on `CONTEXT_COLUMNS`. Supraventricular: weights on `SINUS_COLUMNS` and a constant."""

    ventricular: BoostedTrees
    weight: F64
    bias: float

    def supraventricular(self, timing: F64) -> F64:
        """Probability of each row of `sinus_context`."""
        return 1.0 / (1.0 + np.exp(-np.clip((timing * self.weight).sum(axis=1) + self.bias, -30, 30)))


@cache
def models() -> Models:
    """The models shipped beside this module."""
    stored = json.loads(_MODEL_FILE.read_text(encoding="utf-8"))
    logistic = stored["supraventricular"]
    return Models(
        BoostedTrees.from_document(stored["ventricular"]), np.array(logistic["weight"]), float(logistic["bias"])
    )


def type_beats(
    r: I64,
    features: F32,
    fiducials: Fiducials,
    fs_hz: float,
    *,
    whole: Bool | None = None,
    confidence: F32 | None = None,
    criteria: Criteria | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...], F32]:
    """WFDB symbol, AAMI class and confidence 0..1 of every beat.

    Parameters
    ----------
    r, fiducials: all beats of the recording in time order, samples at fs_hz.
    features: their rows from `beat_features`, [n, N_FEATURES].
    whole: those of `whole_beats`; the others cannot be typed (Q). All, if not given.
    confidence: that of the detector, [n]; multiplies ours.
    """
    n = len(r)
    symbol = np.full(n, "N")
    sure = np.full(n, 0.5 if n < FEWEST_BEATS else 1.0)
    if n >= FEWEST_BEATS:
        said = opinion(r, features, fiducials, fs_hz, criteria=criteria)
        symbol[(said.supraventricular > 0.5) & said.early] = "S"
        symbol[said.paced] = "/"
        symbol[said.ventricular > 0.5] = "V"
        symbol[said.no_beat] = "Q"
        ectopic = np.where(symbol == "S", said.supraventricular, 1 - said.supraventricular)
        sure = np.where(symbol == "V", said.ventricular, np.minimum(1 - said.ventricular, ectopic))
    if whole is not None:
        symbol[~whole], sure[~whole] = "Q", 1.0
    if confidence is not None:
        sure = sure * confidence
    symbols = tuple(symbol.tolist())
    return symbols, tuple(AAMI_OF_SYMBOL[s] for s in symbols), sure.astype(np.float32)


def whole_beats(valid: Bool, offset: int, r: I64, fs_hz: float) -> Bool:
    """Whether the QRS of each beat was recorded from end to end, [n].

    valid: which samples were recorded, [m]; its first is number `offset` of the record. The ends of a record count
    as recorded.
    """
    missing = np.concatenate([[0], np.cumsum(~valid)])
    before, after = (round(s * fs_hz) for s in _WHOLE_S)
    first, stop = np.clip([r - offset - before, r - offset + after + 1], 0, len(valid))
    return np.asarray(missing[stop] == missing[first])


@dataclass(frozen=True)
class Opinion:
    """What timing and morphology say of each beat, [n] each.

    ventricular: probability. supraventricular: probability that it is ectopic if it is not ventricular, whether or
    not it comes `early` enough to be called so.
    """

    ventricular: F64
    supraventricular: F64
    early: Bool
    paced: Bool
    no_beat: Bool


def opinion(
    r: I64, features: F32, fiducials: Fiducials, fs_hz: float, *, criteria: Criteria | None = None
) -> Opinion:
    """Parameters as `type_beats`; at least `FEWEST_BEATS` beats."""
    criteria = criteria or Criteria()
    context, _ = beat_context(r, features, fs_hz)
    no_beat = _unseen_first_beat(r, context, fs_hz)
    ventricular = np.where(no_beat, 0.0, models().ventricular.probability(context))
    not_sinus = no_beat | (ventricular > 0.5)
    rr_s = rr_seconds(r, fs_hz)[:-1]
    timing = sinus_context(rr_s, not_sinus)
    fibrillation = fibrillation_on_both_sides(rr_s[1:], not_sinus, fiducials.p != ABSENT)
    early = timing[:, 0] >= -np.log(1 - criteria.premature_percent / 100)
    early[: 1 + int(no_beat[0])] = False  # the interval before these is not known
    return Opinion(
        ventricular=ventricular,
        supraventricular=models().supraventricular(timing) * (1 - fibrillation),
        early=early,
        paced=_paced(features) if criteria.detect_paced else np.zeros(len(r), bool),
        no_beat=no_beat,
    )


def _unseen_first_beat(r: I64, context: F64, fs_hz: float) -> Bool:
    """Marks a first detection that must be the T wave of a beat before the recording."""
    mask = np.zeros(len(r), dtype=bool)
    mask[0] = r[0] < _UNSEEN_S * fs_hz and context[0, CONTEXT_COLUMN["slope_to_dominant"]] < _GENTLE
    return mask


def _paced(features: F32) -> Bool:
    """Beats with a pacing spike, in a recording where at least half of them have one."""
    spike = features[:, COLUMN["spike_mv"]]
    noise = features[:, COLUMN["noise_mv"]] + 0.005
    paced = (spike > _SPIKE_TO_NOISE * noise) & (spike > _SPIKE_MV)
    return paced if paced.mean() >= _PACED_SHARE else np.zeros(len(paced), dtype=bool)
