"""Families from parameters: published sizes, heads, refusals, causality."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from small_models import SMALL, small

from engine.config import Choice
from engine.errors import ConfigError
from engine.models.build import build_model, check_model, model_names
from engine.models.counts import count


def tcn(kernel, *blocks):
    """HeartKit's TCN: blocks of (filters, depth, dilation, squeeze-excite ratio)."""
    return "tcn", {
        "input_kernel": [1, kernel],
        "output_kernel": [1, kernel],
        "blocks": [
            {"filters": f, "depth": n, "kernel": [1, kernel], "dilation": d, "se_ratio": s} for f, n, d, s in blocks
        ],
    }


def efficientnet(stem, ratio, *blocks, **more):
    """HeartKit's EfficientNetV2: blocks of (filters, depth)."""
    return "efficientnetv2", more | {
        "input_filters": stem,
        "input_kernel_size": [1, 9],
        "input_strides": [1, 2],
        "blocks": [
            {"filters": f, "depth": n, "kernel_size": [1, 9], "strides": [1, 2], "se_ratio": ratio}
            for f, n in blocks
        ],
    }


# Model, window, outputs, parameters, MFLOP: what HeartKit's published configurations come to by layer arithmetic.
PUBLISHED = {
    "SEG-2": (tcn(7, (4, 1, 1, 0), (8, 1, 2, 2), (12, 1, 4, 2), (16, 1, 8, 2)), 256, 2, 1256, 0.374),
    "SEG-4-SM": (tcn(7, (16, 1, 1, 0), (24, 1, 2, 2), (32, 1, 4, 2), (48, 1, 8, 2)), 256, 4, 7310, 2.342),
    "SEG-4-LG": (tcn(7, (16, 2, 1, 0), (24, 1, 2, 4), (32, 2, 4, 4), (64, 1, 8, 4)), 256, 4, 9940, 3.660),
    "SEG-PPG-2": (
        tcn(9, (8, 1, 1, 0), (12, 1, 1, 2), (16, 1, 2, 2), (24, 1, 4, 2), (32, 1, 8, 2)), 256, 2, 4330, 1.324,
    ),
    "DEN-SM": (tcn(7, (8, 1, 1, 0), (16, 1, 1, 2), (24, 1, 2, 2), (32, 1, 4, 2)), 256, 1, 3351, 0.955),
    "DEN-LG": (
        tcn(7, (16, 1, 1, 0), (24, 1, 1, 2), (32, 1, 2, 2), (40, 1, 4, 2), (48, 1, 8, 2)), 256, 1, 10223, 2.824,
    ),
    "DEN-PPG-SM": (tcn(9, (8, 1, 1, 0), (16, 1, 2, 2), (24, 1, 4, 2), (32, 1, 8, 2)), 256, 1, 3515, 1.039),
    "ARR-2-SM": (efficientnet(16, 2, (24, 2), (32, 2), (40, 2), (48, 1)), 512, 2, 18490, 1.112),
    "ARR-4-SM": (efficientnet(16, 4, (24, 1), (32, 1), (64, 1), (72, 1), (128, 1)), 800, 4, 27560, 1.459),
    "ARR-4-LG": (efficientnet(24, 4, (32, 2), (48, 2), (64, 2), (80, 2), (96, 2)), 800, 4, 71290, 4.214),
    "BC-2-SM": (efficientnet(24, 2, (32, 2), (40, 2), (48, 2), (64, 1)), 512, 2, 27886, 1.733),
    "BC-3-SM": (efficientnet(24, 4, (32, 2), (48, 2), (56, 1), (64, 1), (72, 1), (96, 1)), 512, 3, 41001, 1.927),
    "FND-SM": (
        efficientnet(24, 4, (32, 1), (48, 1), (64, 1), (80, 1), (96, 1), output_filters=128),
        800, 128, 43302, 2.352,
    ),
    "FND-LG": (efficientnet(24, 4, (32, 1), (48, 2), (64, 1), (96, 2), (128, 1)), 800, 128, 57870, 3.276),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configurations_have_their_published_size_and_cost(name):
    pytest.importorskip("keras")
    (family, params), length, outputs, n_params, mflop = PUBLISHED[name]
    head = "embedding" if name.startswith("FND") else "sample" if family == "tcn" else "window"
    choice = Choice(name=family, params=params)
    counts = count(build_model(choice, length=length, channels=1, outputs=outputs, head=head))
    assert counts.params == n_params
    assert round(counts.flops / 1e6, 3) == mflop


@pytest.mark.parametrize("family", SMALL)
def test_every_family_answers_per_window_per_sample_and_with_an_embedding(family):
    pytest.importorskip("keras")
    x = np.random.default_rng(0).normal(size=(2, 61, 2)).astype(np.float32)
    for head, outputs, shape in (("window", 3, (2, 3)), ("sample", 4, (2, 61, 4)), ("embedding", 16, (2, 16))):
        model = small(family, head, channels=2, outputs=outputs)
        y = np.asarray(model(x))
        assert y.shape == shape and np.isfinite(y).all() and np.abs(y[0] - y[1]).max() > 0
        assert count(model).params == model.count_params()


@pytest.mark.parametrize("family", ["tcn", "unet", "resnet"])
def test_causal_models_never_look_ahead(family):
    pytest.importorskip("keras")
    changes = {"causal": True, "se_scope": "none"} | ({"stem_stride": 2} if family == "tcn" else {})
    model = small(family, length=64, **changes)
    assert count(model).look_ahead == 0
    x = np.random.default_rng(1).normal(size=(1, 64, 1)).astype(np.float32)
    before = np.asarray(model(x))
    changed = x.copy()
    changed[:, 33:] += 3
    after = np.asarray(model(changed))
    np.testing.assert_allclose(after[:, :33], before[:, :33], atol=1e-6)
    assert np.abs(after[:, 33:] - before[:, 33:]).max() > 1e-3


def test_wrong_names_are_refused_with_the_nearest():
    with pytest.raises(ConfigError, match='did you mean "tcn"'):
        check_model(Choice(name="tcm"))
    with pytest.raises(ConfigError, match=r'"blocks.0.filter"; did you mean "filters"\? Known here: branch, depth'):
        check_model(Choice(name="tcn", params={"blocks": [{"filter": 8}]}))
    with pytest.raises(ConfigError, match="output_kernel: input should be greater than"):
        check_model(Choice(name="unet", params={"blocks": [{"filters": 8}], "output_kernel": 0}))


def test_a_causal_model_with_whole_window_context_is_refused():
    blocks = [{"filters": 8, "se_ratio": 2}]
    with pytest.raises(ConfigError, match='se_scope to "none"'):
        check_model(Choice(name="tcn", params={"causal": True, "blocks": blocks}))
    check_model(Choice(name="tcn", params={"causal": True, "blocks": blocks, "se_scope": "none"}))


def test_names_and_checks_need_no_deep_learning_library():
    code = (
        "import sys; from engine.config import Choice; from engine.models.build import check_model, model_names;"
        "check_model(Choice(name='tcn', params={'blocks': [{'filters': 8}]}));"
        "sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(SMALL) <= set(model_names())
