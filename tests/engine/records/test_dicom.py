"""DICOM waveforms: agreement with pydicom, calibration, groups, annotations, damage and traps."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    TwelveLeadECGWaveformStorage,
)

from engine.errors import RecordError
from engine.records import TextHints, dicom_file, open_record, read_annotations
from engine.records.dicom import open_dicom

Find = Callable[[str], Path]


TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def code(value: str, meaning: str, scheme: str = "SCPECG") -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def channel(source: tuple[str, str] = ("5.6.3-9-2", "Ableitung II"), **more: Any) -> Dataset:
    item = Dataset()
    item.ChannelSourceSequence = code(*source)
    item.ChannelSensitivity = "2.5"
    item.ChannelSensitivityUnitsSequence = code("uV", "microvolt", "UCUM")
    item.ChannelSensitivityCorrectionFactor = "1"
    item.ChannelBaseline = "0"
    item.WaveformBitsStored = 16
    for name, value in more.items():
        if value is None:
            delattr(item, name)
        else:
            setattr(item, name, value)
    return item


def group(samples: np.ndarray, channels: list[Dataset], **more: Any) -> Dataset:
    item = Dataset()
    item.MultiplexGroupLabel = "RHYTHM"
    item.NumberOfWaveformChannels = samples.shape[1]
    item.NumberOfWaveformSamples = len(samples)
    item.SamplingFrequency = "500"
    item.WaveformBitsAllocated = samples.itemsize * 8
    item.WaveformSampleInterpretation = {"i1": "SB", "u1": "UB", "i2": "SS", "u2": "US", "i4": "SL"}[
        samples.dtype.str[1:]
    ]
    item.ChannelDefinitionSequence = Sequence(channels)
    item.add_new("WaveformData", "OW", samples.tobytes())
    for name, value in more.items():
        setattr(item, name, value)
    return item


def write(path: Path, *groups: Dataset, syntax: str = ExplicitVRLittleEndian, **more: Any) -> Path:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = TwelveLeadECGWaveformStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    if groups:
        dataset.WaveformSequence = Sequence(groups)
    for name, value in more.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def two_leads(n: int = 600, kind: str = "<i2") -> np.ndarray:
    return np.arange(1, 2 * n + 1).reshape(n, 2).astype(kind)


@pytest.mark.parametrize("name", ["cardio_sample.dcm", "ecgtoolkit_Example.dcm", "waveform_ecg.dcm"])
def test_agrees_with_pydicom_on_real_files(dataset: Find, name: str) -> None:
    path = dataset("file_formats") / "dicom" / name
    other = pydicom.dcmread(path)
    for number in (0, 1):
        record = open_dicom(path, TextHints(group=number))
        assert record.fs == float(other.WaveformSequence[number].SamplingFrequency)
        assert [lead.name for lead in record.leads] == TWELVE
        block = record.read()
        assert block.valid.all()
        np.testing.assert_allclose(block.values, other.waveform_array(number).T / 1000, rtol=2e-7, atol=1e-9)
        raw = np.frombuffer(other.WaveformSequence[number].WaveformData, "<i2").reshape(-1, 12).T
        np.testing.assert_array_equal(record.read_adu(5, 20, [3, 1]), raw[[3, 1], 5:20])


def test_what_a_real_file_says_besides(dataset: Find) -> None:
    path = dataset("file_formats") / "dicom" / "waveform_ecg.dcm"
    record = open_record(path)
    assert record.info.format == "DICOM 12-lead ECG Waveform Storage"
    assert (record.fs, record.n_samples) == (1000.0, 10_000)
    assert record.info.start_time == datetime(2013, 1, 25, 10, 59, 19)
    assert record.info.patient.sex == "F"
    assert record.info.patient.birth_date == "1971-01-23"
    assert "RITMO SINUSALE" in record.info.comments
    assert "QT Interval: 368 ms" in record.info.comments
    assert record.info.notices == ("Multiplex group 1 (MEDIAN BEAT, 12 leads, 1.2 s) is not shown.",)
    (marks,) = read_annotations(record)
    assert len(marks) == 66
    # Positions count from 1: the first beat's QRS is said to begin at sample 486.
    assert marks.num is not None
    onsets = [int(x) for x, s, n in zip(marks.sample, marks.symbol, marks.num, strict=True) if (s, n) == ("(", 1)]
    assert onsets[:3] == [459, 485, 1484]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_calibration_offset_and_units(tmp_path: Path, syntax: str) -> None:
    channels = [
        channel(ChannelSensitivity="2", ChannelSensitivityCorrectionFactor="1.5", ChannelBaseline="30"),
        channel(
            ("X", "Pressure"), ChannelSensitivityUnitsSequence=code("mm[Hg]", "mmHg"), ChannelSensitivity="0.5"
        ),
    ]
    record = open_dicom(write(tmp_path / "x.dcm", group(two_leads(), channels), syntax=syntax))
    assert [(lead.name, lead.unit) for lead in record.leads] == [("II", "mV"), ("Pressure", "mm[Hg]")]
    values = record.read().values
    assert values[0, 0] == np.float32((1 * 3 + 30) / 1000)
    assert values[1, 0] == np.float32(2 * 0.5)


@pytest.mark.parametrize("kind", ["<i1", "<u1", "<i2", "<u2", "<i4"])
def test_sample_types(tmp_path: Path, kind: str) -> None:
    samples = (np.arange(200).reshape(100, 2) * 3 - 50).astype(kind)
    record = open_dicom(write(tmp_path / "x.dcm", group(samples, [channel(), channel()])))
    np.testing.assert_array_equal(record.read_adu(), samples.T)
    assert [lead.name for lead in record.leads] == ["II", "II (2)"]


def test_big_endian(tmp_path: Path) -> None:
    samples = two_leads(kind=">i2")
    item = group(two_leads(), [channel(), channel(("2:61", "MDC_ECG_LEAD_III"))])
    item.WaveformData = samples.tobytes()
    record = open_dicom(write(tmp_path / "x.dcm", item, syntax=ExplicitVRBigEndian))
    np.testing.assert_array_equal(record.read_adu(), samples.T)
    assert record.leads[1].name == "III"


def test_a_file_without_preamble(tmp_path: Path) -> None:
    path = write(tmp_path / "x.dcm", group(two_leads(), [channel(), channel()]))
    path.write_bytes(path.read_bytes()[132:])
    assert open_record(path).n_samples == 600


def test_channels_without_sensitivity_are_shown_as_stored(tmp_path: Path) -> None:
    item = group(two_leads(), [channel(ChannelSensitivity=None), channel(ChannelSensitivity="0")])
    record = open_dicom(write(tmp_path / "x.dcm", item))
    assert [lead.unit for lead in record.leads] == ["adu", "adu"]
    assert sum("not calibrated" in notice for notice in record.info.notices) == 2
    np.testing.assert_array_equal(record.read().values, two_leads().T)


def test_padding_at_the_end_of_the_range_marks_missing_samples(tmp_path: Path) -> None:
    samples = two_leads()
    samples[10, 1] = -32768
    item = group(samples, [channel(), channel()])
    item.add_new("WaveformPaddingValue", "OW", struct.pack("<h", -32768))
    valid = open_dicom(write(tmp_path / "x.dcm", item)).read().valid
    assert np.argwhere(~valid).tolist() == [[1, 10]]


def test_padding_inside_the_range_only_counts_in_long_runs_of_all_channels(tmp_path: Path) -> None:
    samples = two_leads()
    samples[20:60] = 0  # 80 ms at 500 Hz: a flat stretch
    samples[100:200] = 0
    samples[300:400, 0] = 0  # one channel only
    item = group(samples, [channel(), channel()])
    item.add_new("WaveformPaddingValue", "OW", b"\0\0")
    valid = open_dicom(write(tmp_path / "x.dcm", item)).read().valid
    expected = np.ones((2, 600), bool)
    expected[:, 100:200] = False
    np.testing.assert_array_equal(valid, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"NumberOfWaveformChannels": 65535}, "65535 channels"),
        ({"NumberOfWaveformChannels": 0}, "0 channels"),
        ({"NumberOfWaveformChannels": 3}, "defines 2 of the 3 channels"),
        ({"SamplingFrequency": "0"}, "sampling rate is 0 Hz"),
        ({"SamplingFrequency": "-5"}, "sampling rate is -5 Hz"),
        ({"SamplingFrequency": "1e9"}, "above the"),
        ({"WaveformBitsAllocated": 8}, "SS of 8 bits"),
        ({"WaveformSampleInterpretation": "MB"}, "MB of 16 bits"),
        ({"WaveformData": b""}, "holds no samples"),
        ({"WaveformData": b"\0\0"}, "holds no samples"),
        ({"ChannelDefinitionSequence": Sequence([])}, "defines 0 of the 2"),
    ],
)
def test_refuses_in_one_sentence(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordError, match=message) as caught:
        open_dicom(write(tmp_path / "x.dcm", group(two_leads(), [channel(), channel()], **change)))
    assert str(caught.value).startswith("x.dcm: ")


def test_a_broken_side_group_does_not_hide_a_good_one(tmp_path: Path) -> None:
    good = group(two_leads(), [channel(), channel()])
    bad = group(two_leads(), [channel(), channel()], SamplingFrequency="0")
    record = open_dicom(write(tmp_path / "x.dcm", good, bad))
    assert record.n_samples == 600
    assert any("is left out" in notice for notice in record.info.notices)
    with pytest.raises(RecordError, match="has no multiplex group 7"):
        open_dicom(write(tmp_path / "y.dcm", good), TextHints(group=7))


def test_more_samples_promised_than_held(tmp_path: Path) -> None:
    item = group(two_leads(), [channel(), channel()], NumberOfWaveformSamples=900)
    record = open_dicom(write(tmp_path / "x.dcm", item))
    assert record.n_samples == 900
    assert record.read().valid[:, :600].all()
    assert not record.read(550, 900).valid[:, 50:].any()
    item.NumberOfWaveformSamples = 2**31 - 1
    assert open_dicom(write(tmp_path / "x.dcm", item)).n_samples == 600


@pytest.mark.parametrize("name", ["cardio_sample.dcm", "ecgtoolkit_Example.dcm", "waveform_ecg.dcm"])
def test_real_files_cut_short_keep_the_samples_they_hold(tmp_path: Path, dataset: Find, name: str) -> None:
    content = (dataset("file_formats") / "dicom" / name).read_bytes()
    whole = open_dicom(dataset("file_formats") / "dicom" / name).read().values
    path = tmp_path / "x.dcm"
    for size in range(0, len(content), 9973):
        path.write_bytes(content[:size])
        if size < 25_000:  # the header may end first
            with suppress(RecordError):
                open_record(path)
            continue
        record = open_record(path)
        block = record.read()
        held = int(block.valid[0].sum())
        np.testing.assert_array_equal(block.values[:, :held], whole[:, :held])
        assert held == whole.shape[1] or not block.valid[:, held:].any()


def test_images_and_directories_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"DICOM file \(12-lead ECG Waveform Storage\) without a waveform"):
        open_record(write(tmp_path / "x.dcm"))
    with pytest.raises(RecordError, match="DICOM directory"):
        open_record(write(tmp_path / "DICOMDIR", DirectoryRecordSequence=Sequence([])))


def test_a_deflated_file_is_read_but_not_beyond_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.dcm", group(two_leads(), [channel(), channel()]), syntax="1.2.840.10008.1.2.1.99")
    np.testing.assert_array_equal(open_record(path).read_adu(), two_leads().T)
    monkeypatch.setattr(dicom_file, "_MAX_INFLATED_BYTES", 1000)
    with pytest.raises(RecordError, match="inflates to more than"):
        open_record(path)


def nested(depth: int) -> bytes:
    """Undefined-length sequences inside one another, none of them closed."""
    step = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return b"\0" * 128 + b"DICM" + b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0" + step * depth


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(nested(50_000))
    with pytest.raises(RecordError, match=r"nests sequences too deeply|ends before its samples"):
        open_record(path)


def test_a_crowd_of_items_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 300_001
    head = nested(0) + b"\x08\x00\x40\x11SQ\0\0" + struct.pack("<I", len(items))
    path.write_bytes(head + items)
    with pytest.raises(RecordError, match="sequence items"):
        open_record(path)


def test_a_bomb_inflates_no_further_than_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_file, "_MAX_INFLATED_BYTES", 1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(b"\0" * (64 << 20)) + packer.flush()
    meta = b"\x02\x00\x10\x00UI\x16\x001.2.840.10008.1.2.1.99"
    path = tmp_path / "x.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + meta + bomb)
    with pytest.raises(RecordError, match="inflates to more than 1 MiB"):
        open_record(path)
