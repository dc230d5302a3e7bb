"""The separable residual family: sizes, cost and what its summary sees."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import Choice
from engine.errors import ConfigError
from engine.models.build import build_model, check_model, model_names
from engine.models.counts import count

PARAMS = {
    "input_filters": 8,
    "input_kernel_size": 7,
    "input_strides": 4,
    "blocks": [{"filters": 16, "depth": 3, "kernel_size": 5, "strides": 2, "dilations": [1, 2, 4]}],
}


def built(head="window", outputs=3, **changes):
    pytest.importorskip("keras")
    return build_model(
        Choice(name="separable", params=PARAMS | changes), length=200, channels=1, outputs=outputs, head=head
    )


def test_costs_are_those_of_separable_layers():
    cost = count(built())
    stem = 50 * 7 * 8
    layers = 25 * (5 * 8 + 8 * 16) + 2 * 25 * (5 * 16 + 16 * 16)
    assert cost.macs == stem + layers + 32 * 3
    assert cost.receptive_field is None


def test_the_summary_is_of_the_whole_window_and_heads_have_their_shapes():
    x = np.zeros((2, 200, 1), np.float32)
    x[1, 100] = 5
    quiet, spike = built().predict(x, verbose=0)
    assert quiet.shape == (3,) and np.abs(quiet - spike).max() > 0
    assert built("sample", 4).predict(x, verbose=0).shape == (2, 200, 4)


def test_it_is_registered_and_strict():
    assert "separable" in model_names()
    with pytest.raises(ConfigError, match="dilation"):
        check_model(Choice(name="separable", params={"blocks": [{"filters": 8, "dilation": [2]}]}))
