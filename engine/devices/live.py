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

import math
from collections.abc import Callable
from dataclasses import replace

from engine.analysis.stages import Stages
from engine.analysis.types import Analysis
from engine.devices.client import BoardClient
from engine.devices.faults import DeviceError
from engine.devices.heart_rate import RateLimits
from engine.devices.injection import InjectedRecord, Injector
from engine.devices.link_state import LinkStatus
from engine.devices.live_feed import LiveFeed, lead_index
from engine.devices.live_types import (
    BoardResult,
    Disagreement,
    LiveEvent,
    LiveStatistics,
    RateAlert,
    StreamOptions,
)
from engine.devices.protocol import DeviceInfo, Mark, SetModels, SetNoise, SetSource, Source
from engine.devices.recorder import RecorderOptions, RecorderStatus
from engine.devices.ring import HOUR_S, Ring
from engine.devices.speeds import SpeedSearch
from engine.devices.start_request import resolved, start_request
from engine.devices.transports import DEFAULT_BAUD, Transport, is_recording, open_port
from engine.records.record import Record


class LiveSession:
    """See the module.

    `stages`: algorithms of the host's analysis; `lead`: number or name of the lead analysed; `ring_s`: how much is
    kept; `analyse`: False for no analysis by the host; `limits`: heart rates beyond which `rate_alert` speaks.
    `port` may be a recording (`.hkraw`), which is played at `speed` (infinite: as fast as the analysis follows).
    """

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
        speed: float = 1.0,
        opener: Callable[[], Transport] | None = None,
    ) -> None:
        self.port = port
        self.options = StreamOptions()
        first_index: int | None = 0
        if opener is None and is_recording(port):
            from engine.devices.raw_log import RawLog

            first_index = 0 if RawLog(port).header.from_start else None
        self._feed = LiveFeed(
            stages=stages,
            lead=lead,
            ring_s=ring_s,
            analyse=analyse,
            limits=limits or RateLimits(),
            first_index=first_index,
            holds_up=math.isinf(speed),
        )
        speeds = SpeedSearch(baud)
        opener = opener or (lambda: open_port(port, baud=speeds.baud, speed=speed))
        self._client = BoardClient(port, self._feed, opener, not_understood=speeds.next)
        self._feed.transit_s = self._transit_s
        self._injector: Injector | None = None

    # -- what it is and what it found

    @property
    def status(self) -> LinkStatus:
        """State of the connection, why, and since when."""
        return self._client.status

    @property
    def retry_at_s(self) -> float | None:
        """When a lost board is looked for again (`transports.now_s`); None while that is not waited for."""
        return self._client.retry_at_s

    @property
    def info(self) -> DeviceInfo | None:
        """The board, once it answered."""
        return self._client.info

    @property
    def generation(self) -> int:
        """Grows whenever a new ring begins."""
        return self._feed.generation

    @property
    def ring(self) -> Ring | None:
        """The samples; None before the first stream."""
        intake = self._feed.intake
        return intake.ring if intake is not None else None

    @property
    def lead_index(self) -> int:
        """The lead that is analysed, by its number in the ring."""
        ring = self.ring
        return lead_index(ring, self._feed.lead) if ring is not None else 0

    @property
    def analysis(self) -> Analysis | None:
        """The host's analysis of the stream up to about a second ago (`n_samples` says how far)."""
        analysis = self._feed.analysis
        return analysis.latest if analysis is not None else None

    @property
    def analysis_fault(self) -> str:
        """Why there is no analysis, or empty."""
        analysis = self._feed.analysis
        return analysis.fault if analysis is not None else ""

    @property
    def limits(self) -> RateLimits:
        """Heart rates beyond which `rate_alert` speaks."""
        return self._feed.limits

    @limits.setter
    def limits(self, limits: RateLimits) -> None:
        self._feed.limits = limits

    @property
    def rate_alert(self) -> RateAlert | None:
        """Heart rate outside its limits now: a remark, not an alarm."""
        return self._feed.alert

    @property
    def events(self) -> tuple[LiveEvent, ...]:
        """What happened, in order."""
        return self._feed.events

    @property
    def log_lines(self) -> tuple[str, ...]:
        """What the board told in words, and the connection's changes of state."""
        return self._feed.log_lines

    @property
    def recording(self) -> RecorderStatus | None:
        """The recording under way or the last one; its `fault` says why it ended early."""
        recorder = self._feed.recorder or self._feed.ended
        return recorder.status if recorder is not None else None

    def results(self, start: int, stop: int) -> tuple[BoardResult, ...]:
        """What the board's models made of windows that overlap [start, stop)."""
        return self._feed.results.between(start, stop)

    def disagreements(self, start: int, stop: int) -> tuple[Disagreement, ...]:
        """Where the board and the host's run of the same model differ within [start, stop)."""
        return self._feed.results.disagreements(start, stop)

    def due_s(self, position: int) -> float | None:
        """When a sample of the present segment was due by the host's clock (`transports.now_s`); None before any.

        The time at which it was painted, less this, is the delay from board to screen.
        """
        intake = self._feed.intake
        line = intake.clock.line if intake is not None else None
        if intake is None or line is None or not intake.axis.segments:
            return None
        board_s = (position - intake.axis.segments[-1].start) / intake.shape.rate_hz
        return line.host_s(board_s) - self._transit_s() if board_s >= 0 else None

    def statistics(self) -> LiveStatistics:
        """The session in figures, as of now."""
        client, feed = self._client, self._feed
        intake, counts = feed.intake, feed.counts
        windows, compared, equal = feed.results.totals
        told = LiveStatistics(
            frames=counts.frames,
            frames_bad=counts.frames_bad,
            frames_lost=counts.frames_lost,
            bytes_received=counts.bytes_received,
            reconnections=client.reconnections,
            round_trip_ms=1000 * client.round_trip_s,
            windows=windows,
            windows_compared=compared,
            windows_equal=equal,
            models=feed.results.figures(),
            board=feed.board,
        )
        if intake is None:
            return told
        account = intake.account
        return replace(
            told,
            elapsed_s=intake.elapsed_s,
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
        """Stop, disconnect, finish analysis, comparison and recording; what was found stays."""
        self._stop_injecting()
        self._client.close()
        self._feed.comparison.close()
        if self._feed.analysis is not None:
            self._feed.analysis.finish()
        if self._feed.recorder is not None:
            self.stop_recording()
        if self._feed.ended is not None:
            self._feed.ended.finish()

    def start(self, options: StreamOptions | None = None) -> None:
        """Stream with these options (the last ones by default). Raises DeviceError when the board cannot."""
        info = self.info
        if info is None:
            raise DeviceError(f"{self.port}: no board answered yet")
        wanted = resolved(options or self.options, info)
        self._client.start(start_request(wanted, info))
        self.options = wanted

    def stop(self) -> None:
        """Stop streaming; the connection stays."""
        self._client.stop()

    def select_source(self, source: Source, item: int = 0) -> None:
        """Where the board takes its samples from; `item`: which of `info.recordings` REPLAY plays.

        INJECT alone gives nothing to take: see `inject`.
        """
        self._stop_injecting()
        self._client.request(SetSource(source=source, item=item))
        self.options = replace(self.options, source=source)
        self._client.remember(source=source)

    def inject(self, record: Record) -> None:
        """Have the board take its samples from a record of this computer, over and over (source INJECT).

        Raises DeviceError when nothing streams, or the board refuses.
        """
        intake = self._feed.intake
        if intake is None:
            raise DeviceError("nothing streams yet that samples could be injected into")
        samples = InjectedRecord(record, intake.shape)
        self.select_source(Source.INJECT)
        self._injector = Injector(self._client, samples, intake.shape, lambda: self._feed.restarts)

    def select_models(self, model_ids: tuple[int, ...]) -> None:
        """Which of the board's models run."""
        mask = sum(1 << number for number in set(model_ids))
        self._client.request(SetModels(model_mask=mask))
        self.options = replace(self.options, model_ids=model_ids)
        self._client.remember(model_mask=mask)

    def inject_noise(
        self, *, baseline_mv: float = 0, muscle_mv: float = 0, electrode_mv: float = 0, mains_mv: float = 0
    ) -> None:
        """Noise (RMS) that the board adds to its samples from now on."""
        levels = (round(1000 * level) for level in (baseline_mv, muscle_mv, electrode_mv, mains_mv))
        self._client.request(SetNoise(*levels))

    def mark(self, text: str = "", position: int | None = None) -> LiveEvent:
        """Mark a sample, the newest one by default; kept in the recording. The mark is ours: it needs no board."""
        ring = self.ring
        if ring is None:
            raise DeviceError("nothing streams yet that could be marked")
        event = LiveEvent(ring.head if position is None else position, "mark", text)
        self._feed.note(event)
        return event

    def press_mark(self, text: str = "") -> None:
        """Have the board mark its present sample, as its button does; the event comes back with the stream."""
        self._client.request(Mark(text))

    def analyse_lead(self, lead: int | str) -> None:
        """Analyse another lead, from the beginning of what the ring holds."""
        ring = self.ring
        if ring is not None:
            lead_index(ring, lead)
        self._feed.lead = lead
        if ring is not None and self._feed.analysis is not None:
            self._feed.follow(ring)

    def record(self, options: RecorderOptions) -> None:
        """Record, from now on or from the first sample when nothing streams yet. Raises DeviceError."""
        status = self.recording
        if status is not None and status.is_recording:
            raise DeviceError("a recording is under way already", path=status.folder)
        self._feed.record(options)

    def stop_recording(self) -> RecorderStatus:
        """Finish the recording and keep the findings beside it. Raises DeviceError when there is none."""
        recorder = self._feed.recorder
        if recorder is None:
            raise DeviceError("nothing is being recorded")
        status = recorder.status
        return recorder.finish(self._feed.findings(status.first_position)) if status.is_recording else status

    def _stop_injecting(self) -> None:
        injector, self._injector = self._injector, None
        if injector is not None:
            injector.close()

    def _transit_s(self) -> float:
        trip_s = self._client.round_trip_s
        return 0.0 if math.isnan(trip_s) else trip_s / 2
