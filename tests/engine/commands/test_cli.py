from __future__ import annotations

import errno
import sys

import pytest

from engine.cli import BAD_INPUT, main


def test_without_the_training_packages_one_sentence_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert main(["model", "--preset", "seg-2"]) == BAD_INPUT
    said = capsys.readouterr().err
    assert "needs keras" in said and "workbench.py setup" in said and "Traceback" not in said


def test_a_packaged_program_says_that_it_does_not_train(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert main(["model", "--preset", "seg-2"]) == BAD_INPUT
    assert "run it from source" in capsys.readouterr().err


@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, "No space left on device"), OSError("76800 requested and 10208 written")]
)
def test_a_full_disk_is_not_our_fault(
    fault: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        raise fault

    monkeypatch.setattr("engine.commands.zoo._list", run)
    assert main(["zoo", "list"]) == BAD_INPUT
    assert "the disk is full" in capsys.readouterr().err


def test_the_list_of_datasets_tells_sizes_in_a_fitting_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download"]) == 0
    rows = {row.split()[0]: row for row in capsys.readouterr().out.splitlines()}
    assert " MB " in rows["ludb"] and " GB " in rows["icentia11k"] and "NC" in rows["icentia11k"]
    assert not any(" 0 MB" in row or "0.0 GB" in row for row in rows.values())
