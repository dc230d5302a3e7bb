"""The host's own analysis of a live stream: the one that files go through, fed from the ring by its own thread.

The thread reads what has come since it last looked, so that the reader of the port never waits for it. Should it
fall behind by more than the ring holds, the samples it missed count as missing, as they do in the ring.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.analysis.criteria import Criteria
from engine.analysis.stages import Stages
from engine.analysis.streaming import StreamingAnalysis
from engine.analysis.types import Analysis
from engine.devices.memory import give_back_memory
from engine.devices.ring import Ring
from engine.devices.transports import now_s
from engine.errors import EngineError

CHUNK_S = 0.25  # samples are taken by at least this much, to spare the processor
MOST_CHUNK_S = 30.0
SNAPSHOT_EVERY_S = 1.0
SNAPSHOT_SHARE = 0.1  # of the time at most goes into snapshots, which grow with the stream


class HostAnalysis:
    """Analysis of one lead of a ring from sample `first` on."""

    def __init__(
        self,
        ring: Ring,
        lead: int,
        *,
        name: str = "live",
        stages: Stages | None = None,
        criteria: Criteria | None = None,
        news: Callable[[Analysis], None] | None = None,
    ) -> None:
        self.lead = lead
        self.latest: Analysis | None = None  # of samples [0, latest.n_samples)
        self.fault = ""
        self.done = 0  # samples taken
        self._ring = ring
        self._news = news
        self._make = lambda: StreamingAnalysis(
            ring.rate_hz, record=name, lead=ring.lead_names[lead], criteria=criteria, stages=stages
        )
        self._abandoned = False
        self._stopping = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live analysis", daemon=True)
        self._thread.start()

    def finish(self, timeout_s: float = 60.0) -> Analysis | None:
        """Take what is left in the ring and end; the analysis of all of it, or None after a fault."""
        self._stopping.set()
        with self._ring.arrived:
            self._ring.arrived.notify_all()
        self._finished.wait(timeout_s)
        return None if self.fault else self.latest

    def wait_progress(self, timeout_s: float) -> None:
        """Give the analysis time to catch up."""
        self._finished.wait(timeout_s)

    def abandon(self) -> None:
        """End without a result."""
        self._abandoned = True
        self._stopping.set()

    def _run(self) -> None:
        try:
            self._follow(self._make())
        except EngineError as error:
            self.fault = str(error)
        except BaseException as error:
            self.fault = f"the analysis failed: {error!r}"
            raise
        finally:
            self._finished.set()

    def _follow(self, stream: StreamingAnalysis) -> None:
        chunk = max(1, round(CHUNK_S * self._ring.rate_hz))
        snapshot_at_s = now_s() + SNAPSHOT_EVERY_S
        while not self._stopping.is_set():
            self._ring.wait(self.done + chunk - 1, 0.2)
            if self._ring.head - self.done < chunk:
                continue
            self._take(stream, self._ring.head)
            began_s = now_s()
            if began_s >= snapshot_at_s:
                self._publish(stream.snapshot())
                give_back_memory()
                took_s = now_s() - began_s
                snapshot_at_s = now_s() + max(SNAPSHOT_EVERY_S, took_s / SNAPSHOT_SHARE)
        if not self._abandoned:
            self._take(stream, self._ring.head)
            self._publish(stream.finish())

    def _take(self, stream: StreamingAnalysis, until: int) -> None:
        step = max(1, round(MOST_CHUNK_S * self._ring.rate_hz))
        while self.done < until:
            stop = min(self.done + step, until)
            values, valid = self._ring.read(self.done, stop, [self.lead])
            stream.push(values[0], valid[0])
            self.done = stop

    def _publish(self, analysis: Analysis) -> None:
        self.latest = analysis
        if self._news is not None:
            self._news(analysis)
