"""Operators of one input value: a table of all 256 codes, computed with the reference's own arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.export.codegen import fixed_point
from engine.export.codegen.arithmetic import INT8_HIGH, INT8_LOW, quantized_multiplier, round_shift, scaled
from engine.export.codegen.net import Net, same_scale, scale_of, zero_of
from engine.export.codegen.parts import Place, Step
from engine.export.tflite_graph import Operator, Tensor
from engine.export.tflite_options import LeakyReluOptions

I64 = NDArray[np.int64]
F32 = np.float32

CODES: I64 = np.arange(-128, 128, dtype=np.int64)
SIGMOID_BITS = 4  # integer bits of the argument of LOGISTIC and TANH
LARGEST_FACTOR = 2.0**20  # between the scales of input and output
MOST_SLOPE = 1e3
HARD_SWISH_BITS = 7  # by which the input of HARD_SWISH is shifted up


def table(net: Net, operator: Operator, step: Step) -> None:
    """Any unary operator named in `TABLES`."""
    x, y = net.input(operator, 0), net.output(operator)
    if not 1 / LARGEST_FACTOR < scale_of(x) / scale_of(y) < LARGEST_FACTOR:
        raise net.refuse(operator, "the scales of its input and output lie too far apart", "export the model again")
    values = np.clip(TABLES[operator.name](net, operator, x, y), INT8_LOW, INT8_HIGH).astype(np.int8)
    step.may_overwrite = (x.index,)
    step.call("nn_lookup_s8", step.constant("table", values), Place(x.index), Place(y.index), str(y.elements))


def _requantized(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    return _rescaled(CODES - zero_of(x), scale_of(x) / scale_of(y)) + zero_of(y)


def _relu(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    return np.maximum(_rescaled(CODES - zero_of(x), _single_ratio(x, y)) + zero_of(y), zero_of(y))


def _relu6(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    if not same_scale(x, y):
        raise net.refuse(
            operator,
            "its input and output differ in scale, which TensorFlow Lite Micro ignores",
            "put the activation directly behind a convolution or dense layer",
        )
    six = zero_of(x) + math.floor(float(F32(6) / F32(scale_of(x))) + 0.5)
    return np.clip(CODES, zero_of(x), min(six, INT8_HIGH))


def _leaky_relu(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    assert isinstance(operator.options, LeakyReluOptions)
    if not abs(operator.options.alpha) <= MOST_SLOPE:
        raise net.refuse(operator, f"its slope is {operator.options.alpha:g}", "use a slope below 1")
    centred = CODES - zero_of(x)
    alpha = float(F32(scale_of(x)) * F32(operator.options.alpha) / F32(scale_of(y)))
    below = _rescaled(centred, alpha)
    return np.where(centred >= 0, _rescaled(centred, _single_ratio(x, y)), below) + zero_of(y)


def _logistic(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    if zero_of(y) != -128 or scale_of(y) != 1 / 256:
        raise net.refuse(operator, "its output has another scale than 1/256", "export the model as INT8")
    return _sigmoid(x, fixed_point.logistic, 23, -128)


def _tanh(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    if zero_of(y) != 0 or scale_of(y) != 1 / 128:
        raise net.refuse(operator, "its output has another scale than 1/128", "export the model as INT8")
    return _sigmoid(x, fixed_point.tanh, 24, 0)


def _sigmoid(x: Tensor, function: Callable[[I64, int], I64], shift_out: int, zero: int) -> I64:
    multiplier, shift = quantized_multiplier(scale_of(x) * (1 << (31 - SIGMOID_BITS)))
    radius = math.floor(((1 << SIGMOID_BITS) - 1) * 2.0 ** (31 - SIGMOID_BITS - shift))
    centred = CODES - zero_of(x)
    inside = np.abs(centred) < radius
    argument = scaled(np.where(inside, centred, 0), multiplier, shift)
    result = round_shift(function(argument, SIGMOID_BITS), shift_out) + zero
    return np.where(inside, result, np.where(centred < 0, INT8_LOW, INT8_HIGH))


def _hard_swish(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    """In 16 bits: the input on the output's scale, times a ReLU6-like share of it."""
    high_scale = F32(scale_of(x)) / F32(1 << HARD_SWISH_BITS)
    out_multiplier, out_shift = _multiplier_16(float(high_scale / F32(scale_of(y))))
    share_multiplier, share_shift = _multiplier_16(float(high_scale / F32(3.0 / 32768.0)))
    if out_shift > 0:
        raise net.refuse(
            operator, "the scale of its output is far below that of its input", "export the model again"
        )
    value = (CODES - zero_of(x)) << HARD_SWISH_BITS
    on_output = _high_mul_16(value, out_multiplier)
    share = _saturated_16(value << (share_shift - 1)) if share_shift > 0 else value
    share = _high_mul_16(share, share_multiplier)
    if share_shift > 0:
        share = _saturated_16(share << 1)
    elif share_shift < 0:
        share = round_shift(share, -share_shift)
    share = (share + (1 << 15)) >> 1
    product = np.sign(on_output) * ((share * np.abs(on_output)) >> 15)  # towards zero; share is never negative
    return round_shift(product, -out_shift) + zero_of(y)


def _elu(net: Net, operator: Operator, x: Tensor, y: Tensor) -> I64:
    real = F32(scale_of(x)) * (CODES - zero_of(x)).astype(F32)
    grown = np.where(real < 0, np.expm1(np.minimum(real, 0).astype(F32)), real).astype(F32)
    return _rounded(grown * (F32(1) / F32(scale_of(y)))) + zero_of(y)


def _rescaled(x: I64, real: float) -> I64:
    return scaled(x, *quantized_multiplier(real))


def _single_ratio(x: Tensor, y: Tensor) -> float:
    return float(F32(scale_of(x)) / F32(scale_of(y)))


def _multiplier_16(real: float) -> tuple[int, int]:
    multiplier, shift = quantized_multiplier(real)
    return min((multiplier + (1 << 15)) >> 16, 32767), shift


def _high_mul_16(a: I64, b: int) -> I64:
    return _saturated_16((a * b + (1 << 14)) >> 15)


def _saturated_16(x: I64) -> I64:
    return np.clip(x, -32768, 32767)


def _rounded(x: NDArray[np.float32]) -> I64:
    return (np.sign(x) * np.floor(np.abs(x) + F32(0.5))).astype(np.int64)


TABLES: Mapping[str, Callable[[Net, Operator, Tensor, Tensor], I64]] = {
    "QUANTIZE": _requantized,
    "RELU": _relu,
    "RELU6": _relu6,
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _logistic,
    "TANH": _tanh,
    "HARD_SWISH": _hard_swish,
    "ELU": _elu,
}
