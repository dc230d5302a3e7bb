"""The shipped models, and a small one of every family, as C compute TensorFlow Lite Micro's very bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from codegen_oracle import all_sanitized, inputs, micro

from engine.export.codegen import generate
from engine.runtime.zoo import zoo_folder, zoo_names

# The small models of tests/engine/models, with weights as unlike their start as training makes them.
FAMILIES = sorted((Path(__file__).parents[3] / "data" / "families").glob("*.tflite"))
WINDOWS = 6  # benchmarks/codegen.py compares 300


FILES = {name: zoo_folder(name) / "model.tflite" for name in zoo_names()} | {file.stem: file for file in FAMILIES}


@pytest.fixture(scope="module")
def models(kernels, tmp_path_factory):
    contents = {name: file.read_bytes() for name, file in FILES.items()}
    return all_sanitized(contents, tmp_path_factory.mktemp("models"), kernels)


@pytest.mark.parametrize("name", FILES)
def test_generated_c_equals_tflm_on_every_byte(name, models):
    content, model = FILES[name].read_bytes(), models[name]
    x = inputs(model.report.input_bytes, WINDOWS)
    np.testing.assert_array_equal(model(x), micro(content, x, model.report.input.shape))


@pytest.mark.parametrize("name", zoo_names())
def test_every_layer_rounds_the_short_way_and_the_arena_is_modest(name, tmp_path):
    report = generate(zoo_folder(name) / "model.tflite", tmp_path, "net", "mve")
    assert report.exact_layers == ()
    assert report.arena_bytes <= 36_000
    assert report.source.is_file() and report.header.is_file()
    assert "-mcpu=cortex-m55" in report.compile_flags
