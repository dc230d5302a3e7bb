"""Train: from a configuration to a run folder with a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.jobs.events import Job
from engine.jobs.run_folder import RunFolder
from engine.modes.data_folders import with_folders
from engine.modes.predictors import keras_file
from engine.runtime.zoo import zoo_names
from engine.tasks.registry import open_task


def train_run(
    config: RunConfig, folder: RunFolder, job: Job, *, source: Path | None = None, resume: bool = False
) -> Mapping[str, Any]:
    """Prepare the data and fit the model; the files made. Raises EngineError, Cancelled.

    An interrupted run keeps its folder and goes on with `resume`.
    """
    from engine.training.prepare import prepare
    from engine.training.trainer import train

    config = with_teacher(with_folders(open_task(config).config, source))
    folder.prepare(config, resume=resume)
    prepared = prepare(config, job)
    folder.write_json(
        "split.json",
        {"split_hash": prepared.split_hash, "splits": {k: v.to_document() for k, v in prepared.splits.items()}},
    )
    model = train(config, prepared, folder.path, job, resume=resume)
    return {"folder": str(folder.path), "model": str(model), "split_hash": prepared.split_hash}


def with_teacher(config: RunConfig) -> RunConfig:
    """The configuration with a built-in teacher's name and initial weights resolved to their files."""
    training = config.training
    changes: dict[str, Any] = {}
    if training.teacher is not None:
        changes["teacher"] = str(keras_file(training.teacher))
    if training.initial_weights is not None and str(training.initial_weights) in zoo_names():
        changes["initial_weights"] = keras_file(str(training.initial_weights))
    return config.model_copy(update={"training": training.model_copy(update=changes)}) if changes else config
