"""Beat types by the built-in models on the MIT-BIH Arrhythmia Database, inter-patient, as they ship (INT8).

Records of one side of the split of de Chazal et al. 2004 (`--side test`: the 22 of DS2, which took part in neither
training nor any choice); first lead; beats from 5:00 on. Twice: at the reference R positions, and end to end on
the beats of our own detector, matched one to one within 150 ms, so that missed and extra beats count as errors. As
EC57 has it, a fusion or unclassifiable beat called V and an unclassifiable beat called S are neither right nor
wrong; the strict figure counts them as wrong. Intervals: 95 %, 1000 bootstrap samples of patients.

python benchmarks/accuracy_beats.py [--data FOLDER] [--model NAME ...] [--side test|val|train] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.qrs import detect_qrs
from engine.config import SplitConfig
from engine.datasets.base import Strip
from engine.datasets.catalog import open_dataset
from engine.datasets.splits import make_split
from engine.evaluation.beat_matching import DETECTION_MS, LEARNING_S, match_beats
from engine.evaluation.bootstrap import intervals
from engine.records.annotations import AAMI_OF_SYMBOL
from engine.runtime.model import Model
from engine.tasks.beat_channels import beat_channels

I64 = NDArray[np.int64]

ROWS = ("N", "S", "V", "F", "Q", "none")  # what a beat is; the last row: no beat of theirs
EXCUSED = {"V": "FQ", "S": "Q"}
REPLICATES, SEED = 1000, 0
MODELS = ("beat-aami", "beat-3", "beat-2")


@dataclass(frozen=True)
class Classes:
    """The model's classes and the AAMI letters each stands for."""

    names: tuple[str, ...]
    letters: tuple[frozenset[str], ...]

    @staticmethod
    def of(labels: Mapping[str, tuple[str, ...]]) -> Classes:
        sets = tuple(frozenset(AAMI_OF_SYMBOL[s] for s in symbols) for symbols in labels.values())
        return Classes(tuple(labels), sets)

    def rows(self, c: int) -> list[int]:
        return [ROWS.index(letter) for letter in sorted(self.letters[c])]

    def held_against(self, c: int, strict: bool) -> list[int]:
        excused = "" if strict else "".join(EXCUSED.get(letter, "") for letter in self.letters[c])
        return [i for i, row in enumerate(ROWS) if i not in self.rows(c) and row not in excused]


def type_beats(model: Model, strip: Strip, r: I64) -> I64:
    """Class of each beat by the model."""
    window = model.card.config.window
    x = beat_channels(
        strip.samples_mv, strip.rate_hz, r, names=window.channels, length=window.length, grid_hz=window.rate_hz
    )
    return np.argmax(model.predict(x), axis=1)


def count(strip: Strip, r: I64, called: I64, classes: int) -> I64:
    """Beats from 5:00 on [ROWS, classes + 1]; the last column: no beat of ours."""
    assert strip.beats is not None
    tolerance, start = DETECTION_MS / 1000 * strip.rate_hz, LEARNING_S * strip.rate_hz
    theirs, symbols = strip.beats
    letter = np.array([ROWS.index(AAMI_OF_SYMBOL[s]) for s in symbols], np.int64)
    scored, near = theirs >= start, r >= start - tolerance
    theirs, letter, r, called = theirs[scored], letter[scored], r[near], called[near]
    i, j = match_beats(theirs, r, tolerance)
    counts = np.zeros((len(ROWS), classes + 1), np.int64)
    np.add.at(counts, (letter[i], called[j]), 1)
    np.add.at(counts[:, classes], np.delete(letter, i), 1)
    extra = np.delete(np.arange(len(r)), j)
    np.add.at(counts[-1], called[extra[r[extra] >= start]], 1)
    return counts


def figures(per_patient: I64, classes: Classes) -> dict[str, dict[str, Any]]:
    """Se, +P, F1 with interval, and the strict F1 of every class with reference beats."""
    total = per_patient.sum(axis=0)
    found = {}
    for c, name in enumerate(classes.names):
        rows = classes.rows(c)
        if not total[rows].sum():
            continue

        def f1(sums: NDArray[Any], c: int = c, rows: list[int] = rows, strict: bool = False) -> NDArray[Any]:
            hits, members = sums[:, rows, c].sum(axis=1), sums[:, rows].sum(axis=(1, 2))
            false = sums[:, classes.held_against(c, strict), c].sum(axis=1)
            return 2 * hits / np.maximum(1, hits + false + members)

        hits, members = total[rows, c].sum(), total[rows].sum()
        false = total[classes.held_against(c, False), c].sum()
        interval = intervals(per_patient, {"f1": f1}, replicates=REPLICATES, seed=SEED)["f1"]
        found[name] = {
            "beats": int(members),
            "se": float(hits / members),
            "ppv": float(hits / max(1, hits + false)),
            "f1": float(f1(total[None])[0]),
            "f1_ci95": None if interval is None else [float(v) for v in interval],
            "f1_strict": float(f1(total[None], strict=True)[0]),
        }
    return found


def measure(model: Model, strips: list[Strip]) -> dict[str, Any]:
    """Figures of one model in both ways of counting, and counts by record."""
    classes = Classes.of(model.card.config.classes)
    result: dict[str, Any] = {"classes": list(classes.names), "rows": list(ROWS)}
    for way in ("reference R", "own R"):
        by_record = {}
        for strip in strips:
            assert strip.beats is not None
            r = strip.beats[0] if way == "reference R" else detect_qrs(strip.samples_mv, strip.rate_hz).sample
            by_record[strip.record] = count(strip, r, type_beats(model, strip, r), len(classes.names))
        counts = np.stack(list(by_record.values()))
        result[way] = {
            "figures": figures(counts, classes),
            "confusion": counts.sum(axis=0).tolist(),
            "by_record": {name: c.tolist() for name, c in by_record.items()},
        }
    return result


def report(name: str, result: Mapping[str, Any], each: bool) -> None:
    for way, title in (("reference R", "at the reference's beats"), ("own R", "end to end, own detector")):
        print(f"{name}: {title}")
        for kind, f in result[way]["figures"].items():
            interval = (
                "" if f["f1_ci95"] is None else f" [{100 * f['f1_ci95'][0]:.1f}, {100 * f['f1_ci95'][1]:.1f}]"
            )
            print(
                f"  {kind:8s} {f['beats']:6d} beats  Se {100 * f['se']:.2f}  +P {100 * f['ppv']:.2f}  "
                f"F1 {100 * f['f1']:.2f}{interval}  strict F1 {100 * f['f1_strict']:.2f}"
            )
        print("  confusion, rows", *result["rows"], "; columns", *result["classes"], "missed")
        for row in result[way]["confusion"]:
            print("   ", *(f"{v:6d}" for v in row))
    if each:
        print("  by record, end to end: record, supraventricular beats as", *result["classes"], "missed; all as S")
        for record, counts in result["own R"]["by_record"].items():
            c = np.array(counts)
            print(f"    {record}", *(f"{v:5d}" for v in c[ROWS.index("S")]), " | ", *(f"{v:5d}" for v in c[:, 1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data")
    parser.add_argument("--model", nargs="*", default=list(MODELS), help="built-in names or folders")
    parser.add_argument("--side", default="test", choices=("train", "val", "test"))
    parser.add_argument("--each", action="store_true", help="one line a record as well")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    dataset = open_dataset("mitdb", options.data)
    patients = make_split(dataset, SplitConfig()).side(options.side)
    strips = [next(iter(dataset.strips(patient))) for patient in patients]
    print(f"{len(strips)} records, side {options.side}: {' '.join(s.record for s in strips)}")
    results = {}
    for name in options.model:
        folder = Path(name)
        model = Model.open(folder if folder.exists() else name)
        results[model.card.name] = measure(model, strips)
        report(model.card.name, results[model.card.name], options.each)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
