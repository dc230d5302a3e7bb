"""Rhythm and diagnostic models of the zoo, exported (INT8), on patients they never met; every window counts.

Per window and per record (mean of a record's windows; what the 2017 challenge labels is the record). The bars of
rhythm-2 and rhythm-cinc are read on records, that of rhythm-4 on windows. Elsewhere: rhythm-2 and rhythm-4 on DS2
of the MIT-BIH arrhythmia records (DS1 gave training windows), and rhythm-4 on records of the Challenge 2021 where
they are at hand, none of which was used. Windows whose rhythm has no class are left out and counted.

python benchmarks/accuracy_rhythm.py [--data FOLDER] [--models FOLDER] [NAME ...]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.catalog import open_dataset
from engine.datasets.splits import make_split
from engine.jobs.events import Job
from engine.modes.evaluate import evaluate_predictor, evaluation_config
from engine.modes.predictors import Predictor, open_predictor
from engine.runtime.model import Model
from engine.tasks.registry import open_task
from engine.tasks.rhythm import Rhythm

MODELS = ("rhythm-2", "rhythm-4", "rhythm-cinc", "diag")
MITDB, CINC2021 = ("mitdb", "mitdb", "test"), ("cinc2021", "samples_12lead", "all")
ELSEWHERE = {"rhythm-2": (MITDB,), "rhythm-4": (MITDB, CINC2021)}


def line(unit: str, figures: Mapping[str, Any], name: str) -> str:
    """One row: macro F1 (AUROC for labels that hold together) with its interval, and each class."""
    metric = "auroc_macro" if figures.get("f1_macro") is None or name == "diag" else "f1_macro"
    low, high = (figures.get("ci95") or {}).get(metric) or (float("nan"), float("nan"))
    classes = "  ".join(
        f"{c} {'absent' if f1 is None else f'{f1:.3f}'}" for c, f1 in (figures.get("f1_per_class") or {}).items()
    )
    text = f"  {unit:8s} n {figures['n']:6d}  {metric} {figures[metric]:.4f} [{low:.3f}, {high:.3f}]  F1: {classes}"
    if name == "rhythm-cinc":
        text += f"  mean of N, A, O {np.mean([figures['f1_per_class'][c] for c in 'NAO']):.4f}"
    return text


def score(predictor: Predictor, name: str, dataset: str | None, folder: Path, part: str) -> None:
    config = evaluation_config(predictor.config, [dataset] if dataset else None, folder)
    document = evaluate_predictor(predictor, config, Job(), part=part).to_document()
    print(f"{name} on {dataset or 'its test patients'} ({document['n_patients']} patients)")
    print(line("windows", document, name))
    if document.get("per_record"):
        print(line("records", document["per_record"], name))
    task = open_task(config)
    if isinstance(task, Rhythm):
        counts: Counter[str] = Counter()
        for choice in (choice for choice in config.datasets if not choice.train_only):
            data = open_dataset(choice.name, choice.path, **choice.params)
            for patient in make_split(data, config.split).side(part):
                for strip in data.strips(patient):
                    counts += task.census(strip)
        left = {k.removeprefix("left out: "): n for k, n in counts.most_common() if k.startswith("left out")}
        print(f"  left out: {left or 'nothing'}")


def microseconds(model: Model) -> float:
    """Least time of one window through the exported model, on one core."""
    window = model.card.config.window
    x = np.random.default_rng(0).normal(size=(1, window.length, len(window.channels))).astype(np.float32)
    best = float("inf")
    for _ in range(300):
        start = time.perf_counter()
        model.predict(x)
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(MODELS), metavar="NAME")
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data")
    parser.add_argument("--models", type=Path, help="folder of models, instead of the built-in ones")
    options = parser.parse_args()
    for name in options.names:
        where = options.models / name if options.models else name
        predictor = open_predictor(where)
        metrics = Model.open(where).card.metrics
        cost = f"{metrics.get('params', 0):,} parameters, {metrics.get('macs', 0):,} MAC"
        print(f"{name}: {cost}, {microseconds(Model.open(where)):.0f} us a window with preprocessing")
        score(predictor, name, None, options.data, "test")
        for dataset, folder, part in ELSEWHERE.get(name, ()):
            if (options.data / folder).is_dir():
                score(predictor, name, dataset, options.data / folder, part)


if __name__ == "__main__":
    main()
