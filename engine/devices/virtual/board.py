"""Starting a virtual board, or the next best one, saying so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from engine.devices.faults import DeviceError
from engine.devices.virtual.images import MACHINES, built_image, native_obstacle, native_program, qemu
from engine.devices.virtual.process import GUARDED, HOST, PortProcess, start_on_free_port
from engine.errors import EngineError

BOARDS = ("an547", "an386", "host", "simulator")
TITLES = {
    "an547": "the emulated Cortex-M55",
    "an386": "the emulated Cortex-M4",
    "host": "the native process",
    "simulator": "the simulator",
}
# An instruction takes 16 ns of the board's time, which then runs as fast as it can instead of at the clock's pace.
_COUNTING = ("-icount", "shift=4,sleep=off")
_ELF = b"\x7fELF"


class _Closes(Protocol):
    def close(self) -> None: ...


class VirtualBoard:
    """A running virtual board. Close it, or use it as a context manager; it ends with this program in any case.

    url: what to open as a port. board: which of `BOARDS` it is. note: why it is not the one asked for, or "".
    """

    def __init__(self, board: str, url: str, what: _Closes, note: str = "") -> None:
        self.board = board
        self.url = url
        self.note = note
        self._what = what

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._what.is_alive if isinstance(self._what, PortProcess) else True

    @property
    def complaint(self) -> str:
        """The last words of its process, for when it ended by itself."""
        return self._what.complaint() if isinstance(self._what, PortProcess) else ""

    @property
    def simulator(self) -> Any:
        """The `engine.devices.simulator.Simulator` behind it, whose faults can be set; None for real firmware."""
        return None if isinstance(self._what, PortProcess) else self._what

    def close(self) -> None:
        """End it; harmless when repeated."""
        self._what.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(
    board: str = "an547",
    *,
    image: Path | None = None,
    fallback: bool = True,
    count_instructions: bool = False,
    faults: Sequence[str] = (),
) -> VirtualBoard:
    """Start a virtual board, one of `BOARDS`.

    image: firmware other than the built-in one; then nothing else takes its place. fallback: where it cannot be,
    take the native process, and where that cannot be the simulator; `note` says so. count_instructions: an emulated
    board counts them exactly, but its clock then does not keep pace with ours: for inference on request, not for
    streaming. faults: of the simulator, in the words of `engine.devices.fault_plan`.
    Raises DeviceError for an unknown board, or without fallback where it cannot be started.
    """
    if board not in BOARDS:
        raise DeviceError(f'no virtual board "{board}"', hint=f"choose one of {', '.join(BOARDS)}")
    if image is not None:
        _check_image(board, image)
    if board == "simulator":
        return _simulate(faults)
    if faults:
        raise DeviceError("only the simulator has faults to choose", hint="start the board simulator")
    ways: dict[str, Callable[[], VirtualBoard]] = {
        board: lambda: _begin(board, image, count_instructions),
    }
    fallback = fallback and image is None
    if fallback:
        ways.setdefault("host", lambda: _begin("host", None, False))
        ways["simulator"] = _simulate
    reasons = []
    for name, begin in ways.items():
        try:
            started = begin()
        except EngineError as error:
            if not fallback:
                raise
            reasons.append(f"{TITLES[name]} cannot be started: {error}")
            continue
        if reasons:
            started.note = f"This is {TITLES[name]}; " + "; ".join(reasons)
        return started
    raise DeviceError("; ".join(reasons))


def availability() -> list[tuple[str, str, str]]:
    """Each of `BOARDS`: name, title, and what keeps it from starting here ("" where nothing does)."""
    return [(board, TITLES[board], _obstacle(board)) for board in BOARDS]


def _obstacle(board: str) -> str:
    try:
        if board in MACHINES:
            qemu()
            built_image(board)
        elif board == "host":
            native_obstacle()
    except EngineError as error:
        return str(error)
    return ""


def _check_image(board: str, image: Path) -> None:
    if board == "simulator":
        raise DeviceError("the simulator runs no firmware", hint="start another board with it")
    if not image.is_file():
        raise DeviceError("no such firmware image", path=image)
    if board in MACHINES:
        with image.open("rb") as file:
            if file.read(len(_ELF)) != _ELF:
                raise DeviceError("is no firmware image", path=image, hint=f"evb build --board {board} makes one")


def _simulate(faults: Sequence[str] = ()) -> VirtualBoard:
    from engine.devices.fault_plan import FaultPlan
    from engine.devices.simulator import Simulator

    plan = FaultPlan.parse(faults)
    simulator = Simulator(faults=plan.lasting, later=plan.single)
    return VirtualBoard("simulator", simulator.start(), simulator)


def _begin(board: str, image: Path | None, count_instructions: bool) -> VirtualBoard:
    if board == "host":
        program = str(image or native_program())
        watching = [] if GUARDED else ["--watch-parent"]
        started = start_on_free_port(lambda port: [program, "--port", str(port), *watching], TITLES[board])
    else:
        emulator, firmware = qemu(), image or built_image(board)
        extra = _COUNTING if count_instructions else ()
        started = start_on_free_port(
            lambda port: _emulation(emulator, MACHINES[board], firmware, port, extra), TITLES[board]
        )
    return VirtualBoard(board, f"socket://{HOST}:{started.port}", started)


def _emulation(emulator: str, machine: str, firmware: Path, port: int, extra: Sequence[str]) -> list[str]:
    serial = f"tcp:{HOST}:{port},server=on,wait=off,nodelay=on"
    command = [emulator, "-M", machine, "-kernel", str(firmware), "-serial", serial]
    return [*command, "-display", "none", "-monitor", "none", "-parallel", "none", *extra]
