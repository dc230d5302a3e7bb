"""Which boards are plugged in: ports known by their USB ids first, then whoever answers HELLO.

Opening a port can reset the board behind it (some take DTR for a reset line), so that ports which look like other
things are left alone unless asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from engine.devices.faults import DeviceError
from engine.devices.protocol import (
    FLUSH,
    VERSION,
    Assembler,
    BadFrame,
    BadReason,
    DeviceInfo,
    Frame,
    FrameDecoder,
    Hello,
    Info,
    encode,
)
from engine.devices.transports import DEFAULT_BAUD, Transport, now_s, open_port
from engine.errors import EngineError

HELLO_TRIES = 3
HELLO_S = 0.3
# neuralSPOT and NSX firmware; 0xCAFE is TinyUSB's example vendor, so that the product string must fit as well.
TINYUSB_VENDOR = 0xCAFE
KNOWN_PRODUCTS = {0x4011: "neuralSPOT", 0x4001: "neuralSPOT, serial only", 0x0001: "NSX"}
PRODUCT_WORDS = ("heartkit", "ambiq", "apollo", "neuralspot", "nsx", "evb")
_MOST_AT_ONCE = 8


@dataclass(frozen=True)
class PortEntry:
    """A port of this computer. `usb`: vendor and product id, None for ports that are not USB."""

    port: str
    description: str = ""
    usb: tuple[int, int] | None = None
    product: str = ""
    serial_number: str = ""

    @property
    def is_known(self) -> bool:
        """True for the USB ids and product names of boards that firmware of ours runs on."""
        if self.usb is None:
            return False
        vendor, product = self.usb
        words = self.product.lower()
        named = any(word in words for word in PRODUCT_WORDS)
        return named if vendor != TINYUSB_VENDOR else product in KNOWN_PRODUCTS and (named or not words)


@dataclass(frozen=True)
class Candidate:
    """A port that was looked at. `info`: the board, where one answered; `why`: one sentence on what was found."""

    entry: PortEntry
    why: str
    info: DeviceInfo | None = None
    asked: bool = False

    @property
    def port(self) -> str:
        """What to open."""
        return self.entry.port


Opener = Callable[[str], Transport]


def list_ports() -> tuple[PortEntry, ...]:
    """The serial ports of this computer, known boards first."""
    from serial.tools import list_ports as pyserial_ports

    entries = [
        PortEntry(
            port=found.device,
            description=found.description if found.description != "n/a" else "",
            usb=(found.vid, found.pid) if found.vid is not None and found.pid is not None else None,
            product=found.product or "",
            serial_number=found.serial_number or "",
        )
        for found in pyserial_ports.comports()
    ]
    return tuple(sorted(entries, key=lambda e: (not e.is_known, e.usb is None, e.port)))


def discover(
    ports: Sequence[PortEntry] | None = None,
    *,
    everywhere: bool = False,
    extra: Iterable[str] = (),
    opener: Opener | None = None,
) -> tuple[Candidate, ...]:
    """All ports with what was found there; those with a board first.

    Known boards are asked first; other USB ports only where none of them answers, and ports that are not USB only
    with `everywhere`. `extra` ports (URLs, ptys) are always asked.
    """
    entries = list_ports() if ports is None else tuple(ports)
    ask = opener or (lambda port: open_port(port, baud=DEFAULT_BAUD))
    extras = [PortEntry(port, "named by the user") for port in extra]
    first = [*extras, *(e for e in entries if e.is_known)]
    found = _ask_all(first, ask)
    others = [e for e in entries if not e.is_known]
    usb = [e for e in others if e.usb is not None or everywhere]
    if everywhere or not any(c.info for c in found):
        found += _ask_all(usb, ask)
        found += [Candidate(e, "not a USB port; not asked") for e in others if e not in usb]
    else:
        found += [Candidate(e, "another device; not asked, as a board answered elsewhere") for e in others]
    return tuple(sorted(found, key=lambda c: c.info is None))


def only_board(candidates: Sequence[Candidate] | None = None) -> str:
    """The port of the one board there is. Raises DeviceError when there is none, or more than one."""
    found = discover() if candidates is None else candidates
    boards = [c for c in found if c.info is not None]
    if len(boards) == 1:
        return boards[0].port
    if boards:
        names = ", ".join(f"{c.port} ({c.info.board})" for c in boards if c.info is not None)
        raise DeviceError(f"{len(boards)} boards are connected: {names}", hint="choose one with --port")
    looked = "; ".join(f"{c.port}: {c.why}" for c in found) or "this computer has no serial ports"
    raise DeviceError(f"no board was found ({looked})", hint="plug one in, or start a virtual one with --board")


def probe(port: str, opener: Opener) -> Candidate:
    """Open a port and ask who is there; never raises for what a port may do."""
    entry = PortEntry(port)
    try:
        transport = opener(port)
    except EngineError as error:
        return Candidate(entry, str(error), asked=True)
    try:
        return _asked(entry, transport)
    except EngineError as error:
        return Candidate(entry, str(error), asked=True)
    finally:
        transport.close()


def _asked(entry: PortEntry, transport: Transport) -> Candidate:
    decoder, assembler = FrameDecoder(), Assembler()
    heard = 0
    for attempt in range(HELLO_TRIES):
        transport.write(FLUSH + encode(Hello(), attempt))
        until_s = now_s() + HELLO_S
        while (left_s := until_s - now_s()) > 0:
            data = transport.read(left_s)
            heard += len(data)
            for frame in decoder.feed(data):
                if isinstance(frame, BadFrame) and frame.reason is BadReason.VERSION:
                    return Candidate(entry, frame.detail, asked=True)
                if isinstance(frame, Frame) and isinstance(frame.message, Info):
                    document = assembler.add(frame.message)
                    if document is not None:
                        return _described(entry, DeviceInfo.from_json(document))
    if heard:
        return Candidate(entry, f"{heard:,} bytes came, but nothing in our protocol", asked=True)
    return Candidate(entry, "nobody answers", asked=True)


def _described(entry: PortEntry, info: DeviceInfo) -> Candidate:
    first, last = info.protocol
    if not first <= VERSION <= last:
        return Candidate(entry, f"{info.board} speaks protocol {first} to {last}, not {VERSION}", asked=True)
    return Candidate(entry, f"{info.board}, {info.firmware}", info, asked=True)


def _ask_all(entries: Sequence[PortEntry], opener: Opener) -> list[Candidate]:
    if not entries:
        return []
    with ThreadPoolExecutor(min(len(entries), _MOST_AT_ONCE)) as pool:
        found = pool.map(lambda entry: replace(probe(entry.port, opener), entry=entry), entries)
        return list(found)
