"""The ladder family: outputs at the input's rate, at any depth, from parameters that are checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.config import Choice
from engine.errors import ConfigError
from engine.models.build import build_model, check_model
from engine.models.counts import count

LEVELS = [
    {"filters": 8, "strides": 1, "kernel": 3},
    {"filters": 12, "strides": 2, "kernel": 3},
    {"filters": 16, "strides": 4, "kernel": 3, "depth": 2, "dilations": [1, 2], "se_ratio": 4},
]


def model(head: str = "sample", length: int = 100, **changes: Any) -> Any:
    return build_model(
        Choice(name="ladder", params={"levels": LEVELS, **changes}), length=length, channels=1, outputs=3, head=head
    )


@pytest.mark.parametrize("length", [96, 100, 101])
def test_every_sample_gets_an_output(length: int):
    assert model(length=length).output_shape == (None, length, 3)


def test_a_window_gets_one_output():
    assert model("window").output_shape == (None, 3)


def test_separable_layers_cost_less():
    full, separable = count(model()), count(model(convolution="separable"))
    assert separable.params < full.params and separable.macs < full.macs


def test_an_output_sees_past_the_lowest_rate():
    built = model(se_scope="none")
    quiet = np.zeros((1, 100, 1), np.float32)
    pulse = quiet.copy()
    pulse[0, 70] = 5
    change = np.abs(np.asarray(built(pulse)) - np.asarray(built(quiet)))[0].max(axis=1)
    assert change[50] > 0


def test_unknown_parameters_are_named():
    with pytest.raises(ConfigError, match="dilation"):
        check_model(Choice(name="ladder", params={"levels": [{"filters": 8, "dilation": 2}]}))
