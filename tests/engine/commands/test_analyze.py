"""The `analyze` command as a script meets it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from engine.analysis.types import FIDUCIAL_NAMES
from engine.cli import main
from engine.records import open_record, read_wfdb_annotations
from engine.resources import built_in_record

SAMPLE = built_in_record()


def test_json_on_standard_output_is_the_documented_document(capsys):
    assert main(["analyze", str(SAMPLE), "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1
    assert (
        document["record"] | {"name": "208x", "fs": 360.0, "n_samples": 108000, "leads": ["MLII"]}
        == document["record"]
    )
    beats = document["beats"]
    assert 480 <= len(beats) <= 520
    assert set(beats[0]) == {"sample", "symbol", "aami", "confidence"}
    assert [b["sample"] for b in beats] == sorted(b["sample"] for b in beats)
    assert sum(b["aami"] == "V" for b in beats) > 60
    assert len(document["fiducials"]) == len(beats)
    assert set(document["fiducials"][0]) == {"beat", *FIDUCIAL_NAMES}
    assert all(row["r"] == beats[row["beat"]]["sample"] for row in document["fiducials"])
    for row in document["fiducials"]:
        times = [row[name] for name in FIDUCIAL_NAMES if row[name] is not None]
        assert times == sorted(times)
    assert {"start", "stop", "label", "confidence", "detail"} == set(document["rhythm"][0])
    assert document["intervals"]["hr"]["unit"] == "1/min"
    assert 90 < document["intervals"]["hr"]["value"] < 115
    assert document["hrv"]["sdnn"]["unit"] == "ms"
    assert set(document["provenance"]) >= {"qrs", "delineation", "beats", "rhythm"}


@pytest.mark.parametrize("name", ["208x", "208x.hea"])
def test_a_wfdb_record_may_be_named_with_or_without_its_suffix(name, capsys):
    assert main(["analyze", str(SAMPLE.with_name(name))]) == 0
    said = capsys.readouterr().out
    assert "208x: WFDB" in said
    assert "not a medical device" in said


def test_annotations_and_report_are_written(tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    report = tmp_path / "report.html"
    assert main(["analyze", str(SAMPLE), "--annotations", str(out), "--report", str(report), "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    annotations = read_wfdb_annotations(out / "208x", "hkw", fs=360)
    assert annotations.beats.sample.tolist() == [b["sample"] for b in document["beats"]]
    assert "+" in annotations.symbol
    page = report.read_text()
    assert page.startswith("<!doctype html>")
    assert "208x" in page
    assert "not a medical device" in page
    assert page.count("<svg") >= 2
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_lead_by_name_and_by_number(tmp_path, capsys):
    for lead in ("mlii", "0"):
        target = tmp_path / f"{lead}.json"
        assert main(["analyze", str(SAMPLE), "--lead", lead, "--json", str(target)]) == 0
        assert json.loads(target.read_text())["record"]["lead"] == "MLII"
    capsys.readouterr()
    assert main(["analyze", str(SAMPLE), "--lead", "V9"]) == 2
    assert capsys.readouterr().err == "208x.hea: has no lead 'V9' (its leads are 0 MLII)\n"


def test_bad_input_ends_with_2_and_one_sentence(tmp_path, capsys):
    empty = tmp_path / "empty.edf"
    empty.touch()
    cut_header = tmp_path / "r.hea"
    cut_header.write_text("r 1 360")
    for path in (tmp_path, tmp_path / "missing.dat", empty, cut_header):
        assert main(["analyze", str(path)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(path.name)
        assert said.err.count("\n") == 1


def test_an_interrupt_ends_with_3(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.commands.analyze.analyze", interrupted)
    assert main(["analyze", str(SAMPLE)]) == 3
    assert capsys.readouterr().err == "interrupted\n"


def test_our_own_fault_ends_with_1_and_a_log_file(monkeypatch, capsys, tmp_path):
    def broken(*_, **__):
        raise ZeroDivisionError("inner detail")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_log_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr("engine.commands.analyze.analyze", broken)
    assert main(["analyze", str(SAMPLE)]) == 1
    said = capsys.readouterr().err
    assert "inner detail" not in said
    (log,) = tmp_path.glob("fault-*.log")
    assert str(log) in said
    assert "inner detail" in log.read_text()


def test_a_text_file_without_a_rate_asks_for_it_and_takes_it(tmp_path, capsys):
    record = open_record(SAMPLE)
    values = record.read(0, 7200).values[0]
    path = tmp_path / "plain.csv"
    np.savetxt(path, values, fmt="%.3f")
    assert main(["analyze", str(path)]) == 2
    assert "plain.csv" in capsys.readouterr().err
    assert main(["analyze", str(path), "--rate", "360", "--unit", "mV"]) == 0
    assert "360 Hz" in capsys.readouterr().out


def test_wrong_usage_ends_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["analyse", "x"])
    assert ended.value.code == 2


def test_info_and_convert(tmp_path, capsys):
    assert main(["info", str(SAMPLE)]) == 0
    assert "MLII (mV)" in capsys.readouterr().out
    original = open_record(SAMPLE).read_adu()
    for form, suffix in (("wfdb", ".hea"), ("edf", ".edf")):
        assert main(["convert", str(SAMPLE), str(tmp_path), "--to", form, "--name", f"copy_{form}"]) == 0
        copy = open_record(tmp_path / f"copy_{form}{suffix}")
        assert np.array_equal(copy.read_adu(0, 108000), original)


def test_the_engine_starts_as_a_module_without_qt_or_tensorflow():
    heavy = ["PySide6", "tensorflow", "scipy.signal", "wfdb"]
    code = f"import engine.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
