"""Recording a live stream: the samples as a WFDB record, the bytes as they came, and the marks.

Everything goes into the folder NAME.part, which becomes NAME when the recording is finished; until then it can be
read up to the last flush, and after a crash `recover` finishes it. A thread of its own writes, so that a slow disk
never holds up the stream; a full disk ends the recording, keeps what it holds, and lets the stream go on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from engine.devices.faults import DeviceError
from engine.devices.live_types import LiveEvent
from engine.devices.raw_log import RawHeader, RawLogWriter, part_path
from engine.devices.recording_claim import CLAIM, RecordingClaim, is_claimed
from engine.devices.recording_wfdb import Ints, WfdbRecording
from engine.devices.stream_intake import StreamShape
from engine.devices.transports import now_s
from engine.errors import EngineError, disk_is_full
from engine.records import Annotations, open_record, write_edf, write_wfdb_annotations

PART = ".part"
MARKS = "event"  # annotator of what happened during the recording
MOST_WAITING_BYTES = 64 << 20
_RESERVE_BYTES = 1 << 16  # given back when the disk is full, so that headers can still be written


@dataclass(frozen=True)
class RecorderOptions:
    """Where and how. `name`: date and time by default. `durable`: every flush goes down to the disk."""

    folder: Path
    name: str = ""
    flush_every_s: float = 1.0
    durable: bool = True
    split_bytes: int = 1 << 30
    raw: bool = True
    edf: bool = False  # also as EDF+ when finished
    before_s: float = 0.0  # of what the ring holds from before


@dataclass(frozen=True)
class RecorderStatus:
    """How far a recording is. `first_position`: the sample of the ring that is its sample 0."""

    is_recording: bool
    folder: Path
    name: str
    first_position: int
    n_samples: int = 0
    seconds: float = 0.0
    size_bytes: int = 0
    n_segments: int = 1
    samples_dropped: int = 0  # left out, as missing, because the disk could not keep up
    fault: str = ""

    @property
    def header_path(self) -> Path:
        """The WFDB record."""
        return self.folder / f"{self.name}.hea"

    @property
    def raw_path(self) -> Path:
        """The first file of bytes."""
        return part_path(self.folder, self.name, 1)


class Recorder:
    """One recording under way. `samples`, `raw` and `event` come from the reader thread and return at once.

    `held_s`: how long ago its first sample came.
    """

    def __init__(
        self,
        options: RecorderOptions,
        shape: StreamShape,
        header: RawHeader,
        first_position: int,
        *,
        held_s: float = 0.0,
    ) -> None:
        now = datetime.now()
        name = options.name or _free_name(options.folder, f"live-{now:%Y%m%d-%H%M%S}")
        self._options, self._shape, self._header = options, shape, header
        self._final = options.folder / name
        folder = _part(self._final)
        self._status = RecorderStatus(True, folder, name, first_position)
        self._queue: queue.SimpleQueue[tuple[str, Any, Any]] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._dropped = 0  # samples; counted by the reader thread
        self._lock = threading.Lock()
        self._events: list[LiveEvent] = []
        self._raw: RawLogWriter | None = None
        self._claim: RecordingClaim | None = None
        try:
            if self._final.exists() or folder.exists():
                raise DeviceError("a recording of this name exists already", path=self._final)
            folder.mkdir(parents=True)
            self._claim = RecordingClaim(folder)
            began = now - timedelta(seconds=held_s)
            self._wfdb = WfdbRecording(folder, name, shape, split_bytes=options.split_bytes, began=began)
            self._wfdb.begin()
            if options.raw:
                self._raw = RawLogWriter(part_path(folder, name, 1), header)
            self._reserve = folder / ".reserve"
            self._reserve.write_bytes(b"\xff" * _RESERVE_BYTES)
        except OSError as error:
            self._release()
            raise _no_recording(options.folder, error) from None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def status(self) -> RecorderStatus:
        """How far it is."""
        return replace(self._status, samples_dropped=self._dropped)

    def samples(self, position: int, codes: Ints) -> None:
        """Codes [leads, n] from a position of the ring on; what lies before and did not come is a gap."""
        if not self._status.is_recording:
            return
        if self._has_room(codes.nbytes):
            self._queue.put(("samples", position, codes))
        else:
            self._dropped += codes.shape[1]

    def raw(self, data: bytes, arrived_s: float) -> None:
        """Bytes as they came."""
        if self._options.raw and self._status.is_recording and self._has_room(len(data)):
            self._queue.put(("raw", arrived_s, data))

    def event(self, event: LiveEvent) -> None:
        """A mark."""
        self._queue.put(("event", event, None))

    def finish(self, findings: Iterable[Annotations] = ()) -> RecorderStatus:
        """End the recording; `findings` count in its own samples and are kept beside it."""
        self._queue.put(("end", tuple(findings), None))
        self._thread.join()
        return self.status

    def _has_room(self, n_bytes: int) -> bool:
        """Take room in the queue; there is none while a disk hangs."""
        with self._lock:
            has_room = self._waiting_bytes + n_bytes <= MOST_WAITING_BYTES
            self._waiting_bytes += n_bytes if has_room else 0
        return has_room

    def _give_room(self, n_bytes: int) -> None:
        with self._lock:
            self._waiting_bytes -= n_bytes

    # -- the writer thread

    def _run(self) -> None:
        findings: tuple[Annotations, ...] = ()
        fault = ""
        try:
            findings = self._write_until_end()
        except (OSError, EngineError) as error:
            fault = self._ended_early(_why(error) if isinstance(error, OSError) else error.fault)
        except Exception as error:  # whatever it is, what was written is kept and the user is told
            fault = self._ended_early(f"the program failed: {error!r}")
        self._complete(findings, fault)

    def _write_until_end(self) -> tuple[Annotations, ...]:
        flush_at_s = now_s() + self._options.flush_every_s
        while True:
            with suppress(queue.Empty):
                what, first, second = self._queue.get(timeout=max(0.01, flush_at_s - now_s()))
                if what == "end":
                    self._flush()
                    return tuple(first)
                if what == "samples":
                    self._append(first, second)
                elif what == "raw" and self._raw is not None:
                    self._give_room(len(second))
                    self._raw.append(second, first)
                elif what == "event":
                    self._events.append(first)
                    self._write_events()
            if now_s() >= flush_at_s:
                self._flush()
                flush_at_s = now_s() + self._options.flush_every_s

    def _append(self, position: int, codes: Ints) -> None:
        self._give_room(codes.nbytes)
        at = position - self._status.first_position
        self._wfdb.append_gap(at - self._wfdb.n_samples)
        self._wfdb.append(codes)

    def _flush(self) -> None:
        self._wfdb.flush(durable=self._options.durable)
        if self._raw is not None:
            self._raw.flush(durable=self._options.durable)
            if self._raw.size >= self._options.split_bytes:
                self._raw.close()
                header = replace(self._header, part=self._header.part + 1, from_start=False)
                self._header = header
                path = part_path(self._status.folder, self._status.name, header.part)
                self._raw = RawLogWriter(path, header)
        n_samples = self._wfdb.n_samples
        self._status = replace(
            self._status,
            n_samples=n_samples,
            seconds=n_samples / self._shape.rate_hz,
            size_bytes=n_samples * len(self._shape.leads) * self._shape.bits // 8,
            n_segments=self._wfdb.n_segments,
        )

    def _ended_early(self, why: str) -> str:
        self._reserve.unlink(missing_ok=True)
        kept = self._wfdb.n_samples / self._shape.rate_hz
        with suppress(OSError):
            self._wfdb.flush(durable=True)
        return f"recording ended: {why}; the {kept:.0f} s until then are kept"

    def _complete(self, findings: tuple[Annotations, ...], fault: str) -> None:
        """Finished headers, marks and the final name, as far as the disk allows."""
        n_samples = self._wfdb.n_samples
        fault = fault or ("" if n_samples else "nothing was recorded: no samples came")
        status = replace(self._status, n_samples=n_samples, fault=fault)
        self._wfdb.close()
        if self._raw is not None:
            self._raw.close()
        self._release()
        try:
            self._reserve.unlink(missing_ok=True)
            if status.n_samples:
                self._wfdb.write_headers(final=True)
                self._write_events()
                for found in findings:
                    write_wfdb_annotations(found, status.folder, status.name, overwrite=True)
            status.folder.rename(self._final)
            status = replace(status, folder=self._final)
            if self._options.edf and status.n_samples:
                with open_record(status.header_path) as record:
                    write_edf(record, status.folder / f"{status.name}.edf", annotations=list(findings))
        except (OSError, EngineError) as error:
            why = _why(error) if isinstance(error, OSError) else str(error)
            status = replace(status, fault=status.fault or f"recording could not be finished: {why}")
        seconds = status.n_samples / self._shape.rate_hz
        self._status = replace(status, seconds=seconds, is_recording=False)
        self._queue = queue.SimpleQueue()  # what waited is not needed any more

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.release()

    def _write_events(self) -> None:
        if self._events:
            marks = event_annotations(self._events, self._status.first_position, self._shape.rate_hz)
            write_wfdb_annotations(marks, self._status.folder, self._status.name, overwrite=True)


def event_annotations(events: Iterable[LiveEvent], first_position: int, rate_hz: float) -> Annotations:
    """Events as comments on a recording that begins at `first_position` of the ring."""
    rows = sorted((e.position - first_position, f"{e.kind}: {e.text}" if e.text else e.kind) for e in events)
    rows = [(max(0, sample), text[:200]) for sample, text in rows]
    return Annotations(
        sample=np.array([sample for sample, _ in rows], np.int64),
        symbol=('"',) * len(rows),
        fs=rate_hz,
        aux=tuple(text for _, text in rows),
        source="live session",
        name=MARKS,
    )


def _part(folder: Path) -> Path:
    """What a recording's folder is called until it is finished."""
    return folder.with_name(folder.name + PART)


def _free_name(folder: Path, name: str) -> str:
    """The name, or with a number where it is taken: two boards may begin in the same second."""
    names = (name, *(f"{name}-{number}" for number in range(2, 100)))
    return next((n for n in names if not (folder / n).exists() and not _part(folder / n).exists()), name)


def check_folder(options: RecorderOptions) -> None:
    """Raise DeviceError when nothing can be written there."""
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        probe = options.folder / f".probe{PART}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise _no_recording(options.folder, error) from None


def _no_recording(folder: Path, error: OSError) -> DeviceError:
    why = "it is no folder" if folder.exists() and not folder.is_dir() else _why(error)
    return DeviceError(f"{folder} cannot be recorded to: {why}")


def unfinished(folder: Path) -> tuple[Path, ...]:
    """Recordings in a folder that were not finished; `recording_claim.is_claimed` tells those under way."""
    return tuple(sorted(p for p in folder.glob(f"*{PART}") if p.is_dir()))


def recover(folder: Path) -> Path:
    """Finish a recording that was interrupted (its NAME.part folder); the WFDB header. Raises DeviceError."""
    name = folder.name.removesuffix(PART)
    header_path = folder / f"{name}.hea"
    target = folder.with_name(name)
    try:
        if is_claimed(folder):
            raise DeviceError("a running program is writing it", path=folder)
        if target.exists():
            raise DeviceError("cannot take its name back: that exists", path=folder)
        with open_record(header_path) as record:
            scale = record.leads[0].adu_per_unit or 1.0
            bits = record.leads[0].adc_bits or 16
            shape = StreamShape(record.fs, tuple(lead.name for lead in record.leads), scale, bits)
            began = record.info.start_time
        wfdb = WfdbRecording(folder, name, shape, split_bytes=1 << 62, began=began)
        wfdb.adopt()
        wfdb.write_headers(final=True)
        for left in (".reserve", CLAIM):
            (folder / left).unlink(missing_ok=True)
        folder.rename(target)
    except (OSError, EngineError) as error:
        why = _why(error) if isinstance(error, OSError) else str(error)
        raise DeviceError(f"the recording cannot be finished: {why}", path=folder) from None
    return target / f"{name}.hea"


def _why(error: OSError) -> str:
    if disk_is_full(error):
        return "the disk is full"
    return (error.strerror or str(error)).lower()
