"""Each operator by itself, in every variety, against TensorFlow Lite Micro."""

from __future__ import annotations

import numpy as np
import pytest
from codegen_oracle import all_sanitized, inputs, micro
from one_operator import OneOperator, T, options
from operator_cases import ALL, cases

from engine.export.codegen import SUPPORTED, generate_source
from engine.export.codegen.lower_table import TABLES

CASES = {name: make() for name, make in cases()}
CONTENTS = {name: model.content() for name, model in CASES.items()}
WINDOWS = 9


@pytest.fixture(scope="module")
def models(kernels, tmp_path_factory):
    return all_sanitized(CONTENTS, tmp_path_factory.mktemp("operators"), kernels)


@pytest.mark.parametrize("name", CASES)
def test_an_operator_equals_tflm(name, models):
    content, model = CONTENTS[name], models[name]
    size = model.report.input_bytes
    x = np.repeat(ALL[:, None], size, axis=1) if size == 256 else inputs(size, WINDOWS)
    np.testing.assert_array_equal(model(x), micro(content, x, model.report.input.shape))


KINDS = {"LEAKY_RELU": ("LeakyReluOptions", {"alpha": 0.2}), "HARD_SWISH": ("HardSwishOptions", {})}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("seed", range(4))
def test_a_table_equals_tflm_at_every_code(name, seed):
    rng = np.random.default_rng(seed)
    kind, values = KINDS.get(name, ("QuantizeOptions", {}))
    ends = [(float(np.exp(rng.uniform(-6, 0))), int(rng.integers(-128, 128))) for _ in range(2)]
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0), "RELU6": ends[0]}
    x, y = T((1, 256), *ends[0]), T((1, 256), *fixed.get(name, ends[1]))
    given = options(kind, **values) if name in (*KINDS, "QUANTIZE") else None
    content = OneOperator(name, [x], [y], given, version=2).content()
    made = generate_source(content, "net").source
    start = made.index("{", made.index("table_0["))
    table = [
        int(code) for code in made[start + 1 : made.index("}", start)].replace("\n", "").split(",") if code.strip()
    ]
    np.testing.assert_array_equal(table, micro(content, ALL[None], (1, 256))[0])


def test_every_supported_operator_is_proven_here():
    shown = {model.name for model in CASES.values()} | set(TABLES)
    assert set(SUPPORTED) - shown == {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
