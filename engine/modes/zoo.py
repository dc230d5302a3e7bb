"""The zoo: each built-in model rebuilt from data by one command, its card written from its figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.config import RunConfig, dump_config, load_config
from engine.datasets.catalog import dataset_info
from engine.jobs.events import Job
from engine.jobs.run_folder import RunFolder
from engine.modes.data_folders import with_folders, without_folders
from engine.modes.evaluate import evaluate_predictor
from engine.modes.export import export_run
from engine.modes.predictors import open_predictor
from engine.modes.train import train_run
from engine.presets import load_preset, preset_names
from engine.records.atomic import write_atomic
from engine.reports.model_card import model_card
from engine.resources import resource_path

SHIPPED = ("model.tflite", "model.keras")
# What metrics.json says of the model itself, not of its test
KEPT = (
    "name", "params", "macs", "receptive_field", "size_bytes", "arena_bytes", "split_hash", "patients", "parity",
)  # fmt: skip


def build_zoo_model(
    name: str,
    job: Job,
    *,
    source: Path | None = None,
    work: Path | None = None,
    to: Path | None = None,
    resume: bool = False,
) -> Mapping[str, Any]:
    """Train, export and evaluate the preset `name`, then put it with its card into the models folder.

    work: where the run goes (default: the user's cache). Steps that are done already are not repeated with
    `resume`. Raises EngineError, Cancelled; the models folder changes only when everything succeeded.
    """
    preset = load_preset(name)
    folder = RunFolder((work or _cache()) / name)
    if not resume and folder.path.is_dir():
        shutil.rmtree(folder.path)
    if not (resume and folder.keras.is_file()):
        train_run(preset, folder, job, source=source, resume=resume)
    exported = export_run(folder, job, source=source)
    config = with_folders(without_folders(load_config(folder.config)), source)
    result = evaluate_predictor(open_predictor(folder.path), config, job)
    result.save(folder.path / "evaluation")
    metrics = _metrics(config, result.to_document(), exported, folder)
    target = (to or resource_path("presets").parent / "models") / name
    _install(folder, target, without_folders(config), metrics)
    job.artefact("model", target)
    return {"folder": str(target), "headline": metrics["headline"], "metrics": metrics}


def score_zoo_model(
    name: str, job: Job, *, source: Path | None = None, to: Path | None = None
) -> Mapping[str, Any]:
    """Score a built-in model on its test patients again and write its metrics.json and card anew."""
    folder = (to or resource_path("models")) / name
    predictor = open_predictor(folder)
    result = evaluate_predictor(predictor, with_folders(without_folders(predictor.config), source), job)
    figures = result.to_document()
    stored = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    metrics = {**figures, **{key: stored[key] for key in KEPT}, "headline": _headline(figures)}
    write_atomic(folder / "metrics.json", _json(metrics))
    write_atomic(folder / "README.md", _card(predictor.config, metrics).encode())
    return {"folder": str(folder), "headline": metrics["headline"]}


def write_cards(to: Path | None = None) -> list[Path]:
    """Write every model's README.md again from its config.json and metrics.json.

    What a model is for and cannot do is taken anew from the preset of its name, into config.json too.
    """
    folder = to or resource_path("models")
    written = []
    for config_file in sorted(folder.glob("*/config.json")):
        metrics = json.loads(config_file.with_name("metrics.json").read_text(encoding="utf-8"))
        path = config_file.with_name("README.md")
        config = load_config(config_file)
        if config.name in preset_names():
            preset = load_preset(config.name)
            config = config.model_copy(update={"about": preset.about, "limits": preset.limits})
            write_atomic(config_file, dump_config(config).encode())
        write_atomic(path, _card(config, metrics).encode())
        written.append(path)
    return written


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("heartkit-workbench", appauthor=False) / "zoo"


def _metrics(
    config: RunConfig, figures: Mapping[str, Any], exported: Mapping[str, Any], folder: RunFolder
) -> dict[str, Any]:
    """Content of metrics.json: the test figures of the exported model, and what it costs."""
    from engine.models.counts import count
    from engine.models.files import load_model_safely

    counts = count(load_model_safely(folder.keras))
    splits = folder.read_json("split.json")
    export, parity = exported["export"], exported["parity"]
    return {
        **figures,
        "name": config.name,
        "headline": _headline(figures),
        "params": counts.params,
        "macs": counts.macs,
        "receptive_field": counts.receptive_field,
        "size_bytes": export["file_bytes"],
        "arena_bytes": export["arena_bytes"],
        "split_hash": splits["split_hash"],
        "patients": {
            name: {side: len(split[side]) for side in ("train", "val", "test")}
            for name, split in splits["datasets"].items()
        },
        "parity": parity,
    }


def _install(folder: RunFolder, target: Path, config: RunConfig, metrics: Mapping[str, Any]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        write_atomic(target / name, (folder.path / name).read_bytes())
    write_atomic(target / "config.json", dump_config(config).encode())
    write_atomic(target / "metrics.json", _json(metrics))
    write_atomic(target / "README.md", _card(config, metrics).encode())


def _headline(figures: Mapping[str, Any]) -> str:
    metric = figures["headline_metric"]
    return f"{metric} {figures[metric]:.4f} on {figures['n_patients']} test patients"


def _json(metrics: Mapping[str, Any]) -> bytes:
    return (json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _card(config: RunConfig, metrics: Mapping[str, Any]) -> str:
    return model_card(config, metrics, [dataset_info(choice.name) for choice in config.datasets])
