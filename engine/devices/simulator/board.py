"""A board in Python: the protocol's other side, without a clock or a cable of its own.

Everything follows from the bytes received and the times given, so that a test can replay it exactly.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from engine import __version__
from engine.devices.protocol import (
    VERSION,
    Ack,
    BadReason,
    DeviceInfo,
    Event,
    EventKind,
    Frame,
    FrameDecoder,
    Hello,
    Infer,
    Info,
    Inject,
    Input,
    Log,
    Mark,
    Message,
    ModelBegin,
    ModelCommit,
    ModelData,
    Reset,
    Results,
    SelfTest,
    SetModels,
    SetNoise,
    SetSource,
    Source,
    Start,
    Stats,
    Status,
    Stop,
    encode,
)
from engine.devices.protocol.fields import MOST_LEADS
from engine.devices.protocol.parts import pieces, room_for_data
from engine.devices.simulator.bench import UPLOAD_BYTES, Answer, Bench
from engine.devices.simulator.models import BoardModel, StreamedModels
from engine.devices.simulator.signals import TWELVE_LEADS, UV_PER_CODE, Injected, Recording, replay, synthetic
from engine.devices.simulator.stream import Stream

RATES_HZ = (250, 500, 1000, 200)
STATS_EVERY_S = 1.0
MOST_FRAMES_WAITING = 400  # answers, results and events
END_OF_FRAME = b"\0"
NOTE = "A program of this computer plays the board; no firmware runs"
INEXACT = "; without a C compiler its models round otherwise than firmware does"


class SimulatedBoard:
    """`receive` bytes, `advance` to a time, `take_frames` for the cable.

    Times are seconds of the host's clock; `drift_ppm` is how much faster the board's own clock runs.
    """

    def __init__(
        self,
        recordings: Iterable[Recording],
        models: dict[int, BoardModel],
        *,
        leads: tuple[str, ...] = TWELVE_LEADS,
        seed: int = 0,
        version: int = VERSION,
    ) -> None:
        if not 1 <= len(leads) <= MOST_LEADS:
            raise ValueError(f"a board has 1 to {MOST_LEADS} leads, not {len(leads)}")
        self.drift_ppm = 0.0
        self.lead_off_mask = 0
        self._recordings = tuple(recordings)
        self._built_in = dict(models)
        self._leads = leads
        self._seed = seed
        self._version = version
        self._host_s: float | None = None
        self._parting: list[bytes] = []  # what is said before any message: the rest from before a reset
        self._boot()

    def _boot(self) -> None:
        self._clock_s = 0.0
        self._models = dict(self._built_in)
        self._bench = Bench(self._models)
        self._decoder = FrameDecoder()
        self._good = self._bad = 0
        self._sequence = 0
        self._source = Source.SENSOR
        self._item = 0
        self._levels = SetNoise()
        self._stream: Stream | None = None
        self._frames: deque[Message] = deque()
        self._stats_s = 0.0
        self._parting.append(END_OF_FRAME)  # so that half a frame, cut by a reset, does not swallow the first
        self._say(Event(0, EventKind.BOOT))

    @property
    def streaming(self) -> bool:
        """True between START and STOP."""
        return self._stream is not None

    def reset(self) -> None:
        """As after power-on."""
        self._parting.clear()
        self._boot()

    def describe(self) -> DeviceInfo:
        """What INFO says."""
        names = tuple(recording.name for recording in self._recordings)
        return DeviceInfo(
            firmware=f"heartkit {__version__}",
            board="simulator",
            protocol=(self._version, self._version),
            leads=self._leads,
            rates_hz=RATES_HZ,
            uv_per_lsb=UV_PER_CODE,
            uv_per_lsb_24=UV_PER_CODE,
            sources=("sensor", "replay", "inject") if names else ("sensor", "inject"),
            recordings=("automatic", *names) if names else (),
            models=tuple(model.info for model in self._models.values()),
            upload_formats=("tflite",),
            upload_bytes=UPLOAD_BYTES,
            simulated=True,
            note=NOTE if all(model.is_exact for model in self._models.values()) else NOTE + INEXACT,
        )

    def event(self, kind: EventKind, value: int = 0, text: str = "") -> None:
        """Something happened at the present sample. Of a text that is too long the beginning is told."""
        fitting = text.encode()[: room_for_data(Event)].decode(errors="ignore")
        self._say(Event(self._stream.index % (1 << 32) if self._stream else 0, kind, value, fitting))

    def set_lead_off(self, mask: int) -> None:
        """Leads without contact from now on, bit 0 = first lead of INFO."""
        off, on = mask & ~self.lead_off_mask, self.lead_off_mask & ~mask
        self.lead_off_mask = mask
        if off:
            self.event(EventKind.LEAD_OFF, off)
        if on:
            self.event(EventKind.LEAD_ON, on)

    # -- the cable's side

    def receive(self, data: bytes) -> None:
        """Bytes from the host."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame):
                self._good += 1
                self._answer(found)
            else:
                self._bad += 1
                if found.reason is BadReason.VERSION:
                    self._introduce()

    def take_frames(self, most_bytes: int) -> list[bytes]:
        """Frames for the host, at least one if there is any, until they exceed `most_bytes`. Samples come last."""
        out, self._parting = self._parting, []
        size = 0
        while size < most_bytes:
            message = self._frames.popleft() if self._frames else self._samples()
            if message is None:
                break
            out.append(self._encoded(message))
            size += len(out[-1])
        return out

    def _encoded(self, message: Message) -> bytes:
        frame = encode(message, self._sequence, version=self._version)
        self._sequence = (self._sequence + 1) & 0xFFFF
        return frame

    def forget_frames(self) -> None:
        """Nobody listens: answers, results and events are lost; the newest samples are kept."""
        self._frames.clear()

    def _samples(self) -> Message | None:
        return self._stream.next_frame(self._clock_s) if self._stream is not None else None

    # -- time

    def advance(self, now_s: float) -> None:
        """Sample and compute until this time of the host."""
        passed_s = 0.0 if self._host_s is None else max(0.0, now_s - self._host_s)
        self._host_s = now_s
        self._clock_s += passed_s * (1 + self.drift_ppm * 1e-6)
        stream = self._stream
        if stream is None:
            return
        off = [i for i, lead in enumerate(stream.leads) if self.lead_off_mask >> self._leads.index(lead) & 1]
        for result in stream.sample(self._clock_s, off):
            self._say(result)
        seconds = math.floor((self._clock_s - self._stats_s) / STATS_EVERY_S + 1e-6)
        if seconds >= 1:
            self._stats_s += seconds * STATS_EVERY_S
            self._report(stream)

    def _report(self, stream: Stream) -> None:
        self._say(
            Stats(
                device_time_us=round(self._clock_s * 1e6),
                sample_index=stream.index % (1 << 32),
                samples_dropped=stream.dropped,
                frames_received=self._good,
                frames_bad=self._bad,
                worst_gap_us=round(stream.worst_gap_s * 1e6),
                queue_high_bytes=stream.queue_high_bytes,
                model_mask=stream.models.mask,
                lead_off_mask=self.lead_off_mask,
                source=self._source,
            )
        )
        for row in stream.models.statistics():
            self._say(row)
        lost = stream.newly_dropped()
        if lost:
            self.event(EventKind.OVERFLOW, lost)
        stream.worst_gap_s = 0.0

    # -- requests

    def _say(self, message: Message) -> None:
        if len(self._frames) < MOST_FRAMES_WAITING:
            self._frames.append(message)

    def _introduce(self) -> None:
        document = self.describe().to_json()
        for offset, piece in pieces(document, room_for_data(Info)):
            self._say(Info(offset, len(document), piece))

    def _answer(self, frame: Frame) -> None:
        message = frame.message
        if isinstance(message, Hello):
            self._introduce()
            return
        handler = self._HANDLERS.get(type(message))
        status, value, detail = (Status.UNKNOWN_MESSAGE, 0, "") if handler is None else handler(self, message)
        self._say(Ack(message.TYPE, frame.sequence, status, value, detail))
        if status != Status.OK:
            return
        if isinstance(message, Infer):
            for piece in self._bench.outputs(message, frame.sequence):
                self._say(piece)
        elif isinstance(message, Mark):
            self.event(EventKind.MARK, 0, message.text)
        elif isinstance(message, Stop) and self._stream is not None:
            self._report(self._stream)
            self._stream = None
        elif isinstance(message, Reset):
            self._parting = [self._encoded(m) for m in self._frames]
            self._boot()

    def _start(self, message: Start) -> Answer:
        known = (1 << len(self._leads)) - 1
        faults = {
            f"rates are {', '.join(map(str, sorted(RATES_HZ)))} Hz": message.rate_hz not in RATES_HZ,
            f"there are {len(self._leads)} leads": bool(message.lead_mask & ~known),
            "samples have 16 or 24 bits": message.sample_bits not in (16, 24),
            "no such source": message.source not in list(Source),
            "there are no recordings to replay": message.source == Source.REPLAY and not self._recordings,
            "no such form of results": message.results not in list(Results),
            "no such model on the stream": not self._may_run(message.model_mask),
        }
        wrong = next((words for words, is_wrong in faults.items() if is_wrong), None)
        if wrong is not None:
            return Status.BAD_VALUE, 0, wrong
        leads = tuple(name for i, name in enumerate(self._leads) if message.lead_mask >> i & 1)
        models = StreamedModels(self._models, message.rate_hz, message.results, message.model_mask)
        stream = Stream(message, leads, models, self._seed)
        if stream.per_frame > stream.most_per_frame:
            return Status.BAD_VALUE, 0, f"at most {stream.most_per_frame} samples fit a frame"
        stream.noise.levels = self._levels
        self._source = Source(message.source)
        self._stream = stream
        self._stats_s = self._clock_s
        self._begin_source(stream)
        return Status.OK, 0, ""

    def _begin_source(self, stream: Stream) -> None:
        rate_hz = float(stream.start.rate_hz)
        if self._source is Source.SENSOR:
            stream.begin(synthetic(stream.leads, rate_hz, self._seed), self._clock_s)
        elif self._source is Source.REPLAY:
            stream.begin(replay(self._recording(stream), stream.leads, rate_hz), self._clock_s)
        else:
            stream.begin(Injected(len(stream.leads)), self._clock_s)

    def _recording(self, stream: Stream) -> Recording:
        if self._item:
            return self._recordings[self._item - 1]
        single = stream.leads == self._leads[:1]
        fitting = [r for r in self._recordings if (len(r.leads) == 1) == single]
        return (fitting or list(self._recordings))[0]

    def _stop(self, message: Stop) -> Answer:
        return Status.OK, 0, ""

    def _set_source(self, message: SetSource) -> Answer:
        if message.source not in list(Source):
            return Status.BAD_VALUE, 0, "no such source"
        if message.source == Source.REPLAY and not (self._recordings and message.item <= len(self._recordings)):
            return Status.BAD_VALUE, 0, "no such recording"
        self._source = Source(message.source)
        if self._source is Source.REPLAY:
            self._item = message.item
        if self._stream is not None:
            self._begin_source(self._stream)
            self.event(EventKind.SOURCE, message.source)
        return Status.OK, 0, ""

    def _set_models(self, message: SetModels) -> Answer:
        if not self._may_run(message.model_mask):
            return Status.BAD_VALUE, 0, "no such model on the stream"
        if self._stream is not None:
            self._stream.models.set_mask(message.model_mask)
        return Status.OK, 0, ""

    def _may_run(self, mask: int) -> bool:
        able = sum(1 << number for number, model in self._models.items() if model.rule is not None)
        return not mask & ~able

    def _set_noise(self, message: SetNoise) -> Answer:
        self._levels = message
        if self._stream is not None:
            self._stream.noise.levels = message
        return Status.OK, 0, ""

    def _inject(self, message: Inject) -> Answer:
        source = self._stream.source if self._stream is not None else None
        if not isinstance(source, Injected):
            return Status.WRONG_STATE, 0, "start the source INJECT first"
        if self._stream is None or message.values.shape[1] != len(self._stream.leads):
            return Status.BAD_VALUE, source.room, "as many leads as are streamed"
        taken = source.put(message.index, message.values)
        return (Status.OK if taken else Status.BUSY), source.room, ""

    def _self_test(self, message: SelfTest) -> Answer:
        if self._stream is not None:
            return Status.WRONG_STATE, 0, "stop streaming first"
        self._say(Log("simulator: nothing to test, no firmware runs"))
        return Status.OK, 0, ""

    def _accept(self, message: Message) -> Answer:
        return Status.OK, 0, ""

    _HANDLERS: ClassVar[dict[type[Message], Callable[[Any, Any], Answer]]] = {
        Start: _start,
        Stop: _stop,
        SetSource: _set_source,
        SetModels: _set_models,
        SetNoise: _set_noise,
        Mark: _accept,
        SelfTest: _self_test,
        Reset: _accept,
        Inject: _inject,
        ModelBegin: lambda board, message: board._bench.begin(message),
        ModelData: lambda board, message: board._bench.add(message),
        ModelCommit: lambda board, message: board._bench.commit(message),
        Input: lambda board, message: board._bench.take_input(message),
        Infer: lambda board, message: board._bench.infer(message),
    }
