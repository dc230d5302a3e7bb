"""Header parsing: what every field means, and one clear sentence for every fault."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from engine.errors import RecordError
from engine.records.wfdb_header import MAX_HEADER_BYTES, parse_header, read_header
from engine.records.wfdb_leads import describe_leads, describe_patient

PATH = Path("x.hea")


def signal(line: str):
    return parse_header(f"x 1 360 10\n{line}\n", PATH).signals[0]


def test_all_fields_of_a_header() -> None:
    header = parse_header(
        "# before\nrec 2 125/360.5(-12.5) 75000 17:27:45.25 15/08/1994\n"
        "rec.dat 212x4:3+24 2963.77(-1605)/uV 12 5 67 -11266 512 MCL1 left\n"
        "rec.dat 212x4:0+24 1.052e+04 16 1024 1 2 0\n\n#  69 M 1085 \n#\n",
        PATH,
    )
    first, second = header.signals
    assert (header.fs, header.counter_fs, header.base_counter, header.n_frames) == (125, 360.5, -12.5, 75000)
    assert header.start == datetime(1994, 8, 15, 17, 27, 45, 250000)
    assert header.comments == ("before", "69 M 1085")
    assert (first.file, first.format, first.samples_per_frame, first.skew, first.byte_offset) == (
        "rec.dat", "212", 4, 3, 24,
    )  # fmt: skip
    assert (first.gain, first.baseline, first.unit, first.adc_bits, first.adc_zero) == (2963.77, -1605, "uV", 12, 5)
    assert (first.initial, first.checksum, first.description) == (67, -11266, "MCL1 left")
    assert (second.gain, second.baseline, second.unit, second.description) == (10520.0, 1024, "mV", "")


def test_a_missing_rate_is_250_hz_and_said_so() -> None:
    header = parse_header("x 1\nx.dat 16\n", PATH)
    assert header.fs == 250
    assert header.n_frames is None
    assert any("250 Hz" in n for n in header.notices)


def test_zero_gain_means_uncalibrated_at_200_per_mv() -> None:
    spec = signal("x.dat 16 0 12 0 0 0 0 ECG")
    assert (spec.gain, spec.calibrated) == (200.0, False)
    _, notices = describe_leads([spec])
    assert any("Not calibrated" in n and "ECG" in n for n in notices)


@pytest.mark.parametrize(
    ("unit", "gain", "per_unit", "shown"),
    [
        ("mV", 200, 200, "mV"),
        ("V", 1000, 1, "mV"),
        ("uV", 2, 2000, "mV"),
        ("mv", 5, 5, "mV"),
        ("mmHg", 7, 7, "mmHg"),
    ],
)
def test_voltages_become_millivolts(unit: str, gain: float, per_unit: float, shown: str) -> None:
    (lead,), _ = describe_leads([signal(f"x.dat 16 {gain}/{unit} 16 0 0 0 0 II")])
    assert (lead.adu_per_unit, lead.unit) == (per_unit, shown)


def test_equal_names_are_numbered_with_a_notice() -> None:
    specs = [signal(f"x.dat 16 200 16 0 0 0 0 {name}") for name in ("V5", "v5", "II", "V5")]
    leads, notices = describe_leads(specs)
    assert [lead.name for lead in leads] == ["V5", "V5 (2)", "II", "V5 (3)"]
    assert any("V5" in n for n in notices)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("12:30:05 01/02/1990", datetime(1990, 2, 1, 12, 30, 5)),
        ("05-Feb-2020 11:39:16", datetime(2020, 2, 5, 11, 39, 16)),
        ("30:05 01/02/1990", datetime(1990, 2, 1, 0, 30, 5)),
        ("12:30:05", None),
    ],
)
def test_start_times(start: str, expected: datetime | None) -> None:
    header = parse_header(f"x 1 360 10 {start}\nx.dat 16\n", PATH)
    assert header.start == expected
    assert not header.notices


@pytest.mark.parametrize("start", ["12:30:05 31/02/1990", "25:00:00 01/02/1990", "0:0:0 0/0/0000", "noon today"])
def test_an_impossible_start_is_left_out_with_a_notice(start: str) -> None:
    header = parse_header(f"x 1 360 10 {start}\nx.dat 16\n", PATH)
    assert header.start is None
    assert any("start" in n for n in header.notices)


@pytest.mark.parametrize(
    ("comments", "age", "sex"),
    [
        (["69 M 1085 1629 x1"], "69", "M"),
        (["-1 F 1 2"], "", "F"),
        (["<age>: 71", "<sex>: M", "<diagnoses>:"], "71", "M"),
        (["<age>: 85  <sex>: F  <diagnoses> x"], "85", "F"),
        (["Age: 61", "Sex: Female", "Dx: 426783006"], "61", "F"),
        (["age: n/a", "Percentage: 12"], "", ""),
    ],
)
def test_patient_from_comments(comments: list[str], age: str, sex: str) -> None:
    patient = describe_patient(comments)
    assert (patient.age, patient.sex) == (age, sex)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("\n\n", "no record line"),
        ("# only comments\n", "no record line"),
        ("hello world\n", "first line"),
        ("x 3 360 10\nx.dat 16\n", "promises 3 signals but describes 1"),
        ("x 100000000 360 10\nx.dat 16\n", "100,000,000 signals"),
        ("x 1 0 10\nx.dat 16\n", "sampling rate"),
        ("x 1 -360 10\nx.dat 16\n", "sampling rate"),
        ("x 1 1e308 10\nx.dat 16\n", "sampling rate"),
        ("x 1 nan 10\nx.dat 16\n", "not a finite number"),
        ("x 1 inf 10\nx.dat 16\n", "not a finite number"),
        ("x 1 1e999 10\nx.dat 16\n", "not a finite number"),
        (f"x 1 360 {'9' * 200_000}\nx.dat 16\n", "not a whole number"),
        ("x 1 360 -5\nx.dat 16\n", "out of range"),
        ("x 1 360 10\nx.dat\n", "format"),
        ("x 1 360 10\nx.dat abc\n", "format"),
        ("x 1 360 10\nx.dat 16 nan/mV\n", "gain"),
        ("x 1 360 10\nx.dat 16 inf/mV\n", "gain"),
        ("x 1 360 10\nx.dat 16 1e300/mV\n", "gain"),
        ("x 1 360 10\nx.dat 16 200(1e9)/mV\n", "baseline"),
        ("x 1 360 10\nx.dat 16 200 12x 0 0 0 0 ECG\n", "not a whole number"),
        ("x 1 360 10\n../x.dat 16\n", "outside"),
        ("x 1 360 10\n/etc/passwd 16\n", "outside"),
        ("x 1 360 10\nhttp://x.org/x.dat 16\n", "outside"),
        ("x 1 360 10\ns3://bucket/x.dat 16\n", "outside"),
        ("x 1 360 10\nC:\\x.dat 16\n", "outside"),
        ("x 1 360 10\n- 16\n", "outside"),
        ("x/1 1 360 10\n../y 10\n", "outside"),
        ("x/1 1 360 10\ny\n", "segment"),
        ("x/2 1 360 10\ny 5\n", "promises 2 segments"),
    ],
)
def test_faults_are_one_clear_sentence(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "x.hea"
    path.write_text(text)
    with pytest.raises(RecordError) as caught:
        read_header(path)
    message = str(caught.value)
    assert fault in message
    assert message.startswith("x.hea: ")
    assert len(message) < 200
    assert "\n" not in message


def test_binary_and_oversized_headers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.hea"
    path.write_bytes(b"x 1 360\0 10\nx.dat 16\n")
    with pytest.raises(RecordError, match="binary"):
        read_header(path)
    path.write_bytes(b"#" * (MAX_HEADER_BYTES + 1))
    with pytest.raises(RecordError, match="more than"):
        read_header(path)


def test_latin1_comments_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.hea"
    path.write_bytes("x 1 360 10\nx.dat 16\n# Müller\n".encode("latin-1"))
    assert read_header(path).comments == ("Müller",)


def test_fields_left_out_before_the_name_are_survived() -> None:
    header = parse_header("x 1 360 10\nx.dat 16 1000/mV lead II\n", PATH)
    assert header.signals[0].description == "lead II"
    assert header.notices
