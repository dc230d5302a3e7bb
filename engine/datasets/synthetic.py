"""Synthetic datasets: made in memory, the same for the same parameters, with exact labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from engine.config import unknown
from engine.datasets import physiokit_signals
from engine.datasets.base import F32, Dataset, DatasetInfo, RhythmSpan, Strip, Wave
from engine.datasets.reading import wanted
from engine.datasets.synthetic_ecg import LEADS, draw_heart, draw_leads
from engine.datasets.synthetic_noise import with_noise
from engine.datasets.synthetic_ppg import draw_pulses, draw_respiration
from engine.datasets.synthetic_rhythm import RHYTHM_MIX, BeatPlan, plan_beats
from engine.errors import ConfigError, DatasetError

GENERATORS = ("dynamical", "physiokit")
_LICENCE = "made by this program; no restriction"


class _Synthetic(Dataset):
    """Parameters shared by both kinds.

    `n_patients` (1000), `duration_s` (20) and `rate_hz` (250) of every strip, `seed` (0), `generator` "dynamical"
    (ours) or "physiokit", `snr_db` None for clean signals, or one number or a range [low, high] for noise at that
    ratio, the clean signal then being the companion "clean".
    """

    known_params: tuple[str, ...] = ("n_patients", "duration_s", "rate_hz", "seed", "generator", "snr_db")

    def patients(self) -> tuple[str, ...]:
        """Numbers from 0, padded so that their order is that of their names."""
        n = self._number("n_patients", 1000, 1, 1_000_000)
        return tuple(f"{k:06d}" for k in range(int(n)))

    def _number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.params.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigError(
                f"{self.info.name}: {name} is {value!r}", hint=f"give a number from {low:g} to {high:g}"
            )
        return float(value)

    @property
    def _generator_name(self) -> str:
        name = str(self.params.get("generator", GENERATORS[0]))
        if name not in GENERATORS:
            raise unknown("generator of synthetic signals", name, list(GENERATORS))
        return name

    def _timing(self) -> tuple[float, float, int]:
        """Rate in Hz, duration in s, samples."""
        rate_hz = self._number("rate_hz", 250, 50, 2000)
        duration_s = self._number("duration_s", 20, 4, 600)
        return rate_hz, duration_s, round(rate_hz * duration_s)

    def _seed(self, patient: str, use: int) -> tuple[int, ...]:
        if not patient.isdecimal():
            raise DatasetError(f"{self.info.name} has no patient {patient[:40]}", hint="its patients are numbers")
        return (int(self._number("seed", 0, 0, 2**31)), int(patient), use)

    def _noisy(self, clean: F32, rate_hz: float, generator: np.random.Generator) -> tuple[F32, dict[str, F32]]:
        """The signal at the ratio asked for, and its companions."""
        wanted_db = self.params.get("snr_db")
        if wanted_db is None:
            return clean, {}
        bounds = wanted_db if isinstance(wanted_db, list | tuple) else (wanted_db, wanted_db)
        if len(bounds) != 2 or any(isinstance(b, bool) or not isinstance(b, int | float) for b in bounds):
            fault = f"{self.info.name}: snr_db is {wanted_db!r}"
            raise ConfigError(fault, hint="give a number of dB or [low, high]")
        snr_db = float(generator.uniform(min(bounds), max(bounds)))
        return with_noise(clean, rate_hz, snr_db, generator), {"clean": clean}


class EcgSynthetic(_Synthetic):
    """Strips of several leads a person, with waves, beats, rhythm, and PPG and respiration as companions.

    Further parameters: `leads` (default I, II, V1, V5), `ectopy` (0.3: the greatest share of premature beats), and
    `rhythms`, a share by rhythm name (default: RHYTHM_MIX). PhysioKit's generator has no companions but "clean".
    """

    info = DatasetInfo(
        name="ecg-synthetic",
        title="Synthetic ECG: dynamical model with ectopy, fibrillation and flutter, or PhysioKit",
        licence=_LICENCE,
        citation="after McSharry et al., IEEE Trans Biomed Eng 50(3), 2003; PhysioKit (Ambiq, BSD-3-Clause)",
        home="",
        rate_hz=250.0,
        n_patients=1000,
        size_bytes=0,
        contains=("waves", "beats", "rhythms", "ppg", "rsp"),
    )
    known_params = (*_Synthetic.known_params, "leads", "ectopy", "rhythms")

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """The leads of one person's only recording."""
        names = [lead for lead in self._leads() if wanted(lead, leads)]
        if self._generator_name == "physiokit":
            yield from self._physiokit(patient, names)
            return
        rate_hz, _, n = self._timing()
        generator = np.random.default_rng(self._seed(patient, 0))
        plan = self._plan(patient)
        drawings = draw_leads(draw_heart(generator), plan, names, rate_hz, generator)
        pulses = draw_pulses(plan, rate_hz, generator).samples
        companions = {"ppg": pulses, "rsp": draw_respiration(plan, rate_hz, generator)}
        for name, drawing in drawings.items():
            noise = np.random.default_rng((*self._seed(patient, 2), *name.encode()))
            samples, clean = self._noisy(drawing.samples_mv, rate_hz, noise)
            waves, marked = complete(drawing.waves)
            yield Strip(
                patient=patient,
                record=patient,
                lead=name,
                rate_hz=rate_hz,
                samples_mv=samples,
                waves=waves,
                marked=marked,
                beats=drawing.beats,
                rhythms=plan.spans(rate_hz, n),
                companions={**companions, **clean},
            )

    def _physiokit(self, patient: str, names: Sequence[str]) -> Iterator[Strip]:
        rate_hz, _, n = self._timing()
        rhythm, drawings = physiokit_signals.ecg(n, rate_hz, self._seed(patient, 0))
        for name in names:
            clean_mv, all_waves, peaks = drawings[name]
            noise = np.random.default_rng((*self._seed(patient, 2), *name.encode()))
            samples, clean = self._noisy(clean_mv, rate_hz, noise)
            waves, marked = complete(all_waves)
            yield Strip(
                patient=patient,
                record=patient,
                lead=name,
                rate_hz=rate_hz,
                samples_mv=samples,
                waves=waves,
                marked=marked,
                beats=(peaks, ("N",) * len(peaks)),
                rhythms=(RhythmSpan(0, n, rhythm),),
                companions=clean,
            )

    def _leads(self) -> tuple[str, ...]:
        names = tuple(self.params.get("leads", ("I", "II", "V1", "V5")))
        for name in names:
            if name not in LEADS:
                raise unknown("lead of ecg-synthetic", str(name), list(LEADS))
        return names

    def _plan(self, patient: str) -> BeatPlan:
        return _plan(self._seed(patient, 1), self.params, self._timing()[1], self._number("ectopy", 0.3, 0, 1))

    def strata(self) -> Mapping[str, str] | None:
        """The rhythm of every person, of our own generator."""
        if self._generator_name == "physiokit":
            return None
        return {p: _rhythm(self.params, np.random.default_rng(self._seed(p, 1))) for p in self.patients()}


class PpgSynthetic(_Synthetic):
    """One strip a person: a PPG in arbitrary units with "sys" and "dia" waves and its systolic peaks as beats."""

    info = DatasetInfo(
        name="ppg-synthetic",
        title="Synthetic PPG: pulses that follow synthetic heart beats, or PhysioKit",
        licence=_LICENCE,
        citation="PhysioKit (Ambiq, BSD-3-Clause)",
        home="",
        rate_hz=250.0,
        n_patients=1000,
        size_bytes=0,
        contains=("waves", "beats", "rhythms"),
    )

    def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
        """The PPG of one person."""
        if not wanted("ppg", leads):
            return
        rate_hz, duration_s, n = self._timing()
        rhythms: tuple[RhythmSpan, ...] | None = None
        if self._generator_name == "physiokit":
            clean_values, waves, peaks = physiokit_signals.ppg(n, rate_hz, self._seed(patient, 0))
        else:
            plan = _plan(self._seed(patient, 1), {}, duration_s, 0.3)
            pulses = draw_pulses(plan, rate_hz, np.random.default_rng(self._seed(patient, 0)))
            clean_values, waves, peaks = pulses.samples, pulses.waves, pulses.peaks
            rhythms = plan.spans(rate_hz, n)
        samples, clean = self._noisy(clean_values, rate_hz, np.random.default_rng(self._seed(patient, 2)))
        waves, marked = complete(waves)
        yield Strip(
            patient=patient,
            record=patient,
            lead="PPG",
            rate_hz=rate_hz,
            samples_mv=samples,
            waves=waves,
            marked=marked,
            beats=(peaks, ("N",) * len(peaks)),
            rhythms=rhythms,
            companions=clean,
        )


def complete(waves: Sequence[Wave]) -> tuple[tuple[Wave, ...], tuple[int, int]]:
    """Waves that lie in the strip as a whole, and the stretch from the first onset to the last offset."""
    whole = tuple(w for w in waves if min(w.onset, w.peak, w.offset) >= 0)
    if not whole:
        return (), (0, 0)
    return whole, (min(w.onset for w in whole), max(w.offset for w in whole) + 1)


def _plan(seed: tuple[int, ...], params: Mapping[str, Any], duration_s: float, ectopy: float) -> BeatPlan:
    generator = np.random.default_rng(seed)
    return plan_beats(_rhythm(params, generator), duration_s, ectopy, generator)


def _rhythm(params: Mapping[str, Any], generator: np.random.Generator) -> str:
    """A rhythm drawn by the shares asked for; the first draw of the generator."""
    shares = params.get("rhythms") or {name: share for name, (share, _, _) in RHYTHM_MIX.items()}
    for name in shares:
        if name not in RHYTHM_MIX:
            raise unknown("rhythm of ecg-synthetic", str(name), list(RHYTHM_MIX))
    weights = np.array([float(s) for s in shares.values()])
    if weights.min() < 0 or not weights.sum() > 0:
        raise ConfigError("ecg-synthetic: the shares of rhythms must not be negative, nor all zero")
    return str(generator.choice(list(shares), p=weights / weights.sum()))
