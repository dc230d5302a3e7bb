"""Train: from a configuration to a run folder with a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.datasets.splits import SIDES, Split
from engine.jobs.events import Job
from engine.jobs.run_folder import RunFolder
from engine.modes.data_folders import with_folders
from engine.tasks.registry import open_task


def train_run(
    config: RunConfig, folder: RunFolder, job: Job, *, source: Path | None = None, resume: bool = False
) -> Mapping[str, Any]:
    """Prepare the data and fit the model; the files made. Raises EngineError, Cancelled.

    An interrupted run keeps its folder and goes on with `resume`.
    """
    from engine.training.prepare import prepare
    from engine.training.settings import check_settings
    from engine.training.trainer import train

    task = open_task(config)
    check_settings(task)
    config = with_folders(task.config, source)
    folder.prepare(config, resume=resume)
    prepared = prepare(config, job, sides=("train", "val"))
    folder.write_json("split.json", split_document(prepared.splits, prepared.split_hash))
    model = train(config, prepared, folder.path, job, resume=resume)
    return {"folder": str(folder.path), "model": str(model), "split_hash": prepared.split_hash}


def split_document(splits: Mapping[str, Split], split_hash: str) -> dict[str, Any]:
    """Who is on which side, as stored beside a model."""
    return {
        "split_hash": split_hash,
        "datasets": {
            name: {"method": split.method, "hash": split.hash, **{side: list(split.side(side)) for side in SIDES}}
            for name, split in splits.items()
        },
    }
