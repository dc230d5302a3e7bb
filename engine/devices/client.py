"""The connection to one board: opening, handshake, requests and answers, and coming back after a fault.

One thread reads; everything it finds goes to a `Listener` on that thread, which must not take long. Requests may
come from any thread.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from engine.devices.answers import Answers
from engine.devices.faults import (
    DeviceError,
    LinkLostError,
    NoAnswerError,
    RecordingEndedError,
    RefusedError,
    VersionError,
)
from engine.devices.hearing import GARBAGE_FRAMES, Hearing
from engine.devices.link_state import LinkState, LinkStatus
from engine.devices.protocol import (
    FLUSH,
    Ack,
    BadFrame,
    DeviceInfo,
    Event,
    EventKind,
    Frame,
    FrameDecoder,
    Hello,
    Info,
    Message,
    Samples,
    SetModels,
    Start,
    Status,
    Stop,
    encode,
)
from engine.devices.transports import Transport, now_s
from engine.errors import EngineError

HELLO_TRIES = 3
HELLO_S = 0.3
REQUEST_TRIES = 3
REQUEST_S = 0.7
POLL_S = 0.05
ROUND_TRIPS = 3
STALLED_AFTER_S = 1.0
PROBE_EVERY_S = 1.0
SILENT_S = 5.0  # without a single byte, while samples should come: the port is opened anew
CONTINUES_S = 0.3  # a board that kept streaming while the cable was out is heard within this time
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0


class Listener(Protocol):
    """What a client tells, always on its reader thread."""

    def link_changed(self, status: LinkStatus) -> None:
        """The state or its reason changed."""

    def board_described(self, info: DeviceInfo) -> None:
        """A board said what it is; again after every reconnection."""

    def stream_started(self, start: Start, arrived_s: float) -> None:
        """The board counts from sample 0 with the next SAMPLES."""

    def frame_arrived(self, frame: Frame, arrived_s: float) -> None:
        """A good frame."""

    def frame_refused(self, bad: BadFrame) -> None:
        """A damaged frame."""

    def bytes_arrived(self, data: bytes, arrived_s: float) -> None:
        """The bytes as they came, before anything is made of them."""


class BoardClient:
    """A connection that heals itself: after a fault it comes back, and streams again if it did before."""

    def __init__(
        self,
        port: str,
        listener: Listener,
        opener: Callable[[], Transport],
        *,
        not_understood: Callable[[], bool] | None = None,
    ) -> None:
        self.port = port
        self.info: DeviceInfo | None = None
        self._listener = listener
        self._opener = opener
        # Told when a port opens but nobody speaks our protocol there; True: opened anew it is something else.
        self._not_understood = not_understood
        self._cannot_open = ""
        self._status = LinkStatus(LinkState.CLOSED)
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._transport: Transport | None = None
        self._writing = threading.Lock()
        self._sequence = 0
        self._decoder = FrameDecoder()
        self._heard = Hearing()
        self._answers = Answers()
        self._wanted: Start | None = None
        self._was_connected = False
        self._rebooted = False
        self._described_at_stall = 0
        self._samples_at_s = self._bytes_at_s = self._probed_at_s = 0.0
        self._expected_since_s = 0.0  # when samples came last, or were asked for
        self.reconnections = 0
        self.retry_at_s: float | None = None  # when the port is opened again (`now_s`); None while it is open
        self.round_trip_s = math.nan  # the shortest from request to answer

    @property
    def status(self) -> LinkStatus:
        """State, reason and since when."""
        return self._status

    def open(self) -> None:
        """Begin; returns at once. Follow `status`, or use `wait_connected`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"board {self.port}", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop streaming, release the port and end the thread."""
        if self._thread is None:
            return
        if self._status.state.is_connected and self._wanted is not None:
            with suppress(DeviceError):
                self.request(Stop(), tries=1, timeout_s=0.3)
        self._closing.set()
        self._thread.join(timeout=10)
        self._thread = None

    def wait_connected(self, timeout_s: float) -> DeviceInfo:
        """What the board is, as soon as it answered.

        Raises DeviceError with the reason when it did not in time; at once when the port cannot be opened, or the
        firmware speaks another version. The client goes on trying.
        """

        def is_settled() -> bool:
            state = self._status.state
            is_hopeless = state is LinkState.LOST and bool(self._cannot_open)
            return state.is_connected or state is LinkState.WRONG_VERSION or is_hopeless

        with self._changed:
            self._changed.wait_for(is_settled, timeout_s)
            status, info = self._status, self.info
        if status.state.is_connected and info is not None:
            return info
        if status.state is LinkState.WRONG_VERSION:
            raise VersionError(status.reason)
        raise NoAnswerError(status.reason or f"{self.port}: no board answered within {timeout_s:g} s")

    def start(self, start: Start) -> None:
        """Stream, now and again after every reconnection, until `stop`. Raises DeviceError when refused."""
        self._expected_since_s = now_s()
        self._wanted = start
        if self._status.state.is_connected:
            try:
                self._begin(start)
            except DeviceError:
                self._wanted = None
                raise

    def remember(self, **changes: Any) -> None:
        """Change what is asked for after a reconnection, where something is asked for."""
        if self._wanted is not None:
            self._wanted = replace(self._wanted, **changes)

    def stop(self) -> None:
        """Stop streaming."""
        self._wanted = None
        if self._status.state.is_connected:
            self.request(Stop())

    def request(self, message: Message, *, tries: int = REQUEST_TRIES, timeout_s: float = REQUEST_S) -> Ack:
        """Send and wait for the ACK. Raises RefusedError, or NoAnswerError when none comes."""
        what = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(message).__name__).upper()
        for _ in range(tries):
            sent_s = now_s()
            sequence = self.send(message)
            ack = self._await_ack(sequence, timeout_s)
            if ack is None:
                continue
            self.round_trip_s = float(np.fmin(self.round_trip_s, now_s() - sent_s))
            if ack.status != Status.OK:
                raise RefusedError(f"the board refused {what}: {ack.detail or _said(ack.status)}", value=ack.value)
            return ack
        raise NoAnswerError(f"{self.port}: the board does not answer {what}")

    def send(self, message: Message) -> int:
        """Send without waiting; the frame's sequence. Raises LinkLostError."""
        with self._writing:
            transport, sequence = self._transport, self._sequence
            if transport is None:
                raise LinkLostError(f"{self.port} is not connected")
            self._sequence = (sequence + 1) & 0xFFFF
            self._answers.expect(sequence, message.TYPE)
            transport.write(encode(message, sequence))
        return sequence

    def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something the reader thread finds makes `condition` true; may run on that thread itself."""
        if threading.current_thread() is not self._thread:
            with self._changed:
                return self._changed.wait_for(condition, timeout_s)
        until = now_s() + timeout_s
        while not condition():
            left = until - now_s()
            if left <= 0 or self._closing.is_set():
                return condition()
            self._pump(min(left, POLL_S))
        return True

    # -- the reader thread

    def _run(self) -> None:
        try:
            self._stay_connected()
        except BaseException as error:  # a fault of ours must not look like a stream that goes on
            self._tell(LinkState.LOST, f"the program failed: {error!r}")
            raise

    def _stay_connected(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                self._connect()
                pause_s = FIRST_PAUSE_S
                self._serve()
            except RecordingEndedError as error:
                self._release()
                self._tell(LinkState.CLOSED, str(error))
                return
            except VersionError as error:
                self._tell(LinkState.WRONG_VERSION, str(error))
            except NoAnswerError as error:
                if self._not_understood is not None and self._not_understood():
                    pause_s = FIRST_PAUSE_S
                lost = LinkState.RECONNECTING if self._was_connected else LinkState.LOST
                self._tell(LinkState.GARBAGE if self._heard.is_garbage else lost, str(error))
            except EngineError as error:
                self._tell(LinkState.RECONNECTING if self._was_connected else LinkState.LOST, str(error))
            finally:
                self._release()
            self.retry_at_s = now_s() + pause_s
            self._closing.wait(pause_s)
            self.retry_at_s = None
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self._tell(LinkState.CLOSED, "")

    def _connect(self) -> None:
        """Open the port and find out who is there; a stream that was under way goes on."""
        if not self._status.state.is_fault:
            self._tell(LinkState.OPENING, self.port)
        transport = self._opened()
        self._decoder.reset()
        self._heard = Hearing()
        with self._writing:
            self._transport = transport
            self._sequence = 0
        if not self._status.state.is_fault:
            self._tell(LinkState.HANDSHAKE, self.port)
        self._handshake()
        resumed_s = now_s()
        self.reconnections += self._was_connected
        self._was_connected = True
        if self._wanted is not None and not self.wait_for(lambda: self._samples_at_s > resumed_s, CONTINUES_S):
            self._begin(self._wanted)
        self._rebooted = False
        self._tell(LinkState.READY if self._wanted is None else LinkState.STREAMING, "")

    def _opened(self) -> Transport:
        try:
            transport = self._opener()
        except EngineError as error:
            self._cannot_open = str(error)
            raise
        self._cannot_open = ""
        return transport

    def _handshake(self) -> None:
        """HELLO until INFO comes. Raises VersionError, NoAnswerError."""
        heard = self._heard
        before = heard.n_described
        for _ in range(HELLO_TRIES):
            with self._writing:
                if self._transport is not None:
                    self._transport.write(FLUSH)
            self.send(Hello())
            if self.wait_for(lambda: heard.n_described > before or heard.misfit is not None, HELLO_S):
                break
        if heard.n_described == before:
            raise heard.why_not(self.port)

    def _begin(self, start: Start) -> None:
        """Let the board stream from sample 0; its old samples are out of the way before."""
        if now_s() - self._samples_at_s < STALLED_AFTER_S:
            with suppress(NoAnswerError):
                self.request(Stop(), tries=2)
        self.request(start)
        self._expected_since_s = now_s()
        with suppress(DeviceError):
            for _ in range(ROUND_TRIPS):
                self.request(SetModels(model_mask=start.model_mask))  # changes nothing: it is timed

    def _serve(self) -> None:
        self._bytes_at_s = now_s()
        while not self._closing.is_set():
            self._pump(POLL_S)
            if self._heard.bad_in_row >= GARBAGE_FRAMES:
                raise self._heard.why_not(self.port)
            if self._rebooted:
                self._rebooted = False
                self._handshake()
                if self._wanted is not None:
                    self._begin(self._wanted)
            self._watch(now_s())

    def _watch(self, now: float) -> None:
        """Is what should come coming?"""
        state = self._status.state
        if self._wanted is None:
            if state is not LinkState.READY:
                self._tell(LinkState.READY, "")
            return
        silent_s = now - self._expected_since_s
        frame_s = self._wanted.samples_per_frame / self._wanted.rate_hz
        if silent_s < max(STALLED_AFTER_S, 3 * frame_s):
            asked_again = state is LinkState.STALLED and self._samples_at_s < self._status.since_s
            if state is not LinkState.STREAMING and not asked_again:
                self._tell(LinkState.STREAMING, "")
            return
        if state is not LinkState.STALLED:
            self._tell(LinkState.STALLED, f"no samples for {silent_s:.0f} s")
            self._probed_at_s, self._described_at_stall = now, self._heard.n_described
            with suppress(LinkLostError):
                self.send(Hello())
        elif now - self._probed_at_s >= PROBE_EVERY_S:
            self._probed_at_s = now
            if now - self._bytes_at_s > SILENT_S:
                raise LinkLostError(f"{self.port}: not a byte for {SILENT_S:g} s")
            if self._heard.n_described > self._described_at_stall and self._wanted is not None:
                self._described_at_stall = self._heard.n_described
                self._begin(self._wanted)  # it lives, but does not stream: it forgot, as after a reset
            else:
                self.send(Hello())

    def _pump(self, timeout_s: float) -> None:
        """Read once and hand on what came."""
        transport = self._transport
        if transport is None:
            raise LinkLostError(f"{self.port} is not connected")
        data = transport.read(timeout_s)
        if not data:
            return
        self._bytes_at_s = now_s()
        arrived_s = transport.clock_s()
        self._heard.n_bytes += len(data)
        self._listener.bytes_arrived(data, arrived_s)
        for found in self._decoder.feed(data):
            if isinstance(found, BadFrame):
                self._heard.bad(found)
                if self._heard.n_good:  # before that it is a frame which opening the port cut
                    self._listener.frame_refused(found)
            else:
                self._take(found, arrived_s)
        with self._changed:
            self._changed.notify_all()

    def _take(self, frame: Frame, arrived_s: float) -> None:
        self._heard.good()
        message = frame.message
        if isinstance(message, Samples):
            self._samples_at_s = self._expected_since_s = now_s()
        elif isinstance(message, Ack):
            self._answers.give(message)
            wanted = self._wanted
            if message.request == Start.TYPE and message.status == Status.OK and wanted is not None:
                self._listener.stream_started(wanted, arrived_s)
        elif isinstance(message, Info):
            info = self._heard.introduced(message)
            if info is not None:
                self.info = info
                self._listener.board_described(info)
        elif isinstance(message, Event) and message.kind == EventKind.BOOT:
            self._rebooted = True
        self._listener.frame_arrived(frame, arrived_s)

    def _await_ack(self, sequence: int, timeout_s: float) -> Ack | None:
        self.wait_for(lambda: self._answers.has(sequence), timeout_s)
        return self._answers.take(sequence)

    def _release(self) -> None:
        with self._writing:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _tell(self, state: LinkState, reason: str) -> None:
        if (state, reason) != (self._status.state, self._status.reason):
            with self._changed:
                self._status = LinkStatus(state, reason, now_s())
                self._changed.notify_all()
            self._listener.link_changed(self._status)


def _said(status: int) -> str:
    return Status(status).name.lower().replace("_", " ") if status in tuple(Status) else f"status {status}"
