"""The bound under which the short form of rounding is the reference's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.export.codegen.arithmetic import (
    SHORT_LIMIT,
    accumulator_bounds,
    high_mul,
    quantized_multiplier,
    scaled,
    short_form_holds,
)

multipliers = st.integers(1 << 30, (1 << 31) - 1)


def short_form(x: int, multiplier: int, shift: int) -> int:
    high = int(high_mul(x, multiplier))
    total = high + (high >> 31) + (1 << (-shift - 1))
    assert -(1 << 31) <= total < 1 << 31
    return total >> -shift


@given(st.integers(1 - SHORT_LIMIT, SHORT_LIMIT - 1), multipliers, st.integers(-30, -1))
def test_within_its_bound_the_short_form_rounds_as_the_reference(x, multiplier, shift):
    assert short_form(x, multiplier, shift) == scaled(x, multiplier, shift)


@given(st.floats(1e-9, 1e4))
def test_a_multiplier_stands_for_its_real_number(real):
    multiplier, shift = quantized_multiplier(real)
    assert 1 << 30 <= multiplier < 1 << 31
    assert abs(multiplier * 2.0 ** (shift - 31) / real - 1) < 1e-9


def test_bounds_are_reached_and_never_passed():
    rng = np.random.default_rng(0)
    weights, bias = rng.integers(-127, 128, (6, 20)), rng.integers(-5000, 5000, 6)
    bounds = accumulator_bounds(weights, bias)
    extreme = np.where(weights > 0, 127, -128), np.where(weights > 0, -128, 127)
    reached = np.max([np.abs(bias + (weights * x).sum(axis=1)) for x in extreme], axis=0)
    np.testing.assert_array_equal(bounds, reached)
    x = rng.integers(-128, 128, (500, 20))
    assert (np.abs(bias + x @ weights.T) <= bounds).all()


def test_large_sums_and_left_shifts_are_not_proven():
    assert short_form_holds(np.array([SHORT_LIMIT - 1]), [-1])
    assert not short_form_holds(np.array([SHORT_LIMIT]), [-1])
    assert not short_form_holds(np.array([5]), [0])
    assert not short_form_holds(np.array([5, 5]), [-1, -31])
