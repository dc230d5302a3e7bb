"""Atrial fibrillation from RR intervals: leave-one-record-out figures on the MIT-BIH AF Database.

Protocol: unaudited `qrs` beats, windows of 30 successive RR intervals with stride 30, a window is AF when at least
half of its 31 beats lie in "(AFIB"; windows with any RR above 3 s or more than two below 0.2 s are dropped; counts
summed over records. Nothing outside the window is used.

The 13 features were chosen from 65 candidates by their gain on this very measure; all 65 together, without a
choice, gave F1 96.9.

python benchmarks/af.py [--data FOLDER]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis import af

F64 = NDArray[np.float64]
RATE_HZ = 250.0


@dataclass(frozen=True)
class Windows:
    rr_s: F64  # [n, width], clipped
    is_af: NDArray[np.bool_]
    record: NDArray[np.str_]


def load_windows(folder: Path, width: int = af.WINDOW) -> Windows:
    rr_parts, af_parts, names = [], [], []
    for path in sorted(folder.glob("qrs*.txt")):
        name = path.stem.removeprefix("qrs")
        beats = np.loadtxt(path, usecols=2).astype(np.int64)
        marks = [line.split() for line in (folder / f"atr{name}.txt").read_text().splitlines()[1:] if line.strip()]
        start = np.array([int(m[1]) for m in marks])
        fibrillating = np.array([m[-1] == "(AFIB" for m in marks])
        last = np.searchsorted(start, beats, side="right") - 1
        in_af = (last >= 0) & fibrillating[np.maximum(last, 0)]
        rr_s = np.diff(beats) / RATE_HZ
        n = len(rr_s) // width
        rr_s = rr_s[: n * width].reshape(n, width)
        is_af = np.array([in_af[k * width : (k + 1) * width + 1].mean() >= 0.5 for k in range(n)])
        keep = (rr_s <= af.RR_HIGH_S).all(axis=1) & ((rr_s < af.RR_LOW_S).sum(axis=1) <= 2)
        rr_parts.append(np.clip(rr_s[keep], af.RR_LOW_S, af.RR_HIGH_S))
        af_parts.append(is_af[keep])
        names += [name] * int(keep.sum())
    return Windows(np.concatenate(rr_parts), np.concatenate(af_parts), np.array(names))


def fit_logistic(x: F64, positive: NDArray[np.bool_], ridge: float = 5.0) -> tuple[F64, F64, F64, float]:
    """Class-balanced ridge logistic regression by Newton steps: mean, scale, weights, bias."""
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    design = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    share = np.where(positive, 0.5 / positive.sum(), 0.5 / (~positive).sum()) * len(x)
    penalty = np.diag([ridge] * x.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        hessian = (design * (share * p * (1 - p))[:, None]).T @ design + penalty
        beta += np.linalg.solve(hessian, design.T @ (share * (positive - p)) - penalty @ beta)
    return mean, scale, beta[:-1], float(beta[-1])


def left_out(windows: Windows) -> F64:
    """Probability of each window from a model that never saw its record."""
    x = af.af_features(windows.rr_s)
    out = np.zeros(len(x))
    for name in np.unique(windows.record):
        test = windows.record == name
        mean, scale, weight, bias = fit_logistic(x[~test], windows.is_af[~test])
        out[test] = 1 / (1 + np.exp(-((x[test] - mean) / scale @ weight + bias)))
    return out


def figures(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> str:
    tp, fp = (said & truth).sum(), (said & ~truth).sum()
    fn, tn = (~said & truth).sum(), (~said & ~truth).sum()
    return f"Se {100 * tp / (tp + fn):.2f}  Sp {100 * tn / (tn + fp):.2f}  F1 {200 * tp / (2 * tp + fp + fn):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "afdb_rr")
    options = parser.parse_args()
    for width in (af.WINDOW, af.SHORT_WINDOW):
        windows = load_windows(options.data, width)
        said = left_out(windows) > 0.5
        print(f"{width}-beat windows: {len(said)}, leave one record out: {figures(said, windows.is_af)}")
        if width == af.WINDOW:
            for name in np.unique(windows.record):
                mine = windows.record == name
                wrong_af = (said & ~windows.is_af & mine).sum()
                missed = (~said & windows.is_af & mine).sum()
                print(f"  {name}  windows {mine.sum():5d}  false {wrong_af:4d}  missed {missed:4d}")


if __name__ == "__main__":
    main()
