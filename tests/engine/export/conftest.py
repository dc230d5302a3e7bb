"""One tiny dilated network, saved once; and the one full export that the tests of a folder share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LENGTH, CLASSES = 64, 3


@dataclass(frozen=True)
class Trained:
    """A .keras file, windows that suit it, and what it says of them."""

    path: Path
    windows: np.ndarray


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    keras.utils.set_random_seed(1)
    x = keras.Input((LENGTH, 1), name="x")
    y = keras.layers.Reshape((1, LENGTH, 1))(x)
    for dilation in (1, 4):
        y = keras.layers.Conv2D(4, (1, 5), padding="same", dilation_rate=(1, dilation), use_bias=False)(y)
        y = keras.layers.ReLU(6)(keras.layers.BatchNormalization()(y))
    y = keras.layers.Reshape((LENGTH, CLASSES))(keras.layers.Conv2D(CLASSES, 1)(y))
    path = tmp_path_factory.mktemp("trained") / "model.keras"
    keras.Model(x, y).save(path)
    windows = np.random.default_rng(2).normal(0, 1.5, (32, LENGTH, 1)).astype(np.float32)
    return Trained(path, windows)
