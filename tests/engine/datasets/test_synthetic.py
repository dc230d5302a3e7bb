"""Synthetic signals: exact labels, the asked-for rhythm and noise, and the same again for the same parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets.base import Dataset, Strip
from engine.datasets.catalog import open_dataset
from engine.errors import ConfigError


def ecg(**params: Any) -> Dataset:
    return open_dataset("ecg-synthetic", None, **{"n_patients": 6, "leads": ["II"], **params})


def strips(dataset: Dataset) -> list[Strip]:
    return [strip for patient in dataset.patients() for strip in dataset.strips(patient)]


def intervals(strip: Strip) -> np.ndarray:
    assert strip.beats is not None
    return np.diff(strip.beats[0]) / strip.rate_hz


def test_the_same_parameters_give_the_same_signals() -> None:
    first, again, other = (strips(ecg(snr_db=10, seed=s)) for s in (4, 4, 5))
    for a, b, c in zip(first, again, other, strict=True):
        assert np.array_equal(a.samples_mv, b.samples_mv) and a.waves == b.waves
        assert not np.array_equal(a.samples_mv, c.samples_mv)


def test_one_patient_does_not_depend_on_the_others() -> None:
    few, many = ecg(n_patients=2), ecg(n_patients=50)
    assert np.array_equal(*(next(d.strips("000001")).samples_mv for d in (few, many)))


def test_waves_are_where_the_signal_moves() -> None:
    for strip in strips(ecg(rhythms={"sr": 1}, ectopy=0, rate_hz=500)):
        assert strip.waves and strip.marked is not None
        x, quiet = strip.samples_mv, np.ones(len(strip.samples_mv), bool)
        for wave in strip.waves:
            assert wave.onset < wave.peak < wave.offset
            quiet[max(0, wave.onset - 25) : wave.offset + 26] = False
        inside = quiet[slice(*strip.marked)]
        moves = np.abs(x[slice(*strip.marked)])
        assert moves[inside].max() < 0.2 * moves.max()


def test_every_beat_in_the_marked_stretch_has_its_waves() -> None:
    strip = next(ecg(rhythms={"sr": 1}, ectopy=0).strips("000000"))
    assert strip.waves is not None and strip.beats is not None and strip.marked is not None
    peaks = {w.peak for w in strip.waves if w.kind == "qrs"}
    inside = {int(s) for s in strip.beats[0] if strip.marked[0] + 60 < s < strip.marked[1] - 60}
    assert inside and inside <= peaks


def test_fibrillation_has_no_p_waves_and_irregular_beats() -> None:
    fibrillating, regular = (strips(ecg(rhythms={r: 1}, ectopy=0, duration_s=30)) for r in ("afib", "sr"))
    assert all(w.kind != "p" for s in fibrillating for w in s.waves or ())
    assert any(w.kind == "p" for s in regular for w in s.waves or ())
    spread = [np.median([np.std(np.diff(intervals(s))) for s in found]) for found in (fibrillating, regular)]
    assert spread[0] > 3 * spread[1]


def test_a_ventricular_beat_is_wide_early_and_followed_by_a_compensatory_pause() -> None:
    strip = next(ecg(rhythms={"bigu": 1}, duration_s=30, rate_hz=500).strips("000001"))
    assert strip.beats is not None and strip.waves is not None
    symbols = np.array(strip.beats[1])
    before, after = intervals(strip)[:-1], intervals(strip)[1:]
    early = symbols[1:-1] == "V"
    assert early.any() and np.all(before[early] < after[early])
    width = {w.peak: w.offset - w.onset for w in strip.waves if w.kind == "qrs"}
    wide, narrow = (
        [width[s] for s, k in zip(*strip.beats, strict=True) if k == kind and s in width] for kind in "VN"
    )
    assert min(wide) > 1.3 * max(narrow)
    assert strip.rhythms is not None and strip.rhythms[0].rhythm == "bigu"


@pytest.mark.parametrize(("rhythm", "low", "high"), [("sbrad", 40, 60), ("stach", 100, 151)])
def test_rates_are_those_of_the_rhythm(rhythm: str, low: float, high: float) -> None:
    for strip in strips(ecg(rhythms={rhythm: 1}, ectopy=0, duration_s=30)):
        assert low * 0.93 < 60 / np.mean(intervals(strip)) < high * 1.07


def test_noise_has_the_ratio_asked_for() -> None:
    for strip in strips(ecg(snr_db=6)):
        clean = strip.companions["clean"]
        noise = strip.samples_mv - clean
        assert 10 * np.log10(np.var(clean) / np.mean(noise**2)) == pytest.approx(6, abs=1.0)


def test_pulses_follow_the_beats() -> None:
    strip = next(ecg(rhythms={"sr": 1}, ectopy=0).strips("000000"))
    assert len(strip.companions["ppg"]) == len(strip.companions["rsp"]) == len(strip.samples_mv)
    pulse = next(open_dataset("ppg-synthetic", None, n_patients=1).strips("000000"))
    assert pulse.waves is not None and {w.kind for w in pulse.waves} == {"sys", "dia"}
    assert all(w.onset < w.peak < w.offset for w in pulse.waves)


@pytest.mark.parametrize("name", ["ecg-synthetic", "ppg-synthetic"])
def test_physiokits_generator_is_seeded_and_leaves_the_global_one_alone(name: str) -> None:
    np.random.seed(1)  # noqa: NPY002
    untouched = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    first, again = (
        next(open_dataset(name, None, generator="physiokit", duration_s=5, n_patients=1).strips("000000"))
        for _ in range(2)
    )
    assert np.random.random() == untouched  # noqa: NPY002
    assert np.array_equal(first.samples_mv, again.samples_mv) and np.isfinite(first.samples_mv).all()
    assert first.waves and all(w.onset <= w.peak <= w.offset for w in first.waves)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"generator": "physiokitt"}, 'did you mean "physiokit"'),
        ({"rhythms": {"afibb": 1}}, 'did you mean "afib"'),
        ({"leads": ["II", "V9"]}, 'no lead of ecg-synthetic is called "V9"'),
        ({"duration_s": 0}, "give a number from 4 to 600"),
        ({"rate_hz": True}, "give a number from 50 to 2000"),
        ({"snr_db": "loud"}, r"give a number of dB or \[low, high\]"),
        ({"rhythms": {"sr": 0}}, "must not be negative, nor all zero"),
    ],
)
def test_wrong_parameters_are_refused_with_what_is_possible(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        strips(ecg(**params))


def test_a_synthetic_dataset_needs_no_folder(tmp_path: Path) -> None:
    assert open_dataset("ecg-synthetic", tmp_path / "nowhere").patients()[-1] == "000999"
