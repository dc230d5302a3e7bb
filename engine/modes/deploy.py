"""Deploy: a model as C in firmware, run on a board on test windows, every output byte compared with ours."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.pipeline import suitable_lead
from engine.devices.board_inference import InferenceBoard
from engine.devices.protocol import ModelInfo
from engine.devices.virtual import start
from engine.export.codegen import generate_source
from engine.export.firmware import Image, build
from engine.jobs.events import Job
from engine.modes.board_predictor import held_or_sent
from engine.records import open_record
from engine.resources import built_in_record
from engine.runtime.compiled import CompiledModel
from engine.runtime.model import ModelCard, read_card
from engine.signals.preprocess import prepare_windows
from engine.signals.resample import resample

I8 = NDArray[np.int8]

WINDOWS = 16
SEED = 1


@dataclass(frozen=True)
class DeployReport:
    """What a deployment showed. Sizes in bytes, 0: not known; instructions: a window each, empty if not counted.

    windows_equal: those whose every output byte equals that of the same C on this computer.
    """

    model: str
    board: str
    windows: int
    windows_equal: int
    bytes_compared: int
    instructions: tuple[int, ...]
    latency_us: tuple[int, ...]
    macs: int
    weight_bytes: int
    arena_bytes: int
    image_flash_bytes: int = 0
    image_ram_bytes: int = 0
    image: str = ""
    simulated: bool = False  # by a program of a computer, which may have no C compiler and round otherwise

    @property
    def passed(self) -> bool:
        """Every window equal."""
        return self.windows_equal == self.windows

    def to_document(self) -> dict[str, Any]:
        """JSON-ready."""
        counts = self.instructions
        per_inference = statistics.median(counts) if counts else None
        return asdict(self) | {"instructions_per_inference": per_inference, "passed": self.passed}

    def to_text(self) -> str:
        """For people, one figure a line."""
        lines = [
            f"model         {self.model}",
            f"board         {self.board}",
            f"equal         {self.windows_equal} of {self.windows} windows, {self.bytes_compared:,} bytes compared",
        ]
        if self.instructions:
            middle = round(statistics.median(self.instructions))
            per_mac = f", {middle / self.macs:.2f} a multiply-accumulate" if self.macs else ""
            lines.append(f"instructions  {middle:,} an inference (emulated){per_mac}")
        else:
            lines.append(f"time          {statistics.median(self.latency_us) / 1000:.2f} ms an inference")
        lines.append(f"model         {self.weight_bytes:,} bytes of flash, {self.arena_bytes:,} bytes of arena")
        if self.image_flash_bytes:
            lines.append(
                f"image         {self.image_flash_bytes:,} bytes of flash, {self.image_ram_bytes:,} of RAM"
            )
        if self.image:
            lines.append(f"file          {self.image}")
        return "\n".join(lines) + "\n"


def deploy(
    model: str | Path, job: Job, *, board: str = "an547", windows: int = WINDOWS, image: Path | None = None
) -> DeployReport:
    """Build firmware with the model, start it on a virtual board and compare. image: where to keep the firmware.

    Raises EngineError for a model without C, and for a missing tool.
    """
    card = read_card(model)
    ours = CompiledModel.open(card.path)
    with tempfile.TemporaryDirectory() as scratch:
        job.message(f"building firmware for {board}")
        built = build(board, image or Path(scratch) / "firmware", [card.path])
        counting = board != "host"
        job.message(f"starting {board}")
        with (
            start(board, image=built.path, fallback=False, count_instructions=counting) as virtual,
            InferenceBoard(virtual.url) as bench,
        ):
            return _compare(bench, bench.info.models[0], card, ours, job, windows, built, keep=image is not None)


def deploy_to_port(model: str | Path, job: Job, port: str, *, windows: int = WINDOWS) -> DeployReport:
    """The same on a board that is there: with the model it holds, or sent to it where it takes models."""
    card = read_card(model)
    ours = CompiledModel.open(card.path)
    with InferenceBoard(port) as bench:
        known = held_or_sent(bench, card, job)
        return _compare(bench, known, card, ours, job, windows, None, keep=False)


def _compare(
    bench: InferenceBoard,
    model: ModelInfo,
    card: ModelCard,
    ours: CompiledModel,
    job: Job,
    windows: int,
    built: Image | None,
    *,
    keep: bool,
) -> DeployReport:
    cost = generate_source(card.path.read_bytes(), "model").report
    inputs = deployment_inputs(card, ours, windows)
    expected = ours.run_quantized(inputs)
    equal, latency, counts = 0, [], []
    for number, (given, wanted) in enumerate(zip(inputs, expected, strict=True)):
        job.progress("comparing", number, len(inputs))
        job.check()
        run = bench.infer(model, given)
        equal += run.output == wanted.tobytes()
        latency.append(run.latency_us)
        counts.append(run.instructions)
    return DeployReport(
        model=card.name,
        board=bench.info.board,
        windows=len(inputs),
        windows_equal=equal,
        bytes_compared=int(expected.nbytes),
        instructions=tuple(counts) if all(counts) else (),
        latency_us=tuple(latency),
        macs=cost.macs,
        weight_bytes=cost.weight_bytes,
        arena_bytes=cost.arena_bytes,
        image_flash_bytes=built.flash_bytes if built else 0,
        image_ram_bytes=built.ram_bytes if built else 0,
        image=str(built.path) if built and keep else "",
        simulated=bench.info.simulated,
    )


def deployment_inputs(card: ModelCard, compiled: CompiledModel, count: int) -> I8:
    """Inputs int8 [count, length, channels]: a half cut from the built-in record where the model takes one lead of
    ECG, the others arbitrary bytes, which reach corners that no ECG does."""
    window = card.config.window
    generator = np.random.default_rng(SEED)
    shape = (count, *compiled.input_shape[1:])
    inputs = generator.integers(-128, 128, shape).astype(np.int8)
    if len(window.channels) == 1 and card.task != "beat":
        with open_record(built_in_record()) as record:
            values = record.read(leads=[suitable_lead(record)]).values
            signal = resample(values, record.fs, window.rate_hz)[0]
        real = (count + 1) // 2
        starts = np.linspace(0, len(signal) - window.length, real).astype(np.int64)
        cut = np.stack([signal[s : s + window.length] for s in starts]).astype(np.float32)[:, :, None]
        inputs[:real] = compiled.quantize(prepare_windows(cut, window.preprocesses, window.rate_hz).x)
    return inputs
