"""Finding datasets by name and folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import publishers
import pytest

from engine.datasets import catalog
from engine.datasets.base import Dataset, DatasetInfo, Strip
from engine.errors import ConfigError, DatasetError


def test_every_dataset_says_what_a_user_must_know() -> None:
    found = catalog.catalog()
    names = {info.name for info in found}
    assert {"ludb", "qtdb", "mitdb", "nstdb", "cinc2017", "ptbxl", "lsad", "icentia11k", "afdb", "bidmc"} <= names
    for info in found:
        assert info.title and info.licence and info.contains
        assert all(address.startswith("https://") and address.endswith("/") for address in info.listing)
        assert bool(info.tables) == (not info.name.endswith("-synthetic"))


def test_an_unknown_name_or_parameter_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'no dataset is called "ludbb"; did you mean "ludb"\?'):
        catalog.open_dataset("ludbb", tmp_path)
    with pytest.raises(ConfigError, match='did you mean "include_paced"'):
        catalog.open_dataset("mitdb", tmp_path, include_pace=True)
    with pytest.raises(ConfigError, match="ludb takes no parameters"):
        catalog.open_dataset("ludb", tmp_path, seed=1)


def test_a_folder_of_datasets_and_a_datasets_own_folder_both_do(tmp_path: Path) -> None:
    publishers.ludb(tmp_path / "ludb", ["Sinus rhythm"])
    publishers.ptbxl(tmp_path / "ptbxl_first_part", [(1, "7", "{'NORM': 100.0}", 3)])
    assert catalog.open_dataset("ludb", tmp_path).folder == tmp_path / "ludb"
    assert catalog.open_dataset("ludb", tmp_path / "ludb").folder == tmp_path / "ludb"
    assert catalog.open_dataset("ptbxl", tmp_path).folder == tmp_path / "ptbxl_first_part"


def test_a_missing_dataset_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"does not exist .*heartkit-engine download ludb, or point --from"):
        catalog.open_dataset("ludb", tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"holds no ludb data \(looked for ludb\.csv\)"):
        catalog.open_dataset("ludb", tmp_path)
    publishers.ptbxl(tmp_path / "ptbxl", [(1, "7", "{'NORM': 100.0}", 3)])
    (tmp_path / "ptbxl" / "scp_statements.csv").unlink()
    with pytest.raises(DatasetError, match=r"holds only part of ptbxl: it lacks scp_statements\.csv"):
        catalog.open_dataset("ptbxl", tmp_path)


def test_a_dataset_of_ones_own_class_is_opened_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_registered", {})

    class Mine(Dataset):
        info = DatasetInfo("mine", "Mine", "mine", "", "", 100.0, 1, 0, tables=("mine.txt",))

        def patients(self) -> tuple[str, ...]:
            return ("me",)

        def strips(self, patient: str, leads: Sequence[str] | None = None) -> Iterator[Strip]:
            return iter(())

    catalog.register_dataset(Mine)
    (tmp_path / "mine.txt").touch()
    assert catalog.open_dataset("mine", tmp_path).patients() == ("me",)
    assert "mine" in catalog.dataset_names()
    Mine.info = DatasetInfo("ludb", "Mine", "mine", "", "", 100.0, 1, 0)
    with pytest.raises(ConfigError, match="built-in"):
        catalog.register_dataset(Mine)
