"""Wire protocol, version 1: every message there is. The firmware's C codec and docs/protocol.md come from here.

Version 1 is frozen: a changed body is a new message with a new number.
`python -m engine.devices.protocol.generator` writes the generated files again.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.devices.protocol.fields import (
    Direction,
    Message,
    data,
    message,
    samples16,
    samples24,
    text,
    u8,
    u16,
    u32,
    u64,
)

VERSION = 1
MOST_FRAME_BYTES = 512  # version .. CRC, before COBS
MOST_BODY_BYTES = MOST_FRAME_BYTES - 6
NO_VALUE_16 = -(1 << 15)
NO_VALUE_24 = -(1 << 23)


class Source(IntEnum):
    """Where the board takes its samples from."""

    SENSOR = 0
    REPLAY = 1
    INJECT = 2


class Status(IntEnum):
    """How a request ended."""

    OK = 0
    UNKNOWN_MESSAGE = 1
    BAD_VALUE = 2
    NOT_SUPPORTED = 3
    WRONG_STATE = 4
    BUSY = 5
    TOO_LARGE = 6
    CRC_MISMATCH = 7
    FAILED = 8


class Results(IntEnum):
    """What the data of a RESULT are."""

    HASH_ONLY = 0
    TENSOR = 1
    CLASS_RUNS = 2


class EventKind(IntEnum):
    """What happened at a sample."""

    BOOT = 0
    BUTTON = 1
    MARK = 2
    LEAD_OFF = 3
    LEAD_ON = 4
    SOURCE = 5
    SENSOR_FAULT = 6
    OVERFLOW = 7


class ModelFormat(IntEnum):
    """What an uploaded model is."""

    TFLITE = 0
    PLAN = 1


class BadReason(IntEnum):
    """Why a received frame was refused; both sides apply these tests in this order."""

    OVERLONG = 1
    COBS = 2
    SHORT = 3
    CRC = 4
    VERSION = 5
    TYPE = 6
    BODY = 7


@message(1, Direction.TO_BOARD)
class Hello(Message):
    """Who are you? The board answers with INFO, streaming or not."""


@message(2, Direction.TO_HOST, parts=True)
class Info(Message):
    """One piece of the board's description, a JSON document."""

    offset: int = u16("where this piece starts in the document", "bytes")
    total: int = u16("size of the document", "bytes")
    data: bytes = data("the piece, UTF-8")


@message(3, Direction.TO_BOARD)
class Start(Message):
    """Stream from now on; the sample index starts at 0, also when the board was streaming. Answer: ACK."""

    rate_hz: int = u16("nominal sampling rate, one that INFO lists", "Hz", low=1)
    lead_mask: int = u16("leads wanted, bit 0 = first lead of INFO", low=1, default=1)
    samples_per_frame: int = u8("samples of each lead in a frame; 0: the board chooses", default=0)
    sample_bits: int = u8("16: SAMPLES, 24: SAMPLES24", "bits", default=16)
    source: int = u8("where samples come from", enum=Source, default=Source.SENSOR)
    results: int = u8("how much of each result is sent", enum=Results, default=Results.TENSOR)
    model_mask: int = u32("models to run, bit n = model id n of INFO", default=0)


@message(4, Direction.TO_BOARD)
class Stop(Message):
    """Stop streaming. Answer: ACK, then a last STATS."""


@message(5, Direction.TO_HOST)
class Ack(Message):
    """Answer to every message except HELLO: what became of it."""

    request: int = u8("number of the message answered")
    request_sequence: int = u16("sequence of the frame answered", default=0)
    status: int = u8("how it ended", enum=Status, default=Status.OK)
    value: int = u32("INJECT: room for samples; MODEL_DATA, INPUT: bytes held so far; otherwise 0", default=0)
    detail: str = text("the fault in words, or empty", default="")


@message(6, Direction.TO_BOARD)
class SetSource(Message):
    """Change the source while streaming or before. Answer: ACK; an EVENT tells the sample of the change."""

    source: int = u8("where samples come from", enum=Source)
    item: int = u8("REPLAY: which of INFO's recordings", default=0)


@message(7, Direction.TO_BOARD)
class SetModels(Message):
    """Switch models on and off. Answer: ACK."""

    model_mask: int = u32("models to run, bit n = model id n of INFO")


@message(8, Direction.TO_BOARD)
class SetNoise(Message):
    """Noise the board adds to its samples, whatever their source; 0 is none. Answer: ACK."""

    baseline_uv: int = u16("baseline wander, RMS", "µV", default=0)
    muscle_uv: int = u16("muscle noise, RMS", "µV", default=0)
    electrode_uv: int = u16("electrode motion, RMS", "µV", default=0)
    mains_uv: int = u16("mains hum, RMS", "µV", default=0)


@message(9, Direction.TO_BOARD)
class Mark(Message):
    """Mark the present sample. Answer: ACK, and an EVENT of kind MARK with the same text."""

    text: str = text("what to note", default="")


@message(10, Direction.TO_BOARD)
class SelfTest(Message):
    """Check memory, clock, sensor and models; not while streaming. Answer: LOG lines, then ACK."""


@message(11, Direction.TO_BOARD)
class Reset(Message):
    """Start again as after power-on. Answer: ACK, then an EVENT of kind BOOT."""


@message(16, Direction.TO_HOST)
class Samples(Message):
    """Consecutive samples. A hole in the index is a hole in the signal, exactly as wide.

    The most negative code means "no value" (lead off, sensor fault); a true value is clamped above it.
    """

    index: int = u32("index of the first sample since START; wraps at 2^32", "samples")
    values: NDArray[Any] = samples16("codes; INFO says how many µV one is")

    @property
    def count(self) -> int:
        """Samples of each lead."""
        return int(self.values.shape[0])

    @property
    def leads(self) -> int:
        """Number of leads."""
        return int(self.values.shape[1])

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Bool [count, leads]: False where the board had no value."""
        return np.asarray(self.values != NO_VALUE_16)


@message(17, Direction.TO_HOST, parts=True)
class Result(Message):
    """What one model made of one window, or one piece of it."""

    index: int = u32("index of the window's first sample", "samples")
    window: int = u32("length of the window at the streaming rate", "samples")
    model: int = u8("model id of INFO")
    encoding: int = u8("what the data are", enum=Results)
    latency_us: int = u32("time the model took", "µs")
    instructions: int = u32("instructions it took; 0: not counted", default=0)
    input_hash: int = u32("FNV-1a of the model's input tensor", default=0)
    output_hash: int = u32("FNV-1a of the model's output tensor", default=0)
    offset: int = u16("where this piece starts in the result", "bytes", default=0)
    total: int = u16("size of the result", "bytes", default=0)
    data: bytes = data("TENSOR: the output as it is; CLASS_RUNS: pairs of class and length 1-255", default=b"")


@message(18, Direction.TO_HOST)
class Stats(Message):
    """How the board is doing: once a second while streaming and once after STOP. Counters run since START."""

    device_time_us: int = u64("the board's clock when `sample_index` was taken", "µs")
    sample_index: int = u32("index of the next sample", "samples")
    samples_dropped: int = u32("samples discarded because the link was too slow", "samples", default=0)
    frames_received: int = u32("good frames from the host, since boot", default=0)
    frames_bad: int = u32("damaged frames from the host, since boot", default=0)
    worst_gap_us: int = u32("longest time between two sample frames since the last STATS", "µs", default=0)
    sensor_errors: int = u32("bus errors and overflows of the sensor", default=0)
    queue_high_bytes: int = u32("most bytes ever waiting for the link", "bytes", default=0)
    model_mask: int = u32("models running", default=0)
    lead_off_mask: int = u16("leads without contact, bit 0 = first lead of INFO", default=0)
    cpu_permille: int = u16("share of time not idle; 65535: not known", "1/1000", default=65535)
    source: int = u8("where samples come from", enum=Source, default=Source.SENSOR)
    battery_percent: int = u8("charge; 255: not known", "%", default=255)


@message(19, Direction.TO_HOST)
class Log(Message):
    """One line for people."""

    text: str = text("the line")


@message(20, Direction.TO_HOST)
class Event(Message):
    """Something happened at a sample."""

    index: int = u32("the sample", "samples")
    kind: int = u8("what happened", enum=EventKind)
    value: int = u32("LEAD_OFF, LEAD_ON: mask of leads; SOURCE: the source; OVERFLOW: samples lost", default=0)
    text: str = text("in words, or empty", default="")


@message(21, Direction.TO_HOST)
class Samples24(Samples):
    """As SAMPLES, with values of 24 bits."""

    values: NDArray[Any] = samples24("codes; INFO says how many µV one is")

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Bool [count, leads]: False where the board had no value."""
        return np.asarray(self.values != NO_VALUE_24)


@message(22, Direction.TO_HOST)
class ModelStats(Message):
    """How one running model is doing: once a second while streaming. Counters run since START."""

    model: int = u8("model id of INFO")
    windows: int = u32("windows done")
    skipped: int = u32("windows left out for want of time", default=0)
    last_us: int = u32("time of the last window", "µs", default=0)
    worst_us: int = u32("longest time of a window", "µs", default=0)
    instructions: int = u32("instructions of the last window; 0: not counted", default=0)


@message(32, Direction.TO_BOARD)
class Inject(Message):
    """Samples for the source INJECT, in the codes of SAMPLES. Answer: ACK with the room left.

    The board takes them at its own rate; the host stays about half a second ahead.
    """

    index: int = u32("index of the first sample since the source was chosen", "samples")
    values: NDArray[Any] = samples16("codes, one column for each lead that is streamed")


@message(48, Direction.TO_BOARD)
class ModelBegin(Message):
    """A model follows. Answer: ACK; NOT_SUPPORTED or TOO_LARGE by INFO's `upload_formats` and `upload_bytes`."""

    model: int = u8("model id to give it", high=31)
    format: int = u8("what the bytes are", enum=ModelFormat)
    size: int = u32("size of the model", "bytes", low=1)
    crc32: int = u32("CRC-32 (zlib, Ethernet) of the model")
    name: str = text("name for INFO", default="")


@message(49, Direction.TO_BOARD)
class ModelData(Message):
    """One piece of the model, in order. Answer: ACK with the bytes held; a wrong offset is BAD_VALUE."""

    offset: int = u32("where this piece starts", "bytes")
    data: bytes = data("the piece")


@message(50, Direction.TO_BOARD)
class ModelCommit(Message):
    """The model is complete: check its CRC and make it ready. Answer: ACK; HELLO then tells of it."""

    model: int = u8("model id", high=31)


@message(51, Direction.TO_BOARD, parts=True)
class Input(Message):
    """One piece of an input tensor, in order. Answer: ACK with the bytes held."""

    model: int = u8("model id", high=31)
    offset: int = u16("where this piece starts in the tensor", "bytes")
    total: int = u16("size of the tensor", "bytes", low=1)
    data: bytes = data("the piece")


@message(52, Direction.TO_BOARD)
class Infer(Message):
    """Run a model once on the input sent. Answer: ACK, and OUTPUT when done."""

    model: int = u8("model id", high=31)


@message(53, Direction.TO_HOST, parts=True)
class Output(Message):
    """One piece of the output tensor of INFER."""

    model: int = u8("model id")
    request_sequence: int = u16("sequence of the INFER frame")
    latency_us: int = u32("time the model took", "µs")
    instructions: int = u32("instructions it took; 0: not counted")
    output_hash: int = u32("FNV-1a of the output tensor")
    offset: int = u16("where this piece starts in the tensor", "bytes")
    total: int = u16("size of the tensor", "bytes")
    data: bytes = data("the piece")


MESSAGES: tuple[type[Message], ...] = (
    *(Hello, Info, Start, Stop, Ack, SetSource, SetModels, SetNoise, Mark, SelfTest, Reset),
    *(Samples, Result, Stats, Log, Event, Samples24, ModelStats),
    *(Inject, ModelBegin, ModelData, ModelCommit, Input, Infer, Output),
)
BY_TYPE: dict[int, type[Message]] = {kind.TYPE: kind for kind in MESSAGES}
ENUMS: tuple[type[IntEnum], ...] = (Source, Status, Results, EventKind, ModelFormat, BadReason)
