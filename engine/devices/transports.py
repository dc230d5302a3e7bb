"""Ports as streams of bytes: serial ports (USB or pty), TCP. Faults come out as sentences with a cure."""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from engine.devices.faults import DeviceError, LinkLostError

DEFAULT_BAUD = 115_200  # USB ignores it; a real UART should run faster for many leads
CONNECT_S = 3.0
_READ_BYTES = 1 << 16
_WRITE_S = 2.0


class Transport(ABC):
    """An open port. One thread reads, one at a time writes."""

    def __init__(self, port: str) -> None:
        self.port = port

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """What has come, as soon as anything has; empty after the time. Raises LinkLostError."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send all of it. Raises LinkLostError, also when the other end takes nothing for two seconds."""

    @abstractmethod
    def close(self) -> None:
        """Release the port; harmless when repeated."""

    def clock_s(self) -> float:
        """The time at which what was read last arrived; the host's clock, except for recordings."""
        return now_s()


def open_port(port: str, *, baud: int = DEFAULT_BAUD, speed: float = 1.0) -> Transport:
    """Open a port: /dev/ttyACM0, COM3, a pty, socket://HOST:PORT; or what stands in for a board.

    The latter are a recording of bytes (`.hkraw`), played at `speed`, `lines:PORT` for boards that print numbers
    and `tileio:PORT` for those that speak Tileio. Raises DeviceError.
    """
    if not port:
        raise DeviceError("no port was named", hint="a serial port, a pty, or socket://HOST:PORT")
    if port.startswith("socket://"):
        return SocketTransport(port)
    if port.startswith("lines:"):
        from engine.devices.line_transport import LineTransport

        return LineTransport(port)
    if port.startswith("tileio:"):
        from engine.devices.tileio_transport import TileioTransport

        return TileioTransport(port)
    if port.startswith("erpc:"):
        raise DeviceError("HeartKit's eRPC does not stream", hint=f"heartkit-engine demo --port {port} runs models")
    if is_recording(port):
        from engine.devices.replay import ReplayTransport

        return ReplayTransport(port, speed=speed)
    return SerialTransport(port, baud)


def is_recording(port: str) -> bool:
    """True for the name of a recording of bytes."""
    return port.endswith(".hkraw")


class SocketTransport(Transport):
    """A TCP connection, as a virtual board or a serial server offers it."""

    def __init__(self, port: str) -> None:
        super().__init__(port)
        parts = urlsplit(port)
        try:
            address = (parts.hostname or "", parts.port or 0)
        except ValueError:
            address = ("", 0)
        if not all(address):
            raise DeviceError(f'"{port}" is no address', hint="socket://HOST:PORT")
        try:
            self._socket = socket.create_connection(address, CONNECT_S)
        except OSError as error:
            why = "nobody listens there" if error.errno == errno.ECONNREFUSED else _words(error)
            raise DeviceError(f"{port} cannot be reached: {why}", hint="is the virtual board running?") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(_WRITE_S)

    def read(self, timeout_s: float) -> bytes:
        """What has come."""
        try:
            if not select.select([self._socket], [], [], timeout_s)[0]:
                return b""
            data = self._socket.recv(_READ_BYTES)
        except (OSError, ValueError) as error:  # ValueError: closed by another thread
            raise LinkLostError(f"{self.port}: the connection broke ({_words(error)})") from None
        if not data:
            raise LinkLostError(f"{self.port}: the other end closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise LinkLostError(f"{self.port}: the connection broke ({_words(error)})") from None

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class SerialTransport(Transport):
    """A serial port, opened for us alone and with DTR on: boards with USB send nothing before."""

    def __init__(self, port: str, baud: int) -> None:
        super().__init__(port)
        import serial

        # pyserial reads some names as URLs of its own; only plain ports are meant here.
        if "://" in port:
            raise DeviceError(f'"{port}" is no port', hint="a serial port, a pty, or socket://HOST:PORT")
        exclusive = {} if os.name == "nt" else {"exclusive": True}
        try:
            # DTR is on from the start: it is how pyserial opens ports.
            self._serial = serial.Serial(port, baud, timeout=0, write_timeout=_WRITE_S, **exclusive)
        except (OSError, ValueError) as error:
            raise _cannot_open(port, error) from None

    def read(self, timeout_s: float) -> bytes:
        """What has come."""
        try:
            return self._read(timeout_s)
        except (OSError, TypeError, AttributeError, ValueError) as error:
            # pyserial's handle is None after another thread closed the port.
            raise LinkLostError(f"{self.port} is gone ({_words(error)})", hint="is the cable plugged in?") from None

    def _read(self, timeout_s: float) -> bytes:
        if os.name == "nt":
            if self._serial.timeout != timeout_s:
                self._serial.timeout = timeout_s
            data: bytes = self._serial.read(1)
            return data + self._serial.read(self._serial.in_waiting) if data else b""
        if not select.select([self._serial.fd], [], [], timeout_s)[0]:
            return b""
        data = os.read(self._serial.fd, _READ_BYTES)
        if not data:
            raise OSError(errno.EIO, "end of file")
        return data

    def write(self, data: bytes) -> None:
        """Send all of it."""
        import serial

        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise LinkLostError(f"{self.port} takes no data for {_WRITE_S:g} s") from None
        except (OSError, TypeError, AttributeError, ValueError) as error:
            raise LinkLostError(f"{self.port} is gone ({_words(error)})", hint="is the cable plugged in?") from None

    def close(self) -> None:
        """Release the port."""
        with suppress(OSError):
            self._serial.close()


def _cannot_open(port: str, error: Any) -> DeviceError:
    """What keeps a port from being opened, in words; pyserial hides the number in some texts only."""
    number, text = getattr(error, "errno", None), str(error).lower()
    if sys.platform == "win32" and ("access is denied" in text or "permissionerror" in text):
        number = errno.EBUSY  # there a port in use answers so
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "filenotfound" in text:
        return DeviceError(f"there is no port {port}", hint=f"plug the board in; {_ports_there_are()}")
    if number in (errno.EACCES, errno.EPERM):
        cure = "sudo usermod -aG dialout $USER and log in again, or a udev rule that grants access to the board"
        return DeviceError(f"{port} may not be opened by this user", hint=cure)
    if number in (errno.EBUSY, errno.EAGAIN) or "lock port" in text:
        return DeviceError(f"{port} is in use by another program", hint="close it there first")
    if number == errno.EISDIR or number == errno.ENOTTY or "inappropriate ioctl" in text:
        return DeviceError(f"{port} is no serial port")
    return DeviceError(f"{port} cannot be opened: {_words(error)}")


def _ports_there_are() -> str:
    from serial.tools.list_ports import comports

    names = ", ".join(sorted(found.device for found in comports()))
    return f"ports here: {names}" if names else "this computer has no serial ports"


def _words(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.lower().rstrip(".")


def now_s() -> float:
    """The host's clock for everything that is measured: monotonic, in seconds."""
    return time.monotonic()
