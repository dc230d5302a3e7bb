"""Batches for training: who is drawn, in which order, and made ready in a thread while the model learns."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.signals.preprocess import prepare_windows
from engine.tasks.base import TargetKind, WindowSet
from engine.training.augmentations import Augmenter

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Teacher = Callable[[F32], F32]  # windows in mV to logits

_ORDER, _AUGMENT = 7, 11  # separate streams of random numbers
_AHEAD = 2  # chunks made ready beforehand


@dataclass(frozen=True)
class Chunk:
    """Whole batches, one after the other: x preprocessed, y packed for the loss (see `losses`)."""

    x: F32
    y: F32


def class_counts(y: NDArray[Any], target: TargetKind, classes: int) -> I64:
    """Windows (samples, for per-sample targets) of each class [classes]."""
    if target == "multi_label":
        return np.asarray((y > 0.5).sum(axis=0), np.int64)
    return np.bincount(y[y >= 0].astype(np.int64).ravel(), minlength=classes)[:classes]


def balanced_weights(counts: I64) -> F64:
    """Weights inverse to prevalence, mean 1 over all windows; 1 for a class that is absent."""
    present = counts > 0
    weights = np.ones(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights


def chances(config: RunConfig, windows: WindowSet, target: TargetKind, classes: int) -> F64 | None:
    """How likely each window is drawn [n], sum 1; None when all are alike.

    Datasets get the shares that their weights say. Within a dataset, `training.balance` leads from natural
    prevalence (0) to every class equally often (1); a window with several classes counts by its rarest label
    (multi-label) or its mean over samples (per-sample).
    """
    chance = np.ones(len(windows))
    balance = config.training.balance
    dataset = windows.extra.get("dataset", np.zeros(len(windows), np.int64))
    for number in np.unique(dataset):
        mine = dataset == number
        if balance > 0 and classes > 1:
            rare = _rarity(windows.y[mine], target, classes)
            chance[mine] = (1 - balance) / mine.sum() + balance * rare / rare.sum()
        else:
            chance[mine] = 1 / mine.sum()
        if config.datasets:
            chance[mine] *= config.datasets[int(number)].weight
    chance /= chance.sum()
    return None if np.allclose(chance, 1 / len(chance)) else chance


def _rarity(y: NDArray[Any], target: TargetKind, classes: int) -> F64:
    if target == "regression":
        return np.ones(len(y))
    weights = balanced_weights(class_counts(y, target, classes))
    if target == "multi_label":
        return np.where(y > 0.5, weights, 0).max(axis=1) + (y <= 0.5).all(axis=1)
    if target == "per_window":
        return np.where(y >= 0, weights[np.maximum(y, 0)], 0.0)
    known = y >= 0
    total = np.where(known, weights[np.maximum(y, 0)], 0.0).sum(axis=1)
    return total / np.maximum(known.sum(axis=1), 1)


def epoch_order(n: int, size: int, chance: F64 | None, seed: int, epoch: int) -> I64:
    """Which windows epoch `epoch` shows, [size], the same for the same seed.

    Without chances each window comes as often as any other (to within one); with them, as often as its chance
    says, drawn at even steps so that the shares hold in every epoch.
    """
    generator = np.random.default_rng([seed, _ORDER, epoch])
    if chance is None:
        rounds = [generator.permutation(n) for _ in range(-(-size // n))]
        return np.concatenate(rounds)[:size]
    steps = (np.arange(size) + generator.random(size)) / size
    drawn = np.searchsorted(np.cumsum(chance), steps * (1 - 1e-12))
    return generator.permutation(np.minimum(drawn, n - 1))


class BatchMaker:
    """Makes any batch of any epoch; the same one for the same seed, however the run got there."""

    def __init__(
        self, config: RunConfig, windows: WindowSet, target: TargetKind, augmenter: Augmenter,
        *, classes: int, steps: int, teacher: Teacher | None = None,
    ) -> None:  # fmt: skip
        self._config = config
        self._windows = windows
        self._target = target
        self._augmenter = augmenter
        self._steps = steps
        self._teacher = teacher
        self._chance = chances(config, windows, target, classes)

    def chunks(self, epoch: int, steps_at_once: int) -> Iterator[Chunk]:
        """The epoch's batches, up to `steps_at_once` at a time, prepared in a thread of their own."""
        size = self._config.training.batch_size
        order = epoch_order(len(self._windows), size * self._steps, self._chance, self._config.seed, epoch)

        def make() -> Iterator[Chunk]:
            for first in range(0, self._steps, steps_at_once):
                numbers = range(first, min(first + steps_at_once, self._steps))
                batches = [self._batch(order[k * size : (k + 1) * size], epoch, k) for k in numbers]
                yield Chunk(np.concatenate([b.x for b in batches]), np.concatenate([b.y for b in batches]))

        return _in_background(make())

    def _batch(self, index: I64, epoch: int, number: int) -> Chunk:
        generator = np.random.default_rng([self._config.seed, _AUGMENT, epoch, number])
        x, y = np.asarray(self._windows.x[index]), np.asarray(self._windows.y[index])
        x, y = self._augmenter(x, y, generator)
        window = self._config.window
        prepared = prepare_windows(x, window.preprocesses, window.rate_hz)
        if self._target == "regression":
            y = prepared.follow(y)
        return Chunk(prepared.x, pack(y, self._target, self._teacher(x) if self._teacher else None))


def pack(y: NDArray[Any], target: TargetKind, teacher: F32 | None = None) -> F32:
    """Targets as the losses want them: float32, class numbers with a last axis, the teacher's outputs behind."""
    packed = np.asarray(y, np.float32)
    if target in ("per_window", "per_sample"):
        packed = packed[..., None]
    return packed if teacher is None else np.concatenate([packed, teacher], axis=-1)


def _in_background(items: Iterator[Chunk]) -> Iterator[Chunk]:
    """The items, made in a thread a little ahead; an exception there is raised here. Leaving early ends it."""
    ready: queue.Queue[Chunk | BaseException | None] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(item: Chunk | BaseException | None) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put(item)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # handed to the consumer, which raises it
            put(error)

    thread = threading.Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
