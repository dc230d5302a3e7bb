"""Which algorithm makes each stage of the analysis: a built-in or own model, or the classical one."""

from __future__ import annotations

from dataclasses import dataclass, fields

from engine.errors import ConfigError, EngineError
from engine.resources import resource_path

CLASSICAL = "classical"


@dataclass(frozen=True)
class Stages:
    """One algorithm a stage: CLASSICAL, the name of a built-in model, or the path of a model folder.

    waves: P, QRS and T boundaries. beats: beat types; a model is weighed together with the
    classical algorithm (`joint_beats`). rhythm: whether the atria fibrillate.
    """

    waves: str = CLASSICAL
    beats: str = CLASSICAL
    rhythm: str = CLASSICAL

    @staticmethod
    def parse(texts: list[str]) -> Stages:
        """From texts "STAGE=ALGORITHM"; stages that are not named stay as by default. Raises ConfigError."""
        names = [f.name for f in fields(Stages)]
        chosen = {}
        for text in texts:
            stage, equals, algorithm = text.partition("=")
            if not equals or stage not in names or not algorithm:
                raise ConfigError(f'"{text}" is not STAGE=ALGORITHM', hint=f"stages: {', '.join(names)}")
            chosen[stage] = algorithm
        return Stages(**{**vars(DEFAULT), **chosen})


def _if_built_in(name: str) -> str:
    try:
        resource_path("models", name, "model.tflite")
    except EngineError:
        return CLASSICAL
    return name


# What measured best on patients that took no part (benchmarks/accuracy.py, beats.py, delineation.py, rhythm.py).
DEFAULT = Stages(waves=_if_built_in("seg-4-xl"), beats=_if_built_in("beat-aami"))
# Task whose models can make a stage
TASK_OF = {"waves": "segmentation", "beats": "beat", "rhythm": "rhythm"}
