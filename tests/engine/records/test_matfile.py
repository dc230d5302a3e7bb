"""Recordings in .mat, HDF5, .npy and .npz: the signal, its rate and names found; traps refused."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io

from engine.errors import RecordError
from engine.records import NeedsHints, TextHints, mat_binary, numpy_arrays, open_record
from engine.records.mat_binary import read_mat4, read_mat5

Find = Callable[[str], Path]
TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
X = np.random.default_rng(0).normal(size=(12, 400))


def mat(folder: Path, form: str = "5", compress: bool = False, **variables: Any) -> Path:
    path = folder / "x.mat"
    scipy.io.savemat(path, variables, format=form, do_compression=compress)
    return path


@pytest.mark.parametrize("form", ["4", "5"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u1", "i4"])
def test_matlab_matrices_of_every_type_and_direction(
    tmp_path: Path, form: str, transposed: bool, kind: str
) -> None:
    stored = (X * 40 + 100).astype(kind)
    path = mat(tmp_path, form, val=stored.T if transposed else stored, fs=500)
    record = open_record(path, hints=TextHints(unit="mV"))
    assert (record.info.format, record.fs, record.n_samples) == (f"MAT {form}", 500.0, 400)
    np.testing.assert_array_equal(record.read().values, stored.astype(np.float32))


@pytest.mark.parametrize("compress", [False, True])
def test_structs_names_units_and_gain(tmp_path: Path, compress: bool) -> None:
    path = mat(
        tmp_path,
        compress=compress,
        note="a text",
        rec={
            "ecg": np.rint(X * 200).astype(np.int16),
            "Fs": 250.0,
            "leads": np.array(TWELVE, object),
            "gain": 200,
            "units": "mV",
        },
        other={"Fs": 9999.0},
    )
    record = open_record(path)
    assert record.fs == 250.0
    assert [x.name for x in record.leads] == TWELVE
    assert record.info.notices == ()
    np.testing.assert_array_equal(record.read().values, (np.rint(X * 200) / 200).astype(np.float32))


def test_names_in_a_character_matrix_and_a_sampling_interval(tmp_path: Path) -> None:
    record = open_record(mat(tmp_path, ecg=X[:3], names=["I  ", "II ", "aVR"], isi=4.0, isi_units="ms"))
    assert record.fs == 250.0
    assert [x.name for x in record.leads] == ["I", "II", "aVR"]


def test_a_column_of_times_gives_the_rate(tmp_path: Path) -> None:
    record = open_record(mat(tmp_path, hr=X[0], timer=np.arange(400) * 4.0))
    assert record.fs == 250.0
    assert len(record.leads) == 1


def test_variables_named_like_leads_are_its_leads(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, V1=X[0], II=X[1], extra=X[2, :50], sampling_rate=300.0)
    record = open_record(path)
    assert [x.name for x in record.leads] == ["V1", "II"]
    np.testing.assert_array_equal(record.read().values, X[:2].astype(np.float32))


def test_missing_values_are_gaps(tmp_path: Path) -> None:
    values = X[:1].copy()
    values[0, 5:9] = np.nan
    record = open_record(mat(tmp_path, ecg=values, fs=100))
    assert np.flatnonzero(~record.read().valid[0]).tolist() == [5, 6, 7, 8]


def test_the_question_lists_the_arrays(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, first=X[0], second=X[1])
    with pytest.raises(NeedsHints) as question:
        open_record(path)
    assert question.value.guess.columns == question.value.guess.signals == ("first", "second")
    assert question.value.guess.rates_hz
    record = open_record(path, hints=TextHints(rate_hz=250, variable="second"))
    np.testing.assert_array_equal(record.read().values[0], X[1].astype(np.float32))
    assert (
        "Array first is shown; second would be possible too."
        in open_record(path, hints=TextHints(rate_hz=250)).info.notices
    )
    with pytest.raises(RecordError, match="has no array 'third'"):
        open_record(path, hints=TextHints(rate_hz=250, variable="third"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_plain_array(tmp_path: Path, order: Any) -> None:
    np.save(tmp_path / "x.npy", np.asarray(X.T, order=order))
    record = open_record(tmp_path / "x.npy", hints=TextHints(rate_hz=500))
    assert record.info.format == "NPY"
    np.testing.assert_array_equal(record.read().values, X.astype(np.float32))


def test_a_table_of_named_fields(tmp_path: Path) -> None:
    rows = np.zeros(300, [("t", "f8"), ("II", "f4"), ("V1", "f4")])
    rows["t"], rows["II"] = np.arange(300) / 125, X[0, :300]
    np.save(tmp_path / "x.npy", rows)
    record = open_record(tmp_path / "x.npy")
    assert record.fs == 125.0
    assert [x.name for x in record.leads] == ["II", "V1"]


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_matlab_7_3(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "x.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value, kind in (
            ("val", X.T, "double"),
            ("fs", [[500.0]], "double"),
            ("units", [[109], [86]], "char"),
        ):
            data = np.asarray(value, "u2" if kind == "char" else "f8")
            item = file.create_dataset(name, data=data, compression=compression if data.size > 9 else None)
            item.attrs["MATLAB_class"] = np.bytes_(kind)
        cells = file.create_dataset("leads", (12, 1), h5py.ref_dtype)
        for i, name in enumerate(TWELVE):
            text = file.create_dataset(f"#refs#/{i}", data=np.array([[ord(c)] for c in name], "u2"))
            text.attrs["MATLAB_class"] = np.bytes_("char")
            cells[i, 0] = text.ref
    content = bytearray(path.read_bytes())
    content[:128] = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\x02IM"
    path.write_bytes(content)
    record = open_record(path)
    assert (record.info.format, record.fs) == ("MAT 7.3", 500.0)
    assert [x.name for x in record.leads] == TWELVE
    assert record.info.notices == ()
    np.testing.assert_array_equal(record.read().values, X.astype(np.float32))


def test_plain_hdf5_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["patient/ecg"] = X
        file["patient/sampling_rate"] = 400
        file["patient/lead_names"] = TWELVE
    record = open_record(path)
    assert record.fs == 400.0
    assert [x.name for x in record.leads] == TWELVE


def test_hdf5_never_reaches_outside_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(1000))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["ecg"] = X
    for name in ("link", "raw", "virtual"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["fs"] = 100
            if name == "link":
                file["ecg"] = h5py.ExternalLink("other.h5", "/ecg")
            elif name == "raw":
                file.create_dataset("ecg", (1000,), "u1", external=[(str(secret), 0, 1000)])
            else:
                layout = h5py.VirtualLayout(X.shape, "f8")
                layout[:] = h5py.VirtualSource("other.h5", "ecg", X.shape)
                file.create_virtual_dataset("ecg", layout)
        with pytest.raises(RecordError, match="refused for safety"):
            open_record(tmp_path / f"{name}.h5")


def test_hdf5_that_promises_more_than_it_can_hold(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("ecg", (1 << 29,), "i2", chunks=(1 << 16,))
    with pytest.raises(RecordError, match="more than a file of its size can hold"):
        open_record(tmp_path / "x.h5")


def npy_header(shape: str, descr: str = "'<f8'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    text = text.ljust(118 - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy_header("(1000000000000,)"), "promises 8,000,000,000,000 bytes"),
        (npy_header("(2, 100)") + bytes(1599), "promises 1,600 bytes of samples, 1,599 are there"),
        (npy_header("(-5,)"), "damaged array header"),
        (npy_header("(5,)", "'|O'"), "Python objects"),
        (npy_header("(5,)", "[('a', '|O')]"), "Python objects"),
        (npy_header("(__import__('os'),)"), "damaged array header"),
        (npy_header("(5,)")[:40], "damaged array header"),
        (npy_header("(5,").replace(b"}", b" "), "damaged array header"),
        (npy_header("(" * 90), "damaged array header"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "version 9.0"),
    ],
)
def test_numpy_traps(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(RecordError, match=message):
        open_record(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("ecg.npy", content)
    with pytest.raises(RecordError, match=message):
        open_record(tmp_path / "x.npz")


def test_zip_traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ecg.npy", npy_header("(1000000,)") + bytes(8_000_000))
    monkeypatch.setattr(numpy_arrays, "MAX_ARRAY_BYTES", 1 << 20)
    with pytest.raises(RecordError, match="unpacks to more than"):
        open_record(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RecordError, match="damaged or encrypted archive"):
        open_record(path)
    for member, message in (
        ("xl/workbook.xml", "an Excel workbook"),
        ("word/document.xml", "a Word document"),
        ("a", "zip archive"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, b"x")
        with pytest.raises(RecordError, match=message):
            open_record(path)


def test_a_compressed_variable_inflates_no_further_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mat(tmp_path, compress=True, ecg=np.zeros((1, 1_000_000)), fs=100)
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(mat_binary, "MAX_ARRAY_BYTES", 1 << 20)
    with pytest.raises(RecordError, match="inflates to more than"):
        open_record(path)


def element(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, len(body)) + body.ljust(-(-len(body) // 8) * 8, b"\0")


def matrix(dimensions: tuple[int, ...], body: bytes, flags: int = 6) -> bytes:
    head = element(6, struct.pack("<II", flags, 0)) + element(5, struct.pack(f"<{len(dimensions)}i", *dimensions))
    return element(14, head + element(1, b"ecg") + body)


def mat5(*elements: bytes) -> bytes:
    return b"MATLAB 5.0".ljust(124) + b"\0\x01IM" + b"".join(elements)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (mat5(matrix((1 << 30, 1 << 30), element(9, bytes(80)))), "promises"),
        (mat5(matrix((-1, 4), element(9, bytes(32)))), "impossible dimensions"),
        (mat5(matrix((1, 20), element(9, bytes(161)))), "promises 20 numbers"),
        (mat5(struct.pack("<II", 14, 1 << 31)), "ends in the middle of a variable"),
        (mat5(struct.pack("<II", 15, 8) + b"no zlib!"), "cannot be inflated"),
        (mat5(matrix((1 << 31 - 1,), b"", flags=1)), "holds no array"),
        (
            mat5(matrix((1, 1), element(5, struct.pack("<i", 1 << 30)) + element(1, b"a"), flags=2)),
            "holds no array",
        ),
        (mat5(), "holds no array"),
    ],
)
def test_matlab_traps(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        open_record(tmp_path / "x.mat")
    assert str(caught.value).startswith("x.mat: ")


def test_structs_nested_without_end_are_left_out() -> None:
    inner = matrix((1, 20), element(9, bytes(160)))
    for _ in range(50):
        inner = matrix(
            (1, 1), element(5, struct.pack("<i", 32)) + element(1, b"f".ljust(32, b"\0")) + inner, flags=2
        )
    assert read_mat5(mat5(inner)) == {}


def test_matlab_4_that_promises_more_than_it_holds(tmp_path: Path) -> None:
    header = struct.pack("<5i", 0, 1 << 15, 1 << 15, 0, 4) + b"ecg\0"
    with pytest.raises(RecordError, match="more than the file holds"):
        read_mat4(header + bytes(80))


@pytest.mark.parametrize("order", ["<", ">"])
def test_matlab_4_in_either_byte_order(order: str) -> None:
    kind = 0 if order == "<" else 1000
    content = struct.pack(f"{order}5i", kind, 2, 20, 0, 4) + b"ecg\0" + X[:2, :20].T.astype(f"{order}f8").tobytes()
    np.testing.assert_array_equal(read_mat4(content)["ecg"], X[:2, :20])


def test_agrees_with_scipy_on_real_files(dataset: Find) -> None:
    folder = dataset("file_formats") / "csv" / "heartpy"
    for name in ("data.mat", "data2.mat", "data3.mat"):
        expected = scipy.io.loadmat(folder / name)
        found = read_mat5((folder / name).read_bytes())
        np.testing.assert_array_equal(found["hr"], expected["hr"])
    record = open_record(folder / "data2.mat")
    assert record.fs == pytest.approx(116.98775, rel=1e-6)
    with pytest.raises(NeedsHints):
        open_record(folder / "data.mat")


def test_a_numpy_archive_named_dat(dataset: Find) -> None:
    path = dataset("file_formats") / "mat" / "ecg.dat"
    with pytest.raises(NeedsHints):
        open_record(path)
    record = open_record(path, hints=TextHints(rate_hz=360))
    assert record.n_samples == 108_000
    expected = np.load(path)["ecg"].astype(float)
    np.testing.assert_allclose(record.read().values[0], (expected - 1024) / 200, atol=1e-6)


def test_a_mat_file_beside_its_header_is_a_wfdb_record(dataset: Find) -> None:
    record = open_record(dataset("file_formats") / "wfdb" / "a103l.mat")
    assert record.info.format.startswith("WFDB")
    assert [x.unit for x in record.leads] == ["mV", "mV", "NU"]


def test_damaged_compressed_members(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, ecg=X, fs=100)
    content = bytearray(buffer.getvalue())
    content[200:260] = zlib.compress(b"x" * 40)[:20] * 3
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(RecordError, match="damaged"):
        open_record(tmp_path / "x.npz")
