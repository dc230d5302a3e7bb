"""Running a model on a board on input of ours (INPUT, INFER, OUTPUT), after sending it where it takes models."""

from __future__ import annotations

import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.devices.client import BoardClient
from engine.devices.faults import DeviceError, NoAnswerError, RefusedError
from engine.devices.link_state import LinkStatus
from engine.devices.protocol import (
    Assembler,
    BadFrame,
    DeviceInfo,
    Frame,
    Hello,
    Infer,
    Input,
    ModelBegin,
    ModelCommit,
    ModelData,
    ModelFormat,
    ModelInfo,
    Output,
    Start,
    pieces,
    room_for_data,
)
from engine.devices.protocol.results import fnv1a
from engine.devices.transports import now_s, open_port

I8 = NDArray[np.int8]

CONNECT_S = 20.0
INFER_S = 120.0  # a slow emulator on a busy machine
_LEAST_INFER_S = 2.0
_TRIES = 6
_PIECE_S = 1.0
_COMMIT_S = 30.0  # the simulator compiles what it was sent
_DESCRIBE_S = 2.0
_MODEL_PIECE = 400


@dataclass(frozen=True)
class BoardRun:
    """One inference: the output tensor's bytes, the time by the board's clock, instructions (0: not counted)."""

    output: bytes
    latency_us: int
    instructions: int


class InferenceBoard:
    """A board that runs models on request. Opens the port; use as a context manager.

    What is lost on the way is sent again.
    """

    def __init__(self, port: str, *, timeout_s: float = CONNECT_S) -> None:
        self._patience_s = INFER_S
        self._listener = _Outputs()
        self._client = BoardClient(port, self._listener, lambda: open_port(port))
        self._client.open()
        try:
            self.info: DeviceInfo = self._client.wait_connected(timeout_s)
        except DeviceError:
            self._client.close()
            raise

    def model(self, name: str, sha256: str) -> ModelInfo | None:
        """The board's model of this name and content, or None."""
        for model in self.info.models:
            if model.name == name and (not model.sha256 or sha256.startswith(model.sha256)):
                return model
        return None

    def upload(self, name: str, tflite: bytes) -> ModelInfo:
        """Send a model to a board that takes .tflite files. Raises DeviceError where it does not."""
        info = self.info
        if "tflite" not in info.upload_formats or len(tflite) > info.upload_bytes:
            reason = "takes none" if not info.upload_formats else f"takes up to {info.upload_bytes:,} bytes"
            raise DeviceError(
                f"{info.board} does not hold {name}, and {reason} over the cable",
                hint="build its firmware with this model (evb build --models) and flash it",
            )
        used = {model.id for model in info.models}
        number = next(k for k in range(32) if k not in used) if len(used) < 32 else 31
        self._client.request(ModelBegin(number, ModelFormat.TFLITE, len(tflite), zlib.crc32(tflite), name))
        for offset, piece in pieces(tflite, _MODEL_PIECE):
            self._send_piece(ModelData(offset, piece))
        for _ in range(_TRIES):
            with suppress(NoAnswerError):  # an answer may be lost: what the board says of itself tells
                self._client.request(ModelCommit(number), tries=1, timeout_s=_COMMIT_S)
            self.info = self._describe()
            made = next((model for model in self.info.models if model.id == number), None)
            if made is not None:
                return made
        raise DeviceError(f"{info.board} took {name} but does not tell of it")

    def infer(self, model: ModelInfo, tensor: I8) -> BoardRun:
        """Run a model once on its whole int8 input. Raises DeviceError when the board refuses or is silent."""
        content = np.ascontiguousarray(tensor, np.int8).tobytes()
        for offset, piece in pieces(content, room_for_data(Input)):
            self._send_piece(Input(model.id, offset, len(content), piece))
        for _ in range(_TRIES - 1):
            with suppress(NoAnswerError):
                return self._run(model)
        return self._run(model)

    def _run(self, model: ModelInfo) -> BoardRun:
        began_s = now_s()
        self._listener.begin()
        ack = self._client.request(Infer(model.id), tries=1, timeout_s=self._patience_s)
        run = self._listener.wait_for_output(ack.request_sequence, self._patience_s)
        self._patience_s = min(INFER_S, max(_LEAST_INFER_S, 20 * (now_s() - began_s)))
        return run

    def _describe(self) -> DeviceInfo:
        """What the board is now."""
        with self._listener.changed:
            self._listener.info = None
        for _ in range(_TRIES):
            self._client.send(Hello())
            with suppress(NoAnswerError):
                return self._listener.wait_for_info(_DESCRIBE_S)
        raise NoAnswerError("the board does not describe itself any more")

    def close(self) -> None:
        """Let the port go; harmless when repeated."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send_piece(self, message: Input | ModelData) -> None:
        """Send, again where no answer comes. A piece of which only the answer was lost is refused then, as held."""
        try:
            self._client.request(message, tries=_TRIES, timeout_s=_PIECE_S)
        except RefusedError as refusal:
            if refusal.value != message.offset + len(message.data):
                raise


class _Outputs:
    """Collects what the board answers; a `Listener` of the client."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.info: DeviceInfo | None = None
        self._assembler = Assembler()
        self._done: dict[int, BoardRun] = {}  # by the sequence of the INFER
        self._fault = ""

    def begin(self) -> None:
        with self.changed:
            self._done.clear()
            self._fault = ""

    def wait_for_output(self, sequence: int, timeout_s: float) -> BoardRun:
        with self.changed:
            self.changed.wait_for(lambda: sequence in self._done or bool(self._fault), timeout_s)
            if sequence not in self._done:
                raise NoAnswerError(self._fault or f"the board gave no output within {timeout_s:.0f} s")
            return self._done[sequence]

    def wait_for_info(self, timeout_s: float) -> DeviceInfo:
        with self.changed:
            self.changed.wait_for(lambda: self.info is not None, timeout_s)
            if self.info is None:
                raise NoAnswerError("the board does not describe itself")
            return self.info

    def frame_arrived(self, frame: Frame, arrived_s: float) -> None:
        message = frame.message
        if not isinstance(message, Output):
            return
        whole = self._assembler.add(message, message.request_sequence)
        if whole is None:
            return
        with self.changed:
            if fnv1a(whole) == message.output_hash:
                self._done[message.request_sequence] = BoardRun(whole, message.latency_us, message.instructions)
            else:
                self._fault = "the output that came is not the one the board sent"
            self.changed.notify_all()

    def link_changed(self, status: LinkStatus) -> None:
        if status.state.is_fault:
            with self.changed:
                self._fault = status.reason or status.state.words
                self.changed.notify_all()

    def board_described(self, info: DeviceInfo) -> None:
        with self.changed:
            self.info = info
            self.changed.notify_all()

    def stream_started(self, start: Start, arrived_s: float) -> None:
        """Nothing is streamed."""

    def frame_refused(self, bad: BadFrame) -> None:
        """The output's own check tells."""

    def bytes_arrived(self, data: bytes, arrived_s: float) -> None:
        """Of no interest."""
