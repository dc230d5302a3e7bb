"""Instructions an inference takes on an emulated processor.

Counting holds the emulated clock to the instructions, not to the time of day, so that a board which counts cannot
stream: a second one is started for it and runs each model once.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.devices.board_inference import InferenceBoard
from engine.devices.virtual import start
from engine.errors import EngineError

COUNTING_BOARDS = ("an386", "an547")


def count_instructions(board: str, models: Iterable[str]) -> dict[str, int]:
    """Instructions by model name; without those the board does not hold, empty for boards that cannot count."""
    if board not in COUNTING_BOARDS:
        return {}
    counted = {}
    try:
        with start(board, fallback=False, count_instructions=True) as virtual, InferenceBoard(virtual.url) as bench:
            held = {model.name: model for model in bench.info.models}
            for name in models:
                if name in held:
                    model = held[name]
                    run = bench.infer(model, np.full(model.input_shape, model.input_zero, np.int8))
                    counted[name] = run.instructions
    except EngineError:
        return {}
    return {name: count for name, count in counted.items() if count}
