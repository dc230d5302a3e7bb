"""A trained model becomes .tflite, header and reports; and an export that costs too much is no export."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from engine.config import QuantizationConfig
from engine.errors import ConfigError, EngineError
from engine.export import pipeline
from engine.export.convert_worker import convert_file
from engine.export.guard import check_graph
from engine.export.header import c_header, c_string
from engine.export.parity import ParityWindows
from engine.export.pipeline import export_run
from engine.export.report import describe
from engine.export.tflite import convert, io_of
from engine.export.tflite_graph import read_graph
from engine.jobs.events import Job
from engine.runtime.quantized import TfliteModel

CLASSES = ("none", 'P "wave"', "QRS??/")


def parity_of(trained, score=lambda _: 1.0) -> ParityWindows:
    return ParityWindows(trained.windows, score, "macro F1", "argmax", "32 windows of noise")


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    """The folder and result of one INT8 export, and the events it told."""
    folder = tmp_path_factory.mktemp("export")
    events: list[dict] = []
    seen: list[np.ndarray] = []

    def score(outputs):
        seen.append(outputs)
        return 0.9

    result = export_run(
        trained.path,
        folder,
        QuantizationConfig(),
        representative=trained.windows,
        representative_origin="noise",
        parity=parity_of(trained, score),
        class_names=CLASSES,
        title="tiny",
        job=Job(lambda event: events.append(dict(event))),
    )
    return folder, result, events, seen


@pytest.fixture
def converted(trained, monkeypatch):
    """Stands for the child process: a conversion that the tests of the gate can use again and again."""

    def instead(conversion):
        monkeypatch.setattr(pipeline, "convert_bytes", lambda *_, **__: conversion)

    return instead


def test_the_export_writes_four_files_that_belong_together(exported):
    folder, _, events, _ = exported
    assert sorted(p.name for p in folder.iterdir()) == ["export.json", "model.h", "model.tflite", "parity.json"]
    digest = hashlib.sha256((folder / "model.tflite").read_bytes()).hexdigest()
    report, parity = (json.loads((folder / f"{name}.json").read_text()) for name in ("export", "parity"))
    assert digest == report["sha256"] == parity["sha256"] and digest in (folder / "model.h").read_text()
    assert parity["passed"] and report["representative"] == "32 windows: noise"
    assert {e["name"] for e in events if e["event"] == "artefact"} == {"tflite", "header", "export", "parity"}


def test_the_graph_keeps_dilation_inside_convolutions_and_is_int8_at_both_ends(exported):
    folder, result, _, _ = exported
    graph = read_graph((folder / "model.tflite").read_bytes())
    check_graph(graph)
    assert {o.name for o in graph.operators} <= {"CONV_2D", "RESHAPE"}
    assert {o.options.dilation for o in graph.operators if o.name == "CONV_2D"} == {(1, 1), (1, 4)}
    assert result.report.input.dtype == result.report.output.dtype == "int8"
    assert result.report.macs == 64 * (5 * 4 + 5 * 4 * 4 + 4 * 3)
    assert result.report.parameters == (5 * 4 + 4) + (5 * 4 * 4 + 4) + (4 * 3 + 3)


def test_float_and_exported_outputs_agree_and_both_are_scored(exported):
    _, result, _, seen = exported
    pair = result.parity.float_exported
    assert pair.windows == 32 and pair.outputs == 32 * 64 * 3 and pair.max_lsb <= 6
    assert [outputs.shape for outputs in seen] == [(32, 64, 3)] * 2
    assert 0 < np.abs(seen[0] - seen[1]).max() < 6.5 * result.report.output.scale


def test_tflm_computes_the_same_within_one_step_in_a_measured_arena(exported):
    pytest.importorskip("tflite_micro")
    _, result, _, _ = exported
    assert result.parity.exported_tflm.max_lsb <= 1
    assert 1024 < result.report.arena_tflm_bytes <= result.report.arena_bytes < 32 * 1024


def test_reports_read_as_text(exported):
    _, result, _, _ = exported
    assert "MACs a window   7,168" in result.report.to_text()
    assert "macro F1: 0.9000 float, 0.9000 exported" in result.parity.to_text()


def test_without_tflm_the_comparison_is_skipped_by_name(exported, trained, converted, tmp_path, monkeypatch):
    folder, result, _, _ = exported
    conversion = convert_again(result, folder, trained)
    converted(conversion)
    monkeypatch.setattr(pipeline, "run_tflm", lambda *_, **__: None)
    warnings: list[str] = []
    job = Job(lambda event: warnings.append(event["text"]) if event["event"] == "warning" else None)
    again = run_again(trained, tmp_path, job=job)
    assert again.parity.exported_tflm is None and "tflite_micro is not installed" in again.parity.tflm_note
    assert any("tflite_micro" in text for text in warnings)
    assert again.report.arena_tflm_bytes is None and again.report.arena_bytes > again.report.arena_planned_bytes


def test_a_lost_metric_fails_the_export_and_leaves_the_old_one(exported, trained, converted, tmp_path):
    folder, result, _, _ = exported
    converted(convert_again(result, folder, trained))
    (tmp_path / "model.tflite").write_bytes(b"the model of last week")
    scores = iter([0.95, 0.90])
    with pytest.raises(EngineError, match=r"macro F1 falls from 0\.9500 to 0\.9000.*limit is a drop of 0\.02"):
        run_again(trained, tmp_path, score=lambda _: next(scores))
    assert (tmp_path / "model.tflite").read_bytes() == b"the model of last week"
    failed = json.loads((tmp_path / "parity_failed.json").read_text())
    assert not failed["passed"] and failed["metric_drop"] == pytest.approx(0.05)


def test_a_metric_that_is_no_number_fails_the_export(exported, trained, converted, tmp_path):
    folder, result, _, _ = exported
    converted(convert_again(result, folder, trained))
    scores = iter([0.95, float("nan")])
    with pytest.raises(EngineError, match=r"falls from 0\.9500 to nan"):
        run_again(trained, tmp_path, score=lambda _: next(scores))


def test_a_tflm_that_computes_something_else_fails_the_export(exported, trained, converted, tmp_path, monkeypatch):
    folder, result, _, _ = exported
    converted(convert_again(result, folder, trained))
    model = TfliteModel(folder / "model.tflite")
    wrong = np.roll(model.run_quantized(model.quantize(trained.windows)), 1, axis=-1)
    monkeypatch.setattr(pipeline, "run_tflm", lambda *_, **__: pipeline.TflmRun(wrong, 4096))
    with pytest.raises(EngineError, match=r"TFLM decides .* otherwise than LiteRT"):
        run_again(trained, tmp_path)


def convert_again(result, folder, trained):
    content = (folder / "model.tflite").read_bytes()
    floats = TfliteModel(content).run(trained.windows)
    return pipeline.Conversion(content, replace(result.report, arena_tflm_bytes=None), floats)


def run_again(trained, folder, score=lambda _: 1.0, job=None):
    return export_run(
        trained.path,
        folder,
        QuantizationConfig(),
        representative=trained.windows,
        representative_origin="noise",
        parity=parity_of(trained, score),
        job=job,
    )


@pytest.mark.parametrize(
    ("kind", "io_type", "ends", "most_off"),
    [
        ("INT8", "float32", "float32", 0.1),
        ("INT16X8", "int16", "int16", 0.05),
        ("INT16X8", "float32", "float32", 0.05),
        ("FP16", "float32", "float32", 0.02),
        ("FP32", "float32", "float32", 1e-5),
    ],
)
def test_every_format_computes_what_the_model_computes(trained, tmp_path, kind, io_type, ends, most_off):
    np.save(tmp_path / "x.npy", trained.windows)
    request = {
        "keras": str(trained.path),
        "out": str(tmp_path / "m.tflite"),
        "format": kind,
        "io_type": io_type,
        "representative": str(tmp_path / "x.npy"),
        "windows": str(tmp_path / "x.npy"),
        "float_out": str(tmp_path / "y.npy"),
    }
    convert_file(request)
    content = (tmp_path / "m.tflite").read_bytes()
    check_graph(read_graph(content))
    report = describe(content, kind=kind)
    assert (report.input.dtype, report.output.dtype) == (ends, ends)
    wanted, got = np.load(tmp_path / "y.npy"), TfliteModel(content).run(trained.windows)
    assert np.abs(wanted - got).max() < most_off * np.abs(wanted).max()


def test_the_wrong_way_to_convert_is_refused(trained):
    """With an open batch dimension dilation falls apart into operators that TFLM computes wrongly."""
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.models.load_model(trained.path))
    with pytest.raises(EngineError, match=r"SPACE_TO_BATCH_ND|BATCH_TO_SPACE_ND|SHAPE"):
        check_graph(read_graph(converter.convert()))


def test_input_is_rounded_and_clipped_never_truncated(exported):
    folder, result, _, _ = exported
    model, end = TfliteModel(folder / "model.tflite"), result.report.input
    steps = np.zeros((1, 64, 1), np.float32)
    steps[0, :6, 0] = (0.6, -0.6, 1.4, -1.4, 1e9, -1e9)
    assert model.quantize(steps * np.float32(end.scale))[0, :6, 0].tolist() == [
        *(np.array([1, -1, 1, -1]) + end.zero_point),
        127,
        -128,
    ]


@pytest.mark.parametrize(
    ("quantization", "io_type", "told"),
    [
        (QuantizationConfig(), "int8", False),
        (QuantizationConfig(io_type="float32"), "float32", False),
        (QuantizationConfig(format="INT16X8"), "int16", True),
        (QuantizationConfig(format="FP32"), "float32", True),
        (QuantizationConfig(format="FP16", io_type="float32"), "float32", False),
    ],
)
def test_a_format_that_lacks_the_type_asked_for_says_which_it_takes(quantization, io_type, told):
    found, notes = io_of(quantization)
    assert found == io_type and bool(notes) == told


def test_bad_requests_are_refused_before_any_work(trained, tmp_path):
    keep = tmp_path / "model.tflite"
    keep.write_bytes(b"old")
    with pytest.raises(ConfigError, match="io_type"):
        io_of(QuantizationConfig(io_type="int16"))
    with pytest.raises(EngineError, match="too few"):
        convert(trained.path, keep, QuantizationConfig(), trained.windows[:3])
    with pytest.raises(EngineError, match="no numbers"):
        convert(trained.path, keep, QuantizationConfig(), np.full((20, 64, 1), np.nan, np.float32))
    with pytest.raises(EngineError, match="no such model file"):
        convert(tmp_path / "no.keras", keep, QuantizationConfig(), trained.windows)
    with pytest.raises(ConfigError, match="c_name"):
        c_header(b"", None, c_name="float")
    assert keep.read_bytes() == b"old"


def test_windows_of_another_length_and_damaged_files_are_named(trained, tmp_path):
    (tmp_path / "broken.keras").write_bytes(b"PK\x03\x04 no archive")
    np.save(tmp_path / "x.npy", np.zeros((12, 65, 1), np.float32))
    request = {"out": "", "format": "INT8", "io_type": "int8", "windows": None, "float_out": ""}
    request["representative"] = str(tmp_path / "x.npy")
    with pytest.raises(EngineError, match=r"shape \(64, 1\).*\(65, 1\)"):
        convert_file({**request, "keras": str(trained.path)})
    with pytest.raises(EngineError, match=r"broken\.keras: is damaged"):
        convert_file({**request, "keras": str(tmp_path / "broken.keras")})


def test_the_header_is_the_same_each_time_and_carries_every_byte(exported):
    folder, result, _, _ = exported
    content, text = (folder / "model.tflite").read_bytes(), (folder / "model.h").read_text()
    assert text == c_header(content, result.report, c_name="g_model", title="tiny", class_names=CLASSES)
    body = text.split("= {\n")[-1].split("}")[0]
    assert bytes(int(word, 16) for word in body.replace(",", " ").split()) == content
    assert f"G_MODEL_ARENA_BYTES {result.report.arena_bytes}u" in text


@pytest.mark.parametrize(
    "compiler", [("gcc", "-std=c11", "-xc"), ("gcc", "-std=c99", "-xc"), ("g++", "-std=c++11", "-xc++")]
)
def test_the_header_compiles_without_warnings_and_is_aligned(exported, tmp_path, compiler):
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not installed")
    folder, result, _, _ = exported
    (tmp_path / "m.c").write_text(
        '#include "model.h"\n#include "model.h"\n#include <stdio.h>\n'
        "int main(void) {\n"
        '  printf("%u %u %s %.8e %d", (unsigned)((size_t)g_model % 16), g_model_len,\n'
        "         g_model_class_names[2], (double)G_MODEL_OUTPUT_SCALE, G_MODEL_OUTPUT_ZERO_POINT);\n"
        "  return 0;\n}\n"
    )
    flags = [*compiler[1:], "-Wall", "-Wextra", "-Werror", f"-I{folder}"]
    subprocess.run([compiler[0], *flags, str(tmp_path / "m.c"), "-o", str(tmp_path / "m")], check=True)
    said = subprocess.run([str(tmp_path / "m")], check=True, capture_output=True, text=True).stdout
    aligned, size, name, scale, zero = said.split()
    assert (aligned, int(size), name) == ("0", result.report.file_bytes, CLASSES[2])
    assert (
        np.float32(scale) == np.float32(result.report.output.scale) and int(zero) == result.report.output.zero_point
    )


def test_c_strings_are_plain_ascii():
    assert c_string('a"b\\é') == '"a\\042b\\134\\303\\251"'
