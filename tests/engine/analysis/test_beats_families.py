from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.beat_families import BLOCK, families

T = np.linspace(-1, 1, 33)
NARROW = np.exp(-((T / 0.12) ** 2))
WIDE = np.exp(-((T / 0.5) ** 2)) - 0.8 * np.exp(-(((T - 0.5) / 0.3) ** 2))
RNG = np.random.default_rng(5)


def test_equal_shapes_share_a_family_and_others_do_not() -> None:
    pattern = RNG.random(1000) < 0.2
    windows = np.where(pattern[:, None], WIDE, NARROW) + RNG.normal(0, 0.02, (1000, 33))
    found = families(windows.astype(np.float32))
    assert len(found.size) == 2
    assert len(set(found.label[pattern])) == 1
    assert set(found.label[pattern]).isdisjoint(found.label[~pattern])
    assert found.size.sum() == 1000


def test_slow_drift_of_shape_does_not_split_a_family() -> None:
    n = 20 * BLOCK
    share = np.linspace(0, 0.55, n)[:, None]
    windows = (1 - share) * NARROW + share * WIDE
    assert len(families(windows.astype(np.float32)).size) == 1
    ends = families(windows[[0, -1]].astype(np.float32))
    assert len(ends.size) == 2  # side by side the two ends are unlike


def test_the_same_shape_at_thrice_the_size_is_another_family() -> None:
    windows = np.concatenate([np.tile(NARROW, (50, 1)), np.tile(3 * NARROW, (50, 1))])
    assert len(families(windows).size) == 2


def test_templates_look_like_their_members() -> None:
    windows = np.tile(WIDE, (300, 1)) + RNG.normal(0, 0.05, (300, 33))
    assert families(windows).template[0] == pytest.approx(WIDE, abs=0.03)


def test_no_beats_no_families() -> None:
    found = families(np.zeros((0, 33), np.float32))
    assert len(found.label) == 0 and found.template.shape == (0, 33)
