"""Numbers at the door of a quantised model: rounded, never truncated, and clipped to the type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.outputs import from_logits
from engine.runtime.quantized import dequantize, quantize
from engine.signals.preprocess import prepare_windows

INT8 = {"dtype": np.int8, "quantization": (0.1, 3)}


def test_values_are_rounded_and_clipped() -> None:
    x = np.array([0.0, 0.149, 0.151, -0.151, 1e9, -1e9], np.float32)
    np.testing.assert_array_equal(quantize(x, INT8), [3, 4, 5, 1, 127, -128])


@given(st.floats(-13, 12, width=32))
def test_going_there_and_back_loses_at_most_half_a_step(value: float) -> None:
    back = dequantize(quantize(np.array([value], np.float32), INT8), INT8)[0]
    assert abs(back - np.clip(value, -13.1, 12.4)) <= 0.05 + 1e-5


def test_float_tensors_pass_unchanged() -> None:
    x = np.array([1.25, -3], np.float32)
    np.testing.assert_array_equal(quantize(x, {"dtype": np.float32, "quantization": (0.0, 0)}), x)


@pytest.mark.parametrize("target", ["per_window", "per_sample", "multi_label"])
def test_logits_become_probabilities(target: str) -> None:
    prepared = prepare_windows(np.zeros((1, 4, 1), np.float32), (), 100)
    said = from_logits(np.array([[1000.0, -1000.0, 0.0]], np.float32), target, prepared)
    assert np.isfinite(said).all()
    assert said[0, 0] == pytest.approx(1) and said[0, 1] == pytest.approx(0)
