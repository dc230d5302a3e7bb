"""Fit the beat models of `engine.analysis.beats` on DS1 of the MIT-BIH Arrhythmia Database and write them.

Needs scikit-learn. Both leads of the 22 records serve, at the reference R positions and at our own detector's.

python benchmarks/fit_beats.py [--data FOLDER] [--check]     --check: leave-one-record-out figures, nothing written
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from beats import DS1, EXTRA, TOLERANCE_S, load_reference, report, waves_and_features
from numpy.typing import NDArray

from engine.analysis import beats
from engine.analysis.beat_context import CONTEXT_COLUMNS, beat_context, rr_seconds
from engine.analysis.beats import Models
from engine.analysis.boosted_trees import BoostedTrees
from engine.analysis.criteria import Criteria
from engine.analysis.fibrillation import fibrillation_on_both_sides
from engine.analysis.qrs import detect_qrs
from engine.analysis.sinus_context import SINUS_COLUMNS, sinus_context
from engine.analysis.types import ABSENT
from engine.evaluation.beat_matching import match_beats

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


DEPTH, ROUNDS, RATE = 3, 60, 0.12
MOST_OF_A_KIND = 600  # beats of one class in one lead, so that no patient outweighs the others
SUPRAVENTRICULAR_WEIGHT = 3.0  # rare and of few patients
LEAST_EARLY = 0.05  # beats less early than this cannot be ectopic and are not learned from
# Known directions keep the trees from learning the habits of single patients.
VENTRICULAR_DIRECTION = {
    "rr_prev_to_local": -1,
    "rr_prev_to_next": -1,
    "like_dominant": -1,
    "width_to_dominant": 1,
    "half_width_to_dominant": 1,
    "t_like_dominant": -1,
    "t_change": 1,
    "p_like_dominant": -1,
}


@dataclass(frozen=True)
class Rows:
    """One lead of one record at one set of R positions."""

    context: F64
    rr_s: F64
    has_p: NDArray[np.bool_]
    kind: NDArray[np.str_]
    is_reference: bool

    def timing(self, ventricular: BoostedTrees) -> F64:
        return sinus_context(self.rr_s, ventricular.score(self.context) > 0)

    def fibrillation(self, ventricular: BoostedTrees) -> F64:
        return fibrillation_on_both_sides(self.rr_s[1:], ventricular.score(self.context) > 0, self.has_p)


def training_rows(folder: Path, name: str) -> list[Rows]:
    """Two leads, reference and own positions."""
    reference = load_reference(folder, name)
    fs_hz = reference.fs_hz
    out = []
    for x_mv in reference.signals_mv:
        for r in (reference.r, detect_qrs(x_mv, fs_hz).sample):
            waves, features = waves_and_features(x_mv, r, fs_hz)
            context, _ = beat_context(r, features, fs_hz)
            kind = np.full(len(r), EXTRA)
            for i, j in zip(*match_beats(reference.r, r, TOLERANCE_S * fs_hz), strict=True):
                kind[j] = reference.aami[i]
            out.append(Rows(context, rr_seconds(r, fs_hz)[:-1], waves.p != ABSENT, kind, r is reference.r))
    return out


def fit_trees(x: F64, positive: NDArray[np.bool_]) -> BoostedTrees:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        max_depth=DEPTH,
        learning_rate=RATE,
        min_samples_leaf=50,
        l2_regularization=5.0,
        early_stopping=False,
        monotonic_cst=[VENTRICULAR_DIRECTION.get(name, 0) for name in CONTEXT_COLUMNS],
        random_state=0,
    ).fit(x, positive)
    bias = round(float(np.ravel(model._baseline_prediction)[0]), 5)
    trees = [complete_tree(predictor.nodes, DEPTH) for (predictor,) in model._predictors]
    return BoostedTrees(*(np.array(part) for part in zip(*trees, strict=True)), bias)


def complete_tree(nodes: NDArray[np.void], depth: int) -> tuple[I64, F64, F64]:
    """One fitted tree as a complete one: a leaf above the bottom is repeated below itself."""
    inner = 2**depth - 1
    feature, threshold, leaf = np.zeros(inner, dtype=np.int64), np.zeros(inner), np.zeros(inner + 1)

    def place(node: int, at: int) -> None:
        row = nodes[node]
        if at >= inner:
            leaf[at - inner] = round(float(row["value"]), 5)
            return
        if not row["is_leaf"]:
            feature[at], threshold[at] = row["feature_idx"], float(f"{row['num_threshold']:.5g}")
        place(node if row["is_leaf"] else row["left"], 2 * at + 1)
        place(node if row["is_leaf"] else row["right"], 2 * at + 2)

    place(0, 0)
    return feature, threshold, leaf


def fit_both(data: list[Rows]) -> Models:
    """The ventricular model, and the supraventricular one on what it leaves."""
    chosen = [few_of_each(rows.kind) for rows in data]
    ventricular = fit_trees(
        np.concatenate([rows.context[k] for rows, k in zip(data, chosen, strict=True)]),
        np.concatenate([rows.kind[k] == "V" for rows, k in zip(data, chosen, strict=True)]),
    )
    x = np.concatenate([rows.timing(ventricular) for rows in data])
    kind = np.concatenate([rows.kind for rows in data])
    chance = np.concatenate([rows.fibrillation(ventricular) for rows in data])
    use = np.isin(kind, ["N", "S"]) & (x[:, 0] > LEAST_EARLY) & (chance < 0.5)
    mean, scale, weight, bias = fit_logistic(x[use], kind[use] == "S", SUPRAVENTRICULAR_WEIGHT)
    weight = weight / scale
    return Models(ventricular, np.round(weight, 5), round(float(bias - mean @ weight), 5))


def few_of_each(kind: NDArray[np.str_]) -> I64:
    """Positions of at most `MOST_OF_A_KIND` beats of each class that counts, chosen at random."""
    chance = np.random.default_rng(0)
    parts = []
    for wanted in ("N", "S", "V"):
        at = np.flatnonzero(kind == wanted)
        parts.append(at if len(at) <= MOST_OF_A_KIND else chance.choice(at, MOST_OF_A_KIND, replace=False))
    return np.concatenate(parts)


def fit_logistic(x: F64, positive: NDArray[np.bool_], weight: float) -> tuple[F64, F64, F64, float]:
    """Ridge logistic regression by Newton steps: mean, scale, weights, bias."""
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    design = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    share = np.where(positive, weight, 1.0)
    penalty = np.diag([1.0] * x.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(15):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        hessian = (design * (share * p * (1 - p))[:, None]).T @ design + penalty
        beta += np.linalg.solve(hessian, design.T @ (share * (positive - p)) - penalty @ beta)
    return mean, scale, beta[:-1], float(beta[-1])


def check(data: dict[str, list[Rows]]) -> None:
    given: list[tuple[str, str]] = []
    ours: list[tuple[str, str]] = []
    for name, mine in data.items():
        others = [rows for other, parts in data.items() if other != name for rows in parts]
        fitted = fit_both(others)
        for rows in mine[:2]:
            timing = rows.timing(fitted.ventricular)
            early = timing[:, 0] >= -np.log(1 - Criteria().premature_percent / 100)
            chance = fitted.supraventricular(timing) * (1 - rows.fibrillation(fitted.ventricular))
            is_s = (chance > 0.5) & early
            said = np.where(fitted.ventricular.score(rows.context) > 0, "V", np.where(is_s, "S", "N"))
            (given if rows.is_reference else ours).extend(zip(rows.kind.tolist(), said.tolist(), strict=True))
    report("DS1, leave one record out, first lead, reference R", given)
    report("DS1, leave one record out, first lead, own R (missed beats not counted)", ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "mitdb")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    data = {name: training_rows(options.data, name) for name in DS1}
    if options.check:
        check(data)
        return
    fitted = fit_both([rows for parts in data.values() for rows in parts])
    document = {
        "id": "beat-context",
        "version": 1,
        "data": "MIT-BIH Arrhythmia Database, records DS1, ODC-By 1.0",
        "ventricular": {"columns": CONTEXT_COLUMNS, **fitted.ventricular.to_document()},
        "supraventricular": {"columns": SINUS_COLUMNS, "weight": fitted.weight.tolist(), "bias": fitted.bias},
    }
    target = Path(beats.__file__).with_name("beat_model.json")
    target.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    print("written", target)


if __name__ == "__main__":
    main()
