from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from beat_signals import draw, fiducials, places
from numpy.typing import NDArray

from engine.analysis import beats
from engine.analysis.beats import N_FEATURES, beat_features, type_beats
from engine.analysis.boosted_trees import BoostedTrees
from engine.analysis.criteria import Criteria
from engine.analysis.sinus_context import sinus_interval
from engine.analysis.streaming import StreamingAnalysis
from engine.records import open_record
from engine.records.annotations import AAMI_OF_SYMBOL
from engine.resources import built_in_record

FS = 250.0
RNG = np.random.default_rng(11)


def typed(kinds: str, rr_s: NDArray[np.float64], criteria: Criteria | None = None, p: bool = True) -> str:
    r = places(rr_s, FS)
    x = draw(r, kinds, FS, int(r[-1] + FS))
    waves = fiducials(r, has_p=np.array([k in "N" for k in kinds]) & p)
    symbols, aami, confidence = type_beats(r, beat_features(x, 0, r, waves, FS), waves, FS, criteria=criteria)
    assert aami == tuple(AAMI_OF_SYMBOL[s] for s in symbols)
    assert confidence.dtype == np.float32
    assert ((confidence >= 0) & (confidence <= 1)).all()
    return "".join(symbols)


def with_ectopics(kind: str, every: int, n: int = 200, early: float = 0.6) -> tuple[str, NDArray[np.float64]]:
    """Sinus rhythm of 0.8 s with an early beat of a kind at each `every`-th place; V with a compensatory pause."""
    kinds = ["N"] * n
    rr_s = 0.8 + RNG.normal(0, 0.01, n - 1)
    for at in range(every, n - 1, every):
        kinds[at] = kind
        rr_s[at - 1] = 0.8 * early
        rr_s[at] = 0.8 * (2 - early if kind == "V" else 1.1)
    return "".join(kinds), rr_s


def test_steady_sinus_rhythm_is_all_normal() -> None:
    assert typed("N" * 100, 0.8 + RNG.normal(0, 0.02, 99)) == "N" * 100


@pytest.mark.parametrize("every", [2, 3, 9, 40])
def test_early_wide_beats_are_ventricular_even_in_bigeminy(every: int) -> None:
    kinds, rr_s = with_ectopics("V", every)
    assert typed(kinds, rr_s) == kinds


@pytest.mark.parametrize("every", [7, 40])
def test_early_narrow_beats_are_supraventricular(every: int) -> None:
    kinds, rr_s = with_ectopics("S", every)
    assert typed(kinds, rr_s) == kinds


def test_every_beat_of_a_fast_run_counts_until_it_ends() -> None:
    kinds = "N" * 60 + "S" * 12 + "N" * 60
    rr_s = np.full(len(kinds) - 1, 0.8) + RNG.normal(0, 0.008, len(kinds) - 1)
    rr_s[59:71] = 0.42
    said = typed(kinds, rr_s)
    assert said == kinds


def test_fibrillation_does_not_turn_into_hundreds_of_ectopic_beats() -> None:
    rr_s = np.clip(RNG.gamma(20, 0.65 / 20, 399), 0.35, 1.6)
    said = typed("P" * 400, rr_s, p=False)
    assert said.count("S") <= 8


def test_how_early_counts_can_be_set() -> None:
    kinds, rr_s = with_ectopics("S", 20, early=0.75)
    assert "S" in typed(kinds, rr_s)
    assert "S" not in typed(kinds, rr_s, Criteria(premature_percent=40.0))


def test_paced_beats_are_recognised_by_their_spike_and_can_be_left_alone() -> None:
    fs_hz = 500.0
    r = places(np.full(49, 0.8), fs_hz)
    x = draw(r, "P" * 50, fs_hz, int(r[-1] + fs_hz))
    x[r - 25] += 1.0
    waves = fiducials(r)
    features = beat_features(x, 0, r, waves, fs_hz)
    assert set(type_beats(r, features, waves, fs_hz)[0]) == {"/"}
    assert set(type_beats(r, features, waves, fs_hz, criteria=Criteria(detect_paced=False))[0]) == {"N"}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_beats_are_normal_with_little_confidence(n: int) -> None:
    r = places(np.full(max(0, n - 1), 0.8), FS)[:n]
    symbols, aami, confidence = type_beats(r, np.zeros((n, N_FEATURES), np.float32), fiducials(r), FS)
    assert symbols == aami == ("N",) * n
    assert (confidence <= 0.5).all()


def test_the_detectors_confidence_multiplies_ours() -> None:
    r = places(np.full(49, 0.8), FS)
    waves = fiducials(r, has_p=np.ones(50, bool))
    features = beat_features(draw(r, "N" * 50, FS, int(r[-1] + FS)), 0, r, waves, FS)
    alone = type_beats(r, features, waves, FS)[2]
    half = type_beats(r, features, waves, FS, confidence=np.full(50, 0.5, np.float32))[2]
    assert half == pytest.approx(alone / 2)


def test_running_sinus_interval_ignores_a_run_but_follows_a_lasting_change() -> None:
    none = np.zeros(400, bool)
    run = np.full(400, 0.9)
    run[200:230] = 0.4
    assert sinus_interval(run, none)[0] == pytest.approx(0.9)
    lasting = np.full(400, 0.9)
    lasting[200:] = 0.5  # longer than a minute
    assert sinus_interval(lasting, none)[0][200:310] == pytest.approx(0.9)
    assert sinus_interval(lasting, none)[0][330:] == pytest.approx(0.5)


def test_running_sinus_interval_sees_a_block_end_at_once() -> None:
    rr_s = np.full(60, 1.8)
    rr_s[30:] = 0.9  # every second P wave was blocked before
    assert sinus_interval(rr_s, np.zeros(60, bool))[0][30:] == pytest.approx(0.9)


def test_trees_add_up_the_leaves_their_rows_fall_into() -> None:
    trees = BoostedTrees(
        np.array([[0, 1, 1], [1, 0, 0]]),
        np.array([[0.5, -1.0, 1.0], [0.0, 2.0, 0.0]]),
        np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]]),
        0.25,
    )
    x = np.array([[0.5, -1.0], [0.6, 1.1], [3.0, -0.5]])
    assert trees.score(x).tolist() == [1 + 10 + 0.25, 4 + 40 + 0.25, 3 + 20 + 0.25]
    again = BoostedTrees.from_document(trees.to_document())
    assert again.score(x).tolist() == trees.score(x).tolist()
    assert trees.probability(x)[0] == pytest.approx(1 / (1 + np.exp(-11.25)))


def test_the_shipped_model_names_the_columns_it_was_fitted_on() -> None:
    """A change of the columns without a new fit must not pass."""
    import json

    from engine.analysis.beat_context import CONTEXT_COLUMNS
    from engine.analysis.sinus_context import SINUS_COLUMNS

    stored = json.loads(Path(beats.__file__).with_name("beat_model.json").read_text(encoding="utf-8"))
    assert tuple(stored["ventricular"]["columns"]) == CONTEXT_COLUMNS
    assert tuple(stored["supraventricular"]["columns"]) == SINUS_COLUMNS
    assert beats.models().weight.shape == (len(SINUS_COLUMNS),)


@pytest.mark.parametrize(("name", "least_se", "least_ppv"), [("200", 0.96, 0.96), ("228", 0.96, 0.95)])
def test_ventricular_beats_of_unseen_patients(
    dataset: Callable[[str], Path], name: str, least_se: float, least_ppv: float
) -> None:
    import wfdb

    path = str(dataset("mitdb") / name)
    signals, info = wfdb.rdsamp(path, channels=[0])
    marks = wfdb.rdann(path, "atr")
    known = [(s, AAMI_OF_SYMBOL[c]) for s, c in zip(marks.sample, marks.symbol, strict=True) if c in AAMI_OF_SYMBOL]
    r = np.array([s for s, _ in known], dtype=np.int64)
    truth = np.array([a for _, a in known]) == "V"
    waves = fiducials(r, has_p=np.ones(len(r), bool))
    features = beat_features(signals[:, 0].astype(np.float32), 0, r, waves, info["fs"])
    said = np.array(type_beats(r, features, waves, info["fs"])[1]) == "V"
    assert (said & truth).sum() / truth.sum() > least_se
    assert (said & truth).sum() / said.sum() > least_ppv


def test_a_beat_is_whole_when_all_around_its_qrs_was_recorded() -> None:
    valid = np.ones(1000, np.bool_)
    valid[[469, 470]] = False
    r = np.array([5, 200, 430, 431, 433, 500, 501, 995]) + 3000
    assert beats.whole_beats(valid, 3000, r, FS).tolist() == [True, True, True, False, False, False, True, True]


def test_beats_that_were_not_recorded_whole_are_not_typed() -> None:
    kinds = "N" * 60
    r = places(0.8 + RNG.normal(0, 0.02, 59), FS)
    x = draw(r, kinds, FS, int(r[-1] + FS))
    valid = np.ones(len(x), np.bool_)
    for at in r[10:60:10]:
        valid[at + 8 : at + 300] = False  # begins in the QRS
    analysis = StreamingAnalysis(FS)
    analysis.push(x.astype(np.float32), valid)
    found = analysis.finish().beats
    at = [int(np.abs(found.sample - place).argmin()) for place in r[10:60:10]]
    assert [found.symbol[k] for k in at] == ["Q"] * 5
    assert set(found.symbol) == {"N", "Q"}
    assert found.symbol.count("Q") == 5


def test_missing_t_waves_make_no_ventricular_beats_whatever_the_level_of_the_line() -> None:
    with open_record(built_in_record()) as record:
        x, fs_hz = record.read(0, round(16 * record.fs), [0]).values[0] + np.float32(5), record.fs
    valid = np.ones(len(x), np.bool_)
    whole = StreamingAnalysis(fs_hz)
    whole.push(x)
    beats_there = whole.finish().beats
    assert set(beats_there.symbol) == {"N"}
    for at in beats_there.sample[2::3]:
        valid[at + round(0.2 * fs_hz) : at + round(0.35 * fs_hz)] = False
    cut = StreamingAnalysis(fs_hz)
    cut.push(np.where(valid, x, 0), valid)
    assert "V" not in cut.finish().beats.symbol
