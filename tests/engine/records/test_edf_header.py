"""EDF headers: what is accepted, what is accepted with a notice, and what is refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from edf_bytes import Edf, Signal, ramp

from engine.errors import RecordError
from engine.records.edf_record import EdfRecord, open_edf


def opened(folder: Path, content: bytes) -> EdfRecord:
    path = folder / "x.edf"
    path.write_bytes(content)
    return open_edf(path)


def plain(**changes: object) -> Edf:
    edf = Edf([Signal(ramp(3, 100))])
    for name, value in changes.items():
        setattr(edf, name, value)
    return edf


def signal(**changes: str) -> Edf:
    return Edf([Signal(ramp(3, 100), **changes), Signal(ramp(3, 100), label="V1")])


def test_reads_what_a_plain_header_says(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(plain()))
    assert (record.info.format, record.fs, record.n_samples) == ("EDF", 100.0, 300)
    assert record.info.start_time == datetime(2020, 3, 2, 4, 5, 6)
    assert record.info.notices == ()
    lead = record.leads[0]
    assert (lead.name, lead.unit, lead.description) == ("II", "mV", "ECG II")
    # 10 steps a microvolt, 0 at 0: 100 steps are 0.01 mV.
    assert lead.adu_per_unit == 10_000
    assert lead.baseline_adu == 0
    assert record.read().values[0, 100] == np.float32(0.01)


@pytest.mark.parametrize(
    ("edf", "message"),
    [
        (plain(fields={"signals": "9999"}), "9999 signals"),
        (plain(fields={"signals": "0"}), "0 signals"),
        (plain(fields={"signals": "x"}), "signals"),
        (plain(fields={"signals": "40"}), "promises 40 signals, but the file ends inside the header"),
        (plain(fields={"size": "768"}), "header of 768 bytes"),
        (plain(fields={"size": "abc"}), "header size"),
        (plain(record_s="0"), "0 s"),
        (plain(record_s="-1"), "-1 s"),
        (plain(record_s="nan"), "duration is 'nan'"),
        (plain(record_s="1e-9"), "samples a second"),
        (plain(fields={"records": "-2"}), "-2 data records"),
        (plain(fields={"records": "many"}), "number of data records"),
        (
            plain(signals=[Signal(ramp(3, 100), physical_min="5", physical_max="5")]),
            "minimum and maximum are both 5",
        ),
        (plain(signals=[Signal(ramp(3, 100), physical_max="nan")]), "'nan'"),
        (plain(signals=[Signal(ramp(3, 100), physical_max="1e50")]), "beyond reason"),
        (plain(signals=[Signal(ramp(3, 100), digital_min="7", digital_max="7")]), "not below"),
        (plain(signals=[Signal(ramp(3, 100), digital_min="9", digital_max="7")]), "not below"),
        (plain(signals=[Signal(ramp(3, 100), digital_max="70000")]), "does not fit in 16 bits"),
    ],
)
def test_refuses_in_one_sentence(tmp_path: Path, edf: Edf, message: str) -> None:
    with pytest.raises(RecordError) as caught:
        opened(tmp_path, bytes(edf))
    assert message in str(caught.value)
    assert str(caught.value).startswith("x.edf: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [{"physical_min": "0", "physical_max": "0"}, {"digital_min": "5", "digital_max": "5"}, {"physical_max": "nan"}],
)
def test_a_signal_without_calibration_is_left_out_with_a_notice(tmp_path: Path, changes: dict[str, str]) -> None:
    record = opened(tmp_path, bytes(signal(**changes)))
    assert [lead.name for lead in record.leads] == ["V1"]
    assert record.info.notices[0].startswith("Signal ECG II is left out: ")
    np.testing.assert_array_equal(record.read_adu()[0], np.arange(300))


def test_decimal_commas_are_read_at_the_right_scale_with_a_notice(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(signal(physical_min="-3276,8", physical_max="3276,7")))
    assert record.leads[0] == opened(tmp_path, bytes(signal())).leads[0]
    assert "decimal comma" in record.info.notices[0]
    assert len(record.info.notices) == 1


def test_inverted_polarity_is_legal(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(signal(physical_min="3276.8", physical_max="-3276.7")))
    assert record.read().values[0, 100] == np.float32(-0.01)


def test_an_impossible_date_is_a_notice(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(plain(fields={"date": "32.13.20"})))
    assert record.info.start_time is None
    assert "32.13.20" in record.info.notices[0]


@pytest.mark.parametrize(
    ("date", "kind", "expected"),
    [("31.12.85", "", datetime(1985, 12, 31, 4, 5, 6)), ("31.12.84", "", datetime(2084, 12, 31, 4, 5, 6)),
     ("02.03.yy", "EDF+C", datetime(2020, 3, 2, 4, 5, 6)), ("01.01.85", "", None)],
)  # fmt: skip
def test_two_digit_years(tmp_path: Path, date: str, kind: str, expected: datetime | None) -> None:
    record = opened(tmp_path, bytes(plain(fields={"date": date}, kind=kind)))
    assert record.info.start_time == expected
    assert record.info.notices == ()


def test_a_recording_in_progress_has_the_length_of_its_file(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(plain(fields={"records": "-1"})))
    assert record.n_samples == 300
    assert "still being recorded" in record.info.notices[0]
    assert record.read().valid.all()


def test_missing_data_records_are_a_gap(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(plain(fields={"records": "5"})))
    assert record.n_samples == 500
    assert "cut short" in record.info.notices[0]
    block = record.read()
    assert block.valid[0, :300].all()
    assert not block.valid[0, 300:].any()
    assert not block.values[0, 300:].any()


def test_an_absurd_number_of_data_records_is_not_believed(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(plain(fields={"records": "99999999"})))
    assert record.n_samples == 300
    assert "left out" in record.info.notices[0]


def test_an_absurd_number_of_samples_per_record_is_not_believed(tmp_path: Path) -> None:
    edf = Edf([Signal(ramp(1, 100))], record_s="1000000")
    content = edf.header()[:-40] + b"99999999" + edf.header()[-32:] + edf.data()
    record = opened(tmp_path, content)
    assert record.n_samples == 100
    assert record.read().valid.all()


def test_bytes_after_the_last_data_record_are_named(tmp_path: Path) -> None:
    record = opened(tmp_path, bytes(plain()) + b"trailer")
    assert record.n_samples == 300
    assert "7 bytes" in record.info.notices[0]


def test_labels_in_other_scripts_and_repeated_labels(tmp_path: Path) -> None:
    signals = [Signal(ramp(2, 10), label=name) for name in ("\xc9CG \xb5", "V1", "ECG v1", "")]
    record = opened(tmp_path, bytes(Edf(signals)))
    assert [lead.name for lead in record.leads] == ["\xc9CG \xb5", "V1", "V1 (2)", "signal 4"]
    assert any("Several signals are named V1" in n for n in record.info.notices)


@pytest.mark.parametrize(
    ("unit", "known", "value"),
    [("uV", "mV", 1.0), ("mV", "mV", 1000.0), ("V", "mV", 1e6), ("\xb5V", "mV", 1.0), ("nV", "mV", 1e-3),
     ("mmHg", "mmHg", 1000.0), ("", "", 1000.0)],
)  # fmt: skip
def test_units(tmp_path: Path, unit: str, known: str, value: float) -> None:
    only = Signal(np.full((1, 10), 10_000), unit=unit)
    record = opened(tmp_path, bytes(Edf([only])))
    assert record.leads[0].unit == known
    assert record.read().values[0, 0] == np.float32(value)


def test_patient_and_device_of_edf_plus(tmp_path: Path) -> None:
    record = opened(
        tmp_path, bytes(plain(kind="EDF+C", fields={"patient": "MCH-0234567 F 02-MAY-1951 Haagse_Harry X"}))
    )
    patient = record.info.patient
    assert (patient.id, patient.sex, patient.birth_date, patient.name) == (
        "MCH-0234567", "F", "02-MAY-1951", "Haagse Harry",
    )  # fmt: skip
    assert record.info.device == "Recorder 9"


@pytest.mark.parametrize("size", [0, 1, 8, 100, 255, 256, 300, 511])
def test_a_file_that_ends_in_its_header_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(RecordError, match="ends inside"):
        opened(tmp_path, bytes(plain())[:size])


@pytest.mark.parametrize("size", [512, 513])
def test_a_header_without_a_sample_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(RecordError, match="holds a header and no data"):
        opened(tmp_path, bytes(plain())[:size])


@pytest.mark.parametrize("size", [514, 612, 711, 712, 713, 1111])
def test_a_file_that_ends_in_its_data_keeps_every_sample_it_has(tmp_path: Path, size: int) -> None:
    record = opened(tmp_path, bytes(plain())[:size])
    held = (size - 512) // 2
    block = record.read()
    assert record.n_samples == 300
    assert block.valid[0].sum() == held
    np.testing.assert_array_equal(record.read_adu()[0, :held], np.arange(held))
