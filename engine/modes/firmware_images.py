"""The firmware images that come with the program: built, measured, kept in `resources/firmware`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from engine.devices.board_inference import InferenceBoard
from engine.devices.virtual import start
from engine.export.firmware import Image, build
from engine.export.firmware.models import self_test_input
from engine.jobs.events import Job

EMULATED = ("an386", "an547")


def build_images(folder: Path, job: Job) -> dict[str, Image]:
    """Build every emulated board's image into `folder`, BOARD.elf with its figures in BOARD.json.

    Raises EngineError without the Arm toolchain or QEMU.
    """
    built = {}
    for number, board in enumerate(EMULATED):
        job.progress("building images", number, len(EMULATED), board)
        job.check()
        image = build(board, folder / f"{board}.elf", strict=True)
        image.path.chmod(0o644)
        figures = {key: value for key, value in asdict(image).items() if key != "path"}
        figures["instructions"] = count_instructions(image)
        (folder / f"{board}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        built[board] = image
    return built


def count_instructions(image: Image) -> dict[str, int]:
    """Instructions of one inference of each model of an emulated image, on the self-test's input."""
    with (
        start(image.board, image=image.path, fallback=False, count_instructions=True) as board,
        InferenceBoard(board.url) as bench,
    ):
        counts = {}
        for model in bench.info.models:
            size = 1
            for length in model.input_shape:
                size *= length
            counts[model.name] = bench.infer(model, self_test_input(size)).instructions
    return counts
