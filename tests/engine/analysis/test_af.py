from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.analysis import af

RNG = np.random.default_rng(1)


def column(name: str) -> int:
    return next(i for i, text in enumerate(af.FEATURES) if text.startswith(name))


def windows(kind: str, n: int = 200, width: int = af.WINDOW) -> np.ndarray:
    shape = (n, width)
    if kind == "steady":
        return 0.8 + RNG.normal(0, 0.01, shape)
    if kind == "breathing":
        phase = RNG.uniform(0, 2 * np.pi, (n, 1))
        return 0.8 + 0.06 * np.sin(phase + np.arange(width) * 2 * np.pi / 5) + RNG.normal(0, 0.01, shape)
    if kind == "bigeminy":
        return np.where(np.arange(width) % 2, 0.5, 1.1) + RNG.normal(0, 0.015, shape)
    return RNG.gamma(16, 0.65 / 16, shape)  # fibrillation: every interval for itself


def test_features_of_a_metronome() -> None:
    x = af.af_features(np.full((1, 30), 0.8))[0]
    assert x[column("median RR")] == pytest.approx(0.8)
    assert x[column("fraction of RR within 3 %")] == 1
    assert x[column("median distance of RR triples")] == 0
    assert x[column("longest run of steady RR")] == 1
    assert np.isfinite(x).all()


def test_a_repeated_pattern_has_no_distance_however_wild() -> None:
    x = af.af_features(np.tile([0.4, 1.2, 0.7], 10)[None])[0]
    assert x[column("median distance of RR triples")] == pytest.approx(0, abs=1e-12)
    assert x[column("median |RR(i+2) - RR(i)|")] > 0.3


@pytest.mark.parametrize(("kind", "is_af"), [("steady", 0), ("breathing", 0), ("bigeminy", 0), ("fibrillation", 1)])
def test_irregular_intervals_are_told_from_regular_irregularity(kind: str, is_af: int) -> None:
    said = af.af_probability(windows(kind)) > 0.5
    assert np.mean(said == bool(is_af)) > 0.95


def test_short_windows_have_a_model_of_their_own() -> None:
    assert np.mean(af.af_probability(windows("fibrillation", width=af.SHORT_WINDOW)) > 0.5) > 0.9
    assert np.mean(af.af_probability(windows("steady", width=af.SHORT_WINDOW)) > 0.5) < 0.1


def test_a_window_does_not_depend_on_its_neighbours() -> None:
    rr_s = windows("fibrillation", 50)
    together = af.af_probability(rr_s)
    assert [af.af_probability(row)[0] for row in rr_s] == pytest.approx(together, abs=1e-12)


def test_windows_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="12 RR intervals"):
        af.af_probability(np.ones((3, 12)))
    with pytest.raises(ValueError, match="at least 6"):
        af.af_features(np.ones((3, 4)))


def test_no_windows_give_no_rows() -> None:
    assert af.af_features(np.zeros((0, 30))).shape == (0, len(af.FEATURES))


def test_shipped_model_on_the_af_database(dataset: Callable[[str], Path]) -> None:
    """Records that fibrillate always, mostly and hardly ever; the full figures are a benchmark."""
    folder = dataset("afdb_rr")
    shares = {}
    for name in ("07162", "08455", "00735"):
        samples = np.loadtxt(folder / f"qrs{name}.txt", usecols=2)
        rr_s = np.diff(samples) / 250
        rr_s = rr_s[: len(rr_s) // 30 * 30].reshape(-1, 30)
        shares[name] = np.mean(af.af_probability(rr_s) > 0.5)
    assert shares["07162"] > 0.98
    assert 0.70 < shares["08455"] < 0.78  # 74 % of its windows fibrillate
    assert shares["00735"] < 0.03
