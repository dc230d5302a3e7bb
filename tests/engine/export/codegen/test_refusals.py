"""What cannot become C is refused by name, with the cure."""

from __future__ import annotations

import numpy as np
import pytest
from one_operator import OneOperator, T, constant, options

from engine.errors import ConfigError, EngineError
from engine.export.codegen import UnsupportedModelError, generate, generate_source

SHAPE = (1, 8, 4)


def one(name, inputs, outputs, kind=None, **values):
    return OneOperator(name, inputs, outputs, options(kind, **values) if kind else None).content()


REFUSED = {
    "an unknown operator": (one("GELU", [T(SHAPE)], [T(SHAPE)]), "GELU", "TensorFlow Lite Micro has no GELU"),
    "a recurrent layer": (one("UNIDIRECTIONAL_SEQUENCE_LSTM", [T(SHAPE)], [T(SHAPE)]), "LSTM", "unroll"),
    "an obscure operator": (one("COS", [T(SHAPE)], [T(SHAPE)]), "COS", "use layers made of"),
    "ReLU6 across scales": (
        one("RELU6", [T(SHAPE, 0.1)], [T(SHAPE, 0.2)]),
        "RELU6",
        "directly behind a convolution",
    ),
    "a float model": (
        one("RELU", [T(SHAPE, None, dtype="float32")], [T(SHAPE, None, dtype="float32")]),
        "float32 instead of int8",
        "INT8",
    ),
    "sixteen bits": (one("RELU", [T(SHAPE, dtype="int16")], [T(SHAPE, dtype="int16")]), "int16", "INT8"),
    "two inputs": (one("ADD", [T(SHAPE), T(SHAPE)], [T(SHAPE)], "AddOptions"), "more than one input", "one model"),
    "a tanh fused behind a sum": (
        one(
            "ADD",
            [T(SHAPE), T(SHAPE, data=np.zeros(SHAPE, np.int8))],
            [T(SHAPE)],
            "AddOptions",
            fusedActivationFunction=4,
        ),
        "fused activation TANH",
        "ReLU",
    ),
    "joining other scales": (
        one(
            "CONCATENATION",
            [T(SHAPE, 0.1), T(SHAPE, 0.3, data=np.zeros(SHAPE, np.int8))],
            [T((1, 8, 8), 0.1)],
            "ConcatenationOptions",
            axis=2,
        ),
        "differ in scale",
        "export",
    ),
    "scattered axes": (
        one(
            "MEAN",
            [T((1, 8, 4, 3)), constant(np.array([1, 3], np.int32))],
            [T((1, 4))],
            "ReducerOptions",
            keepDims=False,
        ),
        "not neighbours",
        "transpose",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_the_fault_and_the_cure(name):
    content, fault, cure = REFUSED[name]
    with pytest.raises(UnsupportedModelError) as refusal:
        generate_source(content, "net")
    assert fault in refusal.value.fault
    assert refusal.value.hint is not None and cure in refusal.value.hint


def test_a_refusal_names_the_file_and_writes_nothing(tmp_path):
    file, folder = tmp_path / "gelu.tflite", tmp_path / "out"
    file.write_bytes(REFUSED["an unknown operator"][0])
    folder.mkdir()
    with pytest.raises(UnsupportedModelError, match=r"gelu\.tflite"):
        generate(file, folder, "net")
    assert list(folder.iterdir()) == []


def test_names_targets_and_folders_are_checked(tmp_path):
    content = one("RELU", [T(SHAPE)], [T(SHAPE)])
    with pytest.raises(ConfigError):
        generate_source(content, "int")
    with pytest.raises(ConfigError, match="no target"):
        generate_source(content, "net", "avx")
    with pytest.raises(EngineError, match="no such folder"):
        generate(tmp_path / "m.tflite", tmp_path / "absent", "net")
    with pytest.raises(EngineError, match=r"m\.tflite"):
        generate(tmp_path / "m.tflite", tmp_path, "net")


def test_a_model_that_only_reshapes_copies(tmp_path):
    shape = constant(np.array([1, 32], np.int32))
    content = OneOperator("RESHAPE", [T(SHAPE), shape], [T((1, 32))]).content()
    assert "memcpy(output, input, 32)" in generate_source(content, "net").source
