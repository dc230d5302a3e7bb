"""Fit the beat models of `engine.analysis.beats` on DS1 of the MIT-BIH Arrhythmia Database and write them.

Needs scikit-learn. Both leads of the 22 records serve, at the reference R positions and at our own detector's.

python benchmarks/fit_beats.py [--data FOLDER] [--check]     --check: leave-one-record-out figures, nothing written
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from beats import DS1, TOLERANCE_S, load_reference, match, report, waves_and_features
from numpy.typing import NDArray

from engine.analysis import beats
from engine.analysis.beat_context import CONTEXT_COLUMNS, beat_context
from engine.analysis.boosted_trees import BoostedTrees
from engine.analysis.qrs import detect_qrs

DEPTH = 4
ROUNDS = 40
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
    "family_share": -1,
    "family_rr_prev_to_local": -1,
    "family_rr_prev_to_next": -1,
    "family_like_dominant": -1,
    "family_width_to_dominant": 1,
}
SUPRAVENTRICULAR_DIRECTION = {
    "rr_prev_to_local": -1,
    "rr_prev_to_next": -1,
    "rr_prev_to_long": -1,
    "rr_prev_to_before": -1,
    "irregularity": -1,
    "af_probability": -1,
    "p_like_dominant": -1,
    "p_change": 1,
    "like_dominant": 1,
}


def training_rows(folder: Path, name: str) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Context rows and classes of one record: two leads, reference and own positions."""
    reference = load_reference(folder, name)
    rows, kinds = [], []
    for x_mv in reference.signals_mv:
        for r in (reference.r, detect_qrs(x_mv, reference.fs_hz).sample):
            _, features = waves_and_features(x_mv, r, reference.fs_hz)
            context, _ = beat_context(r, features, reference.fs_hz)
            kind = np.full(len(r), "+")
            for i, j in match(reference.r, r, TOLERANCE_S * reference.fs_hz):
                kind[j] = reference.aami[i]
            rows.append(context)
            kinds.append(kind)
    return np.concatenate(rows), np.concatenate(kinds)


def fit(x: NDArray[np.float64], positive: NDArray[np.bool_], directions: dict[str, int]) -> BoostedTrees:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        max_depth=DEPTH,
        learning_rate=0.12,
        min_samples_leaf=40,
        l2_regularization=5.0,
        early_stopping=False,
        monotonic_cst=[directions.get(name, 0) for name in CONTEXT_COLUMNS],
        random_state=0,
    ).fit(x, positive)
    return complete_trees(model)


def complete_trees(model) -> BoostedTrees:  # noqa: ANN001
    """The fitted ensemble as complete trees: a leaf above the bottom is repeated below itself."""
    inner, leaves = 2**DEPTH - 1, 2**DEPTH
    features, thresholds, values = [], [], []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        feature = np.zeros(inner, dtype=np.int64)
        threshold = np.zeros(inner)
        leaf = np.zeros(leaves)

        def place(node, at: int) -> None:  # noqa: ANN001
            row = nodes[node]
            if at >= inner:
                leaf[at - inner] = round(float(row["value"]), 5)
                return
            if not row["is_leaf"]:
                feature[at], threshold[at] = row["feature_idx"], float(f"{row['num_threshold']:.5g}")
            place(node if row["is_leaf"] else row["left"], 2 * at + 1)
            place(node if row["is_leaf"] else row["right"], 2 * at + 2)

        place(0, 0)
        features.append(feature)
        thresholds.append(threshold)
        values.append(leaf)
    bias = round(float(np.ravel(model._baseline_prediction)[0]), 5)
    return BoostedTrees(np.array(features), np.array(thresholds), np.array(values), bias)


def fit_both(x: NDArray[np.float64], kind: NDArray[np.str_]) -> tuple[BoostedTrees, BoostedTrees]:
    known = np.isin(kind, ["N", "S", "V"])
    narrow = np.isin(kind, ["N", "S"])
    return (
        fit(x[known], kind[known] == "V", VENTRICULAR_DIRECTION),
        fit(x[narrow], kind[narrow] == "S", SUPRAVENTRICULAR_DIRECTION),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "mitdb")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    data = {name: training_rows(options.data, name) for name in DS1}
    if options.check:
        rows: list[tuple[str, str]] = []
        for name in DS1:
            others = [data[other] for other in DS1 if other != name]
            ventricular, early = fit_both(
                np.concatenate([x for x, _ in others]), np.concatenate([k for _, k in others])
            )
            x, kind = data[name]
            said = np.where(early.score(x) > 0, "S", "N")
            said[ventricular.score(x) > 0] = "V"
            rows += zip(kind.tolist(), said.tolist(), strict=True)
        report("DS1, leave one record out, both leads", rows)
        return
    ventricular, early = fit_both(
        np.concatenate([x for x, _ in data.values()]), np.concatenate([k for _, k in data.values()])
    )
    document = {
        "id": "beat-context-trees",
        "version": 1,
        "data": "MIT-BIH Arrhythmia Database, records DS1, ODC-By 1.0",
        "features": list(CONTEXT_COLUMNS),
        "ventricular": ventricular.to_document(),
        "supraventricular": early.to_document(),
    }
    target = Path(beats.__file__).with_name("beat_model.json")
    target.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    print("written", target)


if __name__ == "__main__":
    main()
