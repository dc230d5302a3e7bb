"""What a live session gathers: everything a client tells, on its reader thread, put where it belongs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from engine.analysis.document import to_annotations
from engine.analysis.stages import Stages
from engine.analysis.types import Analysis
from engine.devices.board_results import BoardResults
from engine.devices.comparison import Comparison
from engine.devices.faults import DeviceError
from engine.devices.frame_counts import FrameCounts
from engine.devices.heart_rate import RateLimits, rate_alert
from engine.devices.host_analysis import HostAnalysis
from engine.devices.link_state import LinkState, LinkStatus
from engine.devices.live_types import BoardFigures, LiveEvent, RateAlert
from engine.devices.protocol import (
    BadFrame,
    DeviceInfo,
    Event,
    EventKind,
    Frame,
    Info,
    Log,
    Message,
    ModelStats,
    Result,
    Samples,
    Source,
    Start,
    Stats,
)
from engine.devices.protocol.frame import MOST_WIRE_BYTES
from engine.devices.raw_log import RawHeader
from engine.devices.recorder import Recorder, RecorderOptions, check_folder
from engine.devices.ring import Ring
from engine.devices.stream_intake import Ints, StreamIntake, StreamShape
from engine.errors import EngineError
from engine.records.annotations import Annotations

MOST_EVENTS = 10_000
MOST_LOG_LINES = 1000
_UNKNOWN_CPU = 65535
_UNKNOWN_BATTERY = 255
_HELD_UP_S = 0.02


class LiveFeed:
    """The listener of a session. The reader thread writes; the session reads."""

    def __init__(
        self,
        *,
        stages: Stages | None,
        lead: int | str,
        ring_s: float,
        analyse: bool,
        limits: RateLimits,
        first_index: int | None = 0,
        holds_up: bool = False,
    ) -> None:
        self.limits = limits
        self.generation = 0
        self.restarts = 0  # STARTs that the board obeyed
        self.transit_s: Callable[[], float] = float  # set by the session: half the shortest round trip
        self.intake: StreamIntake | None = None
        self.start: Start | None = None
        self.info: DeviceInfo | None = None
        self.analysis: HostAnalysis | None = None
        self.results = BoardResults()
        self.comparison = Comparison(self.results)
        self.counts = FrameCounts()
        self.board = BoardFigures()
        self.alert: RateAlert | None = None
        self.recorder: Recorder | None = None
        self.ended: Recorder | None = None  # the recording that another shape of the stream ended
        self._stages, self.lead, self._ring_s, self._analyse = stages, lead, ring_s, analyse
        self._first_index, self._holds_up = first_index, holds_up
        self._recording_wanted: RecorderOptions | None = None
        self._last_bytes = b"", 0.0  # from the beginning of a frame on
        self._cut_frame = b""
        self._logged: Recorder | None = None  # the recorder that has bytes already
        self._stretches: deque[int] = deque(maxlen=64)  # where the board's source changed
        self._lock = threading.Lock()
        self._events: deque[LiveEvent] = deque(maxlen=MOST_EVENTS)
        self._log: deque[str] = deque(maxlen=MOST_LOG_LINES)

    @property
    def events(self) -> tuple[LiveEvent, ...]:
        """What happened, in order."""
        with self._lock:
            return tuple(self._events)

    @property
    def log_lines(self) -> tuple[str, ...]:
        """What was said, in order."""
        with self._lock:
            return tuple(self._log)

    def note(self, event: LiveEvent) -> None:
        """Keep an event, also in the recording."""
        with self._lock:
            self._events.append(event)
        if self.recorder is not None:
            self.recorder.event(event)

    def follow(self, ring: Ring) -> None:
        """Analyse a ring, from its beginning."""
        previous = self.analysis
        lead = lead_index(ring, self.lead)
        self.analysis = HostAnalysis(ring, lead, stages=self._stages, news=self._weigh)
        if previous is not None:
            previous.abandon()

    def findings(self, first_position: int) -> tuple[Annotations, ...]:
        """What the host found so far, counted in a recording that begins at a position of the ring."""
        analysis = self.analysis.latest if self.analysis is not None else None
        if analysis is None:
            return ()
        found = to_annotations(analysis)
        inside = found.take(found.sample >= first_position)
        return (replace(inside, sample=inside.sample - first_position),)

    def record(self, options: RecorderOptions) -> None:
        """Begin a recording: now, or with the first sample when nothing streams yet. Raises DeviceError."""
        check_folder(options)
        intake = self.intake
        if intake is None:
            self._recording_wanted = options
            return
        held = min(intake.ring.head - intake.ring.tail, round(options.before_s * intake.shape.rate_hz))
        first = intake.ring.head - held
        recorder = self._recorder(options, intake, first, from_start=False)
        # Samples that come while the older ones are copied are taken from the ring as well.
        with intake.writing:
            head = intake.ring.head
            if head > first:
                recorder.samples(first, intake.ring.read_adu(first, head))
            self.recorder = recorder
        for event in self.events:
            if event.position >= first:
                recorder.event(event)

    def _recorder(
        self, options: RecorderOptions, intake: StreamIntake, first: int, *, from_start: bool
    ) -> Recorder:
        if self.start is None or self.info is None:
            raise DeviceError("nothing streams yet that could be recorded")
        header = RawHeader(self.info, self.start, f"{datetime.now():%Y-%m-%dT%H:%M:%S}", from_start)
        held_s = (intake.ring.head - first) / intake.shape.rate_hz
        return Recorder(options, intake.shape, header, first, held_s=held_s)

    def _record_from_start(self, intake: StreamIntake) -> None:
        options, self._recording_wanted = self._recording_wanted, None
        if options is None:
            return
        try:
            self.recorder = self._recorder(options, intake, 0, from_start=True)
        except DeviceError as error:
            self._say(str(error))
            return
        self._log_bytes(b"")

    # -- Listener

    def link_changed(self, status: LinkStatus) -> None:
        """Keep the change among the log lines."""
        self._say(str(status))
        if not status.state.is_connected and status.state is not LinkState.CLOSED:
            self.counts.forget_sequence()

    def board_described(self, info: DeviceInfo) -> None:
        """Keep it."""
        self.info = info

    def stream_started(self, start: Start, arrived_s: float) -> None:
        """The board counts from 0: in the ring there is, or in a new one."""
        info = self.info
        if info is None:
            return
        try:
            shape = StreamShape.of(start, info)
        except EngineError as error:
            self._say(str(error))
            return
        self.results.restart()
        self.restarts += 1
        self.start = start
        first_index: int | None = 0
        if self.intake is None or self.intake.shape != shape:
            self._new_ring(shape)
            first_index, self._first_index = self._first_index, 0
        assert self.intake is not None
        self.intake.restart(arrived_s, first_index)

    def frame_arrived(self, frame: Frame, arrived_s: float) -> None:
        """Everything a board may say."""
        message, intake, info = frame.message, self.intake, self.info
        if _may_begin_anew(message):
            self.counts.forget_sequence()
        self.counts.good(frame.sequence)
        if isinstance(message, Log):
            self._say(message.text)
        if intake is None or info is None:
            return
        if isinstance(message, Samples):
            self._take_samples(message, frame.sequence, arrived_s, intake)
        elif isinstance(message, Result):
            self._take_result(message, info, intake, arrived_s)
        elif isinstance(message, Stats):
            self.board = _figures(message)
        elif isinstance(message, ModelStats):
            self.results.take_stats(message)
        elif isinstance(message, Event):
            position = intake.axis.position(message.index)
            at = intake.axis.stop if position is None else position
            self.note(LiveEvent(at, _event_name(message.kind), message.text, message.value))
            if message.kind == EventKind.SOURCE:
                self._stretches.append(at)

    def frame_refused(self, bad: BadFrame) -> None:
        """Count it."""
        self.counts.frames_bad += 1

    def bytes_arrived(self, data: bytes, arrived_s: float) -> None:
        """Count and record them."""
        self.counts.bytes_received += len(data)
        whole = self._cut_frame + data
        self._last_bytes = whole, arrived_s
        self._cut_frame = whole[whole.rfind(b"\0") + 1 :][-MOST_WIRE_BYTES:]
        self._log_bytes(data)

    def _log_bytes(self, data: bytes) -> None:
        """Record what came; a log begins with a whole frame."""
        whole, arrived_s = self._last_bytes
        if self.recorder is not None:
            self.recorder.raw(data if self.recorder is self._logged else whole, arrived_s)
            self._logged = self.recorder

    def _new_ring(self, shape: StreamShape) -> None:
        if self.recorder is not None and self.recorder.status.is_recording:
            self._say("the stream changed its shape; the recording of the one before is finished")
            found = (self.findings(self.recorder.status.first_position),)
            threading.Thread(target=self.recorder.finish, args=found, name="end of recording", daemon=True).start()
            self.ended, self.recorder = self.recorder, None
        self.intake = StreamIntake(shape, shape.ring(self._ring_s), self._placed)
        self.generation += 1
        self._stretches.clear()
        if self._analyse:
            self.follow(self.intake.ring)
        self._record_from_start(self.intake)

    def _take_samples(self, message: Samples, sequence: int, arrived_s: float, intake: StreamIntake) -> None:
        segments = len(intake.axis.segments)
        place = intake.take(message, sequence, arrived_s, self.transit_s())
        if place is not None and len(intake.axis.segments) > max(1, segments):
            self.note(LiveEvent(place.start, "segment", "the board began anew"))
        analysis = self.analysis
        while self._holds_up and analysis is not None and not analysis.fault:
            if intake.ring.head - analysis.done < intake.ring.capacity // 2:
                break
            analysis.wait_progress(_HELD_UP_S)

    def _take_result(self, message: Result, info: DeviceInfo, intake: StreamIntake, arrived_s: float) -> None:
        self.results.forget_before(intake.ring.tail)
        result = self.results.take(message, info, intake.axis.position, arrived_s)
        if result is not None and self.start is not None:
            model = next((m for m in info.models if m.id == result.model_id), None)
            changes = [at for at in self._stretches if at <= result.start]
            began = max(intake.axis.segments[-1].start, *changes, 0)
            self.comparison.submit(result, model, intake.ring, began, self.start.rate_hz)

    def _placed(self, position: int, codes: Ints) -> None:
        if self.recorder is not None:
            self.recorder.samples(position, codes)

    def _weigh(self, analysis: Analysis) -> None:
        self.alert = rate_alert(analysis, self.limits)

    def _say(self, line: str) -> None:
        with self._lock:
            self._log.append(line)


def lead_index(ring: Ring, lead: int | str) -> int:
    """Number of a lead by number or name. Raises DeviceError naming the leads there are."""
    names = [name.lower() for name in ring.lead_names]
    if isinstance(lead, str) and lead.lower() in names:
        return names.index(lead.lower())
    if isinstance(lead, int) and 0 <= lead < ring.n_leads:
        return lead
    raise DeviceError(f"the stream has no lead {lead}", hint=f"its leads are {', '.join(ring.lead_names)}")


def _may_begin_anew(message: Message) -> bool:
    """After a reset a board says so, or introduces itself when asked because it is silent."""
    if isinstance(message, Event):
        return bool(message.kind == EventKind.BOOT)
    return isinstance(message, Info) and message.offset == 0


def _event_name(kind: int) -> str:
    """In words; later firmware may know events that this program does not."""
    return EventKind(kind).name.lower() if kind in tuple(EventKind) else f"event {kind}"


def _figures(stats: Stats) -> BoardFigures:
    figures = BoardFigures(
        device_time_s=stats.device_time_us / 1e6,
        samples_dropped=stats.samples_dropped,
        worst_gap_ms=stats.worst_gap_us / 1e3,
        sensor_errors=stats.sensor_errors,
        queue_high_bytes=stats.queue_high_bytes,
        frames_bad=stats.frames_bad,
        source=Source(stats.source) if stats.source in tuple(Source) else Source.SENSOR,
        model_mask=stats.model_mask,
        lead_off_mask=stats.lead_off_mask,
    )
    if stats.cpu_permille != _UNKNOWN_CPU:
        figures = replace(figures, cpu_share=stats.cpu_permille / 1000)
    if stats.battery_percent != _UNKNOWN_BATTERY:
        figures = replace(figures, battery_percent=stats.battery_percent)
    return figures
