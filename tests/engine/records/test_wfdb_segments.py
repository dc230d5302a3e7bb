"""Multi-segment records: fixed and variable layout, gaps, missing leads, hostile structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import RecordError
from engine.records.wfdb_formats import FORMATS, encode
from engine.records.wfdb_record import open_wfdb
from engine.records.wfdb_segments import SegmentedRecord


def put(folder: Path, name: str, columns: dict[str, list[int]], gain: str = "100(0)/mV", fs: float = 100) -> None:
    samples = np.array(list(columns.values())).T
    lines = [f"{name} {len(columns)} {fs} {len(samples)}"]
    for i, lead in enumerate(columns):
        lines.append(f"{name}.dat 16 {gain} 16 0 {samples[0, i]} {samples[:, i].sum()} 0 {lead}")
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    (folder / f"{name}.dat").write_bytes(encode(FORMATS["16"], samples.reshape(-1)))


def variable(folder: Path) -> Path:
    put(folder, "s1", {"II": [1, 2, 3], "V5": [4, 5, 6]})
    put(folder, "s2", {"V5": [7, 8]})
    put(folder, "s3", {"V5": [9, 10], "II": [11, 12]})
    (folder / "lay.hea").write_text("lay 2 100 0\n~ 0 100(0)/mV 16 0 0 0 0 II\n~ 0 100(0)/mV 16 0 0 0 0 V5\n")
    (folder / "rec.hea").write_text("rec/6 2 100 11\nlay 0\ns1 3\n~ 3\ns2 2\ns3 2\ns2 1\n# 50 F\n")
    return folder / "rec.hea"


def test_fixed_layout_joins_segments(tmp_path: Path) -> None:
    put(tmp_path, "a", {"I": [1, 2, 3], "II": [4, 5, 6]})
    put(tmp_path, "b", {"I": [7, 8], "II": [9, 10]})
    (tmp_path / "rec.hea").write_text("rec/2 2 100 5 10:00:00 01/02/2000\na 3\nb 2\n")
    record = open_wfdb(tmp_path / "rec")
    assert isinstance(record, SegmentedRecord)
    assert record.n_samples == 5
    assert record.info.start_time is not None
    assert record.read_adu().tolist() == [[1, 2, 3, 7, 8], [4, 5, 6, 9, 10]]
    assert record.read(2, 4, [1]).values.tolist() == [[np.float32(0.06), np.float32(0.09)]]
    assert record.info.notices == ()
    assert record.verify() == ()


def test_variable_layout_has_gaps_where_a_segment_or_a_lead_is_missing(tmp_path: Path) -> None:
    record = open_wfdb(variable(tmp_path))
    assert [lead.name for lead in record.leads] == ["II", "V5"]
    block = record.read()
    assert np.rint(block.values * 100).tolist() == [
        [1, 2, 3, 0, 0, 0, 0, 0, 11, 12, 0],
        [4, 5, 6, 0, 0, 0, 7, 8, 9, 10, 7],
    ]
    assert block.valid.astype(int).tolist() == [
        [1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0],
        [1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1],
    ]
    assert record.info.patient.age == "50"
    for start in range(12):
        for stop in range(start, 12):
            part = record.read(start, stop, [1, 0])
            assert np.array_equal(part.values, block.values[::-1, start:stop])
            assert np.array_equal(part.valid, block.valid[::-1, start:stop])


def test_agrees_with_wfdb_on_a_variable_layout(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    header = variable(tmp_path)
    expected = wfdb.rdrecord(str(header.with_suffix("")), m2s=True).p_signal.T
    block = open_wfdb(header).read()
    assert np.array_equal(block.valid, ~np.isnan(expected))
    np.testing.assert_allclose(block.values[block.valid], expected[block.valid], rtol=1e-6)


def test_segments_of_another_gain_keep_their_millivolts(tmp_path: Path) -> None:
    put(tmp_path, "a", {"I": [100, 200]}, "100(0)/mV")
    put(tmp_path, "b", {"I": [1010, 2010]}, "1000(10)/mV")
    put(tmp_path, "c", {"I": [300, 400]}, "100000(0)/V")
    (tmp_path / "rec.hea").write_text("rec/3 1 100 6\na 2\nb 2\nc 2\n")
    record = open_wfdb(tmp_path / "rec")
    assert record.read().values.tolist() == [[1, 2, 1, 2, 3, 4]]
    assert record.read_adu().tolist() == [[100, 200, 100, 200, 300, 400]]


def test_a_missing_or_unfit_segment_is_a_gap_with_a_notice(tmp_path: Path) -> None:
    header = variable(tmp_path)
    (tmp_path / "s2.dat").unlink()
    record = open_wfdb(header)
    assert record.read(leads=[1]).valid.astype(int).tolist() == [[1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0]]
    assert any("cannot be read (first s2" in n for n in record.info.notices)
    (tmp_path / "s2.hea").unlink()
    assert any("first s2: does not exist" in n for n in open_wfdb(header).info.notices)
    put(tmp_path, "s2", {"V5": [7, 8]}, fs=250)
    assert any("runs at 250 Hz" in n for n in open_wfdb(header).info.notices)
    put(tmp_path, "s2", {"V5": [7]})
    record = open_wfdb(header)
    assert record.read(6, 8, [1]).valid.tolist() == [[True, False]]
    assert any("end early" in n for n in record.info.notices)
    for name in ("s1", "s2", "s3"):
        (tmp_path / f"{name}.dat").unlink()
    with pytest.raises(RecordError, match="none of its segments"):
        open_wfdb(header)


def test_many_segments_share_few_open_files(tmp_path: Path) -> None:
    for i in range(40):
        put(tmp_path, f"s{i}", {"I": [i, i]})
    lines = "".join(f"s{i} 2\n" for i in range(40))
    (tmp_path / "rec.hea").write_text(f"rec/40 1 100 80\n{lines}")
    record = open_wfdb(tmp_path / "rec")
    assert record.read_adu().tolist() == [[i for i in range(40) for _ in range(2)]]
    assert isinstance(record, SegmentedRecord)
    assert len(record._open) <= 8
    record.close()
    with pytest.raises(RecordError, match="closed"):
        record.read()


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"rec": "rec/1 1 100 5\nrec 5\n"}, "itself made of segments"),
        ({"rec": "rec/1 1 100 5\na 5\n", "a": "a/1 1 100 5\nrec 5\n"}, "itself made of segments"),
        ({"rec": "rec/2 1 100 5\nlay 0\ns 5\n"}, "layout segment lay cannot be read"),
        ({"rec": "rec/1 1 100 5\n~ 5\n"}, "none of its segments"),
        ({"rec": "rec/1 1 100 5\n../s 5\n"}, "outside"),
        ({"rec": "rec/1 1 100 1000000000000\ns 1000000000000\n"}, "days"),
        ({"rec": "rec/1 1 100 400000000\ns 400000000\n"}, "promises 400,000,000 samples"),
        ({"rec": "rec/2 1 100 5\ns 2\n~ 999999999999999\n"}, "days"),
    ],
)
def test_hostile_structure_is_refused(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    put(tmp_path, "s", {"I": [1, 2]})
    for name, text in files.items():
        (tmp_path / f"{name}.hea").write_text(text)
    with pytest.raises(RecordError, match=fault):
        open_wfdb(tmp_path / "rec")


def test_a_long_gap_between_segments_is_believed(tmp_path: Path) -> None:
    put(tmp_path, "s", {"I": [1, 2]})
    (tmp_path / "rec.hea").write_text("rec/3 1 100 864000004\ns 2\n~ 864000000\ns 2\n")
    record = open_wfdb(tmp_path / "rec")
    assert record.duration_s == pytest.approx(100 * 86400, rel=1e-6)
    assert record.read(record.n_samples - 3).valid.tolist() == [[False, True, True]]
