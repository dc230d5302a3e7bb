"""Heart-rate variability of MIT-BIH record 100 (reference beats) against published figures and other packages.

The figures are those of the plain formulas and of PhysioNet's `lomb` program on the 2,204 NN intervals, with the
series closed up (and RMSSD, pNN50 by the neighbour rule). Also the time for a day of 108,000 beats.

python benchmarks/hrv.py [--data FOLDER]
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.hrv import hrv, normal_intervals

F64 = NDArray[np.float64]
RATE_HZ = 360.0
BANDS = [(0.04, 0.15), (0.15, 0.40)]
PUBLISHED = {
    "mean_nn": 795.0116,
    "sdnn": 35.9609,
    "rmssd": 27.7911,
    "pnn50": 5.9918,
    "vlf": 326.45,
    "lf": 85.71,
    "hf": 522.40,
    "lf_hf": 0.1641,
    "total": 1261.29,
    "sd1": 19.66,
    "sd2": 46.90,
    "sample_entropy": 1.7886,
}
PUBLISHED_NEIGHBOUR = {"rmssd": 27.4805, "pnn50": 5.7630}


def reference_beats(folder: Path) -> tuple[NDArray[np.int64], list[str]]:
    import wfdb

    marks = wfdb.rdann(str(folder / "100"), "atr")
    rows = [i for i, symbol in enumerate(marks.symbol) if symbol in "NAV"]
    return marks.sample[rows].astype(np.int64), [marks.symbol[i] for i in rows]


def by_physiokit(nn_ms: F64) -> dict[str, float]:
    from physiokit.hrv import compute_hrv_frequency, compute_hrv_time

    found = compute_hrv_time(nn_ms, sample_rate=1000)
    bands = compute_hrv_frequency(np.round(np.cumsum(nn_ms)).astype(int), nn_ms, BANDS, sample_rate=1000).bands
    lf, hf = bands[0].total_power, bands[1].total_power
    return {
        "mean_nn": found.mean_nn,
        "sdnn": found.sd_nn,
        "rmssd": found.rms_sd,
        "pnn50": found.pnn50,
        "lf": lf,
        "hf": hf,
        "lf_hf": lf / hf,
    }


def by_neurokit(nn_ms: F64) -> dict[str, float]:
    import neurokit2

    peaks = np.round(np.concatenate([[0.0], np.cumsum(nn_ms)])).astype(int)
    found = neurokit2.hrv({"ECG_R_Peaks": peaks}, sampling_rate=1000).iloc[0]
    spectrum = neurokit2.hrv_frequency({"ECG_R_Peaks": peaks}, sampling_rate=1000, normalize=False).iloc[0]
    return {
        "mean_nn": found["HRV_MeanNN"],
        "sdnn": found["HRV_SDNN"],
        "rmssd": found["HRV_RMSSD"],
        "pnn50": found["HRV_pNN50"],
        "lf": spectrum["HRV_LF"],
        "hf": spectrum["HRV_HF"],
        "lf_hf": spectrum["HRV_LFHF"],
        "sd1": found["HRV_SD1"],
        "sd2": found["HRV_SD2"],
        "sample_entropy": found["HRV_SampEn"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "mitdb")
    options = parser.parse_args()
    r, symbols = reference_beats(options.data)
    closed = hrv(r, symbols, RATE_HZ, rule="closed")
    neighbour = hrv(r, symbols, RATE_HZ)
    nn_ms = normal_intervals(r, symbols, RATE_HZ, rule="closed").nn_ms
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peers = {"physiokit": by_physiokit(nn_ms), "neurokit2": by_neurokit(nn_ms)}
    print(
        f"{'closed series':16s}{'published':>12s}{'ours':>12s}{'apart':>10s}" + "".join(f"{p:>12s}" for p in peers)
    )
    for name, value in PUBLISHED.items():
        row = "".join(f"{found[name]:12.4f}" if name in found else f"{'':12s}" for found in peers.values())
        print(
            f"{name:16s}{value:12.4f}{closed[name].value:12.4f}{100 * (closed[name].value / value - 1):9.3f}%{row}"
        )
    print("neighbour rule")
    for name, value in PUBLISHED_NEIGHBOUR.items():
        ours = neighbour[name].value
        print(f"{name:16s}{value:12.4f}{ours:12.4f}{100 * (ours / value - 1):9.3f}%")
    beats = np.cumsum(np.random.default_rng(0).normal(200, 10, 108_000)).astype(np.int64)
    began = time.perf_counter()
    hrv(beats, "N" * len(beats), 250.0)
    print(f"a day, 108,000 beats: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
