"""Cost and reach of models."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import small

from engine.errors import ConfigError
from engine.models.counts import count

keras = pytest.importorskip("keras")


def all_paths_open(model):
    """Weights by which every input sample that can matter does."""
    for layer in model.layers:
        if type(layer).__name__ != "BatchNormalization":
            layer.set_weights([np.full_like(w, 0.05) for w in layer.get_weights()])
    return model


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("tcn", {"se_scope": "none"}),
        ("tcn", {"se_scope": "none", "causal": True}),
        ("tcn", {"se_scope": "none", "stem_stride": 4}),
        ("unet", {}),
        ("unet", {"causal": True}),
        ("resnet", {}),
        ("efficientnetv2", {"se_scope": "none"}),
    ],
)
@pytest.mark.parametrize("length", [160, 157])
def test_the_receptive_field_is_what_an_output_really_sees(family, changes, length):
    model = all_paths_open(small(family, length=length, outputs=1, **changes))
    counts = count(model)
    x = np.full((length, length, 1), 0.5, np.float32)  # as many as `raised`: rounding depends on the batch
    raised = x + 0.5 * np.eye(length, dtype=np.float32)[..., None]
    effect = np.abs(np.asarray(model(raised)) - np.asarray(model(x)))[..., 0] > 0  # [changed sample, output]
    seen = [np.flatnonzero(effect[:, t]) for t in range(length)]
    inner = range(length // 2, length // 2 + 16)  # a whole period of any stride
    assert max(seen[t][-1] - t for t in inner) == counts.look_ahead
    assert max(seen[t][-1] - seen[t][0] + 1 for t in inner) == counts.receptive_field


def test_whole_window_context_has_no_finite_receptive_field():
    assert count(small("tcn")).receptive_field is None
    assert count(small("resnet", "window")).receptive_field is None
    assert count(small("conformer")).receptive_field is None
    assert "whole window" in count(small("tsmixer")).table()


def test_macs_of_attention_and_transposed_convolution_by_hand():
    x = keras.Input((10, 8))
    attention = keras.Model(x, keras.layers.MultiHeadAttention(2, 4)(x, x))
    assert count(attention).macs == 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8
    x = keras.Input((1, 10, 8))
    rising = keras.Model(x, keras.layers.Conv2DTranspose(3, (1, 4), strides=(1, 2), padding="same")(x))
    assert count(rising).macs == 10 * 4 * 8 * 3


def test_the_table_names_layers_and_sums():
    counts = count(small("resnet"))
    last = counts.table().splitlines()[-2].split()
    assert last == ["sum", f"{counts.params:,}", f"{counts.macs:,}"]
    assert sum(layer.macs for layer in counts.layers) == counts.macs


def test_a_model_with_shared_layers_is_refused():
    x = keras.Input((4,))
    twice = keras.layers.Dense(4)
    with pytest.raises(ConfigError, match='"sharing" uses a layer more than once'):
        count(keras.Model(x, twice(twice(x)), name="sharing"))
