from __future__ import annotations

import errno
import math
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from engine.devices import raw_log
from engine.devices.faults import DeviceError
from engine.devices.live_types import LiveEvent
from engine.devices.protocol import DeviceInfo, Start
from engine.devices.raw_log import RawHeader, RawLog
from engine.devices.recorder import Recorder, RecorderOptions, recover, unfinished
from engine.devices.recording_claim import is_claimed
from engine.devices.recording_wfdb import WfdbRecording
from engine.devices.ring import no_value
from engine.devices.stream_intake import StreamShape
from engine.records import open_record, read_annotations

SHAPE = StreamShape(250.0, ("I", "II"), 400.0, 16)
HEADER = RawHeader(
    DeviceInfo("f", "b", (1, 1), ("I", "II"), (250,), 2.5), Start(250, 3), "2026-01-01T00:00:00", True
)


def codes(start: int, stop: int, bits: int = 16) -> np.ndarray:
    index = np.arange(start, stop)
    return np.stack([index % 30011 - 15000, -(index % 29989)]).astype(np.int16 if bits == 16 else np.int32)


def recorder(folder: Path, shape: StreamShape = SHAPE, **options) -> Recorder:
    return Recorder(RecorderOptions(folder, name="r", durable=False, **options), shape, HEADER, 0)


def adu(path: Path) -> np.ndarray:
    with open_record(path) as record:
        return record.read_adu()


def wait_until(condition, timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


@pytest.mark.parametrize("bits", [16, 24])
def test_samples_are_written_as_they_came_and_gaps_as_gaps(tmp_path, bits):
    shape = StreamShape(249.5, ("I", "II"), 1234.5, bits)
    made = recorder(tmp_path, shape)
    made.samples(0, codes(0, 100, bits))
    made.samples(150, codes(150, 300, bits))
    made.event(LiveEvent(120, "mark", "ouch"))
    status = made.finish()
    assert (status.fault, status.n_samples, status.is_recording) == ("", 300, False)
    with open_record(status.header_path) as record:
        assert (record.fs, record.leads[0].adu_per_unit, record.info.notices) == (249.5, 1234.5, ())
        assert record.info.start_time is not None
        assert record.verify() == ()
        stored, valid = record.read_adu(), record.read().valid
        marks = next(iter(read_annotations(record)))
    assert np.array_equal(stored[:, :100], codes(0, 100)) and np.array_equal(stored[:, 150:], codes(150, 300))
    assert (stored[:, 100:150] == no_value(bits)).all() and not valid[:, 100:150].any()
    assert (marks.sample.tolist(), marks.aux) == ([120], ("mark: ouch",))


def test_recording_is_split_by_size_and_reads_as_one(tmp_path):
    made = recorder(tmp_path, split_bytes=4 * 100, flush_every_s=0.0)
    for start in range(0, 1000, 37):
        made.samples(start, codes(start, min(start + 37, 1000)))
        made.raw(bytes([start % 256]) * 100, start / 250)
    status = made.finish()
    assert status.fault == ""
    assert len(list(status.folder.glob("*.dat"))) == 10
    with open_record(status.header_path) as record:
        assert record.n_samples == 1000
        assert record.info.format == "WFDB multi-segment"
        assert record.verify() == ()
    assert np.array_equal(adu(status.header_path), codes(0, 1000))
    chunks = list(RawLog(status.raw_path).chunks())
    assert len(RawLog(status.raw_path).parts) > 1
    assert [data[0] for _, data in chunks] == [start % 256 for start in range(0, 1000, 37)]


def test_recording_under_way_can_be_read_up_to_the_last_flush(tmp_path):
    made = recorder(tmp_path, flush_every_s=0.0)
    made.samples(0, codes(0, 500))
    wait_until(lambda: made.status.n_samples == 500)
    part = tmp_path / "r.part"
    assert unfinished(tmp_path) == (part,)
    with open_record(part / "r.hea") as record:
        assert record.info.notices == ()
    assert np.array_equal(adu(part / "r.hea"), codes(0, 500))
    assert is_claimed(part)
    with pytest.raises(DeviceError, match="a running program is writing it"):
        recover(part)
    status = made.finish()
    assert unfinished(tmp_path) == ()
    assert not is_claimed(status.folder)
    assert not list(status.folder.glob(".*"))


KILLED = """
    import sys, time
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from test_recorder import codes, recorder
    made = recorder(Path({folder!r}), flush_every_s=0.01, split_bytes={split})
    for start in range(0, 10**9, 50):
        made.samples(start, codes(start, start + 50))
        made.raw(b"x" * 64, start / 250)
        print(made.status.n_samples, flush=True)
        time.sleep(0.002)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is for POSIX")
@pytest.mark.parametrize("split", [1 << 30, 4 * 300])
def test_killed_recording_is_readable_and_can_be_finished(tmp_path, split):
    script = textwrap.dedent(KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path), split=split))
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    flushed = 0
    assert child.stdout is not None
    for line in child.stdout:
        flushed = int(line)
        if flushed >= 1000:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (part,) = unfinished(tmp_path)
    assert not is_claimed(part)
    before = adu(part / "r.hea")
    assert before.shape[1] >= flushed
    with open_record(part / "r.hea") as record:
        began = record.info.start_time
    header = recover(part)
    assert header == tmp_path / "r" / "r.hea"
    after = adu(header)
    assert after.shape[1] >= before.shape[1]
    assert np.array_equal(after, codes(0, after.shape[1]))
    with open_record(header) as record:
        assert (record.info.notices, record.verify()) == ((), ())
        assert record.info.start_time == began is not None
    assert len(list(RawLog(header.parent / "r_0001.hkraw").chunks())) > 10
    with pytest.raises(DeviceError, match="cannot be finished"):
        recover(tmp_path / "nothing.part")


def test_recording_without_a_sample_says_so_in_the_end_and_after_a_kill(tmp_path):
    made = recorder(tmp_path)
    shutil.copytree(tmp_path / "r.part", tmp_path / "killed" / "r.part")
    assert made.finish().fault == "nothing was recorded: no samples came"
    with pytest.raises(DeviceError, match="hold no samples"):
        recover(tmp_path / "killed" / "r.part")


def test_recordings_of_two_boards_may_begin_in_the_same_second(tmp_path):
    made = [Recorder(RecorderOptions(tmp_path), SHAPE, HEADER, 0) for _ in range(3)]
    names = {recorder.finish().name for recorder in made}
    assert len(names) == 3


def test_recording_that_takes_older_samples_along_begins_when_they_came(tmp_path):
    before = datetime.now()
    made = Recorder(RecorderOptions(tmp_path), SHAPE, HEADER, 0, held_s=600.0)
    made.samples(0, codes(0, 10))
    with open_record(made.finish().header_path) as record:
        assert record.info.start_time is not None
        assert 599 < (before - record.info.start_time).total_seconds() < 601


def test_disk_that_hangs_takes_no_memory_without_bound(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.devices.recorder.MOST_WAITING_BYTES", 1000)
    hang = threading.Event()
    monkeypatch.setattr(WfdbRecording, "append", lambda self, codes: hang.wait(10))
    made = recorder(tmp_path)
    for start in range(0, 1000, 10):
        made.samples(start, codes(start, start + 10))
        made.raw(b"x" * 40, start / 250)
    assert made.status.samples_dropped > 500
    assert made._waiting_bytes <= 1000
    hang.set()
    made.finish()


def test_full_disk_ends_the_recording_and_keeps_what_it_holds(tmp_path, monkeypatch):
    room = 4 * 1000

    def limited(file, data, at):
        nonlocal room
        if len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        room -= len(data)
        raw_write(file, data, at)

    raw_write = raw_log.write_all
    monkeypatch.setattr("engine.devices.recording_wfdb.write_all", limited)
    made = recorder(tmp_path, raw=False)
    for start in range(0, 3000, 50):
        made.samples(start, codes(start, start + 50))
    wait_until(lambda: not made.status.is_recording)
    status = made.status
    assert "the disk is full; the 4 s until then are kept" in status.fault
    made.samples(3000, codes(3000, 3050))  # streaming goes on
    assert np.array_equal(adu(status.header_path), codes(0, 1000))
    assert made.finish().fault == status.fault


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE")
def test_write_that_a_full_disk_cuts_leaves_whole_samples(tmp_path):
    script = f"""
        import resource, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_recorder import codes, recorder
        made = recorder(Path({str(tmp_path)!r}), raw=False)
        resource.setrlimit(resource.RLIMIT_FSIZE, (70_001, 70_001))
        for start in range(0, 30_000, 1000):
            made.samples(start, codes(start, start + 1000))
        print(made.finish().fault)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "the disk is full" in done.stdout
    kept = adu(tmp_path / "r" / "r.hea")
    assert np.array_equal(kept, codes(0, 17_000))


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceError, match=r"file cannot be recorded to: it is no folder"):
        recorder(tmp_path / "file")
    recorder(tmp_path).finish()
    with pytest.raises(DeviceError, match="exists already"):
        recorder(tmp_path)


def test_raw_log_cut_in_a_chunk_is_good_up_to_there(tmp_path):
    log = raw_log.RawLogWriter(tmp_path / "a.hkraw", HEADER)
    for k in range(10):
        log.append(bytes([k]) * 10, float(k))
    log.flush(durable=True)
    log.close()
    data = (tmp_path / "a.hkraw").read_bytes()
    (tmp_path / "b.hkraw").write_bytes(data[:-3])
    again = RawLog(tmp_path / "b.hkraw")
    assert again.header == HEADER
    assert [(t, c[0]) for t, c in again.chunks()] == [(float(k), k) for k in range(9)]
    (tmp_path / "d_0001.hkraw").write_bytes(data)
    (tmp_path / "d_0002.hkraw").write_bytes(b"")  # killed when it had only just been begun
    assert len(list(RawLog(tmp_path / "d_0001.hkraw").chunks())) == 10
    (tmp_path / "c.hkraw").write_bytes(data[:40] + b"\n" + data[40:])
    with pytest.raises(DeviceError, match="header is damaged"):
        RawLog(tmp_path / "c.hkraw")


@pytest.mark.parametrize("wrong_s", [math.nan, math.inf, 1e300, -5.0, 3.0])
def test_raw_log_ends_where_its_clock_makes_no_sense(tmp_path, wrong_s):
    log = raw_log.RawLogWriter(tmp_path / "a.hkraw", HEADER)
    for arrived_s in (5.0, 5.0, 6.0, wrong_s, 7.0):
        log.append(b"x", arrived_s)
    log.flush(durable=False)
    log.close()
    assert [t for t, _ in RawLog(tmp_path / "a.hkraw").chunks()] == [5.0, 5.0, 6.0]
