from __future__ import annotations

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
