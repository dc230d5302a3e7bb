"""What the training wizard has been told so far, and the engine commands that follow from it. Free of widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.config import RunConfig
from engine.presets import load_preset


@dataclass(frozen=True)
class Plan:
    """A preset, where the recordings are, what was changed, and where the run goes."""

    preset: str = ""
    source: Path | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int | None = None
    runs: Path = Path()
    name: str = ""

    @property
    def config(self) -> RunConfig:
        """The preset as it ships; changes are in the command."""
        return load_preset(self.preset)

    @property
    def folder(self) -> Path:
        """Run folder."""
        return self.runs / (self.name or self.preset or "run")

    def with_preset(self, preset: str) -> Plan:
        """Another preset, with its own values again."""
        return replace(
            self, preset=preset, name=preset, epochs=None, batch_size=None, learning_rate=None, seed=None
        )

    def changes(self) -> tuple[str, ...]:
        """`--set` arguments for what differs from the preset."""
        given = {
            "training.epochs": self.epochs,
            "training.batch_size": self.batch_size,
            "training.learning_rate": self.learning_rate,
            "seed": self.seed,
        }
        out: list[str] = []
        for key, value in given.items():
            if value is not None:
                out += ["--set", f"{key}={value:g}"]
        return tuple(out)

    def data_options(self) -> tuple[str, ...]:
        """Where the recordings are."""
        return ("--from", str(self.source)) if self.source is not None else ()

    def train_command(self, *, resume: bool = False) -> tuple[str, ...]:
        """Arguments of the engine that train."""
        more = ("--resume",) if resume else ()
        return (
            "train", "--preset", self.preset, *self.changes(), *self.data_options(), "--out", str(self.folder),
            *more,
        )  # fmt: skip

    def count_command(self) -> tuple[str, ...]:
        """Arguments of the engine that count the model's parameters and operations."""
        return ("model", "--preset", self.preset, *self.changes())

    def evaluate_command(self, part: str = "test") -> tuple[str, ...]:
        """Arguments of the engine that score the run."""
        return (
            "evaluate", "--model", str(self.folder), "--split", part, *self.data_options(), "--out",
            str(self.folder / "evaluation"), "--report", str(self.folder / "evaluation.html"),
        )  # fmt: skip

    def demo_command(self, record: Path, start_s: float = 0.0) -> tuple[str, ...]:
        """Arguments of the engine that show what the run makes of a recording."""
        return (
            "demo", "--model", str(self.folder), "--record", str(record), "--start", f"{start_s:g}", "--out",
            str(self.folder / "demo.html"),
        )  # fmt: skip

    def with_free_name(self) -> Plan:
        """The same as a run of its own: a name that no folder has."""
        stem, count = self.preset or "run", 2
        while (self.runs / f"{stem}-{count}").exists():
            count += 1
        return replace(self, name=f"{stem}-{count}")

    def export_command(self, form: str = "INT8") -> tuple[str, ...]:
        """Arguments of the engine that quantize the run."""
        return ("export", "--run", str(self.folder), "--format", form, *self.data_options())


class PlanHolder(QObject):
    """The plan that all pages of one wizard share."""

    changed = Signal()

    def __init__(self, plan: Plan, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._plan = plan

    @property
    def plan(self) -> Plan:
        """The plan as it stands."""
        return self._plan

    def put(self, plan: Plan) -> None:
        """Replace the plan."""
        if plan != self._plan:
            self._plan = plan
            self.changed.emit()
