"""Fit the weights of the QRS detector on MIT-BIH DS1, clean and with recorded noise, and write them.

python benchmarks/fit_qrs.py --data FOLDER [--folds 4]        FOLDER holds mitdb/ and nstdb/

The weights are those of a semi-Markov conditional random field over the detector's candidates. They are found by
maximum likelihood (forward-backward sums over all paths, L-BFGS) with a penalty on size and roughness. Features
depend on what the detector remembers, so there are rounds: in the first the reference teaches the memory, then the
detector with the weights of the round before. With --folds nothing is written; records are left out in turn and
the errors on those left out are printed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qrs_chain import Chain, Penalty, fit_chains
from qrs_data import (
    DS1,
    Recording,
    at_rate,
    cut,
    gain_for,
    load,
    load_noise,
    mix,
    noise_alone,
    with_gain_steps,
    with_pauses,
    with_runs,
    without_clean,
)

from engine.analysis import qrs_memory, qrs_weights
from engine.analysis.qrs import QrsDetector
from engine.analysis.qrs_features import Candidates
from engine.analysis.qrs_frontend import RATE_HZ
from engine.analysis.qrs_memory import unlike
from engine.analysis.qrs_model import FEATURE_NAMES, KNOTS, QrsModel
from engine.analysis.qrs_path import CLOSE_EDGES, RATIO_CLASSES, RHYTHMS, SURE, Node, PathFinder, PathModel
from engine.evaluation.beat_matching import score_beats

F64 = NDArray[np.float64]

MIXES = (("em", 12.0), ("em", 6.0), ("em", 0.0), ("ma", 4.0), ("bw", 0.0))
MIX_S = 660.0  # of each record goes into a mix
ALONE, ALONE_S = "noise alone", 300.0
ALONE_PIECE = 400  # samples at the internal rate, so short that a path may start and end anywhere
FAST_RR_S, SLOW_RR_S = (0.26, 0.42), (1.1, 1.6)  # intervals to which records are sped up and slowed down
WEIGHTS = {"clean": 3.0, ALONE: 0.3}
OTHER_WEIGHT = 0.7
LABEL_REACH = 22  # samples at the internal rate from the reference to its candidate
QUIET = -2.5  # log2 background / level of beats from which the memory may learn in the first round
NO_PATH = PathModel(((0.0,) * (RATIO_CLASSES + 1),) * RHYTHMS, ((0.0,) * 5,) * (len(CLOSE_EDGES) - 1))


def training_set(data: Path) -> list[tuple[str, Recording]]:
    """(kind, recording): each DS1 record clean, and a part of it with each noise."""
    noises = {name: load_noise(data / "nstdb", name) for name, _ in MIXES}
    found: list[tuple[str, Recording]] = []
    for k, name in enumerate(DS1):
        whole = load(data / "mitdb", name)
        found.append(("clean", whole))
        length = int(MIX_S * whole.fs_hz)
        first = (k % 2) * int(1080 * whole.fs_hz)
        part = cut(whole, first, first + length)
        for noise, snr in MIXES:
            gain = gain_for(whole, noises[noise], snr)
            rolled = np.roll(noises[noise], 55_433 * k % 300_000)
            found.append((f"{noise} {snr:g} dB", mix(part, rolled, gain, name, 60, 60)))
        rng = np.random.default_rng(int(name))
        found.append(("pauses", with_pauses(part, whole, noises["ma"], rng)))
        found.append(("runs", with_runs(part, whole, rng)))
        found.append(("gain steps", with_gain_steps(part, rng)))
        found.append(("fast", at_rate(part, rng.uniform(*FAST_RR_S))))
        found.append(("slow", at_rate(part, rng.uniform(*SLOW_RR_S))))
    white = np.random.default_rng(1).normal(0, 0.05, int(ALONE_S * 360))
    hum = np.sin(2 * np.pi * 50 / 360 * np.arange(len(white)))
    for name, noise in (("white", white), ("hum", white + hum)):
        found.append((ALONE, noise_alone(noise, 360.0, name)))
    return found


@dataclass
class Trace:
    """What the detector saw at each candidate."""

    features: F64
    position: NDArray[np.int64]
    size: F64
    fast: F64
    usual: F64  # interval
    rhythm: NDArray[np.int64]


class Tracer(QrsDetector):
    """A detector that keeps its candidates' features; with a reference, that decides instead of the model."""

    def __init__(self, fs_hz: float, model: QrsModel | None, beats: F64) -> None:
        super().__init__(fs_hz, model)
        self._taught = model is None
        self._beats = beats
        self._seen: list[tuple[Candidates, F64]] = []
        self._rhythms: dict[int, tuple[float, int]] = {}
        self._path = _RhythmSpy(NO_PATH if model is None else model.path, self._rhythms)
        self._scores = self._model.own_scores
        self._model = self  # own_scores below stands between

    def own_scores(self, features: F64) -> F64:
        self._seen.append((self._judged, features))
        if not self._taught:
            return self._scores(features)
        true = label(self._judged.position, self._judged.log_size, self._beats)
        quiet = features[FEATURE_NAMES.index("background1/level")] < QUIET
        return np.where(true, np.where(quiet, SURE + 5, SURE - 1), -100.0)

    def _judge(self, candidates: Candidates, snippets: F64) -> list[Node]:
        self._judged = candidates
        return super()._judge(candidates, snippets)

    def trace(self) -> Trace:
        position = np.concatenate([c.position for c, _ in self._seen])
        usual, rhythm = np.full(len(position), 160.0), np.zeros(len(position), np.int64)
        last = (160.0, 0)
        for i, p in enumerate(position.tolist()):
            last = self._rhythms.get(p, last)
            usual[i], rhythm[i] = last
        return Trace(
            np.concatenate([f for _, f in self._seen], axis=1),
            position,
            np.concatenate([c.log_size for c, _ in self._seen]),
            np.concatenate([c.log_bands[2] for c, _ in self._seen]),
            usual,
            rhythm,
        )


class _RhythmSpy(PathFinder):
    def __init__(self, model: PathModel, seen: dict[int, tuple[float, int]]) -> None:
        super().__init__(model)
        self._seen = seen

    def add(self, node: Node) -> None:
        self._seen.setdefault(node.position, (self.rhythm.usual, self.rhythm.kind))
        super().add(node)


def label(position: NDArray[np.int64], size: F64, beats: F64) -> NDArray[np.bool_]:
    """The candidate nearest to each reference beat (at the internal rate), at least 200 ms apart."""
    true = np.zeros(len(position), bool)
    for beat in beats.tolist():
        a, b = np.searchsorted(position, [beat - LABEL_REACH, beat + LABEL_REACH + 1])
        if b > a:
            true[a + np.abs(position[a:b] - beat).argmin()] = True
    chosen = np.flatnonzero(true)
    for i, j in pairwise(chosen):
        if position[j] - position[i] < CLOSE_EDGES[0]:
            true[i if size[i] < size[j] else j] = False
    return true


def trace(recording: Recording, model: QrsModel | None) -> tuple[Trace, F64]:
    """Run the detector over a recording; also its reference at the internal rate."""
    beats = recording.beats * (RATE_HZ / recording.fs_hz)
    tracer = Tracer(recording.fs_hz, model, beats)
    tracer.push(recording.x_mv)
    tracer.flush()
    return tracer.trace(), beats


def chains_of(seen: Trace, beats: F64, recording: Recording, weight: float) -> list[Chain]:
    """The candidates of a recording as a training sequence, without those in excluded spans; noise in pieces."""
    true = label(seen.position, seen.size, beats)
    keep = np.ones(len(true), bool)
    for a, b in recording.excluded:
        first, last = a * RATE_HZ / recording.fs_hz - 20, b * RATE_HZ / recording.fs_hz + 20
        keep &= (seen.position < first) | (seen.position > last)
    keep &= seen.position < len(recording.x_mv) * RATE_HZ / recording.fs_hz
    keep &= true | ~unlike(seen.features[-len(qrs_memory.NAMES) :])
    parts = [np.flatnonzero(keep)]
    if not len(beats):
        parts = [
            k for k in np.split(parts[0], np.flatnonzero(np.diff(seen.position[keep] // ALONE_PIECE)) + 1) if len(k)
        ]
    return [
        Chain(
            seen.features[:, part],
            seen.position[part],
            seen.size[part],
            seen.fast[part],
            seen.usual[part],
            seen.rhythm[part],
            true[part],
            weight,
        )
        for part in parts
    ]


def knots(features: F64) -> tuple[F64, F64]:
    """First knot and spacing of each feature: they span all but 0.4 % of the values on either side."""
    low, high = np.quantile(features, [0.004, 0.996], axis=1)
    first = np.floor(low * 10) / 10
    return first, np.maximum(np.ceil((high - first) / (KNOTS - 1) * 100) / 100, 0.02)


def fit(sets: list[tuple[str, Recording]], rounds: int, iterations: int, penalty: Penalty) -> QrsModel:
    """Fit a model to recordings."""
    model: QrsModel | None = None
    for number in range(rounds):
        chains = []
        for kind, recording in sets:
            seen, beats = trace(recording, model)
            chains += chains_of(seen, beats, recording, WEIGHTS.get(kind, OTHER_WEIGHT))
        if model is None:
            first, step = knots(np.concatenate([c.features for c in chains], axis=1))
            zero = np.zeros((len(FEATURE_NAMES), KNOTS))
            model = QrsModel(first, step, zero, zero, NO_PATH)
        model, loss = fit_chains(chains, model, iterations, penalty)
        print(f"round {number + 1}: penalised negative log likelihood {loss:.1f}", flush=True)
    assert model is not None
    return model


def errors(sets: list[tuple[str, Recording]], model: QrsModel) -> dict[str, tuple[int, int]]:
    """(false positives, false negatives) at 150 ms by kind, where noise was added if any was."""
    total: dict[str, list[int]] = {}
    for kind, recording in sets:
        detector = QrsDetector(recording.fs_hz, model)
        found = np.concatenate([detector.push(recording.x_mv).sample, detector.flush().sample])
        spans = without_clean(recording).excluded
        score = score_beats(recording.beats, found, recording.fs_hz, excluded=spans)
        entry = total.setdefault(kind, [0, 0])
        entry[0] += score.false_positive
        entry[1] += score.false_negative
    return {kind: (fp, fn) for kind, (fp, fn) in total.items()}


def write(model: QrsModel, path: Path) -> None:
    """Write the weights as a Python module."""

    def line(values: F64, digits: int) -> str:
        return ", ".join(repr(round(float(v), digits) + 0.0) for v in values)

    def table(name: str, rows: F64, digits: int) -> str:
        return f"{name} = (\n" + "".join(f"    ({line(row, digits)}),\n" for row in rows) + ")\n"

    parts = [
        '"""Weights of the QRS detector, from `benchmarks/fit_qrs.py`; `qrs_model` tells their meaning."""\n\n',
        "from __future__ import annotations\n\n# fmt: off\n# ruff: noqa: E501\n",
        f"FIRST_KNOT = ({line(model.first_knot, 2)})\n",
        f"KNOT_STEP = ({line(model.knot_step, 2)})\n",
        table("QUIET", model.quiet, 3),
        table("NOISY", model.noisy, 3),
        table("INTERVAL", np.array(model.path.interval), 3),
        table("CLOSE", np.array(model.path.close), 3),
    ]
    path.write_text("".join(parts), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--folds", type=int, default=0)
    for name, value in vars(Penalty()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value)
    options = parser.parse_args()
    penalty = Penalty(**{name: getattr(options, name) for name in vars(Penalty())})
    sets = training_set(options.data)
    if not options.folds:
        model = fit(sets, options.rounds, options.iterations, penalty)
        print("fitted on", errors(sets, model))
        write(model, Path(qrs_weights.__file__))
        return
    total: dict[str, tuple[int, int]] = {}
    for k in range(options.folds):
        out = set(DS1[k :: options.folds])
        model = fit([s for s in sets if s[1].name not in out], options.rounds, options.iterations, penalty)
        for kind, (fp, fn) in errors([s for s in sets if s[1].name in out], model).items():
            before = total.get(kind, (0, 0))
            total[kind] = (before[0] + fp, before[1] + fn)
    print("left out (false positives, false negatives):", total)


if __name__ == "__main__":
    main()
