"""Foundation: an embedding in which windows of one person lie together, learnt without labels.

Training draws two windows of one patient (another moment, another lead, another recording) as a pair and tells
them from everybody else's (`engine.training.contrastive`). What the publisher states about the record travels along
for probes trained on the frozen embedding (`engine.evaluation.linear_probe`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from engine.config import Choice, Part, RunConfig
from engine.datasets.base import Strip
from engine.signals.named_steps import chosen
from engine.tasks.base import Task, WindowSet
from engine.tasks.cutting import cut, evaluation_starts, resampled, training_starts

STATEMENTS = "statements"  # in `extra`: the record's statements, joined by SEPARATOR
SEPARATOR = "\n"
_STATEMENTS_CHARACTERS = 256
_FLAT_MV = 0.01  # a training window whose standard deviation is less holds no signal


class FoundationParams(Part):
    """`task_params` of the foundation task.

    size: numbers in an embedding. leads: only these (None: all). crops: training windows of each strip.
    """

    size: int = Field(64, ge=2, le=1024)
    leads: tuple[str, ...] | None = None
    crops: int = Field(2, ge=1)


class Foundation(Task):
    """An embedding of a window."""

    name = "foundation"
    target = "embedding"
    summary = "an embedding of a window, learnt without labels, for probes and few labels"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self._params = chosen(
            "task", Choice(name=self.name, params=config.task_params), {self.name: FoundationParams}
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """None, whatever the configuration says."""
        return ()

    @property
    def n_outputs(self) -> int:
        """Numbers in an embedding."""
        return self._params.size

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """None: an embedding has no classes."""
        return {}

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """Windows [n, length, 1] in mV; y [n] is zero and means nothing. `extra["statements"]`: see STATEMENTS."""
        leads = self._params.leads
        if leads is not None and strip.lead.lower() not in {name.lower() for name in leads}:
            return None
        window = self.config.window
        values = resampled(strip.samples_mv, strip.rate_hz, window.rate_hz)
        if training:
            starts = training_starts(len(values), window.length, self._params.crops, generator)
        else:
            starts = evaluation_starts(len(values), window.length, window.hop)
        if not len(starts):
            return None
        x = cut(values, starts, window.length)
        if training:
            lively = x.std(axis=1) > _FLAT_MV
            x, starts = x[lively], starts[lively]
            if not len(starts):
                return None
        n = len(starts)
        stated = SEPARATOR.join(sorted(strip.statements or ()))[:_STATEMENTS_CHARACTERS]
        return WindowSet(
            x=np.ascontiguousarray(x[..., None], np.float32),
            y=np.zeros(n, np.int64),
            patient=np.full(n, strip.patient),
            record=np.full(n, strip.record),
            lead=np.full(n, strip.lead),
            start=np.round(starts * (strip.rate_hz / window.rate_hz)).astype(np.int64),
            rate_hz=np.full(n, strip.rate_hz, np.float32),
            extra={STATEMENTS: np.full(n, stated)},
        )
