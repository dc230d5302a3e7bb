"""Beat types: one window a beat, from its shape, the patient's own sinus beat and the rhythm around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from engine.config import Part, RunConfig
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.tasks.base import Task, WindowSet
from engine.tasks.beat_channels import CHANNELS, beat_channels, qrs_likeness
from engine.tasks.beat_training import (
    FIBRILLATION,
    SINUS,
    TrainingBeats,
    fibrillating_beats,
    made_up_beats,
)

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

# ANSI/AAMI EC57, table of beat labels; every symbol is a WFDB beat code.
AAMI_CLASSES: Mapping[str, tuple[str, ...]] = {
    "N": ("N", "L", "R", "B", "e", "j", "n"),
    "S": ("A", "a", "J", "S"),
    "V": ("V", "E", "r"),
    "F": ("F",),
    "Q": ("/", "f", "Q", "?"),
}
_PACED = ("/", "f")
_ABERRANT = 0.79  # correlation of QRS and sinus QRS


class BeatParams(Part):
    """`task_params` of the task; all but the first two concern training alone.

    paced: whether recordings with paced beats are used; EC57 leaves them out.
    scored_leads: leads that are scored (none: all); training uses every lead.
    normals: most normal beats of a strip, at random (None: all). Other beats are all kept.
    aberrant: whether supraventricular beats with a foreign QRS are learned from; in one lead nobody can tell them
        from ventricular ones. They are scored in any case.
    made_up: made-up recordings for each strip with typed beats.
    borrowed: share of the strips without typed beats in sinus rhythm that lend theirs to a made-up recording.
    fibrillating: share of the strips without typed beats in atrial fibrillation whose usual beats are learned.
    """

    paced: bool = False
    scored_leads: tuple[str, ...] = ()
    normals: int | None = Field(None, ge=1)
    aberrant: bool = True
    made_up: int = Field(0, ge=0)
    borrowed: float = Field(0.0, ge=0, le=1)
    fibrillating: float = Field(0.0, ge=0, le=1)


class Beat(Task):
    """Names each beat. Channels are those of `beat_channels`; "ecg" alone stands for all of them."""

    name = "beat"
    target = "per_window"
    summary = "type of each beat: 2 or 3 classes, or AAMI's five"

    def __init__(self, config: RunConfig) -> None:
        if config.window.channels == ("ecg",):
            config = config.model_copy(update={"window": config.window.model_copy(update={"channels": CHANNELS})})
        super().__init__(config)
        try:
            self._params = BeatParams.model_validate(config.task_params)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in fault["loc"])
            known = ", ".join(BeatParams.model_fields)
            raise ConfigError(f"task_params.{place}: {fault['msg']}", hint=f"known: {known}") from None
        self._scored_leads = {lead.casefold() for lead in self._params.scored_leads}
        classes = config.classes or AAMI_CLASSES
        self._number = {symbol: i for i, labels in enumerate(classes.values()) for symbol in labels}

    def default_classes(self) -> Mapping[str, tuple[str, ...]]:
        """AAMI's five classes."""
        return AAMI_CLASSES

    def windows(self, strip: Strip, *, training: bool, generator: np.random.Generator) -> WindowSet | None:
        """One window for every beat whose symbol belongs to a class; the channels see all beats."""
        if not training and self._scored_leads and strip.lead.casefold() not in self._scored_leads:
            return None
        parts = []
        if strip.beats is not None and len(strip.beats[0]):
            if not self._params.paced and any(symbol in _PACED for symbol in strip.beats[1]):
                return None
            parts.append(self._typed(strip, training, generator))
            if training:
                parts += made_up_beats(strip, self._see, self._params.made_up, generator)
        elif training:
            parts += self._borrowed(strip, generator)
        sets = [self._windows(strip, part) for part in parts if len(part.r)]
        return WindowSet.join(sets) if sets else None

    def _typed(self, strip: Strip, training: bool, generator: np.random.Generator) -> TrainingBeats:
        """Beats that experts typed: all of them, or those chosen for training."""
        assert strip.beats is not None
        r, symbol = strip.beats[0], np.array(strip.beats[1])
        chosen = np.isin(symbol, list(self._number))
        x = self._see(strip.samples_mv, strip.rate_hz, r)
        if training:
            if not self._params.aberrant:
                foreign = qrs_likeness(strip.samples_mv, strip.rate_hz, r) < _ABERRANT
                chosen &= ~(foreign & np.isin(symbol, AAMI_CLASSES["S"]))
            normal = np.flatnonzero(chosen & np.isin(symbol, AAMI_CLASSES["N"]))
            surplus = len(normal) - (self._params.normals or len(normal))
            if surplus > 0:
                chosen[generator.choice(normal, surplus, replace=False)] = False
        return TrainingBeats(x[chosen], symbol[chosen], r[chosen].astype(np.int64), strip.rate_hz)

    def _borrowed(self, strip: Strip, generator: np.random.Generator) -> list[TrainingBeats]:
        said = strip.statements or frozenset()
        chance = generator.random()
        if said & FIBRILLATION:
            return fibrillating_beats(strip, self._see, generator) if chance < self._params.fibrillating else []
        if said & SINUS:
            return made_up_beats(strip, self._see, 1, generator) if chance < self._params.borrowed else []
        return []

    def _see(self, samples_mv: F32, rate_hz: float, r: I64) -> F32:
        window = self.config.window
        return beat_channels(
            samples_mv, rate_hz, r, names=window.channels, length=window.length, grid_hz=window.rate_hz
        )

    def _windows(self, strip: Strip, beats: TrainingBeats) -> WindowSet:
        known = np.isin(beats.symbol, list(self._number))
        r = beats.r[known]
        n, window = len(r), self.config.window
        half = window.length // 2 / window.rate_hz * beats.rate_hz
        return WindowSet(
            x=beats.x[known],
            y=np.array([self._number[symbol] for symbol in beats.symbol[known]], np.int64),
            patient=np.full(n, strip.patient),
            record=np.full(n, strip.record),
            lead=np.full(n, strip.lead),
            start=np.round(r - half).astype(np.int64),
            rate_hz=np.full(n, beats.rate_hz, np.float32),
            extra={"r": r},
        )
