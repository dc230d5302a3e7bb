"""The simulated board behind a port: a TCP socket on this computer, or a pty where there are ptys."""

from __future__ import annotations

import os
import queue
import selectors
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.devices.fault_plan import SingleFault
from engine.devices.faults import DeviceError
from engine.devices.protocol import VERSION, EventKind
from engine.devices.simulator.board import SimulatedBoard
from engine.devices.simulator.cable import Cable, Faults
from engine.devices.simulator.models import BoardModel
from engine.devices.simulator.signals import TWELVE_LEADS, Recording, built_in_recordings
from engine.runtime.zoo import zoo_names

USUAL_MODELS = ("seg-4-lg", "rhythm-4", "den-sm", "beat-aami")  # those of the built-in firmware
TICK_S = 0.01
_READ_BYTES = 1 << 14
_AT_ONCE_BYTES = 4096


class Simulator:
    """A board that exists in this program only; use it once, as a context manager or with `start` and `close`.

    Parameters
    ----------
    recordings: what the source REPLAY plays; by default the samples that come with the program.
    models: built-in models by name, or model folders or files, by model id; by default
        those that firmware has built in.
    leads: names of the board's leads.
    port: "tcp" (url socket://127.0.0.1:...) or "pty" (url: a path that survives `unplug`).
    faults: what is wrong from the beginning. later: what happens once, in order of time after the first START.
    version: the protocol version it speaks; another one shows what happens when host and firmware do not fit.

    `faults` may be set at any time, for instance `simulator.faults = Faults(corrupt=1e-4)`.
    """

    def __init__(
        self,
        *,
        recordings: Iterable[Recording] | None = None,
        models: Sequence[str | Path] | None = None,
        leads: tuple[str, ...] = TWELVE_LEADS,
        faults: Faults | None = None,
        later: Sequence[SingleFault] = (),
        port: str = "tcp",
        seed: int = 0,
        version: int = VERSION,
    ) -> None:
        if port == "pty" and not hasattr(os, "openpty"):
            raise DeviceError("this system has no ptys", hint='use port="tcp"')
        wanted = [name for name in USUAL_MODELS if name in zoo_names()] if models is None else models
        self._board = SimulatedBoard(
            built_in_recordings() if recordings is None else recordings,
            {number: BoardModel.open(number, model) for number, model in enumerate(wanted)},
            leads=leads,
            seed=seed,
            version=version,
        )
        self._cable = Cable(seed)
        self.faults = faults or Faults()
        self._later = deque(later)
        self._began_s: float | None = None  # streaming, for the first time
        self.url = ""
        self._door: _Door = _TcpDoor() if port == "tcp" else _PtyDoor()
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._unplugged_until_s: float | None = None

    def start(self) -> str:
        """Begin to listen; the URL to open."""
        if self._thread is None:
            self.url = self._door.open()
            self._thread = threading.Thread(target=self._run, name="simulated board", daemon=True)
            self._thread.start()
        return self.url

    def close(self) -> None:
        """End; harmless when repeated."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def streaming(self) -> bool:
        """True between START and STOP."""
        return self._board.streaming

    # -- faults that happen once

    def stall(self, seconds: float) -> None:
        """Let nothing through for so long; the board goes on sampling."""
        self._orders.put(lambda: self._cable.stall(time.monotonic() + seconds))

    def unplug(self, seconds: float) -> None:
        """Pull the cable; it is plugged in again after so long, at the same URL."""
        self._orders.put(lambda: self._pull(time.monotonic() + seconds))

    def reset(self) -> None:
        """The board starts again, in the middle of a frame."""
        self._orders.put(self._restart)

    def press_button(self) -> None:
        """The board's button."""
        self._orders.put(lambda: self._board.event(EventKind.BUTTON))

    def set_lead_off(self, mask: int) -> None:
        """Leads without contact from now on, bit 0 = first lead."""
        self._orders.put(lambda: self._board.set_lead_off(mask))

    # -- its thread

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn()
        finally:
            self._door.close()

    def _turn(self) -> None:
        now_s = time.monotonic()
        self._order_what_is_due(now_s)
        while not self._orders.empty():
            self._orders.get()()
        if self._unplugged_until_s is not None and now_s >= self._unplugged_until_s:
            with suppress(OSError):  # someone else took the port meanwhile: again at the next turn
                self._door.open()
                self._unplugged_until_s = None
        self._cable.faults = self.faults
        self._board.drift_ppm = self.faults.drift_ppm
        self._board.advance(now_s)
        if self._door.connected:
            if self._cable.has_room and not self._door.blocked:
                self._cable.send(self._board.take_frames(_AT_ONCE_BYTES), now_s)
            self._door.write(self._cable.receive(now_s))
        else:
            self._board.forget_frames()
        if self._unplugged_until_s is not None:
            self._closing.wait(TICK_S)
        else:
            self._board.receive(self._cable.damage(self._door.read(TICK_S)))

    def _order_what_is_due(self, now_s: float) -> None:
        if self._began_s is None and self._board.streaming:
            self._began_s = now_s
        while self._began_s is not None and self._later and now_s >= self._began_s + self._later[0].at_s:
            fault = self._later.popleft()
            if fault.kind == "stall":
                self.stall(fault.lasts_s)
            elif fault.kind == "unplug":
                self.unplug(fault.lasts_s)
            else:
                self.reset()

    def _pull(self, until_s: float) -> None:
        self._unplugged_until_s = until_s
        self._door.withdraw()
        self._cable.clear()

    def _restart(self) -> None:
        self._board.reset()
        self._cable.cut()


class _Door:
    """One port; at most one host at a time. Nothing blocks but `read`, and that only as long as it is told."""

    connected = False

    def __init__(self) -> None:
        self._unsent = b""

    @property
    def blocked(self) -> bool:
        """True while the host does not take what was written."""
        return bool(self._unsent)

    def open(self) -> str:
        """Offer the port; its URL, the same every time."""
        raise NotImplementedError

    def withdraw(self) -> None:
        """Take the port away from whoever uses it; it may be opened again."""
        raise NotImplementedError

    def close(self) -> None:
        """Withdraw the port for good."""
        self.withdraw()

    def read(self, timeout_s: float) -> bytes:
        """What the host sent, as soon as there is something."""
        raise NotImplementedError

    def _push(self, data: bytes) -> int:
        """Write without waiting; the number of bytes taken."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Send as much as the host takes; the rest goes first next time."""
        self._unsent += data
        if self._unsent:
            with suppress(BlockingIOError):
                self._unsent = self._unsent[self._push(self._unsent) :]


class _TcpDoor(_Door):
    def __init__(self) -> None:
        super().__init__()
        self._address = ("127.0.0.1", 0)
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None

    def open(self) -> str:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._address)
        listener.listen(1)
        listener.setblocking(False)
        self._address = listener.getsockname()
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        return f"socket://{self._address[0]}:{self._address[1]}"

    def withdraw(self) -> None:
        self._hang_up()
        if self._listener is not None:
            self._selector.close()
            self._listener.close()
            self._listener = None

    def read(self, timeout_s: float) -> bytes:
        data = b""
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._welcome()
            elif self._host is not None:
                try:
                    data = self._host.recv(_READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                if not data:
                    self._hang_up()
        return data

    def _push(self, data: bytes) -> int:
        if self._host is None:
            return len(data)
        try:
            return self._host.send(data)
        except BlockingIOError:
            raise
        except OSError:
            self._hang_up()
            return len(data)

    def _welcome(self) -> None:
        if self._listener is None:
            return
        try:
            host, _ = self._listener.accept()
        except OSError:
            return  # gone again before it was let in
        self._hang_up()  # a new host takes the place of one that may have vanished
        host.setblocking(False)
        host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(host, selectors.EVENT_READ)
        self._host, self.connected = host, True

    def _hang_up(self) -> None:
        if self._host is not None:
            self._selector.unregister(self._host)
            self._host.close()
        self._host, self.connected, self._unsent = None, False, b""


class _PtyDoor(_Door):
    """A pty; the URL is a link to it, so that it stays the same when the pty is another one after `unplug`."""

    connected = False

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="heartkit-board-")
        self._link = Path(self._folder.name) / "port"
        self._ours = self._theirs = -1

    def open(self) -> str:
        import tty

        self._ours, self._theirs = os.openpty()  # ours keeps theirs open, so that hosts may come and go
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ours, selectors.EVENT_READ)
        self._link.symlink_to(os.ttyname(self._theirs))
        self.connected = True
        return str(self._link)

    def close(self) -> None:
        self.withdraw()
        self._folder.cleanup()

    def withdraw(self) -> None:
        if self._ours >= 0:
            self._selector.close()
            os.close(self._ours)
            os.close(self._theirs)
            self._ours = self._theirs = -1
            self._link.unlink(missing_ok=True)
        self.connected, self._unsent = False, b""

    def read(self, timeout_s: float) -> bytes:
        if not self._selector.select(timeout_s):
            return b""
        with suppress(BlockingIOError):
            return os.read(self._ours, _READ_BYTES)
        return b""

    def _push(self, data: bytes) -> int:
        return os.write(self._ours, data)
