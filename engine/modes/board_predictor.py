"""A model run by a board on windows of ours: prepared and understood here, computed there.

What HeartKit calls the backend "evb". The board speaks our protocol, or is HeartKit's own firmware (`erpc:PORT`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.devices.board_inference import InferenceBoard
from engine.devices.erpc import EvbInference
from engine.devices.faults import DeviceError
from engine.devices.protocol import ModelInfo
from engine.devices.transports import open_port
from engine.devices.virtual import start
from engine.errors import EngineError
from engine.export.firmware import build
from engine.jobs.events import Job
from engine.modes.predictors import Predictor
from engine.runtime.model import ModelCard, check_shapes, read_card
from engine.runtime.outputs import from_logits
from engine.runtime.quantized import TfliteModel
from engine.signals.preprocess import prepare_windows
from engine.tasks.registry import task_class

F32 = NDArray[np.float32]
Infer = Callable[[bytes], bytes]  # whole input tensor to whole output tensor

ERPC = "erpc:"


@contextmanager
def board_predictor(
    where: str | Path, job: Job, *, port: str | None = None, board: str | None = None
) -> Iterator[Predictor]:
    """The model at `where` (name, folder or .tflite) as computed by the board at `port`, or a virtual `board`.

    A board that takes models is sent it; a virtual one is built with it where its own firmware lacks it.
    Raises EngineError for a model that is not INT8, DeviceError where the board cannot run it.
    """
    card = read_card(where)
    model = TfliteModel(card.path)
    check_shapes(card.config, model.input_shape[1:], model.output_shape[1:], card.path)
    if not (model.input_scale[0] and model.output_scale[0]):
        raise EngineError("is not an INT8 model", path=card.path, hint="boards run those only; export it again")
    target = task_class(card.task).target
    with _opened(card, job, port, board) as (place, infer):

        def predict(windows: F32) -> F32:
            window = card.config.window
            prepared = prepare_windows(windows, window.preprocesses, window.rate_hz)
            inputs = model.quantize(prepared.x)
            outputs = np.empty((len(inputs), *model.output_shape[1:]), np.int8)
            for number, given in enumerate(inputs):
                job.progress(f"inference on {place}", number, len(inputs))
                answer = infer(given.tobytes())
                if len(answer) != outputs[0].nbytes:
                    raise DeviceError(
                        f"{place} gave {len(answer)} bytes where {card.name} gives {outputs[0].nbytes}",
                        hint="does it hold another model of this name?",
                    )
                outputs[number] = np.frombuffer(answer, np.int8).reshape(outputs.shape[1:])
            job.progress(f"inference on {place}", len(inputs), len(inputs))
            return from_logits(model.dequantize(outputs), target, prepared)

        yield Predictor(card.name, f"{card.identity} on {place}", card.config, card.path, predict)


@contextmanager
def _opened(card: ModelCard, job: Job, port: str | None, board: str | None) -> Iterator[tuple[str, Infer]]:
    """The name of the board, and inference there on the model of `card`."""
    if port is not None and port.startswith(ERPC):
        transport = open_port(port.removeprefix(ERPC))
        try:
            bench = EvbInference(transport)
            job.message(f"sending {card.name}")
            bench.send_model(card.path.read_bytes())
            yield transport.port, bench.infer
        finally:
            transport.close()
    elif port is not None:
        with InferenceBoard(port) as board_there:
            yield board_there.info.board, _inference(board_there, card, job)
    else:
        with _virtual(card, job, board or "an547") as board_there:
            yield board_there.info.board, _inference(board_there, card, job)


def held_or_sent(bench: InferenceBoard, card: ModelCard, job: Job) -> ModelInfo:
    """The model as the board holds it, sent there where it does not. Raises DeviceError where it takes none."""
    known = bench.model(card.name, card.sha256)
    if known is None:
        job.message(f"sending {card.name}")
        known = bench.upload(card.name, card.path.read_bytes())
    return known


def _inference(bench: InferenceBoard, card: ModelCard, job: Job) -> Infer:
    known = held_or_sent(bench, card, job)
    return lambda given: bench.infer(known, np.frombuffer(given, np.int8)).output


@contextmanager
def _virtual(card: ModelCard, job: Job, board: str) -> Iterator[InferenceBoard]:
    """A virtual board that can run the model."""
    with start(board) as virtual, InferenceBoard(virtual.url) as bench:
        if virtual.note:
            job.warning(virtual.note)
        if bench.model(card.name, card.sha256) is not None or "tflite" in bench.info.upload_formats:
            yield bench
            return
        board = virtual.board
    with tempfile.TemporaryDirectory() as scratch:
        job.message(f"building firmware for {board} with {card.name}")
        built = build(board, Path(scratch) / "firmware", [card.path])
        with start(board, image=built.path, fallback=False) as virtual, InferenceBoard(virtual.url) as bench:
            yield bench
