"""P, QRS and T boundaries on LUDB, one lead, 200 records: `python benchmarks/delineation.py --data DIR [--peers]`.

DIR holds the database as published, in DIR itself or in DIR/ludb. Nothing here was tuned on the 41 records of the
validation split; they are reported apart. R peaks come from the project's own detector. `--peers` runs NeuroKit2
and PhysioKit on the same signals (their default cleaning and detector) and gives their time relative to ours.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.delineation import delineate
from engine.analysis.qrs import detect_qrs
from engine.analysis.stages import Stages
from engine.analysis.streaming import StreamingAnalysis
from engine.analysis.types import FIDUCIAL_NAMES
from engine.evaluation import ludb
from engine.evaluation.delineation import DelineationScore, marks_of, score_delineation

Marks = Mapping[str, NDArray[np.int64]]
Method = Callable[[NDArray[np.float32]], Marks]
FS_HZ = ludb.FS_HZ


def ours(x_mv: NDArray[np.float32]) -> Marks:
    return marks_of(delineate(x_mv, 0, detect_qrs(x_mv, FS_HZ).sample, FS_HZ))


def whole_analysis(model: str) -> Method:
    """The analysis as users get it, its waves made by a model (or "classical")."""

    def run(x_mv: NDArray[np.float32]) -> Marks:
        stream = StreamingAnalysis(FS_HZ, stages=Stages(waves=model))
        stream.push(x_mv)
        return marks_of(stream.finish().fiducials)

    return run


def neurokit(method: str) -> Method:
    import neurokit2 as nk

    names = {
        "ECG_P_Onsets": "p_on",
        "ECG_P_Peaks": "p",
        "ECG_P_Offsets": "p_off",
        "ECG_R_Onsets": "qrs_on",
        "ECG_R_Offsets": "qrs_off",
        "ECG_T_Onsets": "t_on",
        "ECG_T_Peaks": "t",
        "ECG_T_Offsets": "t_off",
    }

    def run(x_mv: NDArray[np.float32]) -> Marks:
        clean = nk.ecg_clean(x_mv, sampling_rate=FS_HZ)
        r = nk.ecg_peaks(clean, sampling_rate=FS_HZ)[1]["ECG_R_Peaks"]
        _, waves = nk.ecg_delineate(clean, r, sampling_rate=FS_HZ, method=method)
        found = {ours: np.asarray(waves[theirs], float) for theirs, ours in names.items()}
        found["r"] = np.asarray(r, float)
        return {name: samples[np.isfinite(samples)].astype(np.int64) for name, samples in found.items()}

    return run


def physiokit() -> Method:
    import physiokit as pk

    def run(x_mv: NDArray[np.float32]) -> Marks:
        clean = pk.ecg.clean(x_mv.astype(np.float64), sample_rate=FS_HZ)
        found: dict[str, list[int]] = {name: [] for name in FIDUCIAL_NAMES}
        for qrs in pk.ecg.locate_qrs(clean, sample_rate=FS_HZ):
            waves = {
                "qrs": qrs,
                "p": pk.ecg.locate_pwave_from_qrs_anchor(clean, qrs, sample_rate=FS_HZ),
                "t": pk.ecg.locate_twave_from_qrs_anchor(clean, qrs, sample_rate=FS_HZ),
            }
            for wave, at in waves.items():
                if at is not None:
                    peak = "r" if wave == "qrs" else wave
                    for name, sample in zip((f"{wave}_on", peak, f"{wave}_off"), at, strict=True):
                        found[name].append(int(sample))
        return {name: np.array(samples, dtype=np.int64) for name, samples in found.items()}

    return run


def run_method(
    method: Method, signals: Mapping[int, NDArray[np.float32]]
) -> tuple[dict[int, Marks], float, list[int]]:
    """Marks by record, seconds per record (median), and the records on which the method raised."""
    found: dict[int, Marks] = {}
    seconds, failed = [], []
    for record, x_mv in signals.items():
        start = time.perf_counter()
        try:
            # Peers warn, and one prints on every beat.
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                found[record] = method(x_mv)
        except Exception:  # a peer that raises counts as having found nothing, by the protocol
            failed.append(record)
        seconds.append(time.perf_counter() - start)
    return found, float(np.median(seconds)), failed


def print_score(title: str, score: DelineationScore) -> None:
    print(f"\n{title}: {score.n_recordings} records")
    print("fiducial      n     Se      +P      F1   tight F1   mean+-SD ms   |e| mean  median")
    for name in FIDUCIAL_NAMES:
        row = score.fiducials[name]
        tight = f"{score.tight[name].f1:8.2f}" if name in score.tight else " " * 8
        print(
            f"{name:8s} {row.matched + row.missed:6d} {row.sensitivity:7.2f} {row.precision:7.2f} {row.f1:7.2f} "
            f"{tight}   {row.mean_ms:6.1f}+-{row.sd_ms:4.1f}   {row.mean_abs_ms:7.1f} {row.median_abs_ms:7.1f}"
        )
    print(f"macro F1 at 150 ms {score.macro_f1:.2f}, tight {score.macro_f1_tight:.2f}")
    print(
        f"P onsets in {score.n_without_p} records of atrial fibrillation or flutter: {score.p_onsets_without_p} "
        f"({score.p_onsets_without_p / max(1, score.n_without_p):.1f} per 10 s)"
    )


def as_json(score: DelineationScore) -> dict[str, object]:
    return {
        "records": score.n_recordings,
        "macro_f1": score.macro_f1,
        "macro_f1_tight": score.macro_f1_tight,
        "p_onsets_in_af": score.p_onsets_without_p,
        "af_records": score.n_without_p,
        "fiducials": {
            name: {
                "se": row.sensitivity,
                "ppv": row.precision,
                "f1": row.f1,
                "tight_f1": score.tight[name].f1 if name in score.tight else None,
                "mean_ms": row.mean_ms,
                "sd_ms": row.sd_ms,
            }
            for name, row in score.fiducials.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of LUDB, or a folder that holds ludb/")
    parser.add_argument("--lead", default="ii", choices=ludb.LEADS)
    parser.add_argument(
        "--waves", metavar="MODEL", action="append", default=[], help="also the analysis with a model"
    )
    parser.add_argument("--peers", action="store_true", help="also run neurokit2 and physiokit")
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args()

    folder = options.data / "ludb" if (options.data / "ludb").is_dir() else options.data
    rhythm_of = ludb.rhythms(folder)
    validation = ludb.validation_records(rhythm_of)
    without_p = ludb.without_p_waves(rhythm_of)
    splits = {
        "train": [n for n in rhythm_of if n not in validation],
        "validation": validation,
        "all": list(rhythm_of),
    }
    signals = {n: ludb.signal(folder, n, options.lead) for n in rhythm_of}
    reference = {n: ludb.marks(folder, n, options.lead) for n in rhythm_of}

    methods: dict[str, Callable[[], Method]] = {"ours": lambda: ours}
    for model in options.waves:
        methods[f"analysis with {model}"] = lambda model=model: whole_analysis(model)
    if options.peers:
        methods["neurokit2 prominence"] = lambda: neurokit("prominence")
        methods["neurokit2 dwt"] = lambda: neurokit("dwt")
        methods["physiokit"] = physiokit
    report: dict[str, object] = {"lead": options.lead}
    our_seconds = 0.0
    for name, make in methods.items():
        method = make()
        run_method(method, dict([next(iter(signals.items()))]))  # the first call pays for imports and caches
        found, seconds, failed = run_method(method, signals)
        our_seconds = seconds if name == "ours" else our_seconds
        print(f"\n== {name}: {1000 * seconds:.1f} ms per record, {seconds / our_seconds:.1f} x ours")
        if failed:
            print("raised on records", *failed)
        scores = {
            split: score_delineation({n: reference[n] for n in ids}, found, FS_HZ, without_p)
            for split, ids in splits.items()
        }
        for split, score in scores.items():
            print_score(f"{name}, {split}", score)
        report[name] = {"ms_per_record": 1000 * seconds, "failed": failed} | {
            split: as_json(score) for split, score in scores.items()
        }
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
