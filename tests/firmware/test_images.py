"""The built images: the same bytes from the same sources, running in QEMU, at the recorded cost."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from firmware_host import HostLink

from engine.devices.board_input import input_rule, window_input
from engine.devices.protocol import (
    NO_VALUE_16,
    Log,
    Results,
    Samples,
    SelfTest,
    Source,
    Start,
    Stats,
    Status,
    Stop,
)
from engine.devices.virtual import recorded_instructions, start
from engine.export.firmware import BOARDS, build
from engine.modes.firmware_images import EMULATED, count_instructions
from engine.resources import resource_path
from engine.runtime.compiled import CompiledModel
from engine.runtime.model import read_card

TOLERANCE = 0.03


@pytest.fixture(scope="module")
def cross() -> str:
    found = shutil.which("arm-none-eabi-gcc")
    if found is None:
        pytest.skip("arm-none-eabi-gcc is not on this machine")
    return subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


@pytest.fixture(scope="module")
def qemu() -> None:
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not on this machine")


@pytest.fixture(params=EMULATED)
def emulated(request: pytest.FixtureRequest, qemu: None) -> Iterator[HostLink]:
    with start(request.param, fallback=False) as board:
        link = HostLink(int(board.url.rpartition(":")[2]))
        yield link
        link.close()


def figures(board: str) -> dict[str, object]:
    return json.loads(resource_path("firmware", f"{board}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("board", EMULATED)
def test_built_images_are_those_of_the_sources(board, cross, tmp_path: Path):
    """Where this fails after a change to firmware, kernels or models: heartkit-engine evb images."""
    told = figures(board)
    if told["compiler"] != cross:
        pytest.skip(f"the images were built by {told['compiler']}, here is {cross}")
    image = build(board, tmp_path / "image", strict=True)
    assert image.path.read_bytes() == resource_path("firmware", f"{board}.elf").read_bytes()
    assert (image.flash_bytes, image.ram_bytes) == (told["flash_bytes"], told["ram_bytes"])


@pytest.mark.parametrize("board", EMULATED)
def test_images_fit_the_boards_and_name_nobodys_folders(board):
    told = figures(board)
    assert told["flash_bytes"] < BOARDS[board].flash_bytes and told["ram_bytes"] < BOARDS[board].ram_bytes
    content = resource_path("firmware", f"{board}.elf").read_bytes()
    assert not any(word in content for word in (b"/home", b"/tmp", b"/work", b".c\0"))


def test_an_emulated_board_streams_and_agrees_with_this_computer(emulated):
    info = emulated.info()
    assert info.emulated and not info.simulated
    emulated.bad.clear()  # the port opened in the middle of what the board said at boot
    name = info.models[0].name
    rate_hz = 1000
    emulated.ask(Start(rate_hz, 0xFFF, source=Source.REPLAY, results=Results.TENSOR, model_mask=1))
    emulated.until(lambda: emulated.results(0))
    assert emulated.ask(Stop()).status == Status.OK
    emulated.until(lambda: emulated.all(Stats)[-1].cpu_permille == 65535)
    codes = emulated.samples()
    assert emulated.all(Samples)[0].index == 0 and codes.shape[1] == 12
    assert emulated.all(Stats)[-1].samples_dropped == 0 and emulated.bad == []
    card = read_card(name)
    compiled = CompiledModel.open(card.path)
    rule = input_rule(card, info.models[0].input_scale, info.models[0].input_zero)
    taken = window_input(rule, codes[:, 0].astype(np.int64), rate_hz, 0)
    expected = compiled.run_quantized(taken.reshape(1, *compiled.input_shape[1:]))
    assert emulated.results(0)[0][1] == expected.tobytes()


def test_an_emulated_board_passes_its_own_test(emulated):
    """Its models' outputs have the hashes that the same C gave on the computer which built the image."""
    assert emulated.ask(SelfTest()).status == Status.OK
    verdicts = [log.text for log in emulated.all(Log) if log.text.startswith("selftest=")]
    assert sum(text.startswith("selftest=model") for text in verdicts) == 4
    assert all(text.endswith("verdict=ok") for text in verdicts)


def sensed(link: HostLink, count: int) -> np.ndarray:
    """So many codes of the sensor from its start, at its own rate, with nothing lost on the way."""
    for _ in range(5):
        assert link.ask(Start(200, 1, source=Source.SENSOR)).status == Status.OK
        link.clear()
        link.until(lambda: sum(frame.count for frame in link.all(Samples)) >= count)
        codes = link.samples()[:count, 0]
        assert link.ask(Stop()).status == Status.OK
        if (codes == NO_VALUE_16).sum() < 210:  # of the first second, in which it settles
            return codes
    pytest.skip("this machine is too busy to poll a sensor every 160 ms")


def test_the_sensors_filter_gives_the_same_on_every_board(emulated, hurried):
    """Double precision on three processors: the Cortex-M4 has it in software."""
    assert np.array_equal(sensed(emulated, 500), sensed(hurried, 500))


@pytest.mark.parametrize("board", EMULATED)
def test_inference_costs_what_is_recorded(board, qemu):
    """Counted in the image itself, so that the compiler on this machine does not matter."""
    from engine.export.firmware import Image

    told = figures(board)
    image = Image(board, resource_path("firmware", f"{board}.elf"), (), 0, 0, "")
    counted, recorded = count_instructions(image), recorded_instructions(board)
    assert list(counted) == told["models"] == list(recorded)
    for name, count in counted.items():
        assert count == pytest.approx(recorded[name], rel=TOLERANCE), name
