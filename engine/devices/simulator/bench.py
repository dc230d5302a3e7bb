"""Uploading models to a simulated board and running them on input the host sends."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from engine.devices.protocol import (
    Infer,
    Input,
    ModelBegin,
    ModelCommit,
    ModelData,
    ModelFormat,
    Output,
    Status,
)
from engine.devices.protocol.parts import pieces, room_for_data
from engine.devices.protocol.results import fnv1a
from engine.devices.simulator.models import BoardModel, Run
from engine.errors import EngineError

UPLOAD_BYTES = 4 << 20

Answer = tuple[Status, int, str]  # status, value and detail of the ACK
_FAULTS = (EngineError, ValueError, RuntimeError)  # of models that are none: the interpreter has its own


class Bench:
    """Keeps the model and the input that are being sent; `models` gains what was uploaded."""

    def __init__(self, models: dict[int, BoardModel]) -> None:
        self._models = models
        self._begun: ModelBegin | None = None
        self._model = bytearray()
        self._input = bytearray()
        self._input_of: int | None = None
        self._run = Run(b"", 0)

    def begin(self, message: ModelBegin) -> Answer:
        """MODEL_BEGIN."""
        self._begun = None
        if message.format != ModelFormat.TFLITE:
            return Status.NOT_SUPPORTED, 0, "the simulator takes .tflite models"
        if message.size > UPLOAD_BYTES:
            return Status.TOO_LARGE, 0, f"models may have {UPLOAD_BYTES} bytes"
        self._begun = message
        self._model.clear()
        return Status.OK, 0, ""

    def add(self, message: ModelData) -> Answer:
        """MODEL_DATA."""
        if self._begun is None:
            return Status.WRONG_STATE, 0, "send MODEL_BEGIN first"
        if message.offset != len(self._model) or message.offset + len(message.data) > self._begun.size:
            return Status.BAD_VALUE, len(self._model), "pieces come in order"
        self._model += message.data
        return Status.OK, len(self._model), ""

    def commit(self, message: ModelCommit) -> Answer:
        """MODEL_COMMIT."""
        begun, self._begun = self._begun, None
        if begun is None or begun.model != message.model or len(self._model) != begun.size:
            return Status.WRONG_STATE, 0, "send the whole model first"
        content = bytes(self._model)
        if zlib.crc32(content) != begun.crc32:
            return Status.CRC_MISMATCH, 0, "the model came damaged"
        try:
            made = BoardModel(begun.model, begun.name or f"model {begun.model}", content)
        except _FAULTS as fault:
            return Status.FAILED, 0, str(fault)[:200]
        self._models[begun.model] = made
        return Status.OK, 0, ""

    def take_input(self, message: Input) -> Answer:
        """INPUT."""
        model = self._models.get(message.model)
        if model is None or message.total != model.input_bytes:
            return Status.BAD_VALUE, 0, "no such model, or not the size of its input"
        if message.offset == 0:
            self._input.clear()
            self._input_of = message.model
        if message.offset != len(self._input) or message.model != self._input_of:
            return Status.BAD_VALUE, len(self._input), "pieces come in order"
        self._input += message.data
        return Status.OK, len(self._input), ""

    def infer(self, message: Infer) -> Answer:
        """INFER; `outputs` has what came of it."""
        model = self._models.get(message.model)
        if model is None or self._input_of != message.model or len(self._input) != model.input_bytes:
            return Status.WRONG_STATE, 0, "send its whole input first"
        try:
            self._run = model.run(bytes(self._input))
        except _FAULTS as fault:
            return Status.FAILED, 0, str(fault)[:200]
        return Status.OK, 0, ""

    def outputs(self, message: Infer, sequence: int) -> Iterator[Output]:
        """The output of the last INFER that succeeded, in pieces."""
        run = self._run
        for offset, piece in pieces(run.output, room_for_data(Output)):
            yield Output(
                message.model, sequence, run.latency_us, 0, fnv1a(run.output), offset, len(run.output), piece
            )
