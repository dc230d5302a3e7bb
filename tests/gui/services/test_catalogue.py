from __future__ import annotations

from pathlib import Path

from heartkit_gui.services.catalogue import list_folder, natural_key


def test_folders_first_then_records_without_their_sample_files(tmp_path: Path) -> None:
    for name in ("100.hea", "100.dat", "100.atr", "20.hea", "20.mat", "b.edf", "a.csv", "notes.md", ".hidden.hea"):
        (tmp_path / name).write_text("x")
    (tmp_path / "zoo").mkdir()
    (tmp_path / ".git").mkdir()
    listing = list_folder(tmp_path)
    assert [entry.path.name for entry in listing.entries] == ["zoo", "20.hea", "100.hea", "a.csv", "b.edf"]
    assert [entry.name for entry in listing.entries] == ["zoo", "20", "100", "a.csv", "b.edf"]
    assert listing.fault == ""


def test_numbers_in_names_sort_as_numbers() -> None:
    names = ["A00010", "A2", "a1", "b", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a1", "A2", "A00010", "b"]


def test_a_folder_that_is_missing_or_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "gone", tmp_path / "file"):
        listing = list_folder(path)
        assert listing.entries == ()
        assert path.name in listing.fault


def test_broken_links_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "lost.edf").symlink_to(tmp_path / "gone.edf")
    assert list_folder(tmp_path).entries == ()
