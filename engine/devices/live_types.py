"""What a live session tells: plain frozen data. Positions are samples of the session's ring."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.devices.latency import LatencySummary
from engine.devices.protocol import Results, Source


@dataclass(frozen=True)
class StreamOptions:
    """What to ask of a board.

    None stands for the board's first rate, all its leads, samples of 16 bits if it sends such, its sensor (a
    recording on emulated boards), and all models that follow a stream; 0 samples a frame for short frames
    (`start_request.short_frame`).
    """

    rate_hz: int | None = None
    n_leads: int | None = None
    sample_bits: int | None = None
    samples_per_frame: int = 0
    source: Source | None = None
    model_ids: tuple[int, ...] | None = None
    results: Results = Results.TENSOR


@dataclass(frozen=True)
class BoardResult:
    """What a model on the board made of the window [start, stop) of the ring.

    output: its raw tensor, or None when the board sent only hashes. classes: the class of each output step (one
    for a whole window), None where not known. equal: whether the host's run of the same model on the same samples
    gave the same bytes; None while that is not known, and then `why` says why not.
    """

    start: int
    stop: int
    model_id: int
    model: str
    latency_us: int
    instructions: int  # 0: not counted
    input_hash: int
    output_hash: int
    output: NDArray[np.int8] | None = None
    classes: NDArray[np.uint8] | None = None
    equal: bool | None = None
    host_classes: NDArray[np.uint8] | None = None
    why: str = ""


@dataclass(frozen=True)
class Disagreement:
    """A stretch in which board and host say different classes."""

    start: int
    stop: int
    model_id: int
    board_class: int
    host_class: int


@dataclass(frozen=True)
class LiveEvent:
    """Something that happened at a sample: the board's events, marks, and where the stream broke and went on."""

    position: int
    kind: str  # "boot", "button", "mark", "lead_off", "lead_on", "source", "sensor_fault", "overflow", "segment"
    text: str = ""
    value: int = 0


@dataclass(frozen=True)
class ModelFigures:
    """One model on the board."""

    model_id: int
    model: str
    windows: int
    skipped: int
    inferences_per_s: float
    last_us: int
    worst_us: int
    instructions: int  # of the last window; 0: not counted
    compared: int
    equal: int
    why: str = ""  # the last window is not compared, where it is not


@dataclass(frozen=True)
class BoardFigures:
    """The board's last STATS; NaN and -1 where it does not know."""

    device_time_s: float = math.nan
    samples_dropped: int = 0
    worst_gap_ms: float = math.nan
    sensor_errors: int = 0
    queue_high_bytes: int = 0
    cpu_share: float = math.nan
    battery_percent: int = -1
    frames_bad: int = 0  # damaged frames that the board received
    source: Source = Source.SENSOR
    model_mask: int = 0
    lead_off_mask: int = 0


@dataclass(frozen=True)
class LiveStatistics:
    """A session in figures, as of now.

    frames: good ones. frames_bad: refused ones. frames_lost: missing by their sequence, refused ones among them.
    samples: received. samples_lost: proved missing by the sample index. samples_unknown: gaps between segments, by
    the host's clock. latency: from the moment a sample was due until it was in the ring, above the fastest frame
    seen plus half the shortest round trip. drift_ppm: how much faster the board samples than it says, by the
    host's clock; None while too little was seen.
    """

    elapsed_s: float = 0.0
    samples: int = 0
    samples_lost: int = 0
    samples_repeated: int = 0
    samples_unknown: int = 0
    gaps: int = 0
    segments: int = 0
    frames: int = 0
    frames_bad: int = 0
    frames_lost: int = 0
    bytes_received: int = 0
    reconnections: int = 0
    latency: LatencySummary = field(default_factory=LatencySummary)
    worst_frame_gap_ms: float = math.nan
    drift_ppm: float | None = None
    round_trip_ms: float = math.nan
    windows: int = 0
    windows_compared: int = 0
    windows_equal: int = 0
    models: tuple[ModelFigures, ...] = ()
    board: BoardFigures = field(default_factory=BoardFigures)

    @property
    def frames_whole(self) -> float:
        """Share of the frames sent that came undamaged."""
        return self.frames / max(1, self.frames + self.frames_lost)


@dataclass(frozen=True)
class RateAlert:
    """The heart rate is outside its limits: a remark on a screen, not an alarm."""

    position: int
    kind: str  # "low" or "high"
    rate_per_min: float
    limit_per_min: float
