"""Every built-in model in firmware on both emulated boards: every byte right, at the recorded cost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.devices.board_inference import InferenceBoard
from engine.devices.virtual import start
from engine.export.firmware import build
from engine.modes.deploy import deployment_inputs
from engine.runtime.compiled import CompiledModel
from engine.runtime.model import read_card
from engine.runtime.zoo import zoo_names

TOLERANCE = 0.03
WINDOWS = 3  # benchmarks/deploy.py runs 16
COUNTS = json.loads((Path(__file__).parents[2] / "benchmarks" / "codegen_counts.json").read_text())
BUILDS = {"an386": "M4 DSP -O2", "an547": "M55 Helium -O2"}
NAMES = zoo_names()
# An image has room for so many: the M55's memory holds half a megabyte.
GROUPS = [("an386", NAMES), ("an547", NAMES[::2]), ("an547", NAMES[1::2])]


@pytest.mark.parametrize(("board", "names"), GROUPS, ids=["an386", "an547 even", "an547 odd"])
def test_every_built_in_model_runs_on_emulated_boards(board, names, tmp_path: Path):
    for tool in ("gcc", "arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on this machine")
    image = build(board, tmp_path / "image", names, strict=True)
    is_recorded = image.compiler == COUNTS["compiler"]
    with (
        start(board, image=image.path, fallback=False, count_instructions=True) as virtual,
        InferenceBoard(virtual.url) as bench,
    ):
        assert tuple(model.name for model in bench.info.models) == tuple(names)
        for model in bench.info.models:
            card = read_card(model.name)
            compiled = CompiledModel.open(card.path)
            inputs = deployment_inputs(card, compiled, WINDOWS)
            for given, wanted in zip(inputs, compiled.run_quantized(inputs), strict=True):
                run = bench.infer(model, given)
                assert run.output == wanted.tobytes(), model.name
                recorded = COUNTS["instructions"][BUILDS[board]][model.name]
                assert not is_recorded or run.instructions == pytest.approx(recorded, rel=TOLERANCE), model.name
