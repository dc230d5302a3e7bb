"""What can make each stage of the analysis: classical algorithms, built-in models, models trained here. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.analysis.stages import CLASSICAL, TASK_OF, Stages
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.runtime.model import ModelCard

STAGE_NAMES: Mapping[str, str] = {"waves": "P, QRS and T waves", "beats": "Beat types", "rhythm": "Rhythm"}
CLASSICAL_ABOUT: Mapping[str, str] = {
    "waves": "Slopes, bumps and areas in the average of like beats; not a learned model.",
    "beats": "Timing and shape of each beat among its neighbours.",
    "rhythm": "Irregularity of RR intervals weighed against P waves, then rates, runs and pauses.",
}
# What a model must tell apart to be of use to a stage; one of each group.
_NEEDED: Mapping[str, frozenset[str]] = {"waves": frozenset({"qrs"}), "rhythm": frozenset({"afib", "aflut"})}


@dataclass(frozen=True)
class Algorithm:
    """One choice for a stage: what the analysis is told, what the user reads."""

    key: str
    title: str
    about: str


def algorithms_for(stage: str, runs: Path | None = None) -> tuple[Algorithm, ...]:
    """Choices for a stage, the classical one first, then fitting built-in models, then exported runs in `runs`."""
    return (
        Algorithm(CLASSICAL, "Classical", CLASSICAL_ABOUT[stage]),
        *(algorithm for card, algorithm in _models(runs) if fits(card, stage)),
    )


def fits(card: ModelCard, stage: str) -> bool:
    """Whether a model can make a stage."""
    if card.task != TASK_OF[stage]:
        return False
    needed = _NEEDED.get(stage)
    told = {*card.class_names, *(label for labels in card.config.classes.values() for label in labels)}
    return needed is None or bool(needed & told)


def model_cards(places: Sequence[str | Path]) -> list[ModelCard]:
    """The cards of models by name or folder; those that cannot be read are left out."""
    from engine.runtime.model import read_card

    cards = []
    for place in places:
        try:
            cards.append(read_card(place))
        except (EngineError, OSError, ValueError):
            continue
    return cards


def built_in_cards() -> list[ModelCard]:
    """The cards of the models that come with the program."""
    from engine.runtime.zoo import zoo_names

    return model_cards(zoo_names())


def one_line(card: ModelCard) -> str:
    """What a model is worth in one line: its figure on test patients and its size."""
    parts = [card.config.about.partition(". ")[0].rstrip(".")] if card.config.about else []
    if card.metrics.get("headline"):
        parts.append(str(card.metrics["headline"]).replace("_", " "))
    if card.metrics.get("params"):
        parts.append(f"{card.metrics['params']:,} parameters")
    return "; ".join(parts) + "." if parts else f"A model for {card.task}."


def _models(runs: Path | None) -> list[tuple[ModelCard, Algorithm]]:
    found = [(card, Algorithm(card.name, card.name, one_line(card))) for card in built_in_cards()]
    if runs is not None and runs.is_dir():
        folders = sorted(path.parent for path in runs.glob("*/model.tflite"))
        for card in model_cards(folders):
            folder = card.path.parent
            found.append((card, Algorithm(str(folder), f"{folder.name} (own)", one_line(card))))
    return found


def short_name(algorithm: str) -> str:
    """Name of an algorithm without the folder it lies in."""
    return algorithm if algorithm == CLASSICAL else Path(algorithm).name


def stages_text(stages: Stages) -> str:
    """The stages that differ from all-classical, or "classical": "waves by seg-4-lg"."""
    made = {stage: how for stage, how in vars(stages).items() if how != CLASSICAL}
    return ", ".join(f"{stage} by {short_name(how)}" for stage, how in made.items()) or CLASSICAL
