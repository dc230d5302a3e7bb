"""Reading .keras files."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from small_models import small

from engine.errors import EngineError
from engine.models.files import load_model_safely

keras = pytest.importorskip("keras")


@pytest.mark.parametrize("family", ["mobileone", "conformer"])
def test_models_come_back_from_their_file(family, tmp_path):
    model = small(family)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 61, 1)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(load_model_safely(tmp_path / "model.keras")(x)), np.asarray(model(x)))


def test_other_formats_and_missing_files_are_named(tmp_path):
    with pytest.raises(EngineError, match=r"model.h5: is not a .keras file \(.h5\)"):
        load_model_safely(tmp_path / "model.h5")
    with pytest.raises(EngineError, match=r"model.keras: does not exist"):
        load_model_safely(tmp_path / "model.keras")


@pytest.mark.parametrize("damage", ["text", "cut", "no weights", "no configuration", "wrong configuration"])
def test_damaged_files_are_refused_in_a_sentence(damage, tmp_path):
    path = tmp_path / "model.keras"
    small("resnet").save(path)
    if damage == "text":
        path.write_text("not an archive")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    else:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        if damage == "wrong configuration":
            parts["config.json"] = b'{"class_name": "Functional", "module": "keras", "config": 3}'
        else:
            del parts["model.weights.h5" if damage == "no weights" else "config.json"]
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
    with pytest.raises(EngineError, match=r"model.keras: (is damaged|holds no model)"):
        load_model_safely(path)


def test_code_inside_a_file_is_never_run(tmp_path):
    x = keras.Input((4,))
    path = tmp_path / "model.keras"
    keras.Model(x, keras.layers.Lambda(lambda y: y + 1)(x)).save(path)
    with pytest.raises(EngineError, match=r"brings code of its own \(Lambda\)"):
        load_model_safely(path)


def test_layers_of_other_modules_are_refused(tmp_path):
    path = tmp_path / "model.keras"
    config = {"class_name": "Functional", "module": "keras", "config": {"layers": []}}
    config["config"]["layers"] = [{"class_name": "Popen", "module": "subprocess", "config": {}}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    with pytest.raises(EngineError, match='"Popen" of module "subprocess"'):
        load_model_safely(path)
