"""Damaged and hostile models are refused in a sentence: generated C trusts what the generator checked."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from one_operator import OneOperator, T, constant, options
from operator_cases import cases

from engine.errors import EngineError
from engine.export.codegen import generate_source
from engine.runtime.zoo import zoo_folder

CONTENTS = [make().content() for _, make in cases()]
MUTATIONS = 12


@pytest.mark.filterwarnings("error")
def test_changed_bytes_give_c_or_an_engine_error():
    rng = np.random.default_rng(20)
    zoo = (zoo_folder("seg-2") / "model.tflite").read_bytes()
    for content in [*CONTENTS, *[zoo] * 10]:
        for _ in range(MUTATIONS):
            damaged = bytearray(content)
            for place in rng.integers(0, len(content), rng.integers(1, 4)):
                damaged[place] = rng.choice([0, 1, 2, 3, 5, 127, 128, 255])
            with contextlib.suppress(EngineError):
                generate_source(bytes(damaged), "net")


def resized(name, x, y, kind, extra=(), **values):
    return OneOperator(name, [T(x), *extra], [T(y)], options(kind, **values), version=2).content()


I32 = np.int32
KERNEL = constant(np.ones((4, 1, 3, 2), np.int8), 0.1)
WINDOW = {"filterWidth": 2, "filterHeight": 1, "strideW": 2, "strideH": 1, "padding": 0}
CONV = {"strideW": 1, "strideH": 1, "padding": 0}
MISFITS = {
    "a convolution longer than its input": resized(
        "CONV_2D", (1, 1, 8, 2), (1, 1, 9, 4), "Conv2DOptions", [KERNEL], **CONV
    ),
    "a convolution of other channels": resized(
        "CONV_2D", (1, 1, 8, 3), (1, 1, 8, 4), "Conv2DOptions", [KERNEL], **CONV
    ),
    "two windows at a time": resized("CONV_2D", (2, 1, 8, 2), (2, 1, 8, 4), "Conv2DOptions", [KERNEL], **CONV),
    "a pool beyond its input": resized("MAX_POOL_2D", (1, 1, 8, 2), (1, 1, 40, 2), "Pool2DOptions", **WINDOW),
    "a sum of other lengths": resized(
        "ADD", (1, 8), (1, 9), "AddOptions", [T((1, 8), data=np.zeros((1, 8), np.int8))]
    ),
    "a slice beyond its input": resized(
        "SLICE", (1, 8), (1, 4), "SliceOptions", [constant(I32([0, 6])), constant(I32([1, 4]))]
    ),
    "an index beyond its axis": resized("GATHER", (1, 8), (1, 1), "GatherOptions", [constant(I32([8]))], axis=1),
    "a longer table": resized("QUANTIZE", (1, 8), (1, 9), "QuantizeOptions"),
    "a larger view": resized("RESHAPE", (1, 8), (1, 9), "ReshapeOptions", [constant(I32([1, 9]))]),
    "a false transpose": resized("TRANSPOSE", (2, 3), (2, 3), "TransposeOptions", [constant(I32([1, 0]))]),
}


@pytest.mark.parametrize("name", MISFITS)
def test_sizes_that_do_not_fit_are_refused(name):
    with pytest.raises(EngineError, match="do not fit each other"):
        generate_source(MISFITS[name], "net")


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
def test_scales_of_no_signal_are_refused(scale):
    content = OneOperator("RELU", [T((1, 8), 0.1)], [T((1, 8), scale)]).content()
    with pytest.raises(EngineError, match="a scale is"):
        generate_source(content, "net")


def test_an_operator_may_not_write_what_is_given():
    model = OneOperator("RELU", [T((1, 8))], [T((1, 8), data=np.zeros((1, 8), np.int8))])
    with pytest.raises(EngineError, match="writes a constant"):
        generate_source(model.content(), "net")
