"""`heartkit-engine codegen`."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from engine.cli import main


def test_a_built_in_model_becomes_c_that_builds_by_itself(tmp_path, capsys):
    folder = tmp_path / "made" / "here"
    assert main(["codegen", "seg-2", "--to", str(folder), "--target", "mve", "--kernels", "--json", "-"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["name"] == "seg_2" and figures["target"] == "mve"
    assert figures["flash_bytes"] > 1000 and figures["arena_bytes"] > 1000 and figures["macs"] > 100_000
    assert "-mcpu=cortex-m55" in figures["compile_flags"]
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    sources = sorted(path.name for path in folder.glob("*.c"))
    assert "seg_2.c" in sources and "nn_conv.c" in sources
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-c"]
    subprocess.run(["gcc", *flags, *sources], cwd=folder, check=True)


def test_figures_go_to_people_and_to_a_file(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert main(["codegen", "seg-2", "--to", str(tmp_path), "--name", "net", "--json", str(file)]) == 0
    out = capsys.readouterr().out
    assert "arena" in out and "net.c" in out and (tmp_path / "net.h").is_file()
    assert json.loads(file.read_text())["operators"]["CONV_2D"] == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--to", "."], 'no model "nowhere"'),
        (["seg-2", "--to", ".", "--name", "for"], 'the name "for" cannot name an array in C'),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["codegen", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_damaged_model_is_named(tmp_path, capsys):
    file = tmp_path / "broken.tflite"
    file.write_bytes(b"\0\0\0\0TFL3" + bytes(40))
    assert main(["codegen", str(file), "--to", str(tmp_path)]) == 2
    assert "broken.tflite" in capsys.readouterr().err
