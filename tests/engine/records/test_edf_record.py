"""Reading EDF samples: agreement with other readers, several rates, gaps, and reading in pieces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from edf_bytes import Edf, Signal, clock, ramp, tal_signal
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.records import edf_record
from engine.records.edf_file import decode_integers, encode_integers
from engine.records.edf_record import EdfRecord, open_edf

Find = Callable[[str], Path]


def opened(folder: Path, edf: Edf) -> EdfRecord:
    path = folder / "x.edf"
    path.write_bytes(bytes(edf))
    return open_edf(path)


def assert_pieces_agree(record: EdfRecord, seed: int = 0) -> None:
    whole, adu = record.read(), record.read_adu()
    rng = np.random.default_rng(seed)
    for _ in range(40):
        a, b = sorted(rng.integers(0, record.n_samples + 1, 2))
        leads = rng.permutation(len(record.leads))[: rng.integers(1, len(record.leads) + 1)]
        piece = record.read(a, b, leads)
        np.testing.assert_array_equal(piece.values, whole.values[leads, a:b])
        np.testing.assert_array_equal(piece.valid, whole.valid[leads, a:b])
        np.testing.assert_array_equal(record.read_adu(a, b, leads), adu[leads, a:b])


@pytest.mark.parametrize(
    "name", ["cardio_sample.edf", "pyedflib_test_generator_SYNTHETIC.bdf", "test_generator_2_SYNTHETIC.edf"]
)
def test_agrees_with_edfio_on_real_files(dataset: Find, name: str) -> None:
    import edfio

    path = dataset("file_formats") / "edf" / name
    other = edfio.read_bdf(path) if name.endswith("bdf") else edfio.read_edf(path)
    record = open_edf(path)
    assert record.info.notices == ()
    for i, signal in enumerate(other.signals):
        n = len(signal.digital)
        place = np.arange(record.n_samples)
        total = record.n_samples
        source = (
            place // (total // n) if total % n == 0 else np.minimum((2 * place * n + total) // (2 * total), n - 1)
        )
        np.testing.assert_array_equal(record.read_adu(leads=[i])[0], signal.digital[source])
        scale = 1000 if signal.physical_dimension == "uV" else 1
        expected = signal.data[source] / scale
        np.testing.assert_allclose(record.read(leads=[i]).values[0], expected, rtol=2e-7, atol=1e-9)
    assert_pieces_agree(record)


def test_agrees_with_pyedflib_on_a_real_file(dataset: Find) -> None:
    pyedflib = pytest.importorskip("pyedflib")

    path = dataset("file_formats") / "edf" / "cardio_sample.edf"
    with pyedflib.EdfReader(str(path)) as other:
        expected = other.readSignal(0)
    np.testing.assert_allclose(open_edf(path).read().values[0], expected, rtol=2e-7, atol=1e-9)


def test_a_file_of_annotations_only_says_so(dataset: Find) -> None:
    with pytest.raises(RecordError, match="holds only annotations"):
        open_edf(dataset("file_formats") / "edf" / "test_edfann.edf")


def test_slower_signals_are_held_and_odd_ratios_take_the_nearest_sample(tmp_path: Path) -> None:
    signals = [Signal(ramp(2, 10)), Signal(ramp(2, 5), label="slow"), Signal(ramp(2, 4), label="odd")]
    record = opened(tmp_path, Edf(signals))
    assert (record.fs, record.n_samples) == (10.0, 20)
    fast, slow, odd = record.read_adu()
    np.testing.assert_array_equal(fast, np.arange(20))
    np.testing.assert_array_equal(slow, np.arange(20) // 2)
    np.testing.assert_array_equal(odd[:10], [0, 0, 1, 1, 2, 2, 2, 3, 3, 3])
    np.testing.assert_array_equal(odd[10:], odd[:10] + 4)
    assert_pieces_agree(record)


def test_the_rate_is_that_of_the_fastest_voltage(tmp_path: Path) -> None:
    signals = [Signal(ramp(2, 10)), Signal(ramp(2, 40), label="sound", unit="Pa")]
    record = opened(tmp_path, Edf(signals))
    assert record.fs == 10.0
    np.testing.assert_array_equal(record.read_adu()[1], np.arange(0, 80, 4))
    assert any("sound is faster" in n for n in record.info.notices)


@pytest.mark.parametrize("limit", [1, 1 << 18])
@pytest.mark.parametrize("cut", [0, 3, 8, 14, 25, 29])
def test_several_signals_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, cut: int) -> None:
    """Whichever way data records are fetched, validity ends for each signal with its own last sample."""
    monkeypatch.setattr(edf_record, "_BULK_RECORD_BYTES", limit)
    path = tmp_path / "x.edf"
    content = bytes(Edf([Signal(ramp(3, 10)), Signal(ramp(3, 5), label="slow")]))
    path.write_bytes(content[: len(content) - cut])
    record = open_edf(path)
    held = (30 * 3 - cut) // 2 - 30  # samples of the last data record
    valid = record.read().valid
    assert valid[0].sum() == 20 + min(held, 10)
    assert valid[1].sum() == 20 + 2 * max(0, held - 10)
    np.testing.assert_array_equal(record.read_adu()[0][valid[0]], np.arange(30)[: valid[0].sum()])
    assert_pieces_agree(record)


def test_long_data_records_are_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edf_record, "_BULK_RECORD_BYTES", 100)
    record = opened(tmp_path, Edf([Signal(ramp(3, 100)), Signal(ramp(3, 20), label="V1")]))
    np.testing.assert_array_equal(record.read_adu()[0], np.arange(300))
    assert_pieces_agree(record)


def discontinuous(*onsets: str) -> Edf:
    texts = [clock(onset) for onset in onsets]
    return Edf([Signal(ramp(len(onsets), 10)), tal_signal(texts)], kind="EDF+D")


def test_time_between_discontinuous_data_records_is_missing(tmp_path: Path) -> None:
    record = opened(tmp_path, discontinuous("+0.5", "+1.5", "+5.5", "+6.5"))
    assert record.info.notices == ()
    assert record.info.start_time is not None
    assert record.info.start_time.microsecond == 500_000
    assert record.n_samples == 70
    expected = np.r_[np.ones(20, bool), np.zeros(30, bool), np.ones(20, bool)]
    block = record.read()
    np.testing.assert_array_equal(block.valid[0], expected)
    np.testing.assert_array_equal(record.read_adu()[0][expected], np.arange(40))
    assert_pieces_agree(record)


@pytest.mark.parametrize("bad", ["", "+x", "+2", "+99999", "-7", "+900000000"])
def test_one_damaged_onset_moves_one_data_record_only(tmp_path: Path, bad: str) -> None:
    record = opened(tmp_path, discontinuous("+0", "+1", "+12", bad, "+20", "+21"))
    assert record.n_samples == 220
    assert "1 data records state no possible start" in record.info.notices[0]
    found = np.flatnonzero(record.read().valid[0]) // 10
    np.testing.assert_array_equal(np.unique(found), [0, 1, 12, 13, 20, 21])


def test_discontinuous_file_without_any_readable_onset_is_taken_as_continuous(tmp_path: Path) -> None:
    record = opened(tmp_path, discontinuous("", "", ""))
    assert record.n_samples == 30
    assert record.read().valid.all()
    assert record.info.notices


def test_the_lowest_code_is_missing_only_where_the_digital_range_excludes_it(tmp_path: Path) -> None:
    samples = np.array([[-32768, 0, 5]])
    assert opened(tmp_path, Edf([Signal(samples)])).read().valid.tolist() == [[True, True, True]]
    record = opened(tmp_path, Edf([Signal(samples, digital_min="-32767")]))
    block = record.read()
    assert block.valid.tolist() == [[False, True, True]]
    assert block.values[0, 0] == 0


def test_reading_after_close_or_after_the_file_shrank_is_an_error(tmp_path: Path) -> None:
    record = opened(tmp_path, Edf([Signal(ramp(3, 100))]))
    record.path.write_bytes(record.path.read_bytes()[:700])
    with pytest.raises(RecordError, match="shorter"):
        record.read()
    record.path.unlink()
    with pytest.raises(RecordError, match="can no longer be read"):
        record.read()
    record.close()
    with pytest.raises(RecordError, match="closed"):
        record.read()


def test_reading_touches_only_the_data_records_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = opened(tmp_path, Edf([Signal(ramp(1000, 100))]))
    seen: list[tuple[int, int]] = []
    read = record._file._read
    monkeypatch.setattr(record._file, "_read", lambda at, size: seen.append((at, size)) or read(at, size))
    record.read(50_050, 50_150)
    assert seen == [(500 * 200, 400)]


@pytest.mark.parametrize("bits", [16, 24])
@settings(max_examples=30)
@given(data=st.data())
def test_integers_of_either_width_survive(bits: int, data: st.DataObject) -> None:
    half = 1 << (bits - 1)
    values = np.array(data.draw(st.lists(st.integers(-half, half - 1), min_size=1, max_size=50)), np.int32)
    raw = encode_integers(values, bits)
    assert len(raw) == len(values) * bits // 8
    np.testing.assert_array_equal(decode_integers(raw, bits), values)
