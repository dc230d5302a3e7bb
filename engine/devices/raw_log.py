"""Recordings of the bytes themselves: what came over the link and when, to be played back through the same door.

A file is the line "HKWRAW 1", a line of JSON (`RawHeader`), then chunks: f64 seconds on the host's clock, u32
length, bytes; all little-endian. A file that ends in the middle of a chunk is good up to there.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.devices.faults import DeviceError
from engine.devices.protocol import DeviceInfo, InfoError, Start

SUFFIX = ".hkraw"
MAGIC = b"HKWRAW 1\n"
_CHUNK = struct.Struct("<dI")
_LONGEST_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 16
_LONGEST_SILENCE_S = 86_400.0


@dataclass(frozen=True)
class RawHeader:
    """What is needed to understand the bytes. `from_start`: they hold the beginning of the stream."""

    info: DeviceInfo
    start: Start
    began: str  # local time, ISO 8601
    from_start: bool
    part: int = 1

    def encode(self) -> bytes:
        """The first lines of a file."""
        document = {
            "info": json.loads(self.info.to_json()),
            "start": self.start.pack().hex(),
            **{key: value for key, value in asdict(self).items() if key in ("began", "from_start", "part")},
        }
        return MAGIC + json.dumps(document).encode() + b"\n"


class RawLogWriter:
    """Appends chunks to a new file."""

    def __init__(self, path: Path, header: RawHeader) -> None:
        self.path = path
        self.size = 0
        self._file: BinaryIO = path.open("xb", buffering=0)
        self._held = bytearray(header.encode())

    def append(self, data: bytes, arrived_s: float) -> None:
        """Add what came at a time; it is written by `flush`."""
        self._held += _CHUNK.pack(arrived_s, len(data)) + data

    def flush(self, *, durable: bool) -> None:
        """Write what is held; `durable`: down to the disk. Raises OSError, and then keeps only whole chunks."""
        try:
            write_all(self._file, self._held, self.size)
        finally:
            self.size = self._file.tell()
        self._held.clear()
        if durable:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def write_all(file: BinaryIO, data: bytes | bytearray, at: int) -> None:
    """Append to an unbuffered file of size `at`; after an OSError the file is as long as before."""
    view = memoryview(data)
    try:
        while view:
            view = view[file.write(view) :]
    except OSError:
        view.release()
        file.truncate(at)
        file.seek(at)
        raise


class RawLog:
    """A recording to be read: all parts that lie beside the one named, in order."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.header = _read_header(self.path)[0]
        self.parts = _parts(self.path)

    def chunks(self) -> Iterator[tuple[float, bytes]]:
        """(seconds on the clock of then, bytes), in order; ends where a file is cut or damaged."""
        earliest_s, latest_s = 0.0, math.inf
        for part in self.parts:
            try:
                _, at = _read_header(part)
            except DeviceError:  # a part that had only just been begun when its program was killed
                return
            with part.open("rb") as file:
                file.seek(at)
                while len(head := file.read(_CHUNK.size)) == _CHUNK.size:
                    arrived_s, length = _CHUNK.unpack(head)
                    if length > _LONGEST_CHUNK or not earliest_s <= arrived_s < latest_s:
                        return
                    data = file.read(length)
                    if len(data) < length:
                        break
                    earliest_s, latest_s = arrived_s, arrived_s + _LONGEST_SILENCE_S
                    yield arrived_s, data


def part_path(folder: Path, name: str, part: int) -> Path:
    """Where part 1, 2, ... of a recording goes."""
    return folder / f"{name}_{part:04d}{SUFFIX}"


def _parts(path: Path) -> list[Path]:
    stem, _, number = path.stem.rpartition("_")
    if not stem or not number.isdigit():
        return [path]
    found = [path]
    while (following := part_path(path.parent, stem, int(number) + len(found))).is_file():
        found.append(following)
    return found


def _read_header(path: Path) -> tuple[RawHeader, int]:
    """Header and where the chunks begin; DeviceError for anything that is no recording of ours."""
    try:
        with path.open("rb") as file:
            head = file.read(_LONGEST_HEADER)
    except OSError as error:
        raise DeviceError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=path) from None
    end = head.find(b"\n", len(MAGIC))
    if not head.startswith(MAGIC) or end < 0:
        raise DeviceError("is no recording of a live stream, or lacks its beginning", path=path)
    try:
        told: dict[str, Any] = json.loads(head[len(MAGIC) : end])
        header = RawHeader(
            info=DeviceInfo.from_json(json.dumps(told["info"]).encode()),
            start=Start.unpack(bytes.fromhex(told["start"])),
            began=str(told["began"]),
            from_start=bool(told["from_start"]),
            part=int(told["part"]),
        )
    except (InfoError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = error.fault if isinstance(error, InfoError) else error
        raise DeviceError(f"its header is damaged ({why})", path=path) from None
    return header, end + 1
