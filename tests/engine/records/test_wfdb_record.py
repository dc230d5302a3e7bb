"""Reading WFDB records: agreement with the wfdb package, laziness, skew, several rates, files that end early."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RecordError
from engine.records import wfdb_signals
from engine.records.wfdb_files import ByteSource
from engine.records.wfdb_formats import FORMATS, encode
from engine.records.wfdb_record import WfdbRecord, open_wfdb


def make(folder: Path, header: str, **files: bytes) -> Path:
    """Write `rec.hea` and signal files (`dat=...` is `rec.dat`)."""
    (folder / "rec.hea").write_text(header)
    for suffix, data in files.items():
        (folder / f"rec.{suffix}").write_bytes(data)
    return folder / "rec.hea"


def stored(code: str, samples: np.ndarray) -> bytes:
    return encode(FORMATS[code], samples.reshape(-1).astype(np.int64))


def compare_with_wfdb(header: Path) -> None:
    """Stored integers, physical values and validity against the wfdb package, whole and in a window."""
    wfdb = pytest.importorskip("wfdb")
    name = str(header.with_suffix(""))
    ours = open_wfdb(header)
    assert isinstance(ours, WfdbRecord)
    physical = wfdb.rdrecord(name, smooth_frames=False)
    try:
        integers = wfdb.rdrecord(name, physical=False, smooth_frames=False).e_d_signal
    except ValueError:  # it cannot hand over big-endian formats frame by frame
        integers = wfdb.rdrecord(name, physical=False).d_signal.T
    block, adu = ours.read(), ours.read_adu()
    a, b = ours.n_samples // 3, ours.n_samples // 3 + 777
    window = ours.read(a, b)
    assert np.array_equal(window.values, block.values[:, a:b])
    assert np.array_equal(window.valid, block.valid[:, a:b])
    assert np.array_equal(ours.read_adu(a, b), adu[:, a:b])
    assert not np.any(block.values[~block.valid])
    for i, per_frame in enumerate(physical.samps_per_frame):
        held = np.arange(ours.n_samples) * (per_frame or 1) // ours.oversampling
        assert np.array_equal(adu[i], np.asarray(integers[i])[held])
        expected = physical.e_p_signal[i][held]
        known = ~np.isnan(expected)
        assert np.array_equal(block.valid[i], known)
        scale = 1 / 1000 if physical.units[i] == "uV" else 1
        np.testing.assert_allclose(block.values[i][known], expected[known] * scale, rtol=2e-7, atol=1e-9)
    assert ours.verify() == ()


WFDB_SAMPLES = (
    "03700181 100_3chan a103l binformats cu01 flacformats p10143 s0010_re sel100 v102s".split()  # noqa: SIM905
)


@pytest.mark.parametrize("name", WFDB_SAMPLES)
def test_agrees_with_wfdb_on_every_sample_format(dataset, name: str) -> None:
    compare_with_wfdb(dataset("file_formats") / "wfdb" / f"{name}.hea")


@pytest.mark.parametrize("name", ["100", "108", "114", "208", "232"])
def test_agrees_with_wfdb_on_mitdb(dataset, name: str) -> None:
    compare_with_wfdb(dataset("mitdb") / f"{name}.hea")


def test_agrees_with_wfdb_on_twelve_lead_sets(dataset) -> None:
    headers = sorted(dataset("ludb").glob("data/*.hea"))[::20]
    headers += sorted(dataset("ptbxl500_500hz").rglob("*.hea"))[::50]
    headers += sorted(dataset("samples_12lead").rglob("*.hea"))[::6]
    assert len(headers) > 25
    for header in headers:
        compare_with_wfdb(header)


def test_every_way_to_name_a_record(dataset, tmp_path: Path) -> None:
    folder = dataset("file_formats") / "wfdb"
    for named in ("s0010_re", "s0010_re.hea", "s0010_re.dat", "s0010_re.xyz", "binformats.d7", "a103l.mat"):
        record = open_wfdb(str(folder / named))
        assert record.name == named.split(".")[0]
        assert record.path == folder / named
    (tmp_path / "rec.hea").write_text("rec 1 360 2\nrec_1.dat 16\n")
    (tmp_path / "rec_1.dat").write_bytes(bytes(4))
    assert open_wfdb(tmp_path / "rec_1.dat").name == "rec"


def test_what_the_header_says_reaches_the_record(dataset) -> None:
    record = open_wfdb(dataset("mitdb") / "100")
    assert (record.fs, record.n_samples, record.info.format) == (360, 650_000, "WFDB 212")
    assert [lead.name for lead in record.leads] == ["MLII", "V5"]
    assert record.leads[0].adu_per_unit == 200
    assert record.leads[0].baseline_adu == 1024
    assert (record.info.patient.age, record.info.patient.sex) == ("69", "M")
    ludb = open_wfdb(dataset("ludb") / "data" / "1")
    assert [lead.name for lead in ludb.leads][:6] == ["I", "II", "III", "aVR", "aVL", "aVF"]


def test_slower_signals_are_held_at_the_rate_of_the_fastest(tmp_path: Path) -> None:
    # Frames of 4 + 1 + 2 samples; frame 0 is 10 11 12 13 | 20 | 30 31.
    frames = np.array([[10, 11, 12, 13, 20, 30, 31], [14, 15, 16, 17, 21, 32, 33]])
    lines = "rec.dat 16x4 1 16 0 10 0 0 A\nrec.dat 16 1 16 0 20 0 0 B\nrec.dat 16x2 1 16 0 30 0 0 C\n"
    record = open_wfdb(make(tmp_path, f"rec 3 125 2\n{lines}", dat=stored("16", frames)))
    assert (record.fs, record.n_samples) == (500, 8)
    assert record.read_adu().tolist() == [
        [10, 11, 12, 13, 14, 15, 16, 17],
        [20, 20, 20, 20, 21, 21, 21, 21],
        [30, 30, 31, 31, 32, 32, 33, 33],
    ]
    assert record.read_adu(3, 6, [2, 0]).tolist() == [[31, 32, 32], [13, 14, 15]]
    assert record.info.notices == ()


def test_skew_is_taken_out_and_its_tail_is_missing(tmp_path: Path) -> None:
    frames = np.arange(20).reshape(10, 2)
    lines = "rec.dat 16 1 16 0 0 0 0 A\nrec.dat 16:3 1 16 0 0 0 0 B\n"
    record = open_wfdb(make(tmp_path, f"rec 2 100 10\n{lines}", dat=stored("16", frames)))
    block = record.read()
    assert block.values[0].tolist() == list(range(0, 20, 2))
    assert block.values[1].tolist() == [7, 9, 11, 13, 15, 17, 19, 0, 0, 0]
    assert block.valid[1].tolist() == [True] * 7 + [False] * 3
    assert record.read(5, 8, [1]).values.tolist() == [[17, 19, 0]]


def test_missing_codes_are_gaps_in_every_format(tmp_path: Path) -> None:
    for code, form in FORMATS.items():
        if form.invalid is None:
            continue
        samples = np.array([form.low, 1, form.invalid, -1, form.high, form.invalid])
        header = f"rec 1 100 6\nrec.dat {code} 1 0 0 {form.low} 0 0 A\n"
        block = open_wfdb(make(tmp_path, header, dat=stored(code, samples))).read()
        assert block.valid[0].tolist() == [True, True, False, True, True, False]
        assert block.values[0].tolist() == np.float32([form.low, 1, 0, -1, form.high, 0]).tolist()


def test_format_8_reads_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wfdb_signals, "CHECKPOINT_FRAMES", 16)
    rng = np.random.default_rng(3)
    steps = rng.integers(-128, 128, (500, 3))
    lines = "rec.dat 8x2 1 8 0 1000 0 0 A\nrec.dat 8 1 8 7 -5 0 0 B\n"
    path = make(tmp_path, f"rec 2 100 500\n{lines}", dat=stored("8", steps))
    a = 1000 + np.cumsum(steps[:, :2].reshape(-1))
    b = -5 + np.cumsum(steps[:, 2])
    whole = np.stack([a, np.repeat(b, 2)])
    for start, stop in ((0, 1000), (991, 1000), (33, 35), (320, 700), (0, 1)):
        assert np.array_equal(open_wfdb(path).read_adu(start, stop), whole[:, start:stop])
    record = open_wfdb(path)
    for start in rng.integers(0, 990, 40):
        assert np.array_equal(record.read_adu(start, start + 10), whole[:, start : start + 10])


def test_opening_and_reading_touch_only_the_bytes_they_need(dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[int] = []
    read = ByteSource.read

    def counted(self: ByteSource, offset: int, count: int) -> bytes:
        data = read(self, offset, count)
        touched.append(len(data))
        return data

    monkeypatch.setattr(ByteSource, "read", counted)
    record = open_wfdb(dataset("mitdb") / "100")
    assert sum(touched) <= 3  # the first frame, to compare it with the header
    touched.clear()
    record.read(300_000, 303_600)
    assert sum(touched) <= 3_600 * 3 + 3


def test_long_reads_are_decoded_in_blocks(dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    record = open_wfdb(dataset("mitdb") / "208")
    whole = record.read(leads=[1])
    monkeypatch.setattr("engine.records.wfdb_record.BLOCK_SAMPLES", 1000)
    again = record.read(leads=[1])
    assert np.array_equal(whole.values, again.values)
    assert np.array_equal(whole.valid, again.valid)


@pytest.mark.parametrize("code", list(FORMATS))
def test_a_file_cut_anywhere_opens_with_its_end_missing(tmp_path: Path, code: str) -> None:
    form = FORMATS[code]
    rng = np.random.default_rng(1)
    samples = rng.integers(max(form.low, -100), min(form.high, 100), (9, 2), endpoint=True)
    full = stored(code, samples)
    lines = f"rec.dat {code} 1 0 0 {samples[0, 0] if code != '8' else 0} 0 0 A\nrec.dat {code} 1 0 0 0 0 0 B\n"
    path = make(tmp_path, f"rec 2 100 9\n{lines}", dat=full)
    complete = open_wfdb(path).read_adu()
    for n_bytes in range(len(full)):
        (tmp_path / "rec.dat").write_bytes(full[:n_bytes])
        held = form.samples_in(n_bytes)
        if held == 0:
            with pytest.raises(RecordError, match="hold no samples"):
                open_wfdb(path)
            continue
        record = open_wfdb(path)
        block = record.read()
        present = (np.arange(18) < held).reshape(9, 2).T
        assert record.n_samples == 9
        assert np.array_equal(block.valid, present)
        assert np.array_equal(record.read_adu()[present], complete[present])
        if held // 2 < 9:
            assert any("rec.dat holds" in n for n in record.info.notices)


def test_a_file_cut_while_it_is_open_gives_gaps_not_a_crash(tmp_path: Path) -> None:
    for code in ("16", "8", "212"):
        samples = np.tile([1, -1], 10_000)
        path = make(tmp_path, f"rec 1 100 20000\nrec.dat {code} 1 0 0 0 0 0 A\n", dat=stored(code, samples))
        record = open_wfdb(path)
        with (tmp_path / "rec.dat").open("r+b") as file:
            file.truncate(50)
        assert not record.read(15_000, 15_010).valid.any()


def test_missing_signal_files(dataset, tmp_path: Path) -> None:
    source = dataset("file_formats") / "wfdb"
    for suffix in ("hea", "dat"):
        (tmp_path / f"s0010_re.{suffix}").write_bytes((source / f"s0010_re.{suffix}").read_bytes())
    record = open_wfdb(tmp_path / "s0010_re")
    assert any("s0010_re.xyz is missing" in n for n in record.info.notices)
    block = record.read(0, 100)
    assert block.valid[:12].all()
    assert not block.valid[12:].any()
    (tmp_path / "s0010_re.dat").unlink()
    with pytest.raises(RecordError, match="is missing"):
        open_wfdb(tmp_path / "s0010_re")


def test_a_file_longer_than_its_header_says_is_shown_to_the_header_s_end(tmp_path: Path) -> None:
    path = make(tmp_path, "rec 1 100 5\nrec.dat 16 1 0 0 0 0 0 A\n", dat=stored("16", np.arange(9)))
    record = open_wfdb(path)
    assert record.n_samples == 5
    assert any("holds 9 samples" in n for n in record.info.notices)


def test_length_comes_from_the_files_where_the_header_gives_none(tmp_path: Path) -> None:
    path = make(tmp_path, "rec 2 100\nrec.dat 212\nrec.dat 212\n", dat=stored("212", np.arange(14)))
    assert open_wfdb(path).n_samples == 7


def test_damage_is_found_by_first_sample_and_checksum(tmp_path: Path) -> None:
    samples = np.array([5, 7, -2, 9])
    header = "rec 1 100 4\nrec.dat 16 1 0 0 {} {} 0 ECG\n"
    sound = open_wfdb(make(tmp_path, header.format(5, 19 + 65536), dat=stored("16", samples)))
    assert sound.info.notices == ()
    assert sound.verify() == ()
    wrong = open_wfdb(make(tmp_path, header.format(6, 20)))
    assert any("first sample" in n for n in wrong.info.notices)
    assert len(wrong.verify()) == 1
    assert "ECG" in wrong.verify()[0]


def test_a_closed_record_says_so(tmp_path: Path) -> None:
    path = make(tmp_path, "rec 1 100 4\nrec.dat 16\n", dat=bytes(8))
    with open_wfdb(path) as record:
        record.read()
    record.close()
    with pytest.raises(RecordError, match="closed"):
        record.read()


def test_threads_may_read_at_once(dataset) -> None:
    folder = dataset("file_formats") / "wfdb"
    for name in ("binformats", "flacformats"):
        record = open_wfdb(folder / name)
        whole = record.read_adu()
        wrong: list[int] = []

        def work(seed: int, record=record, whole=whole, wrong=wrong) -> None:
            for start in np.random.default_rng(seed).integers(0, 450, 50).tolist():
                if not np.array_equal(record.read_adu(start, start + 40), whole[:, start : start + 40]):
                    wrong.append(start)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_a_damaged_flac_file_is_named(dataset, tmp_path: Path) -> None:
    source = dataset("file_formats") / "wfdb"
    header = "rec 1 200 499\nrec.dat 516 200/mV 16 0 -32766 -750 0 A\n"
    data = (source / "flacformats.d1").read_bytes()
    path = make(tmp_path, header, dat=b"RIFF" + data[4:])
    with pytest.raises(RecordError, match=r"rec.dat: is not a readable FLAC file"):
        open_wfdb(path)
    (tmp_path / "rec.dat").write_bytes(data[:400])
    with pytest.raises(RecordError, match="cannot be decoded"):
        open_wfdb(path)
    make(tmp_path, header.replace(" 516", " 508"), dat=data)
    with pytest.raises(RecordError, match="8 bits"):
        open_wfdb(path)


def test_a_flac_file_cut_short_is_read_up_to_the_cut(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.random.default_rng(0).integers(-3000, 3000, (60_000, 2)).astype(np.int16)
    soundfile.write(tmp_path / "rec.dat", samples, 8000, format="FLAC", subtype="PCM_16")
    lines = "rec.dat 516 1 16 0 {} 0 0 A\nrec.dat 516 1 16 0 {} 0 0 B\n".format(*samples[0])
    path = make(tmp_path, f"rec 2 250 60000\n{lines}")
    assert np.array_equal(open_wfdb(path).read_adu(), samples.T)
    data = (tmp_path / "rec.dat").read_bytes()
    (tmp_path / "rec.dat").write_bytes(data[: len(data) // 2])
    record = open_wfdb(path)
    assert any("rec.dat ends early" in n for n in record.info.notices)
    block = record.read()
    held = int(block.valid[0].sum())
    assert 20_000 < held < 31_000
    assert block.valid[:, :held].all()
    assert np.array_equal(block.values[:, :held], samples[:held].T)
    assert np.array_equal(record.read(100, 200).values, samples[100:200].T)
    assert not record.read(50_000, 50_100).valid.any()
