"""Rhythm statements against the rhythm marks of the MIT-BIH Arrhythmia Database.

Atrial fibrillation by time: seconds of "(AFIB" called AFIB, and seconds called AFIB that are. Those of "(AFL" count
neither way, nor do the two seconds around a mark. Ventricular tachycardia, bigeminy and trigeminy by episode: found
when a statement of that kind overlaps it. With the reference beats (their types included) and with our own.
The fibrillation weights and thresholds were set with this whole table in view, and on LUDB outside its validation
records: the figures are of data tuned on.

With --stage also the whole analysis, its stages made by the models named (see `heartkit-engine analyze --help`).

python benchmarks/rhythm.py [--data FOLDER] [--stage STAGE=ALGORITHM ...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from beats import load_reference
from numpy.typing import NDArray

from engine.analysis.beat_features import beat_features
from engine.analysis.beats import type_beats
from engine.analysis.delineation import delineate
from engine.analysis.qrs import detect_qrs
from engine.analysis.rhythm import statements
from engine.analysis.stages import Stages
from engine.analysis.streaming import StreamingAnalysis
from engine.analysis.types import Span
from engine.signals.quality import QualityMeter

Bool = NDArray[np.bool_]
WITH_AF = ["201", "202", "203", "210", "217", "219", "221", "222"]
EPISODES = {"VT": ("(VT",), "B": ("(B",), "T": ("(T",)}
GUARD_S = 2


def marks(folder: Path, name: str, n_samples: int) -> list[tuple[int, int, str]]:
    import wfdb

    notes = wfdb.rdann(str(folder / name), "atr")
    found = [
        (int(s), a.rstrip("\x00"))
        for s, c, a in zip(notes.sample, notes.symbol, notes.aux_note, strict=True)
        if c == "+"
    ]
    stops = [s for s, _ in found[1:]] + [n_samples]
    return [(s, stop, label) for (s, label), stop in zip(found, stops, strict=True)]


def seconds(spans: list[tuple[int, int]], length_s: int, fs_hz: float) -> Bool:
    """Which seconds lie inside one of the spans (by their middle)."""
    middle = (np.arange(length_s) + 0.5) * fs_hz
    inside = np.zeros(length_s, dtype=bool)
    for start, stop in spans:
        inside |= (middle >= start) & (middle < stop)
    return inside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "mitdb")
    parser.add_argument("--stage", metavar="STAGE=ALGORITHM", action="append", default=[])
    options = parser.parse_args()
    ways = ("reference beats", "own beats", *(["whole analysis"] if options.stage else []))
    totals = {who: np.zeros(3, dtype=int) for who in ways}
    hits = {who: {label: np.zeros(4, dtype=int) for label in EPISODES} for who in totals}
    for name in sorted(path.stem for path in options.data.glob("*.atr")):
        reference = load_reference(options.data, name)
        x_mv, fs_hz = reference.signals_mv[0], reference.fs_hz
        length_s = int(len(x_mv) / fs_hz)
        meter = QualityMeter(fs_hz)
        valid = np.ones(len(x_mv), dtype=bool)
        quality = (*meter.push(x_mv, valid), *meter.flush())
        truth = marks(options.data, name, len(x_mv))
        af = seconds([(a, b) for a, b, label in truth if label == "(AFIB"], length_s, fs_hz)
        counted = ~seconds([(a, b) for a, b, label in truth if label == "(AFL"], length_s, fs_hz)
        for start, _, _ in truth[1:]:
            at = int(start / fs_hz)
            counted[max(0, at - GUARD_S) : at + GUARD_S] = False
        detected = detect_qrs(x_mv, fs_hz)
        for who in totals:
            if who == "whole analysis":
                stream = StreamingAnalysis(fs_hz, stages=Stages.parse(options.stage))
                stream.push(x_mv)
                found = stream.finish().rhythm
            else:
                r = reference.r if who == "reference beats" else detected.sample
                waves = delineate(x_mv, 0, r, fs_hz)
                symbol, _, _ = type_beats(r, beat_features(x_mv, 0, r, waves, fs_hz), waves, fs_hz)
                if who == "reference beats":
                    symbol = tuple(np.where(np.isin(reference.aami, ["V", "S"]), reference.aami, "N").tolist())
                found = statements(r, symbol, waves, quality, fs_hz, len(x_mv))
            said = seconds([(s.start, s.stop) for s in found if s.label == "AFIB"], length_s, fs_hz)
            figures = np.array(
                [(said & af & counted).sum(), (said & ~af & counted).sum(), (~said & af & counted).sum()]
            )
            totals[who] += figures
            if name in WITH_AF or figures[1]:
                right, false, missed = figures
                print(f"{name} {who:15s}  AF found {right:5d} s  missed {missed:5d} s  false {false:5d} s")
            for label, names in EPISODES.items():
                hits[who][label] += overlap(
                    [t for t in truth if t[2] in names], [s for s in found if s.label == label]
                )
    for who, (right, false, missed) in totals.items():
        print(f"{who}: AF time Se {100 * right / (right + missed):.1f}  +P {100 * right / (right + false):.1f}")
        for label, (hit, all_true, good, all_said) in hits[who].items():
            print(f"  {label}: {hit} of {all_true} episodes found; {good} of {all_said} statements overlap one")


def overlap(truth: list[tuple[int, int, str]], said: list[Span]) -> NDArray[np.int_]:
    """Episodes found, episodes, statements that meet one, statements."""
    hit = sum(any(s.start < b and s.stop > a for s in said) for a, b, _ in truth)
    good = sum(any(s.start < b and s.stop > a for a, b, _ in truth) for s in said)
    return np.array([hit, len(truth), good, len(said)])


if __name__ == "__main__":
    main()
