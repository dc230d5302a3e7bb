"""Beat types on the MIT-BIH Arrhythmia Database: sensitivity and precision for V and S on the test records.

Inter-patient split of de Chazal et al. 2004: fitted on DS1, reported on DS2; paced records are in neither. Beats
from 5:00 on count. Twice: at the reference R positions, and end to end with our own detector, matched one to one
within 150 ms, so that missed and extra beats count. As EC57 has it, a fusion or unclassifiable beat called V and an
unclassifiable beat called S are neither right nor wrong; the strict figure counts them as wrong.

python benchmarks/beats.py [--data FOLDER] [--records DS1|DS2|NAMES ...] [--model NAME]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.analysis.beat_features import beat_features
from engine.analysis.beats import type_beats
from engine.analysis.delineation import delineate
from engine.analysis.qrs import detect_qrs
from engine.analysis.stages import Stages
from engine.analysis.streaming import StreamingAnalysis
from engine.analysis.types import Fiducials
from engine.evaluation.beat_matching import match_beats
from engine.records.annotations import AAMI_OF_SYMBOL

_DS1 = (
    101,
    106,
    108,
    109,
    112,
    114,
    115,
    116,
    118,
    119,
    122,
    124,
    201,
    203,
    205,
    207,
    208,
    209,
    215,
    220,
    223,
    230,
)
_DS2 = (
    100,
    103,
    105,
    111,
    113,
    117,
    121,
    123,
    200,
    202,
    210,
    212,
    213,
    214,
    219,
    221,
    222,
    228,
    231,
    232,
    233,
    234,
)
DS1, DS2 = ([str(number) for number in split] for split in (_DS1, _DS2))
LEARN_S = 300
TOLERANCE_S = 0.15
MISSED, EXTRA = "-", "+"  # no beat of ours, no beat of theirs

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    name: str
    fs_hz: float
    signals_mv: NDArray[np.float32]  # [leads, n]
    r: I64
    aami: NDArray[np.str_]
    fluttering: tuple[tuple[int, int], ...]  # ventricular flutter, not scored


def load_reference(folder: Path, name: str) -> Reference:
    import wfdb

    record = wfdb.rdrecord(str(folder / name))
    marks = wfdb.rdann(str(folder / name), "atr")
    beats = [(s, AAMI_OF_SYMBOL[c]) for s, c in zip(marks.sample, marks.symbol, strict=True) if c in AAMI_OF_SYMBOL]
    edges = [int(s) for s, c in zip(marks.sample, marks.symbol, strict=True) if c in "[]"]
    return Reference(
        name,
        float(record.fs),
        np.ascontiguousarray(record.p_signal.T, dtype=np.float32),
        np.array([s for s, _ in beats], dtype=np.int64),
        np.array([a for _, a in beats]),
        tuple(zip(edges[::2], edges[1::2], strict=True)),
    )


def waves_and_features(x_mv: NDArray[np.float32], r: I64, fs_hz: float) -> tuple[Fiducials, NDArray[np.float32]]:
    waves = delineate(x_mv, 0, r, fs_hz)
    return waves, beat_features(x_mv, 0, r, waves, fs_hz)


def compare(reference: Reference, r: I64, aami: NDArray[np.str_]) -> list[tuple[str, str]]:
    """(theirs, ours) for every beat from 5:00 on, `MISSED` and `EXTRA` included."""
    tolerance = TOLERANCE_S * reference.fs_hz
    start = LEARN_S * reference.fs_hz

    def scored(samples: I64, since: float) -> NDArray[np.bool_]:
        keep = samples >= since
        for first, last in reference.fluttering:
            keep &= (samples < first) | (samples > last)
        return keep

    theirs, ours = scored(reference.r, start), scored(r, start - tolerance)
    ref_r, ref_aami, r, aami = reference.r[theirs], reference.aami[theirs], r[ours], aami[ours]
    pairs = list(zip(*match_beats(ref_r, r, tolerance), strict=True))
    rows = [(str(ref_aami[i]), str(aami[j])) for i, j in pairs]
    seen_i, seen_j = {i for i, _ in pairs}, {j for _, j in pairs}
    rows += [(str(a), MISSED) for i, a in enumerate(ref_aami) if i not in seen_i]
    rows += [(EXTRA, str(a)) for j, a in enumerate(aami) if j not in seen_j and r[j] >= start]
    return rows


def figures(rows: list[tuple[str, str]], kind: str, unpunished: str) -> tuple[float, float, float]:
    """Sensitivity, positive predictivity and F1 in percent of one class."""
    tp = sum(a == kind and b == kind for a, b in rows)
    fn = sum(a == kind and b != kind for a, b in rows)
    fp = sum(a != kind and b == kind and a not in unpunished for a, b in rows)
    return 100 * tp / max(1, tp + fn), 100 * tp / max(1, tp + fp), 200 * tp / max(1, 2 * tp + fp + fn)


def report(title: str, rows: list[tuple[str, str]]) -> None:
    print(title)
    for kind, unpunished in (("V", "FQ"), ("S", "Q")):
        se, ppv, f1 = figures(rows, kind, unpunished)
        strict = figures(rows, kind, "")[2]
        print(f"  {kind}  Se {se:.2f}  +P {ppv:.2f}  F1 {f1:.2f}  (strict F1 {strict:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "mitdb")
    parser.add_argument("--records", nargs="*", default=["DS2"])
    parser.add_argument("--each", action="store_true", help="one line a record as well")
    parser.add_argument("--model", help="also the whole analysis with this beat model")
    options = parser.parse_args()
    names = {"DS1": DS1, "DS2": DS2}.get(options.records[0], options.records)
    given: list[tuple[str, str]] = []
    ours: list[tuple[str, str]] = []
    whole: list[tuple[str, str]] = []
    for name in names:
        reference = load_reference(options.data, name)
        x_mv, fs_hz = reference.signals_mv[0], reference.fs_hz
        found = detect_qrs(x_mv, fs_hz)
        for r, confidence, rows in ((reference.r, None, given), (found.sample, found.confidence, ours)):
            waves, features = waves_and_features(x_mv, r, fs_hz)
            _, aami, _ = type_beats(r, features, waves, fs_hz, confidence=confidence)
            mine = compare(reference, r, np.array(aami))
            rows += mine
            if options.each:
                wrong: dict[str, int] = {}
                for a, b in mine:
                    if a != b and (a in "SV" or b in "SV"):
                        wrong[f"{a}>{b}"] = wrong.get(f"{a}>{b}", 0) + 1
                print(f"  {name} {'reference R' if rows is given else 'own R'}", wrong)
        if options.model:
            stream = StreamingAnalysis(fs_hz, stages=Stages(beats=options.model))
            stream.push(x_mv)
            beats = stream.finish().beats
            whole += compare(reference, beats.sample, np.array(beats.aami))
    report("reference R positions", given)
    report("own detector, matched within 150 ms", ours)
    if options.model:
        report(f"whole analysis with {options.model}", whole)


if __name__ == "__main__":
    main()
