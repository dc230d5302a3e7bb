"""Beat types by a model and by timing and morphology together.

They err differently: timing and morphology take an ectopic rhythm that prevails for the sinus rhythm, a model is
too sure of what few patients taught it. So means of their probabilities are taken; yet a model that is sure of a
supraventricular beat is heard even where timing sees nothing early. Weights were chosen on the training records of
the MIT-BIH Arrhythmia Database (DS1), every patient typed by algorithms fitted to others, and on made-up rhythms of
these patients. F1 of S and V there, at reference R, in percent: model 69 to 72 and 91, timing and morphology 82 and
96, both together 82 to 83 and 96.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beat_context import rr_seconds
from engine.analysis.beats import FEWEST_BEATS, Opinion, opinion
from engine.analysis.criteria import Criteria
from engine.analysis.fibrillation import fibrillation_on_both_sides
from engine.analysis.types import ABSENT, Fiducials
from engine.records.annotations import AAMI_OF_SYMBOL

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

LETTERS = ("N", "S", "V", "F", "Q")
_N, _S, _V = range(3)  # of them
_MODEL_ON_V, _MODEL_ON_REST = 0.4, 0.5  # the model's weight: is it ventricular, and if not, what is it
_SURE = 0.9  # of S rather than N: then the model is believed


def type_beats_jointly(
    r: I64,
    features: F32,
    fiducials: Fiducials,
    fs_hz: float,
    *,
    classes: tuple[str, ...],
    probability: F64,
    whole: Bool | None = None,
    confidence: F32,
    criteria: Criteria | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...], F32]:
    """WFDB symbol, AAMI class and confidence 0..1 of every beat, as `beats.type_beats` gives them.

    Where the atria fibrillate on both sides no beat can be called supraventricular ectopic: the next likely class
    is taken there. Whether a beat is paced, or a detection no beat, timing and morphology tell alone; a beat that
    was not recorded whole cannot be typed (Q). With fewer than `FEWEST_BEATS` beats they know nothing and the model
    decides.

    Parameters
    ----------
    r, features, fiducials, whole, criteria: as `beats.type_beats` takes them.
    classes: the model's classes, of `LETTERS`; probability: of each for every beat, [n, classes].
    confidence: that of the detector, [n]; multiplies ours.
    """
    n = len(r)
    chance = np.zeros((n, len(LETTERS)))
    for column, name in enumerate(classes):
        chance[:, LETTERS.index(name)] += probability[:, column]
    symbol = np.full(n, "N")
    fixed = np.zeros(n, bool)
    if n >= FEWEST_BEATS:
        said = opinion(r, features, fiducials, fs_hz, criteria=criteria)
        chance = _mean(chance, _chances(said))
        fixed = said.no_beat | (said.paced & (said.ventricular <= 0.5))
        not_sinus = fixed | (chance.argmax(axis=1) == _V)
        around = fibrillation_on_both_sides(rr_seconds(r, fs_hz)[1:-1], not_sinus, fiducials.p != ABSENT)
        chance[around > 0.5, _S] = 0.0
        symbol[fixed] = np.where(said.no_beat, "Q", "/")[fixed]
    if whole is not None:
        symbol[~whole] = "Q"
        fixed |= ~whole
    symbol = np.where(fixed, symbol, np.array(LETTERS)[chance.argmax(axis=1)])
    likely = chance.max(axis=1, initial=0.0) / np.maximum(chance.sum(axis=1), 1e-9)
    sure = np.where(fixed, 1.0, likely) * confidence
    symbols = tuple(symbol.tolist())
    return symbols, tuple(AAMI_OF_SYMBOL[s] for s in symbols), sure.astype(np.float32)


def _chances(said: Opinion) -> F64:
    """Probabilities of `LETTERS` by timing and morphology, [n, 5]."""
    ectopic = (1 - said.ventricular) * said.supraventricular * said.early
    nothing = np.zeros_like(ectopic)
    return np.column_stack([1 - said.ventricular - ectopic, ectopic, said.ventricular, nothing, nothing])


def _mean(model: F64, rules: F64) -> F64:
    """Weighted mean of two opinions [n, 5]: of being ventricular, and of the rest given that it is not."""
    ventricular = _MODEL_ON_V * model[:, _V] + (1 - _MODEL_ON_V) * rules[:, _V]
    rest = _MODEL_ON_REST * _unless_ventricular(model) + (1 - _MODEL_ON_REST) * _unless_ventricular(rules)
    mean = (1 - ventricular)[:, None] * rest
    mean[:, _V] = ventricular
    sure = (model[:, _S] > _SURE * (model[:, _S] + model[:, _N])) & (mean.argmax(axis=1) == _N)
    mean[sure, _N], mean[sure, _S] = mean[sure, _S], mean[sure, _N]
    return mean


def _unless_ventricular(chance: F64) -> F64:
    rest = chance.copy()
    rest[:, _V] = 0.0
    rest[:, _N] += 1e-6  # what is left where all is ventricular
    return np.asarray(rest / rest.sum(axis=1, keepdims=True))
