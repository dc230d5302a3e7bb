"""Starting from another model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.jobs.events import Job


def start_from(model: Any, path: Path, job: Job) -> None:
    """Copy weights of a .keras file into `model` wherever a variable stands at the same place in the same shape.

    Layers are matched in order, so that a backbone keeps its weights when only the head differs; what is left
    fresh is told. Raises EngineError when the file cannot be read or nothing fits.
    """
    from engine.models.files import load_model_safely

    source = load_model_safely(path)
    theirs = [layer for layer in source.layers if layer.weights]
    mine = [layer for layer in model.layers if layer.weights]
    fresh = []
    for number, layer in enumerate(mine):
        same = (
            number < len(theirs)
            and type(theirs[number]) is type(layer)
            and [tuple(w.shape) for w in theirs[number].weights] == [tuple(w.shape) for w in layer.weights]
        )
        if same:
            layer.set_weights(theirs[number].get_weights())
        else:
            fresh.append(layer.name)
    if len(fresh) == len(mine):
        raise EngineError(
            "none of its weights fit the configured model",
            path=path,
            hint="use a model of the same family and size",
        )
    job.message(f"started from {path.name}" + (f"; fresh: {', '.join(fresh)}" if fresh else ""))
