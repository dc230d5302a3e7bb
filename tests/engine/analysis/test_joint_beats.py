"""Beat types by a model and by timing and morphology together."""

from __future__ import annotations

import numpy as np
from beat_signals import draw, fiducials, places
from numpy.typing import NDArray

from engine.analysis.beats import beat_features, type_beats
from engine.analysis.criteria import Criteria
from engine.analysis.joint_beats import type_beats_jointly
from engine.records.annotations import AAMI_OF_SYMBOL

FS = 250.0
CLASSES = ("N", "S", "V")
SURE_N, SURE_S, SURE_V = (0.98, 0.01, 0.01), (0.01, 0.98, 0.01), (0.01, 0.01, 0.98)
TORN = (0.4, 0.2, 0.4)


def jointly(
    kinds: str,
    rr_s: NDArray[np.float64],
    said: dict[int, tuple[float, ...]],
    *,
    has_p: bool = True,
    confidence: float = 1.0,
    criteria: Criteria | None = None,
) -> tuple[str, NDArray[np.float32]]:
    """Types where the model says `said` of some beats and is sure that the others are normal."""
    r = places(rr_s, FS)
    x = draw(r, kinds, FS, int(r[-1] + FS))
    waves = fiducials(r, has_p=np.array([k in "N" for k in kinds]) & has_p)
    chance = np.tile(SURE_N, (len(r), 1))
    for at, row in said.items():
        chance[at] = row
    symbols, aami, sure = type_beats_jointly(
        r, beat_features(x, 0, r, waves, FS), waves, FS,
        classes=CLASSES, probability=chance, confidence=np.full(len(r), confidence, np.float32), criteria=criteria,
    )  # fmt: skip
    assert aami == tuple(AAMI_OF_SYMBOL[s] for s in symbols)
    return "".join(symbols), sure


def sinus_with(kind: str, at: int, n: int = 80) -> tuple[str, NDArray[np.float64]]:
    kinds = "N" * at + kind + "N" * (n - at - 1)
    rr_s = 0.8 + np.random.default_rng(5).normal(0, 0.01, n - 1)
    if kind != "N":
        rr_s[at - 1], rr_s[at] = 0.5, 1.1
    return kinds, rr_s


def test_both_agree() -> None:
    kinds, rr_s = sinus_with("V", 40)
    symbols, sure = jointly(kinds, rr_s, {40: SURE_V})
    assert symbols == kinds
    assert sure.dtype == np.float32 and (sure > 0.8).all() and (sure <= 1).all()


def test_timing_and_morphology_decide_where_the_model_is_torn() -> None:
    kinds, rr_s = sinus_with("V", 40)
    assert jointly(kinds, rr_s, {20: TORN, 40: TORN})[0] == kinds


def test_a_sure_model_finds_what_timing_cannot() -> None:
    kinds, rr_s = sinus_with("N", 40)
    r = places(rr_s, FS)
    waves = fiducials(r, has_p=np.ones(len(r), bool))
    features = beat_features(draw(r, kinds, FS, int(r[-1] + FS)), 0, r, waves, FS)
    assert set(type_beats(r, features, waves, FS)[0]) == {"N"}
    assert jointly(kinds, rr_s, {40: (0.0, 1.0, 0.0)})[0][40] == "S"


def test_no_beat_is_supraventricular_inside_fibrillation() -> None:
    n = 120
    rr_s = np.random.default_rng(3).uniform(0.4, 1.1, n - 1)
    symbols, _ = jointly("N" * n, rr_s, dict.fromkeys(range(n), SURE_S), has_p=False)
    assert "S" not in symbols[10:-10]


def test_confidence_of_the_detector_multiplies() -> None:
    kinds, rr_s = sinus_with("V", 40)
    whole, half = (jointly(kinds, rr_s, {40: SURE_V}, confidence=c)[1] for c in (1.0, 0.5))
    np.testing.assert_allclose(half, 0.5 * whole, rtol=1e-5)


def test_with_two_beats_the_model_decides_alone() -> None:
    assert jointly("NN", np.array([0.8]), {1: SURE_V})[0] == "NV"


def test_no_beats_at_all() -> None:
    none = np.zeros(0, np.int64)
    waves = fiducials(none, has_p=np.zeros(0, bool))
    symbols, aami, sure = type_beats_jointly(
        none, np.zeros((0, 0), np.float32), waves, FS,
        classes=CLASSES, probability=np.zeros((0, 3)), confidence=np.zeros(0, np.float32),
    )  # fmt: skip
    assert symbols == aami == () and len(sure) == 0
