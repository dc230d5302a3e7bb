"""What the user can set, as one strict, versioned document."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.analysis.stages import DEFAULT, Stages

VERSION: Final = 3
RECENT_LIMIT = 12
LOWEST_RATE, HIGHEST_RATE = 20, 250  # limits of heart rates, per minute


class Settings(BaseModel):
    """All preferences. Frozen: a change makes a new one by `model_copy(update=...)`; unknown keys are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[3] = VERSION
    theme: Literal["paper", "dark"] = "paper"
    pixels_per_mm: float | None = Field(default=None, ge=1.0, le=40.0)  # as measured; None asks the screen
    layout: str = "auto"
    speed_mm_per_s: float = Field(default=25.0, ge=1.0, le=200.0)
    gain_mm_per_mv: float = Field(default=10.0, ge=0.5, le=100.0)
    mains_hz: Literal[50, 60] = 50
    hidden_overlays: tuple[str, ...] = Field(default=(), strict=False)
    show_patient: bool = True
    analyse_on_open: bool = True
    # Algorithm of each stage of the analysis; None: whatever this version of the program does by default
    waves_by: str | None = None
    beats_by: str | None = None
    rhythm_by: str | None = None
    # Live view: how the trace moves, and heart rates beyond which it remarks on them
    live_mode: Literal["sweep", "roll"] = "sweep"
    rate_low_per_min: int = Field(default=40, ge=LOWEST_RATE, le=HIGHEST_RATE)
    rate_high_per_min: int = Field(default=130, ge=LOWEST_RATE, le=HIGHEST_RATE)
    browser_folder: str = ""
    recent: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _rates_in_order(self) -> Self:
        if self.rate_low_per_min >= self.rate_high_per_min:
            limits = f"below {self.rate_low_per_min} and above {self.rate_high_per_min}"
            raise ValueError(f"rates {limits} are all rates")
        return self

    @property
    def stages(self) -> Stages:
        """Which algorithm makes each stage of the analysis."""
        chosen = {"waves": self.waves_by, "beats": self.beats_by, "rhythm": self.rhythm_by}
        return Stages(**{stage: how or getattr(DEFAULT, stage) for stage, how in chosen.items()})

    def with_recent(self, path: str) -> Settings:
        """The same with `path` as the most recent record; the list is short and free of repeats."""
        others = tuple(known for known in self.recent if known != path)
        return self.model_copy(update={"recent": (path, *others)[:RECENT_LIMIT]})

    def without_recent(self, path: str) -> Settings:
        """The same without `path` among the recent records."""
        return self.model_copy(update={"recent": tuple(known for known in self.recent if known != path)})


def stage_settings(stages: Stages) -> dict[str, str | None]:
    """Settings that keep these algorithms; what the program does by default is not written down."""
    return {f"{stage}_by": None if how == getattr(DEFAULT, stage) else how for stage, how in vars(stages).items()}


def migrate(document: dict[str, Any]) -> dict[str, Any]:
    """Lift a stored document of any earlier version to the present one; ValueError for a later version.

    Version 0 is a document from before versions were written; it has the keys of version 1. Version 2 added the
    algorithms of the analysis, which are the program's own choice in earlier documents; version 3 the live view's
    mode and limits of the heart rate, which earlier documents leave as they usually are.
    """
    version = document.get("version", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise ValueError(f"the settings name an impossible version: {version!r}")
    if version > VERSION:
        raise ValueError(f"the settings were written by a later version of the program ({version})")
    return {**document, "version": VERSION}


def parse_settings(document: object) -> Settings:
    """Settings from a decoded JSON document; ValueError says in one sentence what is wrong with it."""
    if not isinstance(document, dict):
        raise ValueError("the settings are not a table of names and values")
    try:
        return Settings.model_validate(migrate(document))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise ValueError(f"setting {where}: {first['msg']}") from error
