"""Keras models by family name and parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.config import Choice, Part, unknown
from engine.errors import ConfigError
from engine.models import (
    centred,
    conformer,
    efficientnetv2,
    ladder,
    metaformer,
    mobileone,
    resnet,
    separable,
    tcn,
    tsmixer,
    unet,
    unext,
)
from engine.models.layers import Head, HeadKind
from engine.models.params import parse_params


@dataclass(frozen=True)
class Family:
    """One kind of network: its parameters and what puts it on an input tensor [n, 1, time, channels]."""

    name: str
    summary: str
    params: type[Part]
    build: Callable[[Any, Any, Head], Any]


_FAMILIES: dict[str, Family] = {}


def register_model(family: Family) -> None:
    """Make a family known under its name. Raises ConfigError if the name is taken."""
    if family.name in _FAMILIES:
        raise ConfigError(f'a model called "{family.name}" is registered already')
    _FAMILIES[family.name] = family


for _known in (
    Family("tcn", "dilated convolutions at full rate", tcn.TcnParams, tcn.build),
    Family("unet", "encoder and decoder with skip connections", unet.UNetParams, unet.build),
    Family("ladder", "falling and rising rate, most work at the lowest", ladder.LadderParams, ladder.build),
    Family("unext", "U-Net of wide depthwise blocks", unext.UNextParams, unext.build),
    Family(
        "efficientnetv2", "mobile blocks at falling rate", efficientnetv2.EfficientNetParams, efficientnetv2.build
    ),
    Family("mobileone", "parallel branches merged at export", mobileone.MobileOneParams, mobileone.build),
    Family("resnet", "residual blocks at falling rate", resnet.ResNetParams, resnet.build),
    Family("separable", "separable residual blocks for long windows", separable.SeparableParams, separable.build),
    Family(
        "centred", "residual blocks that keep places, for centred windows", centred.CentredParams, centred.build
    ),
    Family("conformer", "attention between convolutions", conformer.ConformerParams, conformer.build),
    Family("metaformer", "pooling, filters or attention in turn", metaformer.MetaFormerParams, metaformer.build),
    Family("tsmixer", "dense mixing of time and channels", tsmixer.TsMixerParams, tsmixer.build),
):
    register_model(_known)


def model_names() -> tuple[str, ...]:
    """Known families, sorted."""
    return tuple(sorted(_FAMILIES))


def model_summary(name: str) -> str:
    """One line about a family for people. Raises ConfigError for an unknown name."""
    return _family(name).summary


def check_model(choice: Choice) -> Part:
    """The checked parameters of a choice, without importing Keras. Raises ConfigError naming fault and cure."""
    return parse_params(_family(choice.name).params, choice.name, choice.params)


def build_model(choice: Choice, *, length: int, channels: int, outputs: int, head: HeadKind) -> Any:
    """A fresh keras.Model: float32 [n, length, channels], already preprocessed, to logits or values.

    Outputs are [n, outputs] for the heads "window" and "embedding", [n, length, outputs] for "sample".
    Raises ConfigError for an unknown family or parameter and for sizes that do not fit together.
    """
    params = check_model(choice)
    family = _family(choice.name)
    import keras

    inputs = keras.Input((length, channels), name="x")
    x = keras.layers.Reshape((1, length, channels))(inputs)
    try:
        y = family.build(params, x, Head(head, outputs, length))
    except ValueError as error:  # Keras: a kernel or stride longer than what is left of the window
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f'model "{choice.name}" does not fit a window of {length} samples: {first}') from None
    return keras.Model(inputs, y, name=choice.name)


def _family(name: str) -> Family:
    if name not in _FAMILIES:
        raise unknown("model", name, list(_FAMILIES))
    return _FAMILIES[name]
