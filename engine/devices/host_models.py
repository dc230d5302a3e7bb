"""The host's own copy of a model on a board: the same .tflite of the zoo, compiled where there is a compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.devices.board_input import InputRule, input_rule
from engine.devices.protocol import ModelInfo
from engine.errors import EngineError
from engine.runtime.model import read_card

I8 = NDArray[np.int8]


class Runnable(Protocol):
    """What runs int8 windows [n, ...]."""

    def run_quantized(self, x: I8) -> I8:
        """Outputs [n, ...]."""


@dataclass(frozen=True)
class HostModel:
    """A model and how a board prepares its input. `is_exact`: its arithmetic is that of the board."""

    rule: InputRule
    input_shape: tuple[int, ...]
    is_exact: bool
    why_not_exact: str
    _model: Runnable

    def run(self, x: I8) -> I8:
        """Output tensor, flat, of an input tensor [length]."""
        return np.asarray(self._model.run_quantized(x.reshape(1, *self.input_shape)), np.int8).reshape(-1)


def open_host_model(model: ModelInfo, uv_per_code: float) -> HostModel:
    """The host's copy. Raises EngineError when there is none, or when boards cannot feed it from samples."""
    from engine.runtime.compiled import CompiledModel
    from engine.runtime.quantized import TfliteModel

    card = read_card(model.name)
    if model.sha256 and not card.sha256.startswith(model.sha256.lower()):
        raise EngineError(f"the board's {model.name} is not the one this program holds", hint="update its firmware")
    rule = input_rule(card, model.input_scale, model.input_zero, uv_per_code=uv_per_code)
    try:
        compiled = CompiledModel.open(card.path)
        return HostModel(rule, compiled.input_shape[1:], True, "", compiled)
    except EngineError as error:
        fault = f"{error.fault} ({error.hint})" if error.hint else error.fault
    interpreter = TfliteModel(card.path)
    return HostModel(rule, interpreter.input_shape[1:], False, fault, interpreter)
