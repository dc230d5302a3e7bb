"""A live session: one board, its samples in a ring, the host's analysis beside the board's own results.

    session = LiveSession("socket://127.0.0.1:5000")
    session.open()                      # returns at once; follow `session.status`
    session.start()                     # stream; goes on by itself after every reconnection
    values, valid = session.ring.read(session.ring.head - 2500, session.ring.head)
    session.close()

Every position is a sample of `ring`. The session is safe to use from any thread and calls nobody: look at it as
often as pictures are painted. `generation` changes when a new ring begins (another rate, other leads).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from engine.analysis.stages import Stages
from engine.analysis.types import Analysis
from engine.devices.board_results import BoardResults
from engine.devices.client import BoardClient
from engine.devices.faults import DeviceError
from engine.devices.frame_counts import FrameCounts
from engine.devices.heart_rate import RateLimits, rate_alert
from engine.devices.host_analysis import HostAnalysis
from engine.devices.link_state import LinkStatus
from engine.devices.live_types import (
    BoardFigures,
    BoardResult,
    Disagreement,
    LiveEvent,
    LiveStatistics,
    RateAlert,
    StreamOptions,
)
from engine.devices.protocol import (
    BadFrame,
    DeviceInfo,
    Event,
    EventKind,
    Frame,
    Log,
    Mark,
    ModelStats,
    Result,
    Samples,
    SetModels,
    SetNoise,
    SetSource,
    Source,
    Start,
    Stats,
)
from engine.devices.ring import HOUR_S, Ring
from engine.devices.start_request import start_request
from engine.devices.stream_intake import Ints, StreamIntake, StreamShape
from engine.devices.transports import DEFAULT_BAUD, Transport, now_s
from engine.errors import EngineError

MOST_EVENTS = 10_000
MOST_LOG_LINES = 1000
_UNKNOWN_CPU = 65535
_UNKNOWN_BATTERY = 255


class LiveSession:
    """See the module. `stages`: algorithms of the host's analysis; `lead`: number or name of the lead analysed."""

    def __init__(
        self,
        port: str,
        *,
        baud: int = DEFAULT_BAUD,
        stages: Stages | None = None,
        lead: int | str = 0,
        ring_s: float = HOUR_S,
        analyse: bool = True,
        limits: RateLimits | None = None,
        opener: Callable[[], Transport] | None = None,
    ) -> None:
        self.port = port
        self.options = StreamOptions()
        self.limits = limits or RateLimits()
        self.generation = 0
        self.started_s: float | None = None
        self._stages, self._lead, self._ring_s, self._analyse = stages, lead, ring_s, analyse
        self._lock = threading.Lock()
        self._intake: StreamIntake | None = None
        self._analysis: HostAnalysis | None = None
        self._results = BoardResults()
        self._counts = FrameCounts()
        self._board = BoardFigures()
        self._events: deque[LiveEvent] = deque(maxlen=MOST_EVENTS)
        self._log: deque[str] = deque(maxlen=MOST_LOG_LINES)
        self._alert: RateAlert | None = None
        self._client = BoardClient(port, self, baud=baud, opener=opener)

    # -- what it is and what it found

    @property
    def status(self) -> LinkStatus:
        """State of the connection, why, and since when."""
        return self._client.status

    @property
    def info(self) -> DeviceInfo | None:
        """The board, once it answered."""
        return self._client.info

    @property
    def ring(self) -> Ring | None:
        """The samples; None before the first stream."""
        intake = self._intake
        return intake.ring if intake is not None else None

    @property
    def lead_index(self) -> int:
        """The lead that is analysed, by its number in the ring."""
        ring = self.ring
        return _lead_index(ring, self._lead) if ring is not None else 0

    @property
    def analysis(self) -> Analysis | None:
        """The host's analysis of the stream up to about a second ago (`n_samples` says how far)."""
        return self._analysis.latest if self._analysis is not None else None

    @property
    def analysis_fault(self) -> str:
        """Why there is no analysis, or empty."""
        return self._analysis.fault if self._analysis is not None else ""

    @property
    def rate_alert(self) -> RateAlert | None:
        """Heart rate outside its limits now: a remark, not an alarm."""
        return self._alert

    @property
    def events(self) -> tuple[LiveEvent, ...]:
        """What happened, in order."""
        with self._lock:
            return tuple(self._events)

    @property
    def log_lines(self) -> tuple[str, ...]:
        """What the board told in words, and the connection's changes of state."""
        with self._lock:
            return tuple(self._log)

    def results(self, start: int, stop: int) -> tuple[BoardResult, ...]:
        """What the board's models made of windows that overlap [start, stop)."""
        return self._results.between(start, stop)

    def disagreements(self, start: int, stop: int) -> tuple[Disagreement, ...]:
        """Where the board and the host's run of the same model differ within [start, stop)."""
        return self._results.disagreements(start, stop)

    def due_s(self, position: int) -> float | None:
        """When a sample of the present segment was due by the host's clock (`transports.now_s`); None before any.

        The time at which it was painted, less this, is the delay from board to screen.
        """
        intake = self._intake
        line = intake.clock.line if intake is not None else None
        if intake is None or line is None or not intake.axis.segments:
            return None
        board_s = (position - intake.axis.segments[-1].start) / intake.shape.rate_hz
        return line.host_s(board_s) - self._transit_s if board_s >= 0 else None

    def statistics(self) -> LiveStatistics:
        """The session in figures, as of now."""
        client, intake, counts = self._client, self._intake, self._counts
        windows, compared, equal = self._results.totals
        told = LiveStatistics(
            elapsed_s=now_s() - self.started_s if self.started_s is not None else 0.0,
            frames=counts.frames,
            frames_bad=counts.frames_bad,
            frames_lost=counts.frames_lost,
            bytes_received=counts.bytes_received,
            reconnections=client.reconnections,
            round_trip_ms=1000 * client.round_trip_s,
            windows=windows,
            windows_compared=compared,
            windows_equal=equal,
            models=self._results.figures(),
            board=self._board,
        )
        if intake is None:
            return told
        account = intake.account
        return replace(
            told,
            samples=account.received,
            samples_lost=account.lost,
            samples_repeated=account.repeated,
            samples_unknown=account.unknown,
            gaps=account.gaps,
            segments=account.segments,
            latency=intake.latency.summary,
            worst_frame_gap_ms=1000 * intake.worst_gap_s,
            drift_ppm=intake.clock.drift_ppm,
        )

    # -- what can be done with it

    def open(self) -> None:
        """Connect; returns at once."""
        self._client.open()

    def wait_connected(self, timeout_s: float = 5.0) -> DeviceInfo:
        """The board, once it answers. Raises DeviceError saying why it does not."""
        return self._client.wait_connected(timeout_s)

    def close(self) -> None:
        """Stop, disconnect, and finish the analysis; ring, analysis and statistics stay."""
        self._client.close()
        if self._analysis is not None:
            self._analysis.finish()

    def start(self, options: StreamOptions | None = None) -> None:
        """Stream with these options (the last ones by default). Raises DeviceError when the board cannot."""
        info = self.info
        if info is None:
            raise DeviceError(f"{self.port}: no board answered yet")
        self.options = options or self.options
        self._client.start(start_request(self.options, info))

    def stop(self) -> None:
        """Stop streaming; the connection stays."""
        self._client.stop()

    def select_source(self, source: Source, item: int = 0) -> None:
        """Where the board takes its samples from; `item`: which of `info.recordings` REPLAY plays."""
        self._client.request(SetSource(source=source, item=item))
        self.options = replace(self.options, source=source)

    def select_models(self, model_ids: tuple[int, ...]) -> None:
        """Which of the board's models run."""
        self._client.request(SetModels(model_mask=sum(1 << number for number in set(model_ids))))
        self.options = replace(self.options, model_ids=model_ids)

    def inject_noise(
        self, *, baseline_mv: float = 0, muscle_mv: float = 0, electrode_mv: float = 0, mains_mv: float = 0
    ) -> None:
        """Noise (RMS) that the board adds to its samples from now on."""
        levels = (round(1000 * level) for level in (baseline_mv, muscle_mv, electrode_mv, mains_mv))
        self._client.request(SetNoise(*levels))

    def mark(self, text: str = "", position: int | None = None) -> LiveEvent:
        """Mark a sample, the newest one by default. The mark is ours: it needs no board."""
        ring = self.ring
        if ring is None:
            raise DeviceError("nothing streams yet that could be marked")
        event = LiveEvent(ring.head if position is None else position, "mark", text)
        self._note(event)
        return event

    def press_mark(self, text: str = "") -> None:
        """Have the board mark its present sample, as its button does; the event comes back with the stream."""
        self._client.request(Mark(text))

    def analyse_lead(self, lead: int | str) -> None:
        """Analyse another lead, from the beginning of what the ring holds."""
        ring = self.ring
        if ring is not None:
            _lead_index(ring, lead)
        self._lead = lead
        if ring is not None and self._analyse:
            self._follow(ring)

    # -- what the client tells, on its reader thread

    def link_changed(self, status: LinkStatus) -> None:
        """Keep the change among the log lines."""
        self._say(str(status))
        if not status.state.is_connected:
            self._counts.forget_sequence()

    def board_described(self, info: DeviceInfo) -> None:
        """Nothing to do: `info` holds it."""

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
        self._results.restart()
        if self._intake is None or self._intake.shape != shape:
            self._intake = StreamIntake(shape, shape.ring(self._ring_s), self._placed)
            self.generation += 1
            self.started_s = arrived_s
            if self._analyse:
                self._follow(self._intake.ring)
        self._intake.restart(arrived_s, 0)

    def frame_arrived(self, frame: Frame, arrived_s: float) -> None:
        """Everything a board may say."""
        self._counts.good(frame.sequence)
        message, intake, info = frame.message, self._intake, self.info
        if isinstance(message, Log):
            self._say(message.text)
        if intake is None or info is None:
            return
        if isinstance(message, Samples):
            segments = len(intake.axis.segments)
            place = intake.take(message, frame.sequence, arrived_s, self._transit_s)
            if place is not None and len(intake.axis.segments) > max(1, segments):
                self._note(LiveEvent(place.start, "segment", "the board began anew"))
        elif isinstance(message, Result):
            self._results.take(message, info, intake.axis.position, arrived_s)
        elif isinstance(message, Stats):
            self._board = _figures(message)
        elif isinstance(message, ModelStats):
            self._results.take_stats(message)
        elif isinstance(message, Event):
            position = intake.axis.position(message.index)
            at = intake.axis.stop if position is None else position
            kind = EventKind(message.kind).name.lower()
            self._note(LiveEvent(at, kind, message.text, message.value))

    def frame_refused(self, bad: BadFrame) -> None:
        """Count it."""
        self._counts.frames_bad += 1

    def bytes_arrived(self, data: bytes, arrived_s: float) -> None:
        """Count them."""
        self._counts.bytes_received += len(data)

    @property
    def _transit_s(self) -> float:
        trip_s = self._client.round_trip_s
        return trip_s / 2 if trip_s == trip_s else 0.0

    def _placed(self, position: int, codes: Ints) -> None:
        """Samples went into the ring."""

    def _follow(self, ring: Ring) -> None:
        """A new analysis of a ring, from its beginning."""
        previous = self._analysis
        lead = _lead_index(ring, self._lead)
        self._analysis = HostAnalysis(ring, lead, stages=self._stages, news=self._weigh)
        if previous is not None:
            previous.abandon()

    def _weigh(self, analysis: Analysis) -> None:
        self._alert = rate_alert(analysis, self.limits)

    def _note(self, event: LiveEvent) -> None:
        with self._lock:
            self._events.append(event)

    def _say(self, line: str) -> None:
        with self._lock:
            self._log.append(line)


def _lead_index(ring: Ring, lead: int | str) -> int:
    names = [name.lower() for name in ring.lead_names]
    if isinstance(lead, str) and lead.lower() in names:
        return names.index(lead.lower())
    if isinstance(lead, int) and 0 <= lead < ring.n_leads:
        return lead
    raise DeviceError(f"the stream has no lead {lead}", hint=f"its leads are {', '.join(ring.lead_names)}")


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
