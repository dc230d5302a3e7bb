"""The state from which an interrupted run goes on exactly as if nothing had happened."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.records.atomic import write_atomic

Arrays = list[NDArray[Any]]
FILE = "checkpoint.npz"


@dataclass
class Progress:
    """Where a run stands after a whole number of epochs. `stage` tells one run of epochs from a later one."""

    stage: str = "train"
    epochs_done: int = 0
    best_epoch: int = -1
    best_value: float | None = None
    stopped: bool = False
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Checkpoint:
    """Progress and all variables: of the model (weights, statistics, random seeds), the optimizer and the best."""

    progress: Progress
    model: Arrays
    optimizer: Arrays
    best: Arrays

    def save(self, folder: Path) -> None:
        """Write it atomically into the run folder. Raises EngineError, for example for a full disk."""
        content: dict[str, NDArray[Any]] = {
            "progress": np.frombuffer(json.dumps(asdict(self.progress)).encode(), np.uint8)
        }
        for name in ("model", "optimizer", "best"):
            content.update({f"{name}_{i:04d}": array for i, array in enumerate(getattr(self, name))})
        buffer = io.BytesIO()
        np.savez(buffer, **content)  # type: ignore[arg-type]
        write_atomic(folder / FILE, buffer.getvalue())


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The run's checkpoint, None when it has none yet. Raises EngineError for a broken one."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            progress = Progress(**json.loads(file["progress"].tobytes()))
            groups = [
                [file[name] for name in sorted(file.files) if name.startswith(f"{group}_")]
                for group in ("model", "optimizer", "best")
            ]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise EngineError(
            f"is damaged ({error})", path=path, hint="delete it to start this run's training afresh"
        ) from None
    return Checkpoint(progress, *groups)


def values_of(variables: list[Any]) -> Arrays:
    """Copies of Keras variables as arrays."""
    from keras import ops

    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def put_back(variables: list[Any], values: Arrays) -> None:
    """Arrays into Keras variables. Raises EngineError when they do not fit one another."""
    if [tuple(v.shape) for v in variables] != [tuple(a.shape) for a in values]:
        raise EngineError(
            "the checkpoint belongs to another model", hint="resume with the configuration the run was made with"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
