"""From a configuration to windows: datasets opened, patients divided, strips cut, all kept on disk."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import __version__
from engine.config import RunConfig
from engine.datasets.base import Dataset
from engine.datasets.catalog import open_dataset
from engine.datasets.noise import load_noise
from engine.datasets.overlaps import without_overlap
from engine.datasets.splits import Split, make_split
from engine.errors import ConfigError, EngineError
from engine.jobs.events import Job
from engine.tasks.base import Task, WindowSet
from engine.tasks.registry import open_task
from engine.training.augmentations import needed_noises
from engine.training.batches import class_counts
from engine.training.window_cache import cached_windows, default_cache, digest

F32 = NDArray[np.float32]
SIDES = ("train", "val", "test")


@dataclass(frozen=True)
class Prepared:
    """Windows by side, who is on which, and the noise that augmentations add (with the side "train").

    `extra["dataset"]` of each set numbers the configuration's datasets. split_hash covers all splits.
    """

    train: WindowSet
    val: WindowSet
    test: WindowSet
    splits: Mapping[str, Split]
    split_hash: str
    noise: Mapping[str, F32] = field(default_factory=dict)


def prepare(config: RunConfig, job: Job, cache: Path | None = None, sides: Sequence[str] = SIDES) -> Prepared:
    """Windows for training, validation and test. Sides that are not asked for stay empty.

    `cache` is the folder that keeps windows (None: the user's cache folder). Raises EngineError for datasets that
    are missing or unfit, Cancelled when the job is cancelled; warns about classes that a side lacks.
    """
    if not config.datasets:
        raise ConfigError("the configuration names no dataset", hint="add one under datasets")
    names = [choice.name for choice in config.datasets]
    if len(set(names)) != len(names):
        raise ConfigError("a dataset is named twice under datasets", hint="give it once, with one weight")
    task = open_task(config)
    datasets = [open_dataset(choice.name, choice.path, **choice.params) for choice in config.datasets]
    splits = {choice.name: make_split(d, config.split) for choice, d in zip(config.datasets, datasets, strict=True)}
    splits = _apart(splits, {d.info.name: d for d in datasets}, job)
    cache = cache or default_cache()
    code = _code_hash()
    windows = {}
    for side in SIDES:
        parts = []
        for number, dataset in enumerate(datasets if side in sides else []):
            if side != "train" and config.datasets[number].train_only:
                continue
            name = dataset.info.name
            patients = splits[name].side(side)
            key = _key(config, task, number, dataset, side, patients, code)

            def make(dataset: Dataset = dataset, patients: Sequence[str] = patients, side: str = side) -> WindowSet:
                return cut_windows(task, dataset, patients, job, training=side == "train", stage=f"{side} windows")

            part = cached_windows(cache, key, make, job) if patients else empty_windows(task)
            parts.append(_numbered(part, number))
        windows[side] = _joined(parts, task)
    prepared = Prepared(
        windows["train"], windows["val"], windows["test"], splits,
        digest({name: split.hash for name, split in splits.items()}), _noise(config) if "train" in sides else {},
    )  # fmt: skip
    _tell(prepared, task, sides, job)
    return prepared


def cut_windows(
    task: Task, dataset: Dataset, patients: Sequence[str], job: Job, *, training: bool, stage: str = "windows"
) -> WindowSet:
    """All windows of these patients.

    For training at most `window.max_per_patient` of each, drawn at random from the run's seed and the patient's
    name, so that they do not depend on who else is there.
    """
    config = task.config
    parts = []
    for done, patient in enumerate(patients):
        job.progress(stage, done, len(patients), f"{dataset.info.name} {patient}")
        name = f"{dataset.info.name}/{patient}"
        generator = np.random.default_rng([config.seed, zlib.crc32(name.encode())])
        found = [
            w for strip in dataset.strips(patient)
            if (w := task.windows(strip, training=training, generator=generator)) is not None and len(w)
        ]  # fmt: skip
        if not found:
            continue
        windows = WindowSet.join(found)
        most = config.window.max_per_patient
        if training and most is not None and len(windows) > most:
            windows = windows.take(np.sort(generator.choice(len(windows), most, replace=False)))
        parts.append(windows)
    job.progress(stage, len(patients), len(patients), dataset.info.name)
    return _checked(WindowSet.join(parts), dataset) if parts else empty_windows(task)


def empty_windows(task: Task) -> WindowSet:
    """A set without windows, shaped as the task's sets are."""
    window = task.config.window
    channels = len(window.channels)
    targets: dict[str, NDArray[Any]] = {
        "per_window": np.zeros(0, np.int64),
        "per_sample": np.zeros((0, window.length), np.int64),
        "multi_label": np.zeros((0, task.n_outputs), np.float32),
        "regression": np.zeros((0, window.length, task.n_outputs), np.float32),
        "embedding": np.zeros(0, np.int64),
    }
    names = np.zeros(0, np.str_)
    return WindowSet(
        np.zeros((0, window.length, channels), np.float32), targets[task.target], names, names, names,
        np.zeros(0, np.int64), np.zeros(0, np.float32),
    )  # fmt: skip


def _apart(splits: dict[str, Split], datasets: Mapping[str, Dataset], job: Job) -> dict[str, Split]:
    """The splits with nobody on two sides; who had to be left out of training or validation is told."""
    cleaned, overlaps = without_overlap(splits, datasets)
    for overlap in overlaps:
        job.message(f"{overlap}: kept only on the side nearer to the test")
    return cleaned


def _checked(windows: WindowSet, dataset: Dataset) -> WindowSet:
    if not np.isfinite(windows.x).all():
        bad = windows.record[~np.isfinite(windows.x).all(axis=(1, 2))][0]
        raise EngineError(f"record {bad} of {dataset.info.name} has values that are not numbers")
    return windows


def _numbered(windows: WindowSet, number: int) -> WindowSet:
    return replace(windows, extra={**windows.extra, "dataset": np.full(len(windows), number, np.int64)})


def _joined(parts: Sequence[WindowSet], task: Task) -> WindowSet:
    filled = [part for part in parts if len(part)]
    if len(filled) == 1:
        return filled[0]  # stays on disk
    return WindowSet.join(filled) if filled else _numbered(empty_windows(task), 0)


def _noise(config: RunConfig) -> Mapping[str, F32]:
    """Training noise for the augmentations: from the nstdb dataset beside the first dataset, or downloaded."""
    names = sorted(needed_noises(config.training.augmentations))
    if not names:
        return {}
    folders: list[Path | None] = [d.path for d in config.datasets if d.name == "nstdb" and d.path is not None]
    folders += [folder for d in config.datasets if d.path is not None for folder in (d.path.parent, d.path)]
    for folder in folders:
        try:
            return load_noise(folder, config.window.rate_hz, "train", names)
        except EngineError:
            continue
    return load_noise(None, config.window.rate_hz, "train", names)


def _key(
    config: RunConfig, task: Task, number: int, dataset: Dataset, side: str, patients: Sequence[str], code: str
) -> str:
    """Hash of everything that the windows of one dataset on one side depend on."""
    window = config.window.model_dump(mode="json", exclude={"preprocesses"})
    return digest({
        "code": code,
        "task": [config.task, config.task_params, {name: list(v) for name, v in task.config.classes.items()}],
        "window": window,
        "seed": config.seed if side == "train" else None,
        "dataset": [dataset.info.name, config.datasets[number].params],
        "files": list(_files(dataset.folder)),
        "side": [side == "train", list(patients)],
    })  # fmt: skip


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size and time of change of every file of a dataset; none for one that is made in memory."""
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                state = path.stat()
                yield path.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns


def _code_hash() -> str:
    """Of the program's version and, from source, of every module that shapes windows."""
    package = Path(__file__).resolve().parent.parent
    sources = sorted(
        p for part in ("tasks", "datasets", "signals", "records") for p in (package / part).glob("*.py")
    )
    return digest([__version__, *(f"{p.name}:{zlib.crc32(p.read_bytes())}" for p in sources)])


def _tell(prepared: Prepared, task: Task, sides: Sequence[str], job: Job) -> None:
    """A line with the counts of each side, and a warning for every class that a side lacks."""
    for side in sides:
        windows: WindowSet = getattr(prepared, side)
        people = len(np.unique(windows.patient))
        line = f"{side}: {len(windows)} windows of {people} patients"
        if task.class_names and len(windows):
            counts = class_counts(np.asarray(windows.y), task.target, task.n_outputs)
            named = dict(zip(task.class_names, counts.tolist(), strict=True))
            job.message(f"{line}; " + ", ".join(f"{name} {count}" for name, count in named.items()))
            absent = [name for name, count in named.items() if count == 0]
            if absent:
                job.warning(f"no {side} window has the class {', '.join(absent)}")
        else:
            job.message(line)
