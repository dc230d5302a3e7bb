"""Exponential, logistic and hyperbolic tangent in Q0.31, as gemmlowp computes them.

Source: gemmlowp/fixedpoint/fixedpoint.h (Apache-2.0). Arrays of int64 hold values of 32 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.export.codegen.arithmetic import INT32_HIGH, high_mul, round_shift

I64 = NDArray[np.int64]

ONE = INT32_HIGH  # 1 in Q0.31, as near as it gets
_FACTORS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)  # exp(-2^k), k = -2 .. 4
_48_OVER_17, _MINUS_32_OVER_17 = 1515870810, -1010580540  # in Q2.29
_EXP_MINUS_EIGHTH, _THIRD = 1895147668, 715827883


def exponential(x: Any, integer_bits: int) -> I64:
    """exp(x) in Q0.31 of x <= 0 with that many integer bits (at most 5)."""
    x = np.asarray(x, np.int64)
    quarter = 1 << (29 - integer_bits)
    low = (x & (quarter - 1)) - quarter
    rest = low - x
    y = _left(low, integer_bits) + (1 << 28)
    y2 = high_mul(y, y)
    y3, y4 = high_mul(y2, y), high_mul(y2, y2)
    tail = round_shift(high_mul(round_shift(y4, 2) + y3, _THIRD) + y2, 1)
    result = _EXP_MINUS_EIGHTH + high_mul(_EXP_MINUS_EIGHTH, y + tail)
    for k, factor in enumerate(_FACTORS[: integer_bits + 2]):
        result = np.where(rest & (quarter << k), high_mul(result, factor), result)
    return np.where(x == 0, ONE, result)


def logistic(x: Any, integer_bits: int) -> I64:
    """1 / (1 + exp(-x)) in Q0.31."""
    x = np.asarray(x, np.int64)
    positive = _left(_newton(exponential(-np.abs(x), integer_bits)), 1)
    return np.where(x == 0, 1 << 30, np.where(x > 0, positive, ONE - positive))


def tanh(x: Any, integer_bits: int) -> I64:
    """Hyperbolic tangent in Q0.31."""
    x = np.asarray(x, np.int64)
    positive = _left(_newton(exponential(-np.abs(x), integer_bits + 1)) - (1 << 29), 2)
    return np.where(x == 0, 0, np.where(x > 0, positive, -positive))


def _newton(x: I64) -> I64:
    """2 / (1 + x) in Q2.29 of x in Q0.31 between 0 and 1."""
    half = (x + ONE + 1) // 2
    estimate = _48_OVER_17 + high_mul(half, _MINUS_32_OVER_17)
    for _ in range(3):
        estimate = estimate + _left(high_mul(estimate, (1 << 29) - high_mul(half, estimate)), 2)
    return estimate


def _left(x: I64, bits: int) -> I64:
    return np.clip(x << bits, -ONE - 1, ONE)
