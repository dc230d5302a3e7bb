"""Writing WFDB: exact for integer sources, finely quantised for others, atomic, bounded."""

from __future__ import annotations

import tracemalloc
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Cancelled, EngineError, RecordError
from engine.records.annotations import Annotations
from engine.records.record import ArrayRecord, Bool, Int32, Lead, Patient, Record, RecordInfo
from engine.records.wfdb_annotations import read_wfdb_annotations
from engine.records.wfdb_formats import FORMATS
from engine.records.wfdb_record import WfdbRecord, open_wfdb
from engine.records.wfdb_write import finest_grid, write_wfdb


def info(n_leads: int, n: int, **more) -> RecordInfo:
    leads = more.pop("leads", tuple(Lead(f"L{i}") for i in range(n_leads)))
    return RecordInfo("src", Path("src.csv"), "test", more.pop("fs", 250.0), n, leads, **more)


class IntegerRecord(Record):
    """Integers in memory, as an EDF file would give them."""

    def __init__(self, adu: np.ndarray, valid: np.ndarray | None = None, **lead) -> None:
        facts = {"adu_per_unit": 200.0, "baseline_adu": 1024} | lead
        super().__init__(info(0, adu.shape[1], leads=tuple(Lead(f"L{i}", **facts) for i in range(len(adu)))))
        self.adu = adu
        self.valid = np.ones(adu.shape, bool) if valid is None else valid

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        return self.adu[list(leads), start:stop].astype(np.int32)

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[np.ndarray, Bool]:
        lead = self.leads[0]
        valid = self.valid[list(leads), start:stop]
        values = (self._read_adu(start, stop, leads).astype(np.float64) - lead.baseline_adu) / lead.adu_per_unit
        return np.where(valid, values, 0).astype(np.float32), valid


def assert_same_signal(a: Record, b: Record) -> None:
    first, second = a.read(), b.read()
    assert np.array_equal(first.valid, second.valid)
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(a.read_adu()[first.valid], b.read_adu()[first.valid])
    assert (a.fs, a.leads, a.info.start_time, a.info.comments) == (
        b.fs,
        b.leads,
        b.info.start_time,
        b.info.comments,
    )


def assert_wfdb_agrees(header: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    theirs = wfdb.rdrecord(str(header.with_suffix("")), physical=False)
    assert np.array_equal(theirs.d_signal.T, open_wfdb(header).read_adu())
    assert [(a - b) % 65536 for a, b in zip(theirs.checksum, theirs.calc_checksum(), strict=True)] == [
        0
    ] * theirs.n_sig


@pytest.mark.parametrize(
    "name", ["03700181", "100_3chan", "a103l", "binformats", "cu01", "flacformats", "p10143", "s0010_re", "v102s"]
)
def test_copies_of_every_format_are_exact(dataset, tmp_path: Path, name: str) -> None:
    record = open_wfdb(dataset("file_formats") / "wfdb" / name)
    header = write_wfdb(record, tmp_path, "copy")
    copy = open_wfdb(header)
    assert_same_signal(record, copy)
    assert copy.info.notices == ()
    assert copy.verify() == ()
    assert_wfdb_agrees(header)


def test_a_copy_keeps_the_source_s_format_and_annotations(dataset, tmp_path: Path) -> None:
    source = dataset("mitdb") / "208"
    record, marks = open_wfdb(source), read_wfdb_annotations(source)
    copy = open_wfdb(write_wfdb(record, tmp_path, "r208", annotations=marks))
    assert copy.info.format == record.info.format == "WFDB 212"
    assert_same_signal(record, copy)
    assert (tmp_path / "r208.dat").read_bytes() == (source.with_suffix(".dat")).read_bytes()
    assert (tmp_path / "r208.atr").read_bytes() == (source.with_suffix(".atr")).read_bytes()


@pytest.mark.parametrize("code", [c for c in FORMATS if c != "8"])
def test_integers_and_gaps_survive_every_format(tmp_path: Path, code: str) -> None:
    form = FORMATS[code]
    rng = np.random.default_rng(5)
    adu = rng.integers(form.low, form.high, (3, 1000), endpoint=True)
    adu[:, :2] = [form.low, form.high]
    valid = rng.random(adu.shape) > 0.1
    record = IntegerRecord(adu, valid, adu_per_unit=123.456, baseline_adu=-7)
    header = write_wfdb(record, tmp_path, "out", fmt=code)
    copy = open_wfdb(header)
    assert_same_signal(record, copy)
    assert_wfdb_agrees(header)


def test_format_8_is_written_where_steps_allow(tmp_path: Path) -> None:
    adu = np.cumsum(np.random.default_rng(2).integers(-128, 128, (2, 5000)), axis=1)
    record = IntegerRecord(adu)
    header = write_wfdb(record, tmp_path, "out", fmt="8")
    assert_same_signal(record, open_wfdb(header))
    assert_wfdb_agrees(header)
    with pytest.raises(RecordError, match="moves by 200 at once"):
        write_wfdb(IntegerRecord(np.array([[0, 200]])), tmp_path, "steep", fmt="8")
    with pytest.raises(RecordError, match="missing samples"):
        write_wfdb(IntegerRecord(np.array([[0, 1]]), np.array([[True, False]])), tmp_path, "gap", fmt="8")


@pytest.mark.parametrize("code", ["16", "212", "8", "311"])
def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr("engine.records.wfdb_write.BLOCK_SAMPLES", 60)
    record = IntegerRecord(np.cumsum(np.random.default_rng(2).integers(-9, 10, (3, 1001)), axis=1))
    assert_same_signal(record, open_wfdb(write_wfdb(record, tmp_path, "out", fmt=code)))


def test_the_format_widens_by_itself_or_the_sample_is_named(tmp_path: Path) -> None:
    record = IntegerRecord(np.array([[0, 40_000, -32_768]]))
    assert open_wfdb(write_wfdb(record, tmp_path, "wide")).info.format == "WFDB 24"
    with pytest.raises(RecordError, match="lead L0 holds 40,000, which format 16 cannot store"):
        write_wfdb(record, tmp_path, "narrow", fmt="16")
    # -32768 is a sample here, but the code for a missing one in format 16.
    with pytest.raises(RecordError, match="holds -32,768"):
        write_wfdb(IntegerRecord(np.array([[-32_768]])), tmp_path, "narrow", fmt="16")
    with pytest.raises(RecordError, match="format 99"):
        write_wfdb(record, tmp_path, "odd", fmt="99")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["wide.dat", "wide.hea"]


def test_whole_microvolts_stay_exact_and_others_are_near(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = np.stack([rng.integers(-5000, 5000, 4000) / 1000, rng.normal(0, 1, 4000)]).astype(np.float32)
    valid = rng.random(values.shape) > 0.05
    copy = open_wfdb(write_wfdb(ArrayRecord(info(2, 4000), values, valid), tmp_path, "out"))
    block = copy.read()
    assert np.array_equal(block.valid, valid)
    assert np.array_equal(block.values[0][valid[0]], values[0][valid[0]])
    gain = copy.leads[1].adu_per_unit
    assert gain is not None
    assert gain >= 1000
    assert np.abs(block.values[1] - values[1])[valid[1]].max() <= 0.5 / gain + 1e-6


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.sampled_from(["16", "212", "310", "24", "32", "80"]))
@settings(max_examples=200)
def test_the_grid_holds_the_range_and_is_fine(low: float, span: float, code: str) -> None:
    form = FORMATS[code]
    high = low + span
    gain, baseline = finest_grid(low, high, form)
    stored = np.rint(np.array([low, high]) * gain) + baseline
    assert (stored >= form.low).all()
    assert (stored <= form.high).all()
    if baseline:
        assert gain * span > 0.3 * min(form.high, gain * 1e300) or gain * max(abs(low), abs(high)) > 2**21
    else:
        assert gain * max(abs(low), abs(high)) > 0.39 * min(form.high, 2**24)


def test_a_signal_far_from_zero_gets_a_baseline(tmp_path: Path) -> None:
    values = (300 + np.sin(np.arange(1000) / 9))[None].astype(np.float32)
    copy = open_wfdb(write_wfdb(ArrayRecord(info(1, 1000), values), tmp_path, "out"))
    assert np.abs(copy.read().values - values).max() < 1e-4


def test_constant_and_empty_leads(tmp_path: Path) -> None:
    values = np.zeros((2, 10), np.float32)
    valid = np.array([[True] * 10, [False] * 10])
    block = open_wfdb(write_wfdb(ArrayRecord(info(2, 10), values, valid), tmp_path, "out")).read()
    assert np.array_equal(block.valid, valid)
    assert not block.values.any()


def test_part_of_a_record_with_its_marks_and_start(tmp_path: Path) -> None:
    values = np.arange(3000, dtype=np.float32).reshape(3, 1000) / 1000
    began = datetime(2001, 2, 3, 23, 59, 59, 500000)
    facts = {"start_time": began, "patient": Patient(id="secret", name="N. N.", age="61", sex="F")}
    record = ArrayRecord(info(3, 1000, comments=("kept",), **facts), values)
    marks = Annotations(np.array([99, 100, 250, 499, 500]), ("N", "V", "+", "A", "N"), 250.0)
    fine = Annotations(np.array([990, 1003, 4990]), ("(", ")", "p"), 2500.0, name="fine")
    header = write_wfdb(record, tmp_path, "part", start=100, stop=500, leads=[2, 0], annotations=[marks, fine])
    copy = open_wfdb(header)
    assert [lead.name for lead in copy.leads] == ["L2", "L0"]
    assert np.array_equal(copy.read().values, values[[2, 0], 100:500])
    assert copy.info.start_time == datetime(2001, 2, 3, 23, 59, 59, 900000)
    assert copy.info.comments == ("kept", "Age: 61", "Sex: F")
    assert (copy.info.patient.age, copy.info.patient.sex) == ("61", "F")
    assert b"secret" not in header.read_bytes()
    assert b"N. N." not in header.read_bytes()
    moved = read_wfdb_annotations(copy)
    assert (moved.sample.tolist(), moved.symbol) == ([0, 150, 399], ("V", "+", "A"))
    finer = read_wfdb_annotations(copy, "fine")
    assert (finer.sample.tolist(), finer.fs) == ([3, 3990], 2500.0)


def test_comments_and_names_cannot_break_the_header(tmp_path: Path) -> None:
    leads = (Lead("a\nrec.dat 16"), Lead("p", unit="mm Hg"), Lead("# 7"))
    record = ArrayRecord(
        info(3, 5, leads=leads, comments=("one\ntwo", "", " # three ")), np.ones((3, 5), np.float32)
    )
    copy = open_wfdb(write_wfdb(record, tmp_path, "out"))
    assert [lead.name for lead in copy.leads] == ["a rec.dat 16", "p", "# 7"]
    assert copy.leads[1].unit == "mm_Hg"
    assert copy.info.comments == ("one", "two", "# three")


def test_an_uncalibrated_signal_stays_so(dataset, tmp_path: Path) -> None:
    record = open_wfdb(dataset("nstdb") / "ma")
    copy = open_wfdb(write_wfdb(record, tmp_path, "out", stop=1000))
    assert any("Not calibrated" in n for n in copy.info.notices)


def test_nothing_is_overwritten_unasked_and_the_source_never(tmp_path: Path) -> None:
    record = IntegerRecord(np.arange(10)[None])
    header = write_wfdb(record, tmp_path, "rec")
    with pytest.raises(RecordError, match="already exists"):
        write_wfdb(record, tmp_path, "rec")
    other = IntegerRecord(np.arange(20)[None])
    assert open_wfdb(write_wfdb(other, tmp_path, "rec", overwrite=True)).n_samples == 20
    before = header.read_bytes()
    with pytest.raises(RecordError, match="never changed"):
        write_wfdb(open_wfdb(header), tmp_path, "rec", overwrite=True)
    assert header.read_bytes() == before


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "a.b", "ä"])
def test_names_are_checked(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match="record name"):
        write_wfdb(IntegerRecord(np.arange(10)[None]), tmp_path, name)


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    record = IntegerRecord(np.arange(10)[None])
    with pytest.raises(EngineError, match="256 bytes"):
        write_wfdb(record, tmp_path, "rec", annotations=Annotations(np.array([1]), ("N",), 250.0, aux=("x" * 256,)))

    def stop(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_wfdb(record, tmp_path, "rec", progress=stop)
    with pytest.raises(RecordError, match="nothing to write"):
        write_wfdb(record, tmp_path, "rec", start=5, stop=5)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecordError, match="no such file or directory"):
        write_wfdb(record, tmp_path / "none", "rec")


def test_memory_is_bounded(tmp_path: Path) -> None:
    class Long(IntegerRecord):
        def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
            return np.zeros((len(leads), stop - start), np.int32) + 5

        def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[np.ndarray, Bool]:
            shape = (len(leads), stop - start)
            return np.zeros(shape, np.float32), np.ones(shape, bool)

    record = Long(np.broadcast_to(np.int32(5), (4, 4_000_000)))
    tracemalloc.start()
    try:
        header = write_wfdb(record, tmp_path, "long", fmt="212")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(open_wfdb(header), WfdbRecord)
    assert (tmp_path / "long.dat").stat().st_size == 24_000_000
    assert peak < 60_000_000
