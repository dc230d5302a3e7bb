"""Writing EDF+ and BDF+: exact round trips, gaps, annotations, what does not fit, and files never half written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import Cancelled, RecordError
from engine.records import open_record, read_annotations, write_edf
from engine.records.annotations import Annotations
from engine.records.edf_record import open_edf
from engine.records.edf_scaling import scale_integers, shortest_text
from engine.records.edf_write import choose_grid
from engine.records.record import F32, ArrayRecord, Int32, Lead, Patient, Record, RecordInfo

Find = Callable[[str], Path]


def info(n: int, leads: tuple[Lead, ...], fs: float = 250.0, **more: object) -> RecordInfo:
    base = RecordInfo("rec", Path("/nowhere/rec"), "test", fs, n, leads)
    return replace(base, **more)


class Integers(Record):
    """A record of given stored integers; `gap` marks missing ones."""

    def __init__(self, adu: np.ndarray, valid: np.ndarray, leads: tuple[Lead, ...], fs: float = 250.0) -> None:
        super().__init__(info(adu.shape[1], leads, fs))
        self._adu, self._valid = adu, valid

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, np.ndarray]:
        rows = list(leads)
        gain = np.array([[self.leads[i].adu_per_unit] for i in rows])
        zero = np.array([[self.leads[i].baseline_adu] for i in rows])
        valid = self._valid[rows, start:stop]
        return np.where(valid, (self._adu[rows, start:stop] - zero) / gain, 0).astype(np.float32), valid

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        return self._adu[list(leads), start:stop].astype(np.int32)


def floats(values: np.ndarray, valid: np.ndarray | None = None, **more: object) -> ArrayRecord:
    leads = tuple(Lead(name) for name in ("II", "V1", "V2")[: len(values)])
    return ArrayRecord(info(values.shape[1], leads, **more), values.astype(np.float32), valid)


def assert_same(first: Record, second: Record) -> None:
    assert second.fs == first.fs
    assert second.n_samples == first.n_samples
    assert [x.name for x in second.leads] == [x.name for x in first.leads]
    a, b = first.read(), second.read()
    np.testing.assert_array_equal(b.valid, a.valid)
    np.testing.assert_array_equal(second.read_adu(), np.where(a.valid, first.read_adu(), 0))


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
@pytest.mark.parametrize(
    "name", ["mitdb/100", "mitdb/208", "ludb/data/1", "ptbxl500_500hz/records500/00000/00001_hr"]
)
def test_real_records_survive_to_the_last_bit(tmp_path: Path, dataset: Find, name: str, suffix: str) -> None:
    folder, _, inner = name.partition("/")
    record = open_record(dataset(folder) / inner)
    marks = read_annotations(record)[:1]
    copy = open_edf(write_edf(record, tmp_path / f"copy.{suffix}", annotations=marks))
    assert copy.info.notices == ()
    assert_same(record, copy)
    np.testing.assert_array_equal(copy.read().values, record.read().values)
    for before, after in zip(marks, read_annotations(copy), strict=True):
        np.testing.assert_array_equal(after.sample, before.sample)
        assert (after.symbol, after.aux) == (before.symbol, before.aux)


def test_other_readers_understand_the_file(tmp_path: Path, dataset: Find) -> None:
    import edfio

    pyedflib = pytest.importorskip("pyedflib")

    record = open_record(dataset("mitdb") / "100")
    marks = read_annotations(record)[0]
    path = write_edf(record, tmp_path / "copy.edf", annotations=marks)
    with pyedflib.EdfReader(str(path)) as other:
        assert other.getSignalLabels() == ["ECG MLII", "ECG V5"]
        assert other.getSampleFrequency(0) == 360
        np.testing.assert_array_equal(other.readSignal(0, digital=True)[: record.n_samples], record.read_adu()[0])
        onsets, _, texts = other.readAnnotations()
        assert len(onsets) == len(marks) + 1
        assert "Recording ends" in texts
    parsed = edfio.read_edf(path)
    assert parsed.patient.name == "X"
    ours = [a for a in parsed.annotations if a.text != "Recording ends"]
    assert [round(a.onset * 360) for a in ours] == marks.sample.tolist()


@pytest.mark.parametrize("bits", [16, 24])
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_integers_gaps_rate_and_length_survive(tmp_path: Path, bits: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 700))
    n_leads = data.draw(st.integers(1, 3))
    top = (1 << (bits - 1)) - 1
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    low, high = sorted(data.draw(st.tuples(st.integers(-top, top), st.integers(-top, top))))
    adu = rng.integers(low, high + 1, (n_leads, n))
    valid = np.ones((n_leads, n), bool)
    for _ in range(data.draw(st.integers(0, 3))):
        a, b = sorted(rng.integers(0, n + 1, 2))
        valid[rng.random(n_leads) < 0.7, a:b] = False
    gain = data.draw(st.sampled_from([200.0, 1000.0, 247.3, 7247.0, -400.0, 12.5]))
    zero = data.draw(st.sampled_from([0.0, 1024.0, -3.0]))
    fs = data.draw(st.sampled_from([250.0, 360.0, 128.5, 116.98775446533031, 1000 / 3, 1.0, 0.5]))
    leads = tuple(Lead(f"lead {i}", adu_per_unit=gain, baseline_adu=zero) for i in range(n_leads))
    record = Integers(adu, valid, leads, fs)
    copy = open_edf(write_edf(record, tmp_path / ("x.edf" if bits == 16 else "x.bdf"), overwrite=True))
    assert copy.fs == pytest.approx(fs, rel=1e-6)
    assert copy.n_samples == n
    block = copy.read()
    np.testing.assert_array_equal(block.valid, valid)
    np.testing.assert_array_equal(copy.read_adu(), np.where(valid, adu, 0))
    assert copy.leads[0].adu_per_unit == pytest.approx(gain, rel=4e-6)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=hnp.arrays(
        np.float32, st.tuples(st.integers(1, 3), st.integers(1, 600)), elements=st.floats(-500, 500, width=32)
    )
)
def test_floats_are_rounded_by_less_than_a_step(tmp_path: Path, values: np.ndarray) -> None:
    copy = open_edf(write_edf(floats(values), tmp_path / "x.edf", overwrite=True))
    span = np.maximum(np.ptp(values.astype(np.float64), axis=1), 1e-3)[:, None]
    # Half a step of the range in 65534 steps; the written range is a little wider than the samples'.
    assert (np.abs(copy.read().values - values) <= span / 131068 * 1.1 + 1e-4).all()
    assert copy.read().valid.all()


def test_a_gap_in_all_leads_makes_the_file_discontinuous(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 20_000))
    valid = np.ones((2, 20_000), bool)
    valid[:, 3000:9000] = False
    valid[1, 12_000:12_500] = False
    record = floats(values, valid)
    copy = open_edf(write_edf(record, tmp_path / "x.edf"))
    assert copy.info.format == "EDF+D"
    assert copy.header.n_records == 80 - 24
    np.testing.assert_array_equal(copy.read().valid, valid)
    np.testing.assert_allclose(copy.read().values, record.read().values, atol=1e-3)


def test_a_record_that_is_missing_altogether(tmp_path: Path) -> None:
    record = floats(np.zeros((1, 5000)), np.zeros((1, 5000), bool))
    copy = open_edf(write_edf(record, tmp_path / "x.edf"))
    assert copy.n_samples == 5000
    assert not copy.read().valid.any()


def test_a_stretch_of_some_leads_with_its_annotations(tmp_path: Path) -> None:
    values = np.arange(3000, dtype=np.float32).reshape(1, -1) * np.array([[1], [2], [3]]) / 1000
    marks = Annotations(
        np.array([10, 500, 501, 900, 1500]), ("N", "V", "+", '"', "N"), 250.0, chan=np.array([0, 2, 0, 0, 0]),
        aux=("", "", "(AFIB", "a note, \u00e9", ""), duration=np.array([0, 0, 0, 25, 0]),
    )  # fmt: skip
    path = write_edf(floats(values), tmp_path / "x.edf", annotations=marks, start=500, stop=1500, leads=[0, 2])
    copy = open_edf(path)
    assert [x.name for x in copy.leads] == ["II", "V2"]
    assert copy.n_samples == 1000
    np.testing.assert_allclose(copy.read().values, values[[0, 2], 500:1500], atol=1e-4)
    (kept,) = read_annotations(copy)
    assert kept.sample.tolist() == [0, 1, 400]
    assert kept.symbol == ("V", "+", '"')
    assert kept.aux == ("", "(AFIB", "a note, \u00e9")
    assert kept.chan is not None
    assert kept.chan.tolist() == [1, 0, 0]
    assert kept.duration is not None
    assert kept.duration.tolist() == [0, 0, 25]


def test_annotations_at_another_rate_keep_their_time(tmp_path: Path) -> None:
    marks = Annotations(np.array([100]), ("N",), 1000.0)
    path = write_edf(floats(np.zeros((1, 1000))), tmp_path / "x.edf", annotations=[marks, marks])
    assert read_annotations(path)[0].sample.tolist() == [25, 25]


def test_patient_date_and_device_only_when_asked_for(tmp_path: Path) -> None:
    patient = Patient(id="A 7", name="Jane Roe", sex="female", birth_date="1951-05-02")
    begin = datetime(2011, 2, 3, 4, 5, 6, 250_000)
    record = floats(np.zeros((1, 1000)), start_time=begin, patient=patient, device="Holter 3")
    private = write_edf(record, tmp_path / "private.edf")
    assert not {b"Jane", b"A_7", b"2011", b"03.02.11", b"Holter"} & {
        w for w in (b"Jane", b"A_7", b"2011", b"03.02.11", b"Holter") if w in private.read_bytes()
    }
    assert open_edf(private).info.patient == Patient()
    assert open_edf(private).info.start_time is None
    named = open_edf(write_edf(record, tmp_path / "named.edf", identify=True, start=500)).info
    assert named.patient == replace(patient, id="A 7", sex="F")
    assert named.device == "Holter 3"
    assert named.start_time == datetime(2011, 2, 3, 4, 5, 8, 250_000)


def test_what_needs_more_bits_is_refused_with_the_cure(tmp_path: Path) -> None:
    adu = np.array([[-40_000, 40_000]])
    record = Integers(adu, np.ones_like(adu, bool), (Lead("II", adu_per_unit=1000.0),))
    with pytest.raises(RecordError, match=r"lead II does not fit in 16 bits \(a name that ends in \.bdf"):
        write_edf(record, tmp_path / "x.edf")
    assert list(tmp_path.iterdir()) == []
    assert_same(record, open_edf(write_edf(record, tmp_path / "x.bdf")))


def test_refuses_to_replace_files_unless_told(tmp_path: Path) -> None:
    path = write_edf(floats(np.zeros((1, 1000))), tmp_path / "x.edf")
    content = path.read_bytes()
    with pytest.raises(RecordError, match="exists"):
        write_edf(floats(np.ones((1, 1000))), path)
    with pytest.raises(RecordError, match="itself"):
        write_edf(open_edf(path), path, overwrite=True)
    assert path.read_bytes() == content
    write_edf(floats(np.ones((1, 2000))), path, overwrite=True)
    assert open_edf(path).n_samples == 2000


@pytest.mark.parametrize("choice", [{"start": 10, "stop": 10}, {"leads": []}, {"start": 2000}])
def test_an_empty_selection_is_refused(tmp_path: Path, choice: dict) -> None:
    with pytest.raises(RecordError, match="nothing is selected"):
        write_edf(floats(np.zeros((1, 1000))), tmp_path / "x.edf", **choice)


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"x\.edf: cannot be written"):
        write_edf(floats(np.zeros((1, 1000))), tmp_path / "none" / "x.edf")


@pytest.mark.parametrize("at", [0.3, 0.9])
def test_cancelling_leaves_nothing_behind(tmp_path: Path, at: float) -> None:
    def stop(fraction: float) -> None:
        if fraction >= at:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_edf(floats(np.zeros((3, 2_000_000))), tmp_path / "x.edf", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fs", [250.0, 360.0, 128.5, 1000.0, 500.0, 99_999.0, 1.0, 0.1, 117.0193, 1e5 / 3])
def test_data_records_say_the_rate(fs: float) -> None:
    grid = choose_grid(fs, 24)
    assert len(grid.seconds) <= 8
    assert grid.fs == pytest.approx(fs, rel=1e-6)


@given(st.floats(-9.9e6, 9.9e7))
def test_numbers_in_eight_characters(value: float) -> None:
    text = shortest_text(Fraction(value))
    assert 0 < len(text) <= 8
    assert float(text) == pytest.approx(value, rel=1e-5, abs=5.1e-6)


@pytest.mark.parametrize("gain", [200.0, 1000.0, 247.3, 7247.0, -400.0])
def test_usual_gains_are_written_exactly(gain: float) -> None:
    scaling = scale_integers(Lead("II", adu_per_unit=gain, baseline_adu=5.0), -2000, 2000, 16, marks_missing=True)
    assert scaling is not None
    assert scaling.gain == pytest.approx(gain, rel=1e-9)
    assert scaling.zero == pytest.approx(5.0, abs=1e-6)
    assert scaling.digital_min >= -32767
