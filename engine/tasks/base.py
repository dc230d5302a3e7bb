"""A task turns labelled strips into windows with targets, and says how outputs are scored.

Everything else (datasets, model, training, evaluation, export) is the same for all tasks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.datasets.base import Strip

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

# per_window: int64 [n]; per_sample: int64 [n, length]; multi_label: float32 [n, classes];
# regression: float32 [n, length, channels]; embedding: no targets.
TargetKind = Literal["per_window", "per_sample", "multi_label", "regression", "embedding"]
IGNORED = -1  # a per-sample target that nobody marked: no loss, no score


def anything_but(number: int) -> int:
    """The per-sample target of a sample known only not to be of class `number`, as P waves in fibrillation.

    It is scored no more than IGNORED, but a teacher's opinion is heard without that class.
    """
    return -2 - number


@dataclass(frozen=True)
class WindowSet:
    """Windows of many strips and where each came from.

    x: float32 [n, length, channels] at the model's rate, in mV, before preprocessing.
    y: as the task's target kind says. start: first sample, in samples of the strip at its own rate.
    """

    x: F32
    y: NDArray[Any]
    patient: NDArray[np.str_]
    record: NDArray[np.str_]
    lead: NDArray[np.str_]
    start: I64
    rate_hz: F32  # of the strip that `start` counts in, [n]
    extra: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # further per-window arrays, [n, ...]

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: NDArray[Any]) -> WindowSet:
        """The windows at these positions (or under this mask)."""
        return WindowSet(
            self.x[index], self.y[index], self.patient[index], self.record[index], self.lead[index],
            self.start[index], self.rate_hz[index], {k: v[index] for k, v in self.extra.items()},
        )  # fmt: skip

    def with_x(self, x: F32) -> WindowSet:
        """The same windows with other inputs."""
        return replace(self, x=x)

    @staticmethod
    def join(parts: Sequence[WindowSet]) -> WindowSet:
        """All windows of several sets, in order. At least one set is needed."""
        return WindowSet(
            x=np.concatenate([p.x for p in parts]),
            y=np.concatenate([p.y for p in parts]),
            patient=np.concatenate([p.patient for p in parts]),
            record=np.concatenate([p.record for p in parts]),
            lead=np.concatenate([p.lead for p in parts]),
            start=np.concatenate([p.start for p in parts]),
            rate_hz=np.concatenate([p.rate_hz for p in parts]),
            extra={k: np.concatenate([p.extra[k] for p in parts]) for k in parts[0].extra},
        )


class Task(ABC):
    """One question asked of the signal. Stateless but for its configuration."""

    name: str
    target: TargetKind
    summary: str  # one line for people

    def __init__(self, config: RunConfig) -> None:
        self.config = config

    @property
    def class_names(self) -> tuple[str, ...]:
        """Classes in output order; empty for regression and embedding."""
        return self.config.class_names

    @property
    def n_outputs(self) -> int:
        """Channels of the model's last layer."""
        return max(1, len(self.class_names))

    @abstractmethod
    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Windows of one strip, None when it has none for this task.

        For evaluation (`training` false) the windows cover everything the publisher labelled, each once, and do
        not depend on the generator. For training they may be random crops.
        """

    @abstractmethod
    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """Class name -> source labels, when the configuration names none."""
