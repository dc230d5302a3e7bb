"""A small configuration of every family, with as many of its features as fit."""

from __future__ import annotations

import numpy as np

from engine.config import Choice
from engine.models.build import build_model

SMALL = {
    "tcn": {
        "input_kernel": 5,
        "blocks": [
            {"filters": 8, "kernel": 5, "branch": 2, "se_ratio": 2, "ex_ratio": 2, "dropout": 0.1},
            {"filters": 8, "kernel": 5, "dilation": 2},
        ],
    },
    "unet": {"blocks": [{"filters": 6, "norm": "none"}, {"filters": 8, "separable": True}]},
    "unext": {"blocks": [{"filters": 6, "se_ratio": 2}, {"filters": 8}]},
    "efficientnetv2": {
        "blocks": [{"filters": 8, "depth": 2, "kernel_size": 5, "strides": 2, "ex_ratio": 2, "se_ratio": 2}]
    },
    "mobileone": {
        "blocks": [{"filters": 8, "kernel_size": 5}, {"filters": 12, "depth": 2, "strides": 2, "se_ratio": 2}]
    },
    "resnet": {"blocks": [{"filters": 8, "strides": 2}, {"filters": 12, "bottleneck": True}]},
    "conformer": {"input_filters": 8, "blocks": [{"filters": 8, "kernel_size": 5}]},
    "metaformer": {
        "blocks": [{"filters": 8}, {"filters": 8, "mixer": "conv"}, {"filters": 12, "mixer": "attention"}]
    },
    "tsmixer": {"blocks": [{"filters": 8}]},
}


def small(family, head="sample", *, length=61, channels=1, outputs=3, **changes):
    """The small model of a family."""
    choice = Choice(name=family, params=SMALL[family] | changes)
    return build_model(choice, length=length, channels=channels, outputs=outputs, head=head)


def shaken(model, seed=0):
    """The model with weights and statistics as unlike their start as training might make them."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        weights = []
        for variable, value in zip(layer.weights, layer.get_weights(), strict=True):
            if "variance" in variable.path:
                value = generator.uniform(0.5, 1.5, value.shape)
            elif "seed" not in variable.path:
                value = value + generator.normal(0, 0.2, value.shape)
            weights.append(value.astype(np.asarray(variable).dtype))
        layer.set_weights(weights)
    return model
