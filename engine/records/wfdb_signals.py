"""Signal files of a WFDB record: frames of stored integers, read from where they lie.

A frame holds `samples_per_frame` samples of each signal of the file, one signal after the other. Frames and
samples that the file does not hold come back as the format's gap code.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.wfdb_files import ByteSource, file_size
from engine.records.wfdb_formats import FLAC_FORMATS, FORMATS, Ints, SignalFormat, decode

CHECKPOINT_FRAMES = 8192
FLAC_BLOCK = 1 << 18
FLAC_SMALLEST_BLOCK = 512
FLAC_MOST_PER_BYTE = 8192  # samples of a channel: a frame of 65,535 equal ones takes about ten bytes


class SignalFile(ABC):
    """One signal file. `frame_size` samples a frame; `n_frames` whole frames are present."""

    def __init__(self, form: SignalFormat, path: Path, samples_per_frame: Sequence[int]) -> None:
        self.form = form
        self.path = path
        self.samples_per_frame = tuple(samples_per_frame)
        self.frame_size = sum(samples_per_frame)
        self.n_samples = 0
        self.fault = ""  # damage that can be lived with, as the end of a sentence

    @property
    def n_frames(self) -> int:
        """Whole frames in the file."""
        return self.n_samples // self.frame_size

    def read(self, first: int, stop: int) -> Ints:
        """Frames [first, stop) as integers [frames, frame_size]; safe from several threads."""
        flat_stop = min(stop * self.frame_size, self.n_samples)
        flat_start = first * self.frame_size
        stored: Ints = np.empty(0, self.form.dtype)
        if flat_start < flat_stop:
            stored = self._read_flat(flat_start, flat_stop)
        wanted = (stop - first) * self.frame_size
        if len(stored) < wanted:
            padded = np.full(wanted, self.form.gap_code, self.form.dtype)
            padded[: len(stored)] = stored
            stored = padded
        return stored.reshape(stop - first, self.frame_size)

    @abstractmethod
    def _read_flat(self, start: int, stop: int) -> Ints:
        """Samples [start, stop), all of them within the file; `start` begins a frame."""

    @abstractmethod
    def close(self) -> None:
        """Release the file."""


class PlainFile(SignalFile):
    """Every format whose samples have a fixed place: 16, 24, 32, 61, 80, 160, 212, 310, 311."""

    def __init__(self, form: SignalFormat, path: Path, samples_per_frame: Sequence[int], byte_offset: int) -> None:
        super().__init__(form, path, samples_per_frame)
        self._source = ByteSource(path)
        self._offset = byte_offset
        self.n_samples = form.samples_in(self._source.size - byte_offset)

    def _read_flat(self, start: int, stop: int) -> Ints:
        group, size = self.form.group, self.form.group_bytes
        first = start // group
        data = self._source.read(self._offset + first * size, (-(-stop // group) - first) * size)
        return decode(self.form, data)[start - first * group : stop - first * group]

    def close(self) -> None:
        """Release the file."""
        self._source.close()


class DifferenceFile(PlainFile):
    """Format 8: each byte is the step from the signal's sample before.

    The sums up to every 8192nd frame are kept once they are known, so that a read starts at most that far back.
    """

    def __init__(
        self,
        form: SignalFormat,
        path: Path,
        samples_per_frame: Sequence[int],
        byte_offset: int,
        initial: Sequence[int],
    ) -> None:
        super().__init__(form, path, samples_per_frame, byte_offset)
        self._sums = [np.asarray(initial, np.int64)]
        self._growing = threading.Lock()
        self._edges = np.cumsum([0, *self.samples_per_frame])

    def _read_flat(self, start: int, stop: int) -> Ints:
        checkpoint = start // self.frame_size // CHECKPOINT_FRAMES
        base = self._sum_before(checkpoint)
        origin = checkpoint * CHECKPOINT_FRAMES * self.frame_size
        steps = super()._read_flat(origin, stop)
        short = -len(steps) % self.frame_size
        frames = np.concatenate([steps, np.zeros(short, np.int8)]).reshape(-1, self.frame_size)
        out = np.empty(frames.shape, np.int32)
        for i, (a, b) in enumerate(zip(self._edges, self._edges[1:], strict=False)):
            sums = frames[:, a:b].cumsum(dtype=np.int64) + base[i]
            out[:, a:b] = sums.astype(np.int32).reshape(-1, b - a)
        return out.reshape(-1)[start - origin : stop - origin]

    def _sum_before(self, checkpoint: int) -> NDArray[np.int64]:
        with self._growing:
            while len(self._sums) <= checkpoint:
                first = (len(self._sums) - 1) * CHECKPOINT_FRAMES * self.frame_size
                steps = super()._read_flat(first, first + CHECKPOINT_FRAMES * self.frame_size)
                whole = len(steps) // self.frame_size * self.frame_size  # all, unless the file was cut meanwhile
                totals = steps[:whole].reshape(-1, self.frame_size).sum(axis=0, dtype=np.int64)
                self._sums.append(self._sums[-1] + np.add.reduceat(totals, self._edges[:-1]))
            return self._sums[checkpoint]


class FlacFile(SignalFile):
    """Formats 508, 516 and 524: a FLAC stream with one channel a signal; the byte offset counts samples there.

    What cannot be decoded in a damaged stream is missing.
    """

    def __init__(self, form: SignalFormat, path: Path, samples_per_frame: Sequence[int], offset: int) -> None:
        super().__init__(form, path, samples_per_frame)
        import soundfile

        n_bytes = file_size(path)
        if len(set(self.samples_per_frame)) != 1:
            raise RecordError("is a FLAC file whose signals differ in samples per frame", path=path)
        self._library_errors = (soundfile.SoundFileError, OSError)
        self._open_stream = partial(soundfile.SoundFile, str(path))
        try:
            self._stream = self._open_stream()
        except self._library_errors as error:
            raise RecordError("is not a readable FLAC file", path=path) from error
        bits = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}.get(self._stream.subtype, 99)
        if self._stream.format != "FLAC" or bits > form.bits:
            raise RecordError(f"is not a FLAC file of at most {form.bits} bits", path=path)
        if self._stream.channels != len(self.samples_per_frame):
            held, described = self._stream.channels, len(self.samples_per_frame)
            raise RecordError(f"holds {held} channels but its header describes {described}", path=path)
        # The library hands 8 bits over as 16 and 24 as 32, both shifted up by eight.
        self._type, self._shift = ("int32", 8) if bits == 24 else ("int16", 8 if bits == 8 else 0)
        self._offset = offset
        self._lock = threading.Lock()
        self._is_closed = False
        length = min(max(0, self._stream.frames - offset), n_bytes * FLAC_MOST_PER_BYTE)
        self.n_samples = length * len(self.samples_per_frame)
        if length and not len(self._decoded(0, 1)):
            raise RecordError("is damaged: its FLAC stream cannot be decoded", path=path)
        if length and not len(self._decoded(length - 1, length)):
            self.fault = "ends early or is damaged; what cannot be decoded is shown as missing"

    def _read_flat(self, start: int, stop: int) -> Ints:
        channels, per_frame = len(self.samples_per_frame), self.samples_per_frame[0]
        with self._lock:
            if self._is_closed:
                raise RecordError("is closed", path=self.path)
            samples = self._decoded(start // channels, -(-stop // channels)) >> self._shift
        short = -len(samples) % per_frame
        if short:
            samples = np.concatenate([samples, np.full((short, channels), self.form.gap_code, samples.dtype)])
        frames = samples.reshape(-1, per_frame, channels).transpose(0, 2, 1)
        return frames.reshape(-1).astype(self.form.dtype, copy=False)

    def _decoded(self, first: int, last: int) -> Ints:
        """Samples [first, last) of every channel as the library gives them, up to where it fails."""
        parts = [np.empty((0, len(self.samples_per_frame)), self._type)]
        step = FLAC_BLOCK
        while first < last:
            try:
                self._stream.seek(first + self._offset)
                part = self._stream.read(min(last - first, step), dtype=self._type, always_2d=True)
            except self._library_errors:
                # A stream that failed once fails for good; a fresh one gets closer in smaller steps.
                self._stream.close()
                self._stream = self._open_stream()
                if step < FLAC_SMALLEST_BLOCK:
                    break
                step //= 8
                continue
            if not len(part):
                break
            parts.append(part)
            first += len(part)
        return np.concatenate(parts)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._is_closed = True
            self._stream.close()


def open_signal_file(
    code: str, path: Path, samples_per_frame: Sequence[int], byte_offset: int, initial: Sequence[int]
) -> SignalFile:
    """The reader for a format code; RecordError for an unknown one. `initial` serves format 8 alone."""
    if code in FLAC_FORMATS:
        return FlacFile(FLAC_FORMATS[code], path, samples_per_frame, byte_offset)
    if code not in FORMATS:
        raise RecordError(f"is in WFDB format {code}, which is not known", path=path)
    if code == "8":
        return DifferenceFile(FORMATS[code], path, samples_per_frame, byte_offset, initial)
    return PlainFile(FORMATS[code], path, samples_per_frame, byte_offset)
