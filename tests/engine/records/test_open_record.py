"""The front door: content over names, one clear sentence for everything else, and nothing heavy imported early."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from edf_bytes import Edf, Signal, clock, ramp, tal_signal

import engine.records
from engine.errors import EngineError, RecordError
from engine.records import NeedsHints, TextHints, open_record, read_annotations, write_edf
from engine.records.leads import is_known_lead, lead_name, unique_names, units_per_mv
from engine.records.limits import believed_length

Find = Callable[[str], Path]


@pytest.mark.parametrize(
    ("source", "name", "form"),
    [
        ("edf/cardio_sample.edf", "x.txt", "EDF"),
        ("edf/pyedflib_test_generator_SYNTHETIC.bdf", "x.edf", "BDF+C"),
        ("dicom/waveform_ecg.dcm", "x", "DICOM 12-lead ECG Waveform Storage"),
        ("csv/heartpy/data2.csv", "x.hdr", "CSV"),
        ("csv/heartpy/data2.mat", "x.csv", "MAT 5"),
    ],
)
def test_a_wrong_suffix_does_not_matter(tmp_path: Path, dataset: Find, source: str, name: str, form: str) -> None:
    shutil.copy(dataset("file_formats") / source, tmp_path / name)
    record = open_record(tmp_path / name)
    assert record.info.format == form
    assert record.path == tmp_path / name


@pytest.mark.parametrize("name", ["sel100", "sel100.hea", "sel100.dat", "sel100.atr", "s0010_re.xyz", "a103l.mat"])
def test_every_name_of_a_wfdb_record(dataset: Find, name: str) -> None:
    record = open_record(dataset("file_formats") / "wfdb" / name)
    assert record.info.format.startswith("WFDB")


def test_a_table_beside_a_wfdb_record_of_its_name_is_a_table(tmp_path: Path, dataset: Find) -> None:
    for suffix in ("hea", "dat"):
        shutil.copy(dataset("file_formats") / "wfdb" / f"100_3chan.{suffix}", tmp_path / f"rec.{suffix}")
    (tmp_path / "rec.hea").write_text((tmp_path / "rec.hea").read_text().replace("100_3chan", "rec"))
    (tmp_path / "rec.csv").write_text("t,II\n" + "".join(f"{i / 100},{i % 7 / 7}\n" for i in range(200)))
    assert open_record(tmp_path / "rec.csv").info.format == "CSV"
    assert open_record(tmp_path / "rec").info.format == "WFDB 212"


def test_annotations_beside_a_wfdb_record(dataset: Find) -> None:
    folder = dataset("file_formats") / "wfdb"
    for name in ("sel100", "sel100.atr", "sel100.pu1"):
        sets = read_annotations(folder / name)
        assert [(a.name, len(a)) for a in sets] == [("atr", 1134), ("pu1", 10616)]
    (only,) = read_annotations(folder / "sel100", "pu1")
    assert only.name == "pu1"
    with pytest.raises(EngineError):
        read_annotations(folder / "sel100", "none")


def test_wfdb_annotations_count_at_the_record_s_rate(tmp_path: Path) -> None:
    (tmp_path / "rec.hea").write_text("rec 1 100 5\nrec.dat 16x4 200 16 0 0 0 0 II\n")
    (tmp_path / "rec.dat").write_bytes(np.arange(20, dtype="<i2").tobytes())
    (tmp_path / "rec.atr").write_bytes((1 << 10 | 3).to_bytes(2, "little") + b"\0\0")
    record = open_record(tmp_path / "rec")
    assert record.fs == 400.0
    (marks,) = read_annotations(record)
    assert (marks.sample.tolist(), marks.fs) == ([12], 400.0)


def test_annotations_of_one_name_only(tmp_path: Path) -> None:
    path = tmp_path / "x.edf"
    signals = [Signal(ramp(1, 10)), tal_signal([clock("+0", b"+0.1\x14N\x14\0")])]
    path.write_bytes(bytes(Edf(signals, kind="EDF+C")))
    assert len(read_annotations(path, "edf")) == 1
    with pytest.raises(RecordError, match=r"no annotations called atr \(it has edf\)"):
        read_annotations(path, "atr")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 ....", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n....", "a PNG picture"),
        (b"PK\x05\x06" + bytes(18), "a zip archive without arrays"),
        (b"\x1f\x8b\x08" + bytes(20), "a gzip archive"),
        (b"RIFF....WAVEfmt ", "a RIFF file"),
        (b"ISHNE1.0" + bytes(600), "an ISHNE Holter record"),
        (b"\x00\x01" * 8 + b"SCPECG" + bytes(100), "an SCP-ECG record"),
        (b'<?xml version="1.0"?>\n<AnnotatedECG xmlns="urn:hl7-org:v3">', "an HL7 aECG record"),
        (b"\xef\xbb\xbf<restingecgdata>", "a Philips Sierra XML record"),
        (b"<RestingECG><MuseInfo>", "a GE MUSE XML record"),
        (b"<a/>", "an XML file"),
        (b'{"fs": 100}', "a JSON file"),
        (bytes(range(256)) * 8, "binary data of no known kind"),
        (b"rec 2 360 1000\nrec.dat 212 200 11 1024 0 0 0 II\n", "a WFDB header under another name"),
        (b"Dear Sir or Madam,\nplease find enclosed\n", "holds no table"),
    ],
)
def test_other_files_are_named_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        open_record(path)
    assert str(caught.value).startswith("x.bin: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folder", ["aecg", "scp", "sierra", "wav"])
def test_real_files_of_formats_without_a_reader(dataset: Find, folder: str) -> None:
    for path in sorted((dataset("file_formats") / folder).iterdir()):
        with pytest.raises(
            RecordError, match=r"looks like an? .*, which cannot be opened \(formats that open: WFDB"
        ):
            open_record(path)


def test_folders_missing_files_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="is a folder"):
        open_record(tmp_path)
    with pytest.raises(RecordError, match=r"none\.edf: .*(does not exist|no such file)"):
        open_record(tmp_path / "none.edf")
    with pytest.raises(RecordError, match="not a possible file name"):
        open_record("x\0y")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(RecordError, match="not a regular file"):
            open_record(tmp_path / "pipe")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.edf"
    path.write_bytes(bytes(Edf([Signal(ramp(1, 10))])))

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(RecordError, match=r"x\.edf: cannot be read: permission denied"):
        open_record(path)


def test_every_reference_file_opens_or_is_refused_in_a_sentence(dataset: Find) -> None:
    root = dataset("file_formats")
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p.stat().st_size):
        try:
            record = open_record(path, hints=TextHints(rate_hz=250))
        except RecordError as error:
            assert path.parent.name in ("aecg", "scp", "sierra", "wav", "edf"), error  # noqa: PT017
            assert len(str(error)) < 300, error  # noqa: PT017
            continue
        block = record.read(0, 1000)
        assert block.values.dtype == np.float32
        assert np.isfinite(block.values).all()
        assert record.n_samples > 0
        assert len(record.fingerprint) == 32


MUTATED = [
    "edf/cardio_sample.edf",
    "edf/pyedflib_test_generator_SYNTHETIC.bdf",
    "edf/test_edfann.edf",
    "dicom/cardio_sample.dcm",
    "dicom/ecgtoolkit_Example.dcm",
    "csv/heartpy/data.csv",
    "csv/heartpy/data.mat",
    "mat/ecg.dat",
    "written",
]


@pytest.mark.parametrize("source", MUTATED)
def test_damaged_files_never_crash_or_hang(tmp_path: Path, dataset: Find, source: str) -> None:
    """Bytes changed, removed, or cut off: a record that reads, or one sentence; seeded, so failures repeat."""
    if source == "written":
        signals = [
            Signal(ramp(40, 50)),
            tal_signal([clock(f"+{i + (i > 9)}", b"+1\x14V\x14\0") for i in range(40)]),
        ]
        content = bytes(Edf(signals, kind="EDF+D"))
    else:
        content = (dataset("file_formats") / source).read_bytes()
    rng = random.Random(source)
    path = tmp_path / "x"
    for _ in range(60):
        damaged = bytearray(content)
        match rng.randrange(4):
            case 0 | 1:
                for _ in range(rng.randint(1, 4)):
                    value = rng.choice(b"0123456789-+., \0\xff") if rng.random() < 0.6 else rng.randrange(256)
                    damaged[rng.randrange(min(len(damaged), 3000))] = value
            case 2:
                del damaged[rng.randrange(len(damaged)) :]
            case 3:
                at = rng.randrange(len(damaged))
                del damaged[at : at + rng.randint(1, 40)]
        path.write_bytes(damaged)
        try:
            record = open_record(path, hints=TextHints(rate_hz=250))
            for block in (record.read(0, 4000), record.read(record.n_samples - 100)):
                assert np.isfinite(block.values).all()
                assert not block.values[~block.valid].any()
            read_annotations(record)
        except EngineError as error:
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "module", ["engine.records", "engine.records.open", "engine.records.text", "engine.records.edf_write"]
)
def test_nothing_heavy_is_imported(module: str) -> None:
    heavy = ["scipy", "wfdb", "pydicom", "edfio", "h5py", "physiokit", "pandas", "PySide6"]
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_resolves() -> None:
    for name in engine.records.__all__:
        assert getattr(engine.records, name) is not None
    assert set(engine.records.__all__) == set(dir(engine.records))
    with pytest.raises(AttributeError):
        _ = engine.records.nothing


def test_needs_hints_is_a_record_error() -> None:
    assert issubclass(NeedsHints, RecordError)


def test_any_record_can_be_written_as_edf(tmp_path: Path, dataset: Find) -> None:
    for source in ("dicom/cardio_sample.dcm", "csv/heartpy/data2.csv"):
        record = open_record(dataset("file_formats") / source)
        copy = open_record(write_edf(record, tmp_path / f"{record.name}.edf"))
        assert copy.n_samples == record.n_samples
        assert copy.fs == pytest.approx(record.fs, rel=1e-7)
        np.testing.assert_allclose(copy.read().values, record.read().values, atol=0.01)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ECG II", "II"),
        ("EKG avr", "aVR"),
        ("Lead I (Einthoven)", "I"),
        ("ECG", "ECG"),
        ("ECG Lead V6", "V6"),
        ("ecg_v1", "V1"),
        ("EEG F4-A1", "EEG F4-A1"),
        ("mlii", "MLII"),
        ("ECG  II ", "II"),
        ("ECGX", "ECGX"),
        ("Lead", "Lead"),
        ("", ""),
    ],
)
def test_lead_names(label: str, name: str) -> None:
    assert lead_name(label) == name
    assert lead_name(name) == name


def test_names_units_and_lengths() -> None:
    assert is_known_lead("ECG v3")
    assert not is_known_lead("ECG")
    assert unique_names(["a", "A", "a (2)", ""]) == (("a", "A (2)", "a (2) (2)", "signal 4"), ("A", "a (2)"))
    assert [units_per_mv(u) for u in ("mV", "UV", "V", "mmHg")] == [1, 1000, 0.001, None]
    assert believed_length(100, 200, 1) == 100
    assert believed_length(300, 200, 1) == 300
    assert believed_length(10**9, 200, 1) == 200
    assert believed_length(250 * 86_400 * 32, 250 * 86_400, 250) == 250 * 86_400
