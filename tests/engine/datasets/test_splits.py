"""Splits: grouped, stratified, repeatable, and safe against change."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import publishers
import pytest

from engine.config import SplitConfig
from engine.datasets.catalog import open_dataset
from engine.datasets.overlaps import check_overlap, find_overlaps, without_overlap
from engine.datasets.splits import Split, make_split
from engine.errors import ConfigError, DatasetError


def split(dataset: str, train: str = "", val: str = "", test: str = "") -> Split:
    return Split(dataset, "seeded", 0, tuple(train.split()), tuple(val.split()), tuple(test.split()))


@pytest.fixture
def ludb(tmp_path: Path) -> Path:
    return publishers.ludb(tmp_path / "ludb", ["Sinus rhythm"] * 20 + ["Atrial fibrillation"] * 10)


def test_a_seeded_split_takes_every_stratum_in_proportion(ludb: Path) -> None:
    dataset = open_dataset("ludb", ludb)
    found = make_split(dataset, SplitConfig(method="seeded", seed=3, val_fraction=0.1, test_fraction=0.2))
    strata = dataset.strata() or {}
    assert sorted(found.side("all"), key=int) == list(dataset.patients())
    assert Counter(strata[p] for p in found.test) == {"Sinus rhythm": 4, "Atrial fibrillation": 2}
    assert Counter(strata[p] for p in found.val) == {"Sinus rhythm": 2, "Atrial fibrillation": 1}


def test_the_same_seed_gives_the_same_split_and_another_another(ludb: Path) -> None:
    dataset = open_dataset("ludb", ludb)
    first, again, other = (make_split(dataset, SplitConfig(method="seeded", seed=s)) for s in (1, 1, 2))
    assert first == again and first.hash == again.hash
    assert first.hash != other.hash


def test_a_split_that_leaves_nobody_to_train_is_refused(ludb: Path) -> None:
    with pytest.raises(ConfigError, match="no patient of ludb is left for training"):
        make_split(open_dataset("ludb", ludb), SplitConfig(method="seeded", val_fraction=0.5, test_fraction=0.5))


def test_a_stored_split_comes_back_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    made = split("mitdb", "101 106", "119", "100")
    made.save(path)
    assert Split.load(path) == made
    content = json.loads(path.read_text())
    content["train"].append(content["test"].pop())
    path.write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="its hash does not match"):
        Split.load(path)
    path.write_text("{}")
    with pytest.raises(DatasetError, match="is not a split"):
        Split.load(path)


def test_nobody_can_be_on_two_sides_of_one_split() -> None:
    with pytest.raises(ConfigError, match="has patient 100 twice"):
        split("mitdb", "100 101", test="100")


def test_excerpts_of_mitdb_in_other_databases_are_known() -> None:
    splits = {
        "mitdb": split("mitdb", "101", test="213 100"),
        "qtdb": split("qtdb", "sel213 sel30", val="sel100"),
        "nstdb": split("nstdb", "bw em ma 118"),
    }
    shared = {str(overlap) for overlap in find_overlaps(splits)}
    assert shared == {
        "test of mitdb and train of qtdb share people: 213 = sel213",
        "test of mitdb and val of qtdb share people: 100 = sel100",
    }
    with pytest.raises(ConfigError, match="213 = sel213"):
        check_overlap(splits)


def test_whoever_is_tested_is_taken_out_of_training_elsewhere() -> None:
    splits = {"mitdb": split("mitdb", "101", "119", "213"), "qtdb": split("qtdb", "sel213 sel30", "", "sel114")}
    cleaned, overlaps = without_overlap(splits)
    assert len(overlaps) == 1
    assert cleaned["qtdb"].train == ("sel30",) and cleaned["mitdb"] == splits["mitdb"]
    check_overlap(cleaned)


def test_mixes_and_shared_persons_count_as_the_record_they_come_from() -> None:
    assert find_overlaps({"mitdb": split("mitdb", test="118"), "nstdb": split("nstdb", "118")})
    assert not find_overlaps({"mitdb": split("mitdb", test="118"), "nstdb": split("nstdb", "bw")})
    assert find_overlaps({"mitdb": split("mitdb", "201", test="202")})


def test_challenge_copies_of_ptbxl_and_lsad_are_known(tmp_path: Path) -> None:
    publishers.ptbxl(tmp_path, [(6000, "77", "{'SR': 0.0}", 3), (6001, "78", "{'SR': 0.0}", 3)])
    ptbxl = open_dataset("ptbxl", tmp_path)
    splits = {
        "ptbxl": split("ptbxl", "77 78"),
        "lsad": split("lsad", "JS20001"),
        "cinc2021": split("cinc2021", test="HR06000 JS20001 E07500"),
    }
    shared = {str(overlap) for overlap in find_overlaps(splits, {"ptbxl": ptbxl})}
    assert shared == {
        "train of ptbxl and test of cinc2021 share people: 77 = HR06000",
        "train of lsad and test of cinc2021 share people: JS20001",
    }
