"""What is generated for firmware, and what is refused, in which words."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.devices.board_input import RATES_HZ
from engine.devices.protocol import DeviceInfo, Result, room_for_data
from engine.devices.protocol.frame import MOST_WIRE_BYTES
from engine.errors import ConfigError, EngineError
from engine.export.firmware import BOARDS, board_of, build, model_for_firmware, write_sources
from engine.export.firmware.c_text import literal
from engine.export.firmware.models import MOST_OUTPUT_BYTES, model_files, model_rate_hz, self_test_input
from engine.export.firmware.recordings import LEADS, RATE_HZ, recordings
from engine.export.firmware.tables import resampler_files
from engine.resources import firmware_path, resource_path


def copied_model(name: str, folder: Path, **window: object) -> Path:
    """A built-in model with another window in its configuration."""
    folder.mkdir()
    shutil.copy(resource_path("models", name, "model.tflite"), folder)
    config = json.loads(resource_path("models", name, "config.json").read_text(encoding="utf-8"))
    config["window"] |= window
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_recordings_loop_without_a_jump_and_hold_the_leads():
    one, many = recordings()
    assert 50 * RATE_HZ < len(one.codes) < 60 * RATE_HZ and len(many.codes) > 7 * RATE_HZ
    for recording in (one, many):
        codes = recording.codes.astype(int)
        steps = np.abs(np.diff(codes, axis=0)).max(axis=0)
        seam = np.abs(codes[0] - codes[-1])
        assert (seam < 0.2 * steps).all()
        assert len(recording.leads) == len(LEADS)
    assert all(any(weights) for weights, _ in many.leads)


def test_what_the_board_says_of_itself_is_info(tmp_path: Path):
    write_sources(board_of("an547"), ["seg-4-sm", "beat-aami"], tmp_path)
    text = (tmp_path / "info_document.h").read_text(encoding="utf-8")
    pieces = [
        json.loads(line.strip().rstrip(",").replace("\\?", "?"))
        for line in text.splitlines()
        if line.startswith('    "')
    ]
    info = DeviceInfo.from_json(("".join(pieces) + "}").encode())
    assert info.board == "qemu_an547" and info.rates_hz == (250, 500, 1000, 200)
    assert sorted(info.rates_hz) == sorted(RATES_HZ)
    streamed, sent = info.models
    assert streamed.hop > 0 and sent.hop == 0 and sent.name == "beat-aami"
    assert streamed.classes == ("none", "p", "qrs", "t") and streamed.flash_bytes > 5000


def test_the_same_sources_twice(tmp_path: Path):
    for folder in ("one", "two"):
        write_sources(board_of("an386"), ["seg-4-sm"], tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_every_rate_has_its_resampler():
    text = resampler_files(100.0)["resampler_tables.c"]
    assert all(f"TAPS_{rate_hz}" in text for rate_hz in RATES_HZ)


def test_models_of_two_rates_cannot_share_an_image(tmp_path: Path):
    other = copied_model("seg-4-sm", tmp_path / "fast", rate_hz=200.0)
    models = [model_for_firmware(where, k, "portable") for k, where in enumerate(("seg-4-sm", other))]
    with pytest.raises(ConfigError, match="100 Hz and 200 Hz"):
        model_rate_hz(models)
    assert model_rate_hz(models[:1]) == 100.0 and model_rate_hz(models[1:]) == 200.0


def test_a_model_that_the_board_cannot_feed_says_why(tmp_path: Path):
    robust = copied_model("seg-4-sm", tmp_path / "robust", preprocesses=[{"name": "robust_norm"}])
    made = model_for_firmware(robust, 0, "portable")
    assert made.rule is None and "layer_norm" in made.refusal
    assert model_for_firmware("seg-4-sm", 0, "portable").rule is not None


def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path):
    folder = copied_model("seg-4-sm", tmp_path / "broken")
    (folder / "model.tflite").write_bytes(b"not a model")
    with pytest.raises(EngineError, match="broken"):
        model_for_firmware(folder, 0, "portable")


def test_an_image_that_does_not_fit_says_so(tmp_path: Path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on this machine")
    models = [copied_model("seg-4-xl", tmp_path / f"copy-{k}") for k in range(4)]
    with pytest.raises(EngineError, match=r"too large for the board, which lacks [\d,]+ bytes of flash") as refusal:
        build("an547", tmp_path / "image", models)
    assert "fewer" in str(refusal.value) and not (tmp_path / "image").exists()


def test_an_image_is_a_file(tmp_path: Path):
    with pytest.raises(EngineError, match="is a folder"):
        build("an547", tmp_path)


def test_models_of_one_name_are_refused():
    models = [model_for_firmware("seg-4-sm", k, "portable") for k in range(2)]
    with pytest.raises(ConfigError, match="two models of an image have the name seg-4-sm"):
        model_files(models, [0, 0])


def test_a_result_that_would_never_fit_the_queue_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.export.firmware.models.MOST_OUTPUT_BYTES", 1000)
    with pytest.raises(EngineError, match=r"seg-4-sm is too large for a board: 256 bytes in, 1,024 out"):
        model_for_firmware("seg-4-sm", 0, "portable")


def test_the_largest_result_fits_the_queue():
    outbox = int(re.search(r"#define ROOM (\d+)u", firmware_path("app", "outbox.c").read_text())[1])
    frames = MOST_OUTPUT_BYTES // room_for_data(Result) + 2  # as firmware/app asks for
    assert outbox >= frames * MOST_WIRE_BYTES


@pytest.mark.parametrize("name", ['quote"d', "back\\slash", "what??/"])
def test_names_are_written_as_c_strings(name: str, tmp_path: Path):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not on this machine")
    code = f"#include <stdio.h>\nint main(void) {{ puts({literal(name)}); return 0; }}\n"
    (tmp_path / "name.c").write_text(code, encoding="utf-8")
    program = tmp_path / "name"
    subprocess.run(["gcc", "-std=c99", str(tmp_path / "name.c"), "-o", str(program)], check=True)
    assert subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout == name + "\n"
    with pytest.raises(EngineError, match="ASCII"):
        literal("Vorhöfe")


def test_unknown_boards_and_vendors_boards(tmp_path: Path):
    with pytest.raises(ConfigError, match=", ".join(BOARDS)):
        board_of("uno")
    with pytest.raises(EngineError, match="vendor"):
        build("apollo510_evb", tmp_path / "image")


def test_the_self_tests_input_reaches_both_ends():
    values = self_test_input(2000)
    assert values.min() < -120 and values.max() > 120
