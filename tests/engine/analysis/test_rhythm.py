from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from beat_signals import fiducials, places
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.analysis.criteria import Criteria
from engine.analysis.rhythm import statements
from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS, Span

FS = 250.0
EVENTS = {"PAUSE", "ASYS", "RUN", "SRUN", "C", "B", "T"}
RNG = np.random.default_rng(7)


def say(
    rr_s: NDArray[np.float64],
    symbols: str | None = None,
    *,
    p_share: float = 1.0,
    quality: tuple[Span, ...] = (),
    criteria: Criteria | None = None,
) -> tuple[Span, ...]:
    r = places(np.asarray(rr_s, dtype=float), FS, 0.4)
    symbols = symbols or "N" * len(r)
    has_p = RNG.random(len(r)) < p_share
    return statements(r, tuple(symbols), fiducials(r, has_p=has_p), quality, FS, int(r[-1] + 0.4 * FS), criteria)


def base(found: tuple[Span, ...]) -> list[Span]:
    return [s for s in found if s.label not in EVENTS]


def events(found: tuple[Span, ...], label: str) -> list[Span]:
    return [s for s in found if s.label == label]


def steady(bpm: float, seconds: float) -> NDArray[np.float64]:
    n = int(seconds * bpm / 60)
    return 60 / bpm + RNG.normal(0, 0.01, n)


def fibrillating(seconds: float, mean_s: float = 0.7) -> NDArray[np.float64]:
    return np.clip(RNG.gamma(16, mean_s / 16, int(seconds / mean_s)), 0.3, 1.8)


@pytest.mark.parametrize("seconds", [9, 120])
@pytest.mark.parametrize(("bpm", "label"), [(45, "SBR"), (72, "N"), (130, "ST")])
def test_sinus_rhythm_by_rate(bpm: float, label: str, seconds: float) -> None:
    found = base(say(steady(bpm, seconds)))
    assert [s.label for s in found] == [label]
    assert f"{bpm}/min" in found[0].detail
    assert found[0].confidence > 0.8


def test_a_rate_that_hovers_at_the_limit_does_not_flicker() -> None:
    rr_s = 60 / (60 + np.sin(np.arange(600) / 9) * 1.5)
    assert len(base(say(rr_s))) == 1


def test_a_short_burst_of_rate_is_not_a_rhythm() -> None:
    rr_s = np.concatenate([steady(80, 60), steady(115, 5), steady(80, 60)])
    assert [s.label for s in base(say(rr_s))] == ["N"]


def test_limits_of_rate_can_be_set() -> None:
    assert base(say(steady(55, 60), criteria=Criteria(brady_bpm=50.0)))[0].label == "N"


def test_breathing_makes_sinus_arrhythmia() -> None:
    rr_s = 0.9 + 0.2 * np.sin(np.arange(150) * 2 * np.pi / 5.3)
    assert {s.label for s in base(say(rr_s))} == {"SARRH"}


@pytest.mark.parametrize("seconds", [10, 300])
def test_irregular_without_p_waves_is_fibrillation(seconds: float) -> None:
    found = base(say(fibrillating(seconds), p_share=0.0))
    assert [s.label for s in found] == ["AFIB"]
    assert "P waves in 0 %" in found[0].detail


def test_irregular_with_p_waves_is_not() -> None:
    assert "AFIB" not in {s.label for s in base(say(fibrillating(300), p_share=1.0))}


def test_a_paroxysm_is_found_where_it_is() -> None:
    parts = [steady(70, 180), fibrillating(120), steady(70, 180)]
    rr_s = np.concatenate(parts)
    r = places(rr_s, FS, 0.4)
    inside = (r > parts[0].sum() * FS) & (r < (parts[0].sum() + parts[1].sum()) * FS)
    found = statements(r, ("N",) * len(r), fiducials(r, has_p=~inside), (), FS, int(r[-1] + 100))
    assert [s.label for s in base(found)] == ["N", "AFIB", "N"]
    af = base(found)[1]
    assert abs(af.start / FS - parts[0].sum()) < 12
    assert abs(af.stop / FS - parts[0].sum() - parts[1].sum()) < 12


def test_fibrillation_can_be_switched_off() -> None:
    found = base(say(fibrillating(300), p_share=0.0, criteria=Criteria(detect_afib=False)))
    assert "AFIB" not in {s.label for s in found}


def test_bigeminy_is_an_event_upon_sinus_rhythm_not_fibrillation() -> None:
    rr_s = np.tile([0.5, 1.1], 100)
    found = say(rr_s, "NV" * 100 + "N", p_share=0.5)
    assert {s.label for s in base(found)} <= {"N", "SARRH"}
    assert [s.detail for s in events(found, "B")] == ["100 cycles"]


def test_regular_without_p_waves_is_not_called_sinus_rhythm() -> None:
    found = base(say(steady(70, 120), p_share=0.0))
    assert [s.label for s in found] == ["UNKNOWN"]
    assert "no P waves" in found[0].detail


def test_runs_couplets_and_tachycardia() -> None:
    symbols = "N" * 20 + "VV" + "N" * 10 + "V" * 6 + "N" * 10 + "VVVV" + "N" * 20
    rr_s = np.full(len(symbols) - 1, 0.8)
    rr_s[32:37] = 0.4  # six beats at 150
    rr_s[48:51] = 0.9  # four at 67
    found = say(rr_s, symbols)
    assert [s.detail for s in events(found, "C")] == ["RR 0.80 s"]
    assert [s.detail for s in events(found, "RUN")] == ["6 beats at 150/min", "4 beats at 67/min"]
    assert [s.label for s in base(found)] == ["N", "VT", "N", "IVR", "N"]


def test_supraventricular_run() -> None:
    symbols = "N" * 30 + "SSSSS" + "N" * 30
    rr_s = np.full(len(symbols) - 1, 0.8)
    rr_s[29:34] = 0.4
    found = say(rr_s, symbols)
    assert [s.detail for s in events(found, "SRUN")] == ["5 beats at 150/min"]
    assert [s.label for s in base(found)] == ["N", "SVTA", "N"]


@pytest.mark.parametrize(
    ("symbols", "label", "cycles"),
    [
        ("NNNNNVNVNVNNNN", "B", 3),
        ("NNNNNVNVNNNNNN", "B", 0),  # two cycles only
        ("VNVNVNVNNNNNNN", "B", 3),  # the first cycle is cut
        ("NNNVNNVNNVNNNN", "T", 3),
        ("NNNVVNVVNVVNNN", "B", 0),
        ("NNNVVNVVNVVNNN", "T", 0),
    ],
)
def test_periodic_ectopy_needs_its_cycles(symbols: str, label: str, cycles: int) -> None:
    found = events(say(np.full(len(symbols) - 1, 0.8), symbols), label)
    assert [s.detail for s in found] == ([f"{cycles} cycles"] if cycles else [])


def test_pauses_and_asystole() -> None:
    rr_s = steady(75, 60)
    rr_s[20], rr_s[40] = 2.6, 5.0
    found = say(rr_s)
    assert [s.detail for s in events(found, "PAUSE")] == ["RR 2.6 s"]
    assert [s.detail for s in events(found, "ASYS")] == ["no beat found for 5.0 s"]
    pause = events(found, "PAUSE")[0]
    assert (pause.stop - pause.start) / FS == pytest.approx(2.6, abs=0.01)


@pytest.mark.parametrize("label", ["lead_off", "noisy", "saturated", "gap"])
def test_nothing_is_said_of_a_heart_that_cannot_be_seen(label: str) -> None:
    rr_s = steady(75, 60)
    rr_s[20] = 6.0
    r = places(rr_s, FS, 0.4)
    hidden = Span(int(r[20]) + 50, int(r[21]) - 50, label)
    found = say(rr_s, quality=(hidden,))
    assert not events(found, "ASYS") and not events(found, "PAUSE")
    there = [s for s in base(found) if s.start <= hidden.start + FS and s.stop >= hidden.stop - FS]
    assert [s.label for s in there] == ["NOISE" if label == "noisy" else "UNKNOWN"]


def test_a_flat_line_is_asystole_with_a_warning() -> None:
    rr_s = steady(75, 60)
    rr_s[20] = 6.0
    r = places(rr_s, FS, 0.4)
    found = events(say(rr_s, quality=(Span(int(r[20]) + 50, int(r[21]) - 50, "flat"),)), "ASYS")
    assert len(found) == 1
    assert "check that the leads are on" in found[0].detail
    assert found[0].confidence <= 0.5


def test_sequences_do_not_reach_across_noise() -> None:
    symbols = "N" * 20 + "VVVV" + "N" * 20
    rr_s = np.full(len(symbols) - 1, 0.8)
    r = places(rr_s, FS, 0.4)
    found = say(rr_s, symbols, quality=(Span(int(r[21]) + 20, int(r[22]) - 20, "noisy"),))
    assert [s.label for s in found if s.label in EVENTS] == ["C", "C"]


def test_a_record_without_beats() -> None:
    none = np.zeros(0, dtype=np.int64)
    found = statements(none, (), fiducials(none), (), FS, 2500)
    assert [(s.label, s.start, s.stop) for s in base(found)] == [("UNKNOWN", 0, 2500)]
    assert [s.detail for s in events(found, "ASYS")] == ["no beat found for at least 10.0 s"]
    assert statements(none, (), fiducials(none), (), FS, 0) == ()


def test_four_beats_are_too_few() -> None:
    found = base(say(np.full(3, 0.8)))
    assert [(s.label, s.detail) for s in found] == [("UNKNOWN", "4 beats only")]


@settings(max_examples=80, deadline=None)
@given(
    rr=st.lists(st.floats(0.2, 4.0), min_size=0, max_size=120),
    kinds=st.text("NNNNVSQ/", min_size=121, max_size=121),
    p_share=st.floats(0, 1),
    bad=st.lists(
        st.tuples(st.integers(0, 20000), st.integers(1, 3000), st.sampled_from(sorted(QUALITY_LABELS))), max_size=4
    ),
)
def test_base_rhythms_cover_the_record_once(
    rr: list[float], kinds: str, p_share: float, bad: list[tuple[int, int, str]]
) -> None:
    r = places(np.array(rr), FS, 0.4)
    n = int(r[-1] + 100)
    quality = tuple(sorted((Span(a, a + length, label) for a, length, label in bad), key=lambda s: s.start))
    has_p = np.random.default_rng(0).random(len(r)) < p_share
    found = statements(r, tuple(kinds[: len(r)]), fiducials(r, has_p=has_p), quality, FS, n)
    cover = base(found)
    assert cover[0].start == 0 and cover[-1].stop == n
    assert all(a.stop == b.start for a, b in pairwise(cover))
    assert all(s.start < s.stop for s in cover)
    rest = [s for s in found if s.label in EVENTS]
    assert found == (*cover, *rest)
    assert [s.start for s in rest] == sorted(s.start for s in rest)
    for span in found:
        assert span.label in RHYTHM_LABELS
        assert 0 <= span.confidence <= 1
