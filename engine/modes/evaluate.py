"""Evaluate: any model on any labelled dataset, every window counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.config import DatasetChoice, RunConfig
from engine.datasets.catalog import dataset_info
from engine.errors import EngineError
from engine.jobs.events import Job
from engine.modes.data_folders import with_folders, without_folders
from engine.modes.further_figures import further_figures
from engine.modes.predictors import Predictor, open_predictor
from engine.tasks.base import WindowSet
from engine.tasks.registry import open_task

if TYPE_CHECKING:
    from engine.evaluation.result import EvaluationResult

F32 = NDArray[np.float32]
LEAD_CHOICES = ("leads", "evaluation_leads", "scored_leads")
PARTS = ("test", "val", "train", "all")
CHUNK = 512  # windows between two looks at the cancel request


def evaluate_model(
    where: str | Path,
    job: Job,
    *,
    datasets: Sequence[str] | None = None,
    source: Path | None = None,
    part: str = "test",
) -> EvaluationResult:
    """Score the model at `where` (see `open_predictor`).

    datasets: names, instead of those the model was made with. part: which patients, of PARTS. Raises EngineError.
    """
    predictor = open_predictor(where)
    return evaluate_predictor(predictor, evaluation_config(predictor.config, datasets, source), job, part=part)


def evaluate_predictor(
    predictor: Predictor, config: RunConfig, job: Job, *, part: str = "test"
) -> EvaluationResult:
    """Score a model on the datasets of a configuration."""
    from engine.evaluation.result import evaluate

    task = open_task(config)
    windows = windows_of(config, part, job)
    if len(windows) == 0:
        given = "; ".join(f"{c.name} has {', '.join(dataset_info(c.name).contains)}" for c in config.datasets)
        hint = f"choose another split or dataset: {given}"
        raise EngineError(f"there is no {part} window to score for {config.task}", hint=hint)
    outputs = predicted(predictor, windows, job)
    result = evaluate(task, windows, outputs, config.evaluation)
    return result.with_figures(
        further_figures(predictor, config, part, job, windows, outputs, windows_of, predicted)
    )


def evaluation_config(config: RunConfig, datasets: Sequence[str] | None, source: Path | None) -> RunConfig:
    """The model's configuration with the datasets to be scored on, and their folders."""
    if datasets:
        known = {choice.name: choice for choice in config.datasets}
        chosen = tuple(
            known.get(name, DatasetChoice(name=name)).model_copy(update={"train_only": False}) for name in datasets
        )
        params = dict(config.task_params)
        if set(datasets) - set(known):  # which leads count was decided for the model's own recordings
            params = {key: value for key, value in params.items() if key not in LEAD_CHOICES}
        config = config.model_copy(update={"datasets": chosen, "task_params": params})
    return with_folders(without_folders(config) if source is not None else config, source)


def windows_of(config: RunConfig, part: str, job: Job) -> WindowSet:
    """The windows of some patients as they are scored: everything labelled, each once."""
    from engine.datasets.catalog import open_dataset
    from engine.datasets.splits import make_split
    from engine.training.prepare import cut_windows, prepare

    if part in ("val", "test"):
        prepared = prepare(config, job, sides=(part,))
        return prepared.val if part == "val" else prepared.test
    task = open_task(config)
    sets = []
    for choice in config.datasets:
        dataset = open_dataset(choice.name, choice.path, **choice.params)
        patients = make_split(dataset, config.split).side(part)
        sets.append(cut_windows(task, dataset, patients, job, training=False, stage=f"{part} windows"))
    return WindowSet.join(sets)


def predicted(predictor: Predictor, windows: WindowSet, job: Job) -> F32:
    """What the model says of every window, in order."""
    outputs = []
    for start in range(0, len(windows), CHUNK):
        job.progress("model", start, len(windows))
        outputs.append(predictor.predict(np.asarray(windows.x[start : start + CHUNK])))
    job.progress("model", len(windows), len(windows))
    return np.concatenate(outputs)
