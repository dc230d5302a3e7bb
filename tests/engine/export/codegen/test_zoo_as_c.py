"""The shipped models as C compute TensorFlow Lite Micro's very bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from codegen_oracle import inputs, micro, sanitized

from engine.export.codegen import generate
from engine.runtime.zoo import zoo_folder, zoo_names

# The small models of tests/engine/models, with weights as unlike their start as training makes them.
FAMILIES = sorted((Path(__file__).parents[3] / "data" / "families").glob("*.tflite"))
WINDOWS = 6  # benchmarks/codegen.py compares 300


@pytest.mark.parametrize("name", zoo_names())
def test_generated_c_equals_tflm_on_every_byte(name, kernels, tmp_path):
    content = (zoo_folder(name) / "model.tflite").read_bytes()
    model = sanitized(content, tmp_path, kernels)
    x = inputs(model.report.input_bytes, WINDOWS)
    np.testing.assert_array_equal(model(x), micro(content, x, model.report.input.shape))


@pytest.mark.parametrize("name", zoo_names())
def test_every_layer_rounds_the_short_way_and_the_arena_is_modest(name, tmp_path):
    report = generate(zoo_folder(name) / "model.tflite", tmp_path, "net", "mve")
    assert report.exact_layers == ()
    assert report.arena_bytes <= 36_000
    assert report.source.is_file() and report.header.is_file()
    assert "-mcpu=cortex-m55" in report.compile_flags


@pytest.mark.parametrize("file", FAMILIES, ids=lambda file: file.stem)
def test_a_small_model_of_every_family_equals_tflm(file, kernels, tmp_path):
    content = file.read_bytes()
    model = sanitized(content, tmp_path, kernels)
    x = inputs(model.report.input_bytes, WINDOWS)
    np.testing.assert_array_equal(model(x), micro(content, x, model.report.input.shape))
