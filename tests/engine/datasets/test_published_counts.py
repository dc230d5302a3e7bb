"""What the publishers count must be what the readers find; skipped where the real data are not at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.config import SplitConfig
from engine.datasets.catalog import open_dataset
from engine.datasets.ludb import validation_records
from engine.datasets.splits import make_split
from engine.records import read_wfdb_annotations
from engine.records.annotations import AAMI_OF_SYMBOL

Find = Callable[[str], Path]


def test_ludb_has_the_published_waves(dataset: Find) -> None:
    ludb = open_dataset("ludb", dataset("ludb"))
    assert len(ludb.patients()) == 200
    kinds: Counter[str] = Counter()
    for patient in ludb.patients():
        for strip in ludb.strips(patient):
            assert strip.waves is not None and strip.marked is not None
            kinds.update(wave.kind for wave in strip.waves)
            assert len(strip.samples_mv) == 5000 and not strip.missing
    assert kinds == {"p": 16_797, "qrs": 21_965, "t": 19_661}


def test_ludb_tests_on_the_41_records_that_others_hold_out(dataset: Find) -> None:
    ludb = open_dataset("ludb", dataset("ludb"))
    split = make_split(ludb, SplitConfig())
    held_out = (
        "10 11 14 20 21 22 28 33 34 35 39 47 48 53 55 56 66 67 70 72 73 74 78 91 92 93 95 101 115 119 120 133 135 "
        "154 174 178 179 189 191 194 196"
    )
    assert split.test == tuple(held_out.split())
    strata = ludb.strata() or {}
    assert validation_records({int(r): name for r, name in strata.items()}) == [int(r) for r in split.test]
    assert len(split.val) == 18
    assert {"Atrial fibrillation", "Sinus bradycardia", "Sinus rhythm"} <= {strata[p] for p in split.val}


def test_mitdb_has_the_published_annotations_and_beats(dataset: Find) -> None:
    folder = dataset("mitdb")
    assert sum(len(read_wfdb_annotations(path)) for path in folder.glob("*.hea")) == 112_647
    mitdb = open_dataset("mitdb", folder, include_paced=True, include_201=True)
    aami: Counter[str] = Counter()
    for patient in mitdb.patients():
        for record in mitdb.records(patient):
            strip = next(s for s in mitdb.strips(patient) if s.record == record)
            assert strip.beats is not None and len(strip.samples_mv) == 650_000
            aami.update(AAMI_OF_SYMBOL[symbol] for symbol in strip.beats[1])
    assert aami == {"N": 90_631, "S": 2_781, "V": 7_236, "F": 803, "Q": 8_043}


def test_mitdb_validates_on_people_with_ectopic_beats(dataset: Find) -> None:
    mitdb = open_dataset("mitdb", dataset("mitdb"))
    split = make_split(mitdb, SplitConfig())
    counts: Counter[str] = Counter()
    for patient in split.val:
        beats = next(mitdb.strips(patient)).beats
        assert beats is not None
        counts.update(AAMI_OF_SYMBOL[symbol] for symbol in beats[1])
    assert (counts["S"], counts["V"], counts["F"]) == (198, 964, 19)


def test_cinc2017_has_the_published_classes_in_proportion_on_every_side(dataset: Find) -> None:
    cinc = open_dataset("cinc2017", dataset("cinc2017"))
    label = cinc.strata() or {}
    counts = Counter(label.values())
    assert counts == {"N": 4_099, "A": 614, "O": 1_907, "~": 225}
    split = make_split(cinc, SplitConfig())
    for side, share in (("test", 0.2), ("val", 0.1), ("train", 0.7)):
        found = Counter(label[p] for p in split.side(side))
        assert all(found[k] / counts[k] == pytest.approx(share, abs=0.01) for k in counts)


def test_cinc2017_samples_are_those_of_the_record(dataset: Find) -> None:
    cinc = open_dataset("cinc2017", dataset("cinc2017"))
    lengths = [len(next(cinc.strips(p)).samples_mv) for p in cinc.patients()[:200]]
    assert min(lengths) >= 9 * 300 - 300 and max(lengths) <= 61 * 300
    strip = next(cinc.strips("A00001"))
    assert len(strip.samples_mv) == 9000 and strip.samples_mv[0] == pytest.approx(-0.127)


def test_ptbxl_splits_people_by_the_publishers_folds(dataset: Find) -> None:
    ptbxl = open_dataset("ptbxl", dataset("ptbxl500_100hz"))
    records = [record for patient in ptbxl.patients() for record in ptbxl.records(patient)]
    assert len(records) == 500 and len(set(records)) == 500
    split = make_split(ptbxl, SplitConfig())
    assert [sum(len(ptbxl.records(p)) for p in split.side(s)) for s in ("train", "val", "test")] == [353, 81, 66]
    first = ptbxl.patients()[0]
    strips = list(ptbxl.strips(first))
    assert len(strips) == 12 * len(ptbxl.records(first)) and {len(s.samples_mv) for s in strips} == {1000}


def test_ptbxl_has_the_statements_of_its_table(dataset: Find) -> None:
    ptbxl = open_dataset("ptbxl", dataset("ptbxl500_100hz"))
    found: Counter[str] = Counter()
    rhythms: Counter[str] = Counter()
    for patient in ptbxl.patients():
        for strip in ptbxl.strips(patient, leads=("II",)):
            found.update(strip.statements or ())
            rhythms.update(span.rhythm for span in strip.rhythms or ())
    assert {k: found[k] for k in ("SR", "NORM", "AFIB", "AFLT", "SARRH")} == {
        "SR": 407, "NORM": 297, "AFIB": 13, "AFLT": 8, "SARRH": 26,
    }  # fmt: skip
    assert (rhythms["afib"], rhythms["pace"]) == (13, 6)
    assert {"NORM", "MI", "STTC", "CD", "HYP"} <= set(found)


def test_ptbxl_reads_500_hz_too(dataset: Find, tmp_path: Path) -> None:
    slow, fast = dataset("ptbxl500_100hz"), dataset("ptbxl500_500hz")
    for path in (slow / "ptbxl_database.csv", slow / "scp_statements.csv", fast / "records500"):
        (tmp_path / path.name).symlink_to(path)
    ptbxl = open_dataset("ptbxl", tmp_path, rate_hz=500)
    strip = next(ptbxl.strips(ptbxl.patients()[0]))
    assert strip.rate_hz == 500 and len(strip.samples_mv) == 5000


def test_qtdb_export_has_37_records_in_both_leads(dataset: Find) -> None:
    qtdb = open_dataset("qtdb", dataset("qtdb"))
    assert len(qtdb.patients()) == 37
    for patient in qtdb.patients():
        strips = list(qtdb.strips(patient))
        assert len(strips) == 2
        assert all(w.onset == -1 for w in strips[0].waves or () if w.kind == "t")
        assert all(w.onset >= 0 for w in strips[0].waves or () if w.kind != "t")
        assert all(np.isfinite(s.samples_mv).all() for s in strips)


def test_nstdb_has_noises_and_mixes_of_118(dataset: Find) -> None:
    nstdb = open_dataset("nstdb", dataset("nstdb"))
    assert nstdb.patients() == ("bw", "em", "ma", "118")
    assert nstdb.records("118") == ("118e00", "118e_6")
    assert [len(s.samples_mv) for s in nstdb.strips("em")] == [650_000, 650_000]


def test_the_sample_of_cinc2021_names_its_rhythms(dataset: Find) -> None:
    cinc = open_dataset("cinc2021", dataset("samples_12lead") / "cinc2021")
    assert len(cinc.patients()) == 50
    assert Counter((cinc.strata() or {}).values())["stach"] == 21
    assert sum(1 for _ in cinc.strips("E07500")) == 12
