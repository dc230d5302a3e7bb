"""Which package runs a model, and what is said when none does.

dense_2x4.tflite is x @ [[1,0],[0,2],[3,0],[0,4]] + [.5,-.5]."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.runtime.interpreter import open_interpreter

MODEL = Path(__file__).parents[2] / "data" / "dense_2x4.tflite"


def run(interpreter: object, x: list[float]) -> list[float]:
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.set_tensor(source["index"], np.array([x], np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(sink["index"])[0].tolist()


@pytest.mark.parametrize("model", [MODEL, MODEL.read_bytes()])
def test_a_model_runs_from_path_and_from_content(model):
    assert run(open_interpreter(model), [1, 2, 3, 4]) == pytest.approx([10.5, 19.5])


def test_tflite_runtime_serves_where_only_it_is_installed(monkeypatch):
    import ai_edge_litert.interpreter as litert

    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    package = types.ModuleType("tflite_runtime.interpreter")
    package.Interpreter = litert.Interpreter
    monkeypatch.setitem(sys.modules, "tflite_runtime", types.ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", package)
    assert run(open_interpreter(MODEL), [0, 0, 0, 1]) == pytest.approx([0.5, 3.5])


def test_a_package_that_imports_and_then_fails_is_named(monkeypatch):
    def broken(**_):
        raise SystemError("compiled for NumPy 1.x")

    package = types.ModuleType("tflite_runtime.interpreter")
    package.Interpreter = broken
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", types.ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", package)
    with pytest.raises(EngineError, match="ai_edge_litert is not installed; tflite_runtime: compiled for NumPy 1"):
        open_interpreter(MODEL)


def test_a_missing_and_a_damaged_model_are_said_in_one_sentence(tmp_path):
    with pytest.raises(EngineError, match=r"^gone.tflite: no such model file$"):
        open_interpreter(tmp_path / "gone.tflite")
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"not a model")
    with pytest.raises(EngineError, match=r"^bad.tflite: the model cannot be run"):
        open_interpreter(bad)


def test_what_the_fast_kernels_refuse_runs_with_the_plain_ones(monkeypatch):
    import ai_edge_litert.interpreter as litert

    class Refusing(litert.Interpreter):
        def allocate_tensors(self):
            if not self.plain:
                raise RuntimeError("failed to create XNNPACK runtime")
            super().allocate_tensors()

        def __init__(self, **options):
            self.plain = "experimental_op_resolver_type" in options
            super().__init__(**options)

    monkeypatch.setattr(litert, "Interpreter", Refusing)
    assert run(open_interpreter(MODEL), [0, 0, 0, 1]) == pytest.approx([0.5, 3.5])
