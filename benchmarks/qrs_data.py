"""Recordings for the QRS benchmarks: MIT-BIH arrhythmia records, and mixes with recorded noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from engine.evaluation.beat_matching import reference_beats
from engine.records.annotations import Annotations

F64 = NDArray[np.float64]

# Records the detector is tuned on (the training half of de Chazal's split), and those EC57 wants apart.
DS1 = (
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124",
    "201", "203", "205", "207", "208", "209", "215", "220", "223", "230",
)  # fmt: skip
PACED = ("102", "104", "107", "217")

# Noise stress test: records, gains of the noise record em at 0 dB (published mixes), signal-to-noise ratios.
STRESS_GAINS = {"118": 2.96227, "119": 2.56479}
STRESS_DB = (24, 18, 12, 6, 0, -6)

# Changes made to recordings for training and tests.
PAUSE_EVERY_S, PAUSE_S, PAUSE_DB = 30.0, (4.0, 40.0), (16.0, 40.0)  # beats taken out, and the noise put instead
FASTEST, SLOWEST = 2.2, 0.65  # times the speed of the record
RUN_EVERY_S, RUN_S, RUN_RR_S, RUN_SPREAD = 30.0, (4.0, 16.0), (0.24, 0.46), 0.1  # one beat repeated in a fast run
GAIN_EVERY_S, GAIN_RANGE = 90.0, 2.0  # steps of the gain, up to this power of two either way


@dataclass(frozen=True)
class Recording:
    """First lead of a record with its reference beats and excluded spans (samples)."""

    name: str
    fs_hz: float
    x_mv: NDArray[np.float32]
    gain: float  # steps of the recorder per mV
    beats: NDArray[np.int64]
    normal: NDArray[np.int64]  # beats of the normal class
    ventricular: NDArray[np.int64]
    excluded: tuple[tuple[int, int], ...] = ()
    noisy: NDArray[np.bool_] | None = None  # where noise was added


def load(folder: Path, name: str) -> Recording:
    """One record with its `atr` reference."""
    record = wfdb.rdrecord(str(folder / name), channels=[0])
    mark = wfdb.rdann(str(folder / name), "atr")
    beats, spans = reference_beats(Annotations(mark.sample, tuple(mark.symbol), float(record.fs)))
    normal, ventricular = (
        mark.sample[np.isin(mark.symbol, list(kind))].astype(np.int64) for kind in ("NLRB", "VE")
    )
    x = record.p_signal[:, 0].astype(np.float32)
    return Recording(name, float(record.fs), x, float(record.adc_gain[0]), beats, normal, ventricular, tuple(spans))


def load_all(folder: Path) -> list[Recording]:
    """Every record of the folder that has a reference."""
    return [load(folder, path.stem) for path in sorted(folder.glob("*.atr"))]


def load_noise(folder: Path, name: str) -> F64:
    """First signal of a noise record, mV."""
    return wfdb.rdrecord(str(folder / name), channels=[0]).p_signal[:, 0]


def trimmed_mean(values: F64, share: float = 0.05) -> float:
    """Mean without the given share of values at each end."""
    ordered = np.sort(values)
    cut = round(share * len(ordered))
    return float(ordered[cut : len(ordered) - cut].mean())


def gain_for(recording: Recording, noise: F64, snr_db: float) -> float:
    """Factor on the noise that gives the signal-to-noise ratio as the noise stress test defines it.

    Signal power is an eighth of the squared peak-to-peak size within 50 ms of a normal beat, noise power the
    squared root mean square of a second; both are means over the first 300, without the outer 5 % on each side.
    """
    half = round(0.05 * recording.fs_hz)
    x = recording.x_mv.astype(np.float64)
    chosen = [b for b in recording.normal.tolist() if half <= b < len(x) - half][:300]
    size = trimmed_mean(np.array([np.ptp(x[b - half : b + half + 1]) for b in chosen]))
    second = round(recording.fs_hz)
    level = trimmed_mean(noise[: 300 * second].reshape(-1, second).std(axis=1))
    return size / np.sqrt(8.0) / level * 10 ** (-snr_db / 20)


def mix(recording: Recording, noise: F64, gain: float, name: str, clean_s: float, turn_s: float) -> Recording:
    """Noise added in turns: clean_s without, then turn_s with and turn_s without, to the end.

    The noise runs on with the record; where it starts or stops, the level is kept, so that there is no jump. The
    sum is rounded to the recorder's steps.
    """
    t = np.arange(len(recording.x_mv)) / recording.fs_hz
    noisy = (t >= clean_s) & (np.floor((t - clean_s) / turn_s) % 2 == 0)
    steps = np.diff(noise[: len(t)], prepend=noise[:1])
    mixed = recording.x_mv + gain * np.cumsum(np.where(noisy, steps, 0.0))
    digital = np.clip(np.rint(mixed * recording.gain), -32767, 32767)
    return replace(recording, name=name, x_mv=(digital / recording.gain).astype(np.float32), noisy=noisy)


def stress_test(mitdb: Path, nstdb: Path) -> Iterator[tuple[int, Recording]]:
    """(signal-to-noise ratio in dB, mix) of the twelve records of the noise stress test."""
    noise = load_noise(nstdb, "em")
    for name, gain in STRESS_GAINS.items():
        recording = load(mitdb, name)
        for snr in STRESS_DB:
            label = f"{name}e{snr:02d}" if snr >= 0 else f"{name}e_{-snr}"
            yield snr, mix(recording, noise, gain * 10 ** (-snr / 20), label, 300, 120)


def cut(recording: Recording, first: int, last: int) -> Recording:
    """A stretch of a recording, counted from its own start."""
    inside = (recording.beats >= first) & (recording.beats < last)
    spans = [(max(a, first) - first, min(b, last) - first) for a, b in recording.excluded if b > first and a < last]
    return replace(
        recording,
        x_mv=recording.x_mv[first:last],
        beats=recording.beats[inside] - first,
        excluded=tuple(spans),
    )


def with_pauses(part: Recording, whole: Recording, noise: F64, rng: np.random.Generator) -> Recording:
    """Takes beats out now and then and puts weak noise there, as given or white, joined without jumps."""
    white = np.random.default_rng(0).normal(size=len(noise))

    def quiet(length: int) -> tuple[F64, list[int]]:
        kind = noise if rng.random() < 0.5 else white
        at = int(rng.integers(0, len(kind) - length))
        return kind[at : at + length] * gain_for(whole, kind, rng.uniform(*PAUSE_DB)), []

    return _with_stretches(part, PAUSE_EVERY_S, PAUSE_S, rng, quiet)


def with_runs(part: Recording, whole: Recording, rng: np.random.Generator) -> Recording:
    """Puts runs of one beat, repeated fast with small changes of size, in place of other beats now and then.

    The beat is ventricular where the record has such, so that the runs look like ventricular tachycardia.
    """
    fs = whole.fs_hz
    beats = whole.ventricular if len(whole.ventricular) > 5 else whole.normal
    beats = beats[(beats > fs) & (beats < len(whole.x_mv) - fs)]

    def run(length: int) -> tuple[F64, list[int]]:
        period = round(rng.uniform(*RUN_RR_S) * fs)
        before = round(0.4 * period)
        beat = int(rng.choice(beats))
        shape = whole.x_mv[beat - before : beat - before + period].astype(np.float64)
        shape -= np.linspace(shape[0], shape[-1], period)
        count = length // period
        sizes = rng.uniform(1 - RUN_SPREAD, 1 + RUN_SPREAD, count)
        made = np.zeros(length)
        made[: count * period] = (sizes[:, None] * shape).ravel()
        return made, [k * period + before for k in range(count)]

    return _with_stretches(part, RUN_EVERY_S, RUN_S, rng, run)


def _with_stretches(
    part: Recording,
    every_s: float,
    length_s: tuple[float, float],
    rng: np.random.Generator,
    make: Callable[[int], tuple[F64, list[int]]],
) -> Recording:
    """Replaces the beats of a stretch now and then by what `make` returns: samples and the beats in them."""
    fs = part.fs_hz
    x = part.x_mv.astype(np.float64)
    keep = np.ones(len(part.beats), bool)
    added: list[int] = []
    next_s = every_s
    for i, beat in enumerate(part.beats.tolist()):
        if beat < next_s * fs:
            continue
        after = np.flatnonzero(part.beats > beat + rng.uniform(*length_s) * fs)
        start = beat + round(0.45 * fs)
        if not len(after) or part.beats[i + 1] < start or any(a - 2 * fs < beat < b for a, b in part.excluded):
            continue
        stop = int(part.beats[after[0]] - 0.3 * fs)
        made, beats = make(stop - start)
        made = x[start] + made - made[0]
        x[stop:] += made[-1] - x[stop]
        x[start:stop] = made
        keep &= (part.beats < start) | (part.beats >= stop)
        added += [start + b for b in beats]
        next_s = part.beats[after[0]] / fs + every_s
    beats_now = np.sort(np.concatenate([part.beats[keep], np.array(added, np.int64)]))
    return replace(part, x_mv=x.astype(np.float32), beats=beats_now)


def with_gain_steps(part: Recording, rng: np.random.Generator) -> Recording:
    """The gain changes now and then, within half a second."""
    n = len(part.x_mv)
    every = round(GAIN_EVERY_S * part.fs_hz)
    power = np.repeat(rng.uniform(-GAIN_RANGE, GAIN_RANGE, n // every + 1), every)[:n]
    ramp = round(part.fs_hz / 2)
    gain = 2 ** np.convolve(np.pad(power, (ramp, 0), "edge"), np.ones(ramp) / ramp, "valid")[:n]
    return replace(part, x_mv=(part.x_mv * gain).astype(np.float32))


def without_clean(recording: Recording) -> Recording:
    """The same with the turns without noise excluded."""
    if recording.noisy is None:
        return recording
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~recording.noisy, [False]]).astype(int)))
    spans = tuple(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    return replace(recording, excluded=recording.excluded + spans)


def at_rate(recording: Recording, rr_s: float) -> Recording:
    """Played faster or slower, so that the median interval is rr_s; the speed stays within SLOWEST and FASTEST."""
    usual_s = float(np.median(np.diff(recording.beats))) / recording.fs_hz
    return replace(recording, fs_hz=recording.fs_hz * min(max(usual_s / rr_s, SLOWEST), FASTEST))


def noise_alone(noise: F64, fs_hz: float, name: str) -> Recording:
    """Noise as a recording without beats."""
    none = np.zeros(0, np.int64)
    return Recording(name, fs_hz, noise.astype(np.float32), 200.0, none, none, none)
