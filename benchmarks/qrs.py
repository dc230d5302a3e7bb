"""QRS detection on MIT-BIH and on the noise stress test mixes, by EC57; optionally beside installed peers.

python benchmarks/qrs.py --data FOLDER [--json FILE] [--peers] [--held-out]     FOLDER holds mitdb/ and nstdb/

First lead of all 48 records; tuned on DS1 only (`fit_qrs.py`). The mixes (118 and 119 with recorded electrode
motion) are made here by the published recipe and gains. --held-out adds DS2 records, on which nothing was tuned,
with electrode motion and muscle noise, and with beats taken out, repeated in fast runs, and sped up. Peers are run
on the same records in the same process; those that are not installed are left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qrs_data import (
    DS1,
    PACED,
    STRESS_DB,
    Recording,
    at_rate,
    cut,
    gain_for,
    load_all,
    load_noise,
    mix,
    stress_test,
    with_pauses,
    with_runs,
    without_clean,
)

from engine.analysis.qrs import detect_qrs
from engine.evaluation.beat_matching import (
    DETECTION_MS,
    LEARNING_S,
    POSITION_MS,
    BeatSummary,
    score_beats,
    summarise,
)

Detector = Callable[[NDArray[np.float32], float], NDArray[np.int64]]

REPEATS = 3  # the shortest of so many runs is a record's time
HELD_OUT_S = 660.0


def ours(x_mv: NDArray[np.float32], fs_hz: float) -> NDArray[np.int64]:
    return detect_qrs(x_mv, fs_hz).sample


def peers() -> dict[str, Detector]:
    """Other detectors that are installed."""
    found: dict[str, Detector] = {}
    try:
        import neurokit2
    except ImportError:
        pass
    else:
        for method in ("neurokit", "pantompkins1985", "rodrigues2021"):

            def run(x: NDArray[np.float32], fs_hz: float, method: str = method) -> NDArray[np.int64]:
                clean = neurokit2.ecg_clean(x, sampling_rate=int(fs_hz), method=method)
                _, info = neurokit2.ecg_peaks(clean, sampling_rate=int(fs_hz), method=method)
                return np.asarray(info["ECG_R_Peaks"])

            found[f"neurokit2 {method}"] = run
    try:
        import physiokit.ecg
    except ImportError:
        pass
    else:

        def physiokit_peaks(x: NDArray[np.float32], fs_hz: float) -> NDArray[np.int64]:
            clean = physiokit.ecg.clean(x, lowcut=10, highcut=30, sample_rate=fs_hz)
            return np.asarray(physiokit.ecg.find_peaks(clean, sample_rate=fs_hz))

        found["physiokit"] = physiokit_peaks
    from wfdb.processing import gqrs_detect, xqrs_detect

    found["wfdb gqrs"] = lambda x, fs_hz: gqrs_detect(sig=x.astype(float), fs=fs_hz)
    found["wfdb xqrs"] = lambda x, fs_hz: xqrs_detect(sig=x.astype(float), fs=fs_hz, verbose=False)
    return found


def run_all(
    detector: Detector, recordings: Iterable[Recording], repeats: int
) -> tuple[dict[str, NDArray[np.int64]], list[float]]:
    """(detections by record, seconds by record); a detector that fails on a record finds nothing there."""
    found, seconds = {}, []
    for recording in recordings:
        best = np.inf
        for _ in range(repeats):
            start = time.perf_counter()
            try:
                found[recording.name] = detector(recording.x_mv, recording.fs_hz)
            except (ValueError, IndexError, ZeroDivisionError) as fault:
                print(f"  {recording.name}: {fault!r}")
                found[recording.name] = np.zeros(0, np.int64)
            best = min(best, time.perf_counter() - start)
        seconds.append(best)
    return found, seconds


def score(
    recordings: Iterable[Recording],
    found: dict[str, NDArray[np.int64]],
    tolerance_ms: float = DETECTION_MS,
    learning_s: float = 0.0,
) -> BeatSummary:
    return summarise(
        {
            r.name: score_beats(
                r.beats,
                found[r.name],
                r.fs_hz,
                tolerance_ms=tolerance_ms,
                learning_s=learning_s,
                excluded=r.excluded,
            )
            for r in recordings
        }
    )


def show(label: str, summary: BeatSummary) -> dict[str, object]:
    gross = summary.gross
    worst = summary.worst()
    print(
        f"{label:26s} Se {gross.sensitivity:6.2f}  +P {gross.predictivity:6.2f}  F1 {gross.f1:7.3f}  "
        f"FP {gross.false_positive:4d}  FN {gross.false_negative:4d}  "
        f"R {gross.mean_error_ms:+.1f}+-{gross.sd_error_ms:.1f} ms  "
        f"average {summary.average_sensitivity:.2f}/{summary.average_predictivity:.2f}  "
        f"worst {' '.join(f'{name}:{rate:.1f}' for name, rate in worst)}"
    )
    return {
        "Se": gross.sensitivity,
        "+P": gross.predictivity,
        "F1": gross.f1,
        "FP": gross.false_positive,
        "FN": gross.false_negative,
        "mean_ms": gross.mean_error_ms,
        "sd_ms": gross.sd_error_ms,
        "worst_DER": dict(worst),
    }


def benchmark(
    name: str, detector: Detector, records: list[Recording], data: Path, repeats: int
) -> dict[str, object]:
    """All figures of one detector."""
    print(f"\n{name}")
    detector(records[0].x_mv[:20_000], records[0].fs_hz)  # imports are not part of the time
    found, seconds = run_all(detector, records, repeats)
    groups = {
        "DS1 (tuned on)": [r for r in records if r.name in DS1],
        "DS2": [r for r in records if r.name not in DS1 + PACED],
        "paced": [r for r in records if r.name in PACED],
        f"all {len(records)}": records,
    }
    out: dict[str, object] = {}
    for label, members in groups.items():
        if not members:
            continue
        out[f"{label}, 150 ms"] = show(f"{label}, 150 ms", score(members, found))
        out[f"{label}, 75 ms"] = show(f"{label}, 75 ms", score(members, found, POSITION_MS))
        out[f"{label}, from 5:00"] = show(f"{label}, from 5:00", score(members, found, learning_s=LEARNING_S))
    mixes = list(stress_test(data / "mitdb", data / "nstdb"))
    noisy, _ = run_all(detector, [recording for _, recording in mixes], 1)
    f1 = []
    for snr in STRESS_DB:
        summary = score([r for s, r in mixes if s == snr], noisy, learning_s=LEARNING_S)
        out[f"noise stress {snr} dB"] = show(f"noise stress {snr} dB", summary)
        f1.append(summary.gross.f1)
    out["noise stress mean F1"] = float(np.mean(f1))
    out["seconds per record"] = {"median": float(np.median(seconds)), "max": float(np.max(seconds))}
    print(f"noise stress mean F1 {np.mean(f1):.2f}")
    print(f"seconds per record: median {np.median(seconds):.3f}, max {max(seconds):.3f}")
    return out


def held_out(records: list[Recording], data: Path) -> dict[str, object]:
    """DS2 records with noise and with pauses, where these are."""
    print("\nDS2 with noise added in turns of one minute; scored where it is")
    out: dict[str, object] = {}
    chosen = [r for r in records if r.name not in DS1 + PACED]
    for noise_name in ("em", "ma"):
        noise = load_noise(data / "nstdb", noise_name)
        for snr in (18, 12, 6, 0):
            mixes = []
            for k, record in enumerate(chosen):
                part = cut(record, 0, int(HELD_OUT_S * record.fs_hz))
                rolled = np.roll(noise, -30_011 * k)
                mixed = mix(part, rolled, gain_for(record, noise, snr), record.name, 60, 60)
                mixes.append(without_clean(mixed))
            found, _ = run_all(ours, mixes, 1)
            label = f"{noise_name} {snr} dB"
            out[label] = show(label, score(mixes, found))
    noise = load_noise(data / "nstdb", "ma")
    parts = [(cut(r, 0, int(HELD_OUT_S * r.fs_hz)), r, np.random.default_rng(int(r.name))) for r in chosen]
    for label, changed in (
        ("pauses of 4-40 s", [with_pauses(part, whole, noise, rng) for part, whole, rng in parts]),
        ("runs at 130-250 per minute", [with_runs(part, whole, rng) for part, whole, rng in parts]),
        ("sped up to 140-230", [at_rate(part, rng.uniform(0.26, 0.42)) for part, _, rng in parts]),
    ):
        found, _ = run_all(ours, changed, 1)
        out[label] = show(label, score(changed, found))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--peers", action="store_true", help="run other installed detectors too (slow)")
    parser.add_argument("--held-out", action="store_true", help="DS2 with noise and pauses")
    options = parser.parse_args()
    records = load_all(options.data / "mitdb")
    results: dict[str, object] = {"ours": benchmark("ours", ours, records, options.data, REPEATS)}
    if options.held_out:
        results["held out"] = held_out(records, options.data)
    if options.peers:
        for name, detector in peers().items():
            results[name] = benchmark(name, detector, records, options.data, 1)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
