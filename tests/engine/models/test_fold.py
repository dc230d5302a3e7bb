"""Equivalent models for deployment."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import SMALL, shaken, small

from engine.models.fold import deployable, fold_batch_norm

keras = pytest.importorskip("keras")


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("family", SMALL)
def test_folding_and_merging_keep_every_output(family):
    model = shaken(small(family, channels=2))
    before = [w.copy() for w in model.get_weights()]
    x = np.random.default_rng(0).normal(size=(4, 61, 2)).astype(np.float32)
    wanted = np.asarray(model(x))
    scale = np.abs(wanted).max()
    for made in (fold_batch_norm(model), deployable(model)):
        np.testing.assert_allclose(np.asarray(made(x)), wanted, atol=1e-5 * max(1, scale))
        assert "BatchNormalization" not in kinds(made)
    assert "SpatialDropout2D" not in kinds(deployable(model))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_branches_of_mobileone_become_one_convolution_each():
    model = shaken(small("mobileone", se_scope="none"))
    merged = deployable(model)
    assert kinds(model).count("Add") == 7 and "Add" not in kinds(merged)
    assert kinds(merged).count("DepthwiseConv2D") == 3
    assert merged.count_params() < model.count_params() / 2


def test_branches_with_their_own_padding_merge_and_residuals_stay():
    block = {"filters": 4, "kernel": 3, "dilation": 2, "branch": 3}
    model = shaken(small("tcn", causal=True, blocks=[block, block]))
    merged = deployable(model)
    assert kinds(model).count("Add") == 3 and kinds(merged).count("Add") == 1
    x = np.random.default_rng(0).normal(size=(2, 61, 1)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(merged(x)), np.asarray(model(x)), atol=1e-5)


def test_folded_models_can_be_trained_further_and_saved(tmp_path):
    folded = fold_batch_norm(small("tcn"))
    folded.compile("adam", "mse")
    x = np.ones((4, 61, 1), np.float32)
    folded.fit(x, np.ones((4, 61, 3), np.float32), verbose=0)
    folded.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(folded(x)))
