"""Scores of answers that are one class each: a class a window, or a class a time sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import bootstrap, calibration, class_counts, heartkit_figures, ranking

I64 = NDArray[np.int64]
F32 = NDArray[np.float32]

_TOTALS: dict[str, bootstrap.Figure] = {
    "f1_macro": class_counts.f1_macro,
    "f1_weighted": class_counts.f1_weighted,
    "accuracy": class_counts.accuracy,
    "balanced_accuracy": class_counts.balanced_accuracy,
    "kappa": class_counts.kappa,
    "mcc": class_counts.mcc,
}
_PER_CLASS: dict[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "se": class_counts.sensitivity,
    "ppv": class_counts.predictivity,
    "specificity": class_counts.specificity,
    "f1": class_counts.f1,
}
WORST_PATIENTS = 20
_MOST_RANKED = 2_000_000  # answers that curves and calibration look at; beyond, every so-many-th


@dataclass(frozen=True)
class Answers:
    """What a model said and what was right, flat: true int64 [m], probabilities float32 [m, k], group int64 [m].

    group numbers the patients 0..patients-1, whose keys are `patients`.
    """

    true: I64
    probabilities: F32
    group: I64
    patients: NDArray[np.str_]
    class_names: tuple[str, ...]
    unit: str  # "windows", "time samples", "records"


def score_windows(
    y: I64,
    probabilities: NDArray[Any],
    class_names: Sequence[str],
    patient: NDArray[np.str_],
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """All figures of windows y [n] with probabilities [n, k] of patients [n]; shares from 0 to 1."""
    return score_answers(answers_of(y, probabilities, class_names, patient, "windows"), replicates, seed)


def answers_of(
    true: NDArray[Any], probabilities: NDArray[Any], class_names: Sequence[str], patient: NDArray[Any], unit: str
) -> Answers:
    """Answers [m] with patients numbered."""
    keys, group = np.unique(patient, return_inverse=True)
    return Answers(
        np.asarray(true, np.int64), np.asarray(probabilities, np.float32), group, keys, tuple(class_names), unit
    )


def score_answers(
    answers: Answers, replicates: int, seed: int, per_patient: NDArray[Any] | None = None
) -> dict[str, Any]:
    """All figures; `per_patient` confusion counts [patients, k, k] where already known."""
    k, names = len(answers.class_names), answers.class_names
    if per_patient is None:
        answered = answers.probabilities.argmax(axis=1)
        per_patient = class_counts.grouped_confusion(
            answers.true, answered, answers.group, len(answers.patients), k
        )
    matrix = per_patient.sum(axis=0)
    document: dict[str, Any] = {name: float(figure(matrix)) for name, figure in _TOTALS.items()}
    per_class = {name: figure(matrix) for name, figure in _PER_CLASS.items()}
    support = class_counts.support(matrix)
    document["class_names"] = list(names)
    document["confusion"] = matrix.tolist()
    document["f1_per_class"] = {name: float(per_class["f1"][c]) for c, name in enumerate(names)}
    document["per_class"] = {
        name: {"support": int(support[c]), **{figure: float(values[c]) for figure, values in per_class.items()}}
        for c, name in enumerate(names)
    }
    document |= _intervals(per_patient, names, replicates, seed)
    _add_probability_figures(document, answers)
    document["patients_worst"] = _worst_patients(per_patient, answers.patients)
    document["statements"] = class_statements(support, matrix.sum(axis=0), names, answers.unit)
    if len(answers.patients) < bootstrap.FEWEST_PATIENTS:
        document["statements"].append("all from one patient: no confidence intervals")
    return document


def class_statements(support: NDArray[Any], answered: NDArray[Any], names: Sequence[str], unit: str) -> list[str]:
    """Sentences on classes without members: their figures do not exist, and means leave them out."""
    return [
        f"no {unit} of class {name} in this data: it has no score and is left out of means"
        + (f" ({int(given)} {unit} were wrongly called {name})" if given else "")
        for name, members, given in zip(names, support.tolist(), answered.tolist(), strict=True)
        if members == 0
    ]


def _intervals(per_patient: NDArray[Any], names: Sequence[str], replicates: int, seed: int) -> dict[str, Any]:
    """95 % intervals: `ci95` of the totals and of F1 by class, `ci95_per_class` of Se, PPV and F1."""
    figures = dict(_TOTALS)
    for c, name in enumerate(names):
        for figure in ("se", "ppv", "f1"):
            figures[f"{figure}:{name}"] = _of_class(_PER_CLASS[figure], c)
    found = bootstrap.intervals(per_patient, figures, replicates=replicates, seed=seed)
    return {
        "ci95": {name: found[name] for name in _TOTALS}
        | {"f1_per_class": {name: found[f"f1:{name}"] for name in names}},
        "ci95_per_class": {
            name: {figure: found[f"{figure}:{name}"] for figure in ("se", "ppv", "f1")} for name in names
        },
        "ci95_method": f"patient bootstrap, {replicates} replicates, {len(per_patient)} patients, percentiles",
    }


def _of_class(figure: bootstrap.Figure, c: int) -> bootstrap.Figure:
    return lambda sums: figure(sums)[:, c]


def _add_probability_figures(document: dict[str, Any], answers: Answers) -> None:
    """Ranking areas, calibration and coverage-risk."""
    step = -(-len(answers.true) // _MOST_RANKED)
    true, probabilities = answers.true[::step], answers.probabilities[::step]
    curves = {}
    areas: dict[str, list[float]] = {"auroc": [], "auprc": []}
    for c, name in enumerate(answers.class_names):
        ranked = ranking.rank(true == c, probabilities[:, c])
        document["per_class"][name] |= {"auroc": ranked.auroc, "auprc": ranked.auprc}
        areas["auroc"].append(ranked.auroc)
        areas["auprc"].append(ranked.auprc)
        curves[name] = curve_document(ranked)
    for area, values in areas.items():
        known = [v for v in values if np.isfinite(v)]
        document[f"{area}_macro"] = float(np.mean(known)) if known else float("nan")
    document["curves"] = curves
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == true
    document["calibration"] = calibration_document(
        calibration.reliability(confidence, right, calibration.brier_score(true, probabilities))
    )
    document["coverage_risk"] = coverage_document(calibration.coverage_risk(confidence, right))


def curve_document(ranked: ranking.Ranking) -> dict[str, Any]:
    """ROC and precision-recall points for drawing."""
    false_rate, true_rate = ranking.thinned(ranked.false_rate, ranked.true_rate)
    recall, precision = ranking.thinned(ranked.recall, ranked.precision)
    return {"false_rate": false_rate, "true_rate": true_rate, "recall": recall, "precision": precision}


def calibration_document(found: calibration.Calibration) -> dict[str, Any]:
    """Calibration as plain data."""
    return {
        "ece": found.ece,
        "worst_gap": found.worst_gap,
        "brier": found.brier,
        "edges": found.edges.round(6).tolist(),
        "count": found.count.tolist(),
        "confidence": found.confidence.tolist(),
        "accuracy": found.accuracy.tolist(),
    }


def coverage_document(found: calibration.CoverageRisk) -> dict[str, Any]:
    """Coverage-risk curve as plain data."""
    return {
        "area": found.area,
        "best_area": found.best_area,
        "coverage": found.coverage.round(6).tolist(),
        "risk": found.risk.round(6).tolist(),
        "confidence": found.confidence.round(6).tolist(),
    }


def inconclusive(true: I64, probabilities: NDArray[Any], threshold: float | None) -> dict[str, Any] | None:
    """What a confidence threshold would leave unsaid: those answers read "inconclusive" and still count above."""
    if threshold is None or not len(true):
        return None
    said = probabilities.max(axis=1) > threshold
    k = probabilities.shape[1]
    matrix = class_counts.confusion(true[said], probabilities[said].argmax(axis=1), k)
    by_class = class_counts.share(np.bincount(true[~said], minlength=k), np.bincount(true, minlength=k))
    return {
        "threshold": threshold,
        "n": int(np.count_nonzero(~said)),
        "share": float(1 - said.mean()),
        "share_by_class": by_class.tolist(),
        "accuracy_of_the_rest": float(class_counts.accuracy(matrix)),
        "f1_macro_of_the_rest": float(class_counts.f1_macro(matrix)),
    }


def _worst_patients(per_patient: NDArray[Any], patients: NDArray[np.str_]) -> list[dict[str, Any]]:
    """Patients with the most wrong answers by share, larger ones first among equals."""
    total = per_patient.sum(axis=(1, 2))
    right = class_counts.accuracy(per_patient)
    macro = class_counts.f1_macro(per_patient)
    order = np.lexsort((-total, np.where(total > 0, right, 2.0)))[:WORST_PATIENTS]
    return [
        {
            "patient": str(patients[i]),
            "n": int(total[i]),
            "accuracy": float(right[i]),
            "f1_macro": float(macro[i]),
            "wrong": int(total[i] - np.trace(per_patient[i])),
        }
        for i in order
    ]


def heartkit_compatible(answers: Answers, task: str, configured: float | None) -> dict[str, Any]:
    """HeartKit's figures for windows; see `heartkit_figures`."""
    threshold = heartkit_figures.threshold_for(task, len(answers.class_names), configured)
    return heartkit_figures.window_figures(answers.true, answers.probabilities, answers.group, threshold)
