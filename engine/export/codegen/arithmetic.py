"""The fixed-point arithmetic of TensorFlow Lite's integer kernels, in whole numbers.

A real factor becomes a Q0.31 multiplier and a shift; products are rounded twice, the second time half away from
zero. Source: gemmlowp/fixedpoint and tensorflow/lite/kernels/internal (Apache-2.0); `firmware/nn/nn_arith.h` is the
same in C.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.export.tflite_options import Activation

I64 = NDArray[np.int64]

INT8_LOW, INT8_HIGH = -128, 127
INT32_HIGH = (1 << 31) - 1
SHORT_LIMIT = 1 << 30  # accumulators below it, with a shift of -30 to -1, may be rounded the short way


def quantized_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real = multiplier * 2^(shift - 31), multiplier 0 or in [2^30, 2^31)."""
    if real == 0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def high_mul(a: Any, b: Any) -> I64:
    """Half the product of Q0.31 values, rounded."""
    rounded = (np.asarray(a, np.int64) * np.asarray(b, np.int64) + (1 << 30)) >> 31
    return np.minimum(rounded, INT32_HIGH)


def round_shift(x: Any, exponent: int) -> I64:
    """x / 2^exponent rounded half away from zero."""
    x = np.asarray(x, np.int64)
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def scaled(x: Any, multiplier: int, shift: int) -> I64:
    """x * multiplier * 2^(shift - 31), rounded twice."""
    return round_shift(high_mul(np.asarray(x, np.int64) << max(shift, 0), multiplier), max(-shift, 0))


def round_away(x: float) -> int:
    """The nearest whole number, halves away from zero, as C's round()."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def activation_range(activation: Activation, scale: float, zero: int) -> tuple[int, int] | None:
    """Least and largest int8 code after a fused activation; None for one that is no clamp."""
    ends = {
        Activation.NONE: (None, None),
        Activation.RELU: (0.0, None),
        Activation.RELU_N1_TO_1: (-1.0, 1.0),
        Activation.RELU6: (0.0, 6.0),
    }.get(activation)
    if ends is None:
        return None
    single = np.float32(scale)
    low, high = (
        None if end is None else zero + round_away(float(np.clip(np.float32(end) / single, -1e6, 1e6)))
        for end in ends
    )
    return max(INT8_LOW, low if low is not None else INT8_LOW), min(
        INT8_HIGH, high if high is not None else INT8_HIGH
    )


def accumulator_bounds(weights: I64, bias: I64) -> I64:
    """Largest |bias + weights . x| over every int8 x, for each row of weights [channels, n]."""
    positive, negative = np.maximum(weights, 0).sum(axis=1), np.minimum(weights, 0).sum(axis=1)
    high = bias + INT8_HIGH * positive + INT8_LOW * negative
    low = bias + INT8_LOW * positive + INT8_HIGH * negative
    return np.maximum(np.abs(high), np.abs(low))


def short_form_holds(bounds: I64, shifts: list[int]) -> bool:
    """Whether one addition rounds every accumulator within these bounds as the reference's two steps do."""
    return bool((bounds < SHORT_LIMIT).all()) and all(-30 <= shift <= -1 for shift in shifts)


def wrapped_int32(x: I64) -> NDArray[np.int32]:
    """x modulo 2^32 as int32: sums that wrap come out the same."""
    return ((x + (1 << 31)) % (1 << 32) - (1 << 31)).astype(np.int32)
