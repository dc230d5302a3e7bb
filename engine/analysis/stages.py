"""Which algorithm makes each stage of the analysis: a built-in or own model, or the classical one."""

from __future__ import annotations

from dataclasses import dataclass, fields

from engine.errors import ConfigError

CLASSICAL = "classical"


@dataclass(frozen=True)
class Stages:
    """One algorithm a stage: CLASSICAL, the name of a built-in model, or the path of a model folder.

    waves: P, QRS and T boundaries. beats: beat types. rhythm: whether the atria fibrillate.
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


DEFAULT = Stages()
# Task whose models can make a stage
TASK_OF = {"waves": "segmentation", "beats": "beat", "rhythm": "rhythm"}
