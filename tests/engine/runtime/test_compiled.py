"""A model as compiled C on this computer."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from engine.errors import EngineError
from engine.export.codegen import UnsupportedModelError
from engine.runtime import compiled
from engine.runtime.compiled import CompiledModel
from engine.runtime.model import Model
from engine.runtime.quantized import TfliteModel
from engine.runtime.zoo import zoo_folder

FILE = zoo_folder("seg-2") / "model.tflite"

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, compiled.COMPILERS)), reason="no C compiler is installed"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("cache") / "compiled"


@pytest.fixture
def cache(place, monkeypatch):
    monkeypatch.setattr(compiled, "default_cache_dir", lambda: place)
    return place


@needs_compiler
def test_it_answers_as_the_interpreter_within_its_steps(cache):
    model, interpreter = CompiledModel.open(FILE), TfliteModel(FILE)
    assert (model.input_shape, model.output_shape) == (interpreter.input_shape, interpreter.output_shape)
    x = np.random.default_rng(0).normal(0, 1, (8, *model.input_shape[1:])).astype(np.float32)
    np.testing.assert_array_equal(model.quantize(x), interpreter.quantize(x))
    ours, theirs = model.run(x), interpreter.run(x)
    assert (ours.argmax(-1) == theirs.argmax(-1)).mean() > 0.97
    np.testing.assert_array_equal(model.run(x), ours)


@needs_compiler
def test_it_is_built_once(cache, monkeypatch):
    CompiledModel.open(FILE)
    built = [path for path in cache.iterdir() if path.suffix]
    monkeypatch.setattr(compiled, "_build", lambda *_: pytest.fail("built again"))
    CompiledModel.open(FILE.read_bytes())
    assert list(cache.iterdir()) == built and len(built) == 1


def test_the_cache_keeps_the_newest(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "KEPT", 2)
    for k in range(4):
        file = tmp_path / f"{k}{compiled.SUFFIX}"
        file.touch()
        os.utime(file, (k, k))
    compiled._prune(tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["2", "3"]


@needs_compiler
def test_a_zoo_model_runs_through_it(cache):
    windows = np.random.default_rng(1).normal(0, 0.5, (3, 256, 1))
    probabilities = Model.open("seg-2", runtime="compiled").predict(windows)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)


@needs_compiler
def test_inputs_of_another_shape_or_type_are_refused(cache):
    model = CompiledModel.open(FILE)
    with pytest.raises(EngineError, match="takes windows of shape"):
        model.run_quantized(np.zeros((1, 3, 1), np.int8))
    with pytest.raises(EngineError, match="takes int8"):
        model.run_quantized(np.zeros((1, 256, 1), np.float32))


def test_without_a_compiler_the_cure_is_said(cache, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EngineError, match=r"^no C compiler") as error:
        CompiledModel.open(FILE)
    assert "gcc or clang" in str(error.value)
    monkeypatch.setenv("CC", "nowhere-cc -m64")
    with pytest.raises(EngineError, match='"nowhere-cc" named by CC'):
        CompiledModel.open(FILE)


@needs_compiler
def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(compiled, "default_cache_dir", lambda: tmp_path / "file" / "compiled")
    with pytest.raises(EngineError, match="cannot be kept in"):
        CompiledModel.open(FILE)


def test_a_compiler_that_fails_is_quoted(cache, monkeypatch):
    monkeypatch.setenv("CC", "false")
    if shutil.which("false") is None:
        pytest.skip("no program false")
    before = set(cache.iterdir()) if cache.is_dir() else set()
    with pytest.raises(EngineError, match="C compiler false failed"):
        CompiledModel.open(FILE)
    assert set(cache.iterdir()) == before


def test_models_that_cannot_become_c_name_the_file(cache, tmp_path):
    with pytest.raises(EngineError, match=r"absent\.tflite"):
        CompiledModel.open(tmp_path / "absent.tflite")
    with pytest.raises(EngineError):
        CompiledModel.open(b"TFL3")
    assert issubclass(UnsupportedModelError, EngineError)
