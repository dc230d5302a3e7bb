"""Hostile WFDB files: every attack is a typed refusal or a record that can be read, in bounded memory."""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import AnnotationError, EngineError, RecordError
from engine.records.record import Record
from engine.records.wfdb_annotation_codec import decode
from engine.records.wfdb_annotations import find_annotators, read_wfdb_annotations
from engine.records.wfdb_formats import FORMATS, encode
from engine.records.wfdb_record import open_wfdb

MEMORY_LIMIT = 200_000_000
DAT = encode(FORMATS["212"], np.arange(2334) % 50 * 2 * 1)  # 3,501 bytes, two leads of 1,167 samples
LINES = "rec.dat 212 200/mV 11 1024 0 {} 0 MLII\nrec.dat 212 200/mV 11 1024 2 {} 0 V5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a sound record; memory is measured while the test runs."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "outside.dat").write_bytes(DAT)
    inner = tmp_path / "inner"
    (inner / "rec.dat").write_bytes(DAT)
    (inner / "rec.hea").write_text("rec 2 360 1167\n" + LINES.format(0, 0))
    tracemalloc.start()
    yield inner
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY_LIMIT


def use(record: Record) -> None:
    """What a viewer does first: look at start, middle and end, and take the fingerprint."""
    for start in (0, record.n_samples // 2, max(0, record.n_samples - 500)):
        block = record.read(start, start + 500)
        assert np.isfinite(block.values).all()
        assert not block.values[~block.valid].any()
        assert record.read_adu(start, start + 5).dtype == np.int32
    assert len(record.fingerprint) == 32


def test_the_sound_record_is_read(folder: Path) -> None:
    record = open_wfdb(folder / "rec")
    assert record.info.notices == ()
    assert record.read().valid.all()
    use(record)


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("rec 2 360 1167\n../outside.dat 212\n../outside.dat 212\n", "outside"),
        ("rec 2 360 1167\n/abs/x.dat 212\nrec.dat 212\n", "outside"),
        ("rec 2 360 1167\n/etc/passwd 212\nrec.dat 212\n", "outside"),
        ("rec 2 360 1167\nhttp://a.b/x.dat 212\nrec.dat 212\n", "outside"),
        ("rec 2 360 1167\ns3://a/x.dat 212\nrec.dat 212\n", "outside"),
        ("rec/1 2 360 1167\n../rec 1167\n", "outside"),
        ("rec 100000000 360 1167\nrec.dat 212\n", "100,000,000 signals"),
        ("rec 3 360 1167\nrec.dat 212\n", "promises 3 signals"),
        ("", "empty"),
        ("# comment\n", "no record line"),
        ("rec 2 0 1167\n" + LINES, "sampling rate"),
        ("rec 2 -360 1167\n" + LINES, "sampling rate"),
        ("rec 2 1e308 1167\n" + LINES, "sampling rate"),
        ("rec 1 360 1167\nrec.dat 212 nan/mV\n", "gain"),
        ("rec/1 2 360 1167\nrec 1167\n", "itself made of segments"),
        ("rec 1 360 1167\nrec.dat 9999\n", "format 9999"),
        ("rec 1 360 1167\nrec.dat 212:2000000000\n", "skew"),
        ("rec 1 360 1167\nrec.dat 212x100000000\n", "samples per frame"),
        ("rec 1 0.001 1167\nrec.dat 212x100000\n", "samples a frame"),
        ("rec 2 360 1167\nrec.dat 212x500\nrec.dat 212\n", "sampling rate"),
        ("rec 1 360 1167\nrec.dat 212+100000000000\n", "hold no samples"),
        (f"rec 1 360 {'7' * 200_000}\nrec.dat 212\n", "whole number"),
        ("rec 1 360 1167\nrec.dat 516\n", "FLAC"),
        ("rec 2 360 1167\nrec.dat 212\nrec.dat 16\n", "more than one format"),
        ("rec 0 360 1167\n", "no signals"),
        ("rec 1 360 1167\nnone.dat 212\n", "is missing"),
        ("rec 1 360 1167\n~ 212\n", "hold no samples"),
        (f"rec 1 360 1167\n{'n' * 254}.dat 212\n", "outside"),
    ],
)
def test_attacks_are_refused_in_one_sentence(folder: Path, header: str, fault: str) -> None:
    (folder / "rec.hea").write_text(header)
    with pytest.raises(RecordError) as caught:
        open_wfdb(folder / "rec.hea")
    message = str(caught.value)
    assert fault in message
    assert "rec." in message
    assert "\n" not in message
    assert len(message) < 250


@pytest.mark.parametrize("promised", ["1000000000000", "900000000", "99999999999"])
def test_a_header_that_promises_far_too_much_ends_with_the_data(folder: Path, promised: str) -> None:
    (folder / "rec.hea").write_text(f"rec 2 360 {promised}\n" + LINES.format(0, 0))
    record = open_wfdb(folder / "rec")
    assert record.n_samples == 1167
    assert any("data end after 1,167" in n for n in record.info.notices)
    use(record)


def test_a_file_of_half_the_length_keeps_its_promise_as_a_gap(folder: Path) -> None:
    (folder / "rec.dat").write_bytes(DAT[: len(DAT) // 2])
    record = open_wfdb(folder / "rec")
    assert record.n_samples == 1167
    assert any("holds 583 of the 1,167" in n for n in record.info.notices)
    valid = record.read().valid
    assert valid[:, :583].all()
    assert not valid[:, 584:].any()
    use(record)


def test_cycles_between_headers_are_refused(folder: Path) -> None:
    (folder / "a.hea").write_text("a/1 2 360 10\nb 10\n")
    (folder / "b.hea").write_text("b/1 2 360 10\na 10\n")
    for name in ("a", "b"):
        with pytest.raises(RecordError, match="itself made of segments"):
            open_wfdb(folder / name)


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_not(folder: Path) -> None:
    (folder / "rec.dat").unlink()
    (folder / "rec.dat").symlink_to(folder.parent / "outside.dat")
    with pytest.raises(RecordError, match="leads out of the folder"):
        open_wfdb(folder / "rec")
    (folder / "rec.dat").unlink()
    (folder / "real.bin").write_bytes(DAT)
    (folder / "rec.dat").symlink_to("real.bin")
    assert open_wfdb(folder / "rec").n_samples == 1167
    (folder / "rec.dat").unlink()
    (folder / "rec.dat").symlink_to("rec.dat")
    with pytest.raises(RecordError, match="missing"):
        open_wfdb(folder / "rec")


def test_what_is_not_a_file_is_named(folder: Path) -> None:
    for path, fault in (
        (folder, "is a folder"),
        (folder / "none", "does not exist"),
        (folder / "none.hea", "does not exist"),
        (Path("/"), "is a folder"),
        (Path(), "is a folder"),
        (Path("x" * 5000), "cannot be read"),
        (Path("a\0b"), "not a possible file name"),
        (folder.parent / "outside.dat", "no WFDB header beside it"),
    ):
        with pytest.raises(RecordError, match=fault):
            open_wfdb(path)
    (folder / "dir.hea").mkdir()
    with pytest.raises(RecordError, match="is a folder"):
        open_wfdb(folder / "dir.hea")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_do_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "pipe.hea")
    with pytest.raises(RecordError, match="not a regular file"):
        open_wfdb(folder / "pipe.hea")
    (folder / "rec.dat").unlink()
    os.mkfifo(folder / "rec.dat")
    with pytest.raises(RecordError, match="missing"):
        open_wfdb(folder / "rec")
    os.mkfifo(folder / "rec.atr")
    with pytest.raises(AnnotationError, match="not a regular file"):
        read_wfdb_annotations(folder / "rec")
    assert find_annotators(folder / "rec") == ()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_files_are_named(folder: Path) -> None:
    (folder / "rec.dat").chmod(0)
    with pytest.raises(RecordError, match=r"rec\.dat: cannot be read: permission denied"):
        open_wfdb(folder / "rec")
    (folder / "rec.hea").chmod(0)
    with pytest.raises(RecordError, match=r"rec\.hea: cannot be read: permission denied"):
        open_wfdb(folder / "rec")


def test_a_header_cut_at_any_byte_is_refused_or_read(folder: Path) -> None:
    whole = (folder / "rec.hea").read_bytes()
    for n in range(len(whole)):
        (folder / "rec.hea").write_bytes(whole[:n])
        try:
            record = open_wfdb(folder / "rec")
        except RecordError:
            continue
        use(record)


SEEDS = (
    "rec 2 360 1167 10:20:30 01/02/2003\n" + LINES.format(-18278, -10902) + "# 69 M 1085 1629 x1\n",
    "rec 3 125/360(5) 97\nrec.dat 212x4:2+3 2963.77(-5)/uV 12 0 67 -11266 0 MCL1\n"
    "rec.dat 212x2:0+3 12.84(-1605)/mmHg 12 0 -943 -23651 0 ABP\nrec.dat 212:4+3 2000 12 0 -304 6310 0 RESP\n",
    "rec 2 200 800\nrec.dat 8 200/mV 12 0 -2047 -31143 0 a\nrec.dat 8x3 1e3/V 16 0 -3 -750 0 b\n",
    "rec 3 200 100\nrec.dat 24 200/mV 24 0 1 2 0 a\nrec.dat 24 200/mV 24 0 1 2 0 b\n~ 0 200/mV 16 0 0 0 0 c\n",
    "rec/4 2 360 3501\nlay 0\nsub 1167\n~ 1167\nsub 1167\n# 50 F\n",
    "rec/2 2 360 2334\nsub 1167\nsub 1167\n",
)
TOKENS = (
    "0", "-1", "nan", "inf", "1e308", "1e-308", "9999999999", "99999999999999999999", "~", "-", "../x", "x16", ":9",
    "+9", "/", "(", ")", "#", "516", "8", "61", "311",
)  # fmt: skip


def mutated(text: str, rng: random.Random) -> bytes:
    """1 to 4 bytes changed, a field replaced, or lines lost, doubled and swapped."""
    kind = rng.randrange(4)
    if kind == 0:
        lines = text.splitlines()
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[i : i + 1] = rng.choice([[], [lines[i]] * 2, [lines[j]]])
        return "\n".join(lines).encode() + b"\n"
    if kind == 1:
        fields = text.split(" ")
        fields[rng.randrange(len(fields))] = rng.choice(TOKENS)
        return " ".join(fields).encode()
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        if rng.random() < 0.3:
            data.insert(at, rng.choice(b"0123456789-+.x:/( \n"))
        else:
            data[at] = rng.choice(b"0123456789-+.x:/()e ~#\n") if rng.random() < 0.8 else rng.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_mutated_headers_never_hang_or_raise_anything_untyped(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    (folder / "sub.hea").write_text("sub 2 360 1167\n" + LINES.format(0, 0).replace("rec.dat", "sub.dat"))
    (folder / "sub.dat").write_bytes(DAT)
    lay = "lay 2 360 0\n~ 0 200/mV 11 1024 0 0 0 MLII\n~ 0 200/mV 11 1024 0 0 0 V5\n"
    opened = 0
    for _ in range(150):
        header = mutated(SEEDS[seed], rng)
        (folder / "rec.hea").write_bytes(header)
        (folder / "lay.hea").write_bytes(mutated(lay, rng) if rng.random() < 0.3 else lay.encode())
        try:
            with open_wfdb(folder / "rec") as record:
                use(record)
                opened += 1
        except EngineError:
            continue
        except Exception as error:
            raise AssertionError(f"untyped {error!r} for header {header!r}") from error
    assert opened > 15


def test_mutated_annotation_files_never_hang_or_raise_anything_untyped() -> None:
    rng = random.Random(0)
    far = b"\x00\xec\x01\x00\x02\x00"
    sound = far + b"\x05\x04\xff\xf7\x01\xf8\x02\xf0\x05\xfc(AFIB\0\x12\x58\x05\xfchello\0\x34\x15" * 20 + b"\0\0"
    assert len(decode(sound, 360, "atr")) == 60
    for _ in range(3000):
        data = bytearray(sound)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            annotations = decode(bytes(data), 360, "atr")
        except AnnotationError:
            continue
        assert (annotations.sample >= 0).all()
