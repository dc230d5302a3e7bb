"""The kernels' DSP and Helium forms on emulated boards: every byte right, and instructions as recorded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from codegen_oracle import inputs, micro, need_gcc
from operator_cases import cases

from engine.export.codegen import generate_source

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import codegen as benchmark  # noqa: E402
import codegen_board as board  # noqa: E402

BUILDS = ("M4 DSP -O2", "M55 Helium -O2")
MODELS = ["den-sm", "rhythm-2", "seg-2"]
ALLOWED = 0.03  # of the recorded instructions; another compiler than the recorded one may differ by more

pytestmark = pytest.mark.skipif(bool(board.missing_tools()), reason=f"not installed: {board.missing_tools()}")


@pytest.fixture(scope="module", autouse=True)
def _compiler_of_the_host():
    need_gcc()


@pytest.fixture(scope="module")
def table():
    return json.loads(benchmark.TABLE.read_text())


@pytest.fixture(scope="module", params=BUILDS)
def emulated(request, tmp_path_factory):
    """The build's name, and what it makes of every operator, three models and the single convolutions."""
    trials = benchmark.trials(MODELS)
    for k, (name, make) in enumerate(cases()):
        content = make().content()
        source = generate_source(content, f"op_{k}")
        x = inputs(source.report.input_bytes, 1, seed=k)
        trials.append(board.Trial(name, source, x[0], micro(content, x, source.report.input.shape)[0]))
    counts = board.count(request.param, trials, tmp_path_factory.mktemp("image"))
    assert len(counts) == len(trials)
    return request.param, counts


def test_every_byte_is_right_on_an_emulated_board(emulated):
    assert {name: count.differing for name, count in emulated[1].items() if count.differing} == {}


def test_models_and_layers_take_the_recorded_instructions(emulated, table):
    build, counts = emulated
    if board.compiler_version() != table["compiler"]:
        pytest.skip(f"counts were recorded with {table['compiler']}, not {board.compiler_version()}")
    recorded = {label: count for label, count in table["instructions"][build].items() if label in counts}
    assert len(recorded) == len(MODELS) + len(benchmark.CMSIS_NN)
    for label, instructions in recorded.items():
        assert counts[label].instructions == pytest.approx(instructions, rel=ALLOWED), label


def test_single_convolutions_stay_within_sight_of_cmsis_nn(table):
    """At most 1.3 times CMSIS-NN's instructions on the Cortex-M55, in the recorded table."""
    for key, wanted in benchmark.CMSIS_NN.items():
        for level in ("O2", "O3"):
            ours = table["instructions"][f"M55 Helium -{level}"]["conv " + " ".join(map(str, key))]
            assert ours <= 1.3 * wanted["M55"]
