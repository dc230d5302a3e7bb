"""The folder of one run: everything needed to repeat, resume, judge and use it.

config.json     the configuration, strict
split.json      patients of train, val and test by dataset, with hashes
environment.json versions of Python, packages and machine
history.json    figures of every epoch
model.keras     the trained model;  checkpoint.npz the state training resumes from
metrics.json    evaluation of the test patients;  windows.npz what each confusion cell holds
model.tflite, model.h, export.json   the exported model
log.jsonl       every event of every job run on this folder
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from engine import __version__
from engine.config import RunConfig, dump_config, load_config
from engine.errors import ConfigError, EngineError
from engine.jobs.events import Sink, json_lines
from engine.records.atomic import write_atomic

_PACKAGES = ("numpy", "scipy", "keras", "tensorflow-cpu", "tensorflow", "ai-edge-litert", "tflite-micro")


@dataclass(frozen=True)
class RunFolder:
    """Names of the files of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.path / "config.json"

    @property
    def split(self) -> Path:
        """Who was in which part."""
        return self.path / "split.json"

    @property
    def keras(self) -> Path:
        """The trained model."""
        return self.path / "model.keras"

    @property
    def checkpoint(self) -> Path:
        """The state training resumes from."""
        return self.path / "checkpoint.npz"

    @property
    def tflite(self) -> Path:
        """The exported model."""
        return self.path / "model.tflite"

    @property
    def metrics(self) -> Path:
        """The evaluation."""
        return self.path / "metrics.json"

    @property
    def log(self) -> Path:
        """Every event."""
        return self.path / "log.jsonl"

    def prepare(self, config: RunConfig, *, resume: bool = False) -> None:
        """Make the folder for a run of `config`.

        Raises EngineError when a finished or different run is there already: a run is never overwritten in
        silence. With `resume` the configuration must be the one the folder was made for. Where training ended
        before its first epoch was whole, there is nothing to lose and the folder is taken again.
        """
        if self.config.is_file() and (self.checkpoint.is_file() or self.keras.is_file()):
            if not resume:
                raise EngineError(
                    "already holds a run",
                    path=self.path,
                    hint="choose another folder, or --resume to go on with it",
                )
            words = {"about": "", "limits": ()}
            if load_config(self.config).model_copy(update=words) != config.model_copy(update=words):
                raise ConfigError(
                    "the run there has another configuration",
                    path=self.path,
                    hint="resume without changing options, or choose another folder",
                )
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(f"cannot be made: {error.strerror or error}", path=self.path) from None
        write_atomic(self.config, dump_config(config).encode())
        self.write_json("environment.json", environment())

    def write_json(self, name: str, content: Any) -> Path:
        """Write a JSON file of the run atomically."""
        path = self.path / name
        write_atomic(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
        return path

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run. Raises EngineError naming it when it is absent or broken."""
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise EngineError(error.strerror or "cannot be read", path=path) from None
        except ValueError as error:
            raise EngineError(f"is not JSON: {error}", path=path) from None

    def logged(self, sink: Sink | None) -> Sink:
        """A sink that also appends every event but progress to the run's log."""
        self.path.mkdir(parents=True, exist_ok=True)

        def write(event: Mapping[str, Any]) -> None:
            if event["event"] != "progress":
                with self.log.open("a", encoding="utf-8") as log:
                    json_lines(log)(event)
            if sink is not None:
                sink(event)

        return write


def environment() -> dict[str, Any]:
    """What the run was made with."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "workbench": __version__,
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "system": platform.system(),
        "packages": versions,
    }
