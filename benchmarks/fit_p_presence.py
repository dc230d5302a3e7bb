"""Fit the weights by which `engine.analysis.delineation_p_presence` tells P waves from other bumps.

`python benchmarks/fit_p_presence.py --data DIR` prints the constants to put there and how well they do on records
left out of the fit. DIR holds ludb/ and mitdb/ as their publishers pack them. Data:

* all 12 leads of the 159 LUDB records outside the validation split, lead II counted three times; R from the
  project's own detector; a candidate is a P wave when its peak lies within 75 ms of a reference P peak; candidates
  outside the annotated span of their lead are left out;
* every sixth beat of the first lead of MIT-BIH DS1, counted a fifth, for the ectopy that LUDB hardly has. It marks
  no P waves, so beats stand for them: normal and bundle branch block beats in sinus rhythm have one, ventricular
  beats and beats in fibrillation, nodal or ventricular rhythm have none, others are left out.

Logistic regression with a ridge of 1 on the standardised features, by Newton steps.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from engine.analysis.delineation import p_evidence
from engine.analysis.delineation_p_presence import FEATURES
from engine.analysis.qrs import detect_qrs
from engine.analysis.types import ABSENT
from engine.evaluation import ludb

F64 = NDArray[np.float64]
SAME_PEAK_S = 0.075
LEAD_II_WEIGHT, OTHER_LEAD_WEIGHT, DS1_WEIGHT = 3.0, 1.0, 0.2
DS1 = (101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230)
DS1_EVERY = 6
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
WITH_P, WITH_P_RHYTHM = frozenset("NLR"), frozenset({"(N", "(B", "(T", "(SBR", "(BII", "(PREX"})
WITHOUT_P, WITHOUT_P_RHYTHM = frozenset("V"), frozenset({"(AFIB", "(NOD", "(IVR", "(VT"})
RIDGE = 1.0
FOLDS = 10


@dataclass(frozen=True)
class Candidates:
    """features [n, FEATURES], is_p [n], record [n] (MIT-BIH ones negative), weight [n]."""

    features: F64
    is_p: NDArray[np.bool_]
    record: NDArray[np.int64]
    weight: F64


def join(parts: list[Candidates]) -> Candidates:
    return Candidates(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.is_p for part in parts]),
        np.concatenate([part.record for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def from_ludb(folder: Path) -> Candidates:
    rhythm_of = ludb.rhythms(folder)
    kept_out = ludb.validation_records(rhythm_of)
    parts = []
    for record in (n for n in rhythm_of if n not in kept_out):
        for lead in ludb.LEADS:
            x_mv = ludb.signal(folder, record, lead)
            truth = ludb.marks(folder, record, lead)
            marks = np.concatenate(list(truth.values()))
            r = detect_qrs(x_mv, ludb.FS_HZ).sample
            if len(r) == 0 or len(marks) == 0:
                continue
            evidence = p_evidence(x_mv, r, ludb.FS_HZ)
            use = (evidence.peak != ABSENT) & (evidence.peak >= marks.min()) & (evidence.peak <= marks.max())
            distance = np.abs(evidence.peak[:, None] - truth["p"]).min(axis=1, initial=len(x_mv))
            is_p = distance <= SAME_PEAK_S * ludb.FS_HZ
            n = int(use.sum())
            weight = LEAD_II_WEIGHT if lead == "ii" else OTHER_LEAD_WEIGHT
            parts.append(Candidates(evidence.features[use], is_p[use], np.full(n, record), np.full(n, weight)))
    return join(parts)


def from_ds1(folder: Path) -> Candidates:
    parts = []
    for record in DS1:
        signal = wfdb.rdrecord(str(folder / str(record)), channels=[0])
        annotation = wfdb.rdann(str(folder / str(record)), "atr")
        r, label = [], []
        rhythm = ""
        for sample, symbol, note in zip(annotation.sample, annotation.symbol, annotation.aux_note, strict=True):
            if symbol == "+":
                rhythm = note.strip("\x00")
            if symbol not in BEATS:
                continue
            r.append(int(sample))
            if symbol in WITHOUT_P or rhythm in WITHOUT_P_RHYTHM:
                label.append(0)
            elif symbol in WITH_P and rhythm in WITH_P_RHYTHM:
                label.append(1)
            else:
                label.append(-1)
        x_mv = np.ascontiguousarray(signal.p_signal[:, 0], np.float32)
        evidence = p_evidence(x_mv, np.array(r), float(signal.fs))
        known = np.array(label)
        use = np.flatnonzero((known >= 0) & (evidence.peak != ABSENT))[::DS1_EVERY]
        n = len(use)
        parts.append(
            Candidates(evidence.features[use], known[use] == 1, np.full(n, -record), np.full(n, DS1_WEIGHT))
        )
    return join(parts)


def fit(data: Candidates, rows: NDArray[np.bool_]) -> F64:
    """Intercept and weights [1 + FEATURES] on the features as they are."""
    x, y, weight = data.features[rows], data.is_p[rows].astype(np.float64), data.weight[rows]
    mean, sd = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(x)), (x - mean) / sd])
    ridge = np.diag([0.0] + [RIDGE] * len(FEATURES))
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (weight * (y - p)) - ridge @ beta
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    slopes = beta[1:] / sd
    return np.concatenate(([beta[0] - slopes @ mean], slopes))


def f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    return 200.0 * np.count_nonzero(truth & said) / max(1, np.count_nonzero(truth) + np.count_nonzero(said))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ludb/ and mitdb/")
    options = parser.parse_args()
    data = join([from_ludb(options.data / "ludb"), from_ds1(options.data / "mitdb")])

    records = np.unique(data.record)
    score = np.zeros(len(data.is_p))
    for fold in range(FOLDS):
        held = np.isin(data.record, records[fold::FOLDS])
        beta = fit(data, ~held)
        score[held] = beta[0] + data.features[held] @ beta[1:]
    parts = {"LUDB lead II": LEAD_II_WEIGHT, "LUDB other leads": OTHER_LEAD_WEIGHT, "MIT-BIH DS1": DS1_WEIGHT}
    for name, weight in parts.items():
        rows = data.weight == weight
        print(
            f"# {name}: {rows.sum()} candidates, F1 on records left out {f1(data.is_p[rows], score[rows] > 0):.2f}"
        )

    beta = fit(data, np.ones(len(data.is_p), np.bool_))
    print(f"INTERCEPT = {beta[0]:.3f}\nWEIGHTS = {{")
    for name, slope in zip(FEATURES, beta[1:], strict=True):
        print(f'    "{name}": {slope:.3f},')
    print("}")


if __name__ == "__main__":
    main()
