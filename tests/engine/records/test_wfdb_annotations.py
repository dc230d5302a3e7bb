"""Annotation files: without loss both ways, in agreement with the wfdb package, firm against damage."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import AnnotationError
from engine.records.annotations import WFDB_CODES, Annotations
from engine.records.wfdb_annotation_codec import MAX_CODE, StoredText, decode, encode, symbols_by_code
from engine.records.wfdb_annotations import find_annotators, read_wfdb_annotations, write_wfdb_annotations
from engine.records.wfdb_record import open_wfdb

SYMBOLS = [symbol for _, symbol, _ in WFDB_CODES]


def words(*values: int) -> bytes:
    return b"".join(v.to_bytes(2, "little") for v in values)


def code(number: int, value: int = 0) -> int:
    return number << 10 | value


def same(a: Annotations, b: Annotations) -> bool:
    arrays = all(np.array_equal(getattr(a, k), getattr(b, k)) for k in ("sample", "subtype", "chan", "num"))
    return arrays and (a.symbol, a.aux, a.fs, a.labels) == (b.symbol, b.aux, b.fs, b.labels)


def agree_with_wfdb(file: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    ours = read_wfdb_annotations(file)
    theirs = wfdb.rdann(str(file.with_suffix("")), file.suffix[1:])
    assert ours.sample.tolist() == theirs.sample.tolist()
    assert list(ours.symbol) == theirs.symbol
    assert ours.subtype.tolist() == theirs.subtype.tolist()
    assert ours.chan.tolist() == theirs.chan.tolist()
    assert ours.num.tolist() == theirs.num.tolist()
    assert list(ours.aux) == [text.rstrip("\0") for text in theirs.aux_note]


def test_every_real_file_is_read_as_wfdb_does_and_written_back_byte_for_byte(dataset, tmp_path: Path) -> None:
    formats = dataset("file_formats") / "wfdb"
    files = [formats / "cu01.atr", formats / "sel100.atr", formats / "sel100.pu1"]
    files += sorted(dataset("mitdb").glob("*.atr"))
    files += [dataset("nstdb") / "118e00.atr"]
    files += [f for f in sorted(dataset("ludb").glob("data/1*.*")) if f.suffix not in {".hea", ".dat"}][::9]
    for file in files:
        if len(files) < 40 or file.stem in {"100", "119", "201", "222", "232", "sel100", "cu01"}:
            agree_with_wfdb(file)
        annotations = read_wfdb_annotations(file)
        written = write_wfdb_annotations(annotations, tmp_path, file.stem, time_resolution=False)
        assert written.read_bytes() == file.read_bytes(), file.name


def test_wfdb_reads_what_we_write(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    ours = Annotations(
        sample=np.array([0, 5, 2000, 2**31 + 7]),
        symbol=("+", "N", "own", "V"),
        fs=360.5,
        subtype=np.array([0, -3, 127, -128]),
        chan=np.array([0, 200, 200, 1]),
        num=np.array([0, -1, -1, 5]),
        aux=("(AFIB", "", "odd", "even"),
        labels=((42, "own", "of my own"),),
        name="test",
    )
    write_wfdb_annotations(ours, tmp_path, "rec")
    theirs = wfdb.rdann(str(tmp_path / "rec"), "test")
    assert theirs.sample.tolist() == ours.sample.tolist()
    assert theirs.symbol == list(ours.symbol)
    assert theirs.aux_note == list(ours.aux)
    assert theirs.fs == 360.5
    assert theirs.chan.tolist() == ours.chan.tolist()
    assert theirs.custom_labels.to_numpy().tolist() == [[42, "own", "of my own"]]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda t: not t.endswith("\0"))
own_symbols = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4)
marks = st.tuples(
    st.integers(0, 2**40),
    st.sampled_from(SYMBOLS) | own_symbols,
    st.integers(-128, 127),
    st.integers(0, 255),
    st.integers(-128, 127),
    texts,
)


@given(
    st.lists(marks, max_size=12),
    st.floats(0.01, 1e6),
    st.lists(st.tuples(st.integers(1, 58), own_symbols), max_size=3),
)
@settings(max_examples=300)
def test_everything_survives_writing_and_reading(rows, fs, labels) -> None:
    rows.sort(key=lambda row: row[0])
    columns = list(zip(*rows, strict=True)) or [()] * 6
    given_labels = tuple((number, symbol, "meaning of it") for number, symbol in labels)
    annotations = Annotations(np.array(columns[0], np.int64), columns[1], fs, *columns[2:], labels=given_labels)
    again = decode(encode(annotations, time_resolution=True), None, "atr")
    known = symbols_by_code(given_labels).values()
    added = [label for label in again.labels if label not in given_labels]
    assert {symbol for _, symbol, _ in added} == set(annotations.symbol) - set(known)
    assert same(again, Annotations(**{**vars(annotations), "labels": again.labels, "aux": again.aux}))
    assert again.aux == annotations.aux
    assert again.labels[: len(given_labels)] == given_labels
    assert encode(again, time_resolution=True) == encode(annotations, time_resolution=True)


@given(st.lists(st.tuples(st.integers(1, 50), own_symbols), max_size=8))
def test_no_two_codes_share_a_symbol(labels) -> None:
    symbols = symbols_by_code(tuple((number, symbol, "") for number, symbol in labels))
    assert sorted(symbols) == list(range(1, MAX_CODE + 1))
    assert len(set(symbols.values())) == MAX_CODE


@given(st.binary(max_size=255))
def test_texts_of_any_bytes_are_kept(raw: bytes) -> None:
    body = raw + b"\0" * (len(raw) % 2)
    data = words(code(1, 7), code(63, len(raw))) + body + words(0)
    annotations = decode(data, 360, "atr")
    assert isinstance(annotations.aux[0], StoredText)
    again = pickle.loads(pickle.dumps(annotations)).take([0])
    assert encode(again, time_resolution=False) == (data if raw else words(code(1, 7), 0))


def test_texts_are_utf8_or_else_latin1_and_end_before_their_nul() -> None:
    assert StoredText("µV".encode()) == "µV"
    assert StoredText("µV".encode("latin-1")) == "µV"
    assert StoredText(b"(AFIB\0") == "(AFIB"


def test_layout_of_every_field() -> None:
    data = words(
        code(59), 0x0001, 0x0002,  # skip 65538, high half first
        code(1, 5), code(61, 0x3FF), code(62, 200), code(60, 0xFE),
        code(5, 1023),
        code(28, 1), code(63, 5),
    ) + b"(AFIB\0" + words(0)  # fmt: skip
    a = decode(data, 250, "qrs")
    assert a.sample.tolist() == [65543, 66566, 66567]
    assert a.symbol == ("N", "V", "+")
    assert a.subtype.tolist() == [-1, 0, 0]
    assert a.chan.tolist() == [200, 200, 200]
    assert a.num.tolist() == [-2, -2, -2]
    assert a.aux == ("", "", "(AFIB")
    assert (a.fs, a.name) == (250, "qrs")


def test_times_past_two_to_the_31(tmp_path: Path) -> None:
    far = np.array([1, 2**31 - 1, 2**31, 3 * 2**33 + 5])
    path = write_wfdb_annotations(Annotations(far, "NNNN", 1000.0), tmp_path, "rec")
    assert read_wfdb_annotations(path).sample.tolist() == far.tolist()


def test_a_step_back_in_time_is_put_in_order() -> None:
    back = -50 & 0xFFFFFFFF
    data = words(code(1, 100), code(59), back >> 16, back & 0xFFFF, code(5, 0), code(8, 100), 0)
    a = decode(data, 360, "atr")
    assert a.sample.tolist() == [50, 100, 150]
    assert a.symbol == ("V", "N", "A")


def test_code_zero_only_carries_time() -> None:
    a = decode(words(code(0, 1000), code(1, 500), 0), 360, "atr")
    assert a.sample.tolist() == [1500]


def test_codes_without_a_symbol_keep_their_number() -> None:
    data = words(code(15, 3), code(42, 3), code(58, 3), 0)
    a = decode(data, 360, "atr")
    assert a.symbol == ("[15]", "[42]", "[58]")
    assert encode(a, time_resolution=False) == data


def test_custom_labels_and_rate_come_from_the_notes_at_time_zero() -> None:
    def note(text: str) -> bytes:
        raw = text.encode()
        return words(code(22), code(63, len(raw))) + raw + b"\0" * (len(raw) % 2)

    notes = ("## time resolution: 512.5", "## annotation type definitions", "42 xx my mark", "5 W redefined")
    data = b"".join(map(note, (*notes, "## end of definitions", "## of the user")))
    a = decode(data + words(code(42, 9), code(5, 1), 0), 360, "atr")
    assert a.fs == 512.5
    assert a.labels == ((42, "xx", "my mark"), (5, "W", "redefined"))
    assert a.symbol == ('"', "xx", "W")
    assert a.aux[0] == "## of the user"


def test_the_rate_is_stated_only_where_the_header_does_not_give_it(tmp_path: Path) -> None:
    (tmp_path / "rec.hea").write_text("rec 1 360 2\nrec.dat 16\n")
    (tmp_path / "rec.dat").write_bytes(bytes(4))
    a = Annotations(np.array([3]), ("N",), 360.0)
    plain = write_wfdb_annotations(a, tmp_path, "rec").read_bytes()
    assert plain == words(code(1, 3), 0)
    finer = write_wfdb_annotations(Annotations(np.array([3]), ("N",), 3600.0, name="fine"), tmp_path, "rec")
    assert b"time resolution: 3600" in finer.read_bytes()
    assert read_wfdb_annotations(tmp_path / "rec", "fine").fs == 3600
    assert read_wfdb_annotations(open_wfdb(tmp_path / "rec")).fs == 360
    (tmp_path / "rec.hea").unlink()
    with pytest.raises(AnnotationError, match="sampling rate"):
        read_wfdb_annotations(tmp_path / "rec")
    assert read_wfdb_annotations(tmp_path / "rec", fs=250).fs == 250


def test_annotators_beside_a_record(dataset, tmp_path: Path) -> None:
    assert find_annotators(dataset("ludb") / "data" / "1") == tuple(
        "avf avl avr i ii iii v1 v2 v3 v4 v5 v6".split()  # noqa: SIM905
    )
    assert find_annotators(dataset("mitdb") / "100.dat") == ("atr",)
    assert find_annotators(dataset("file_formats") / "wfdb" / "sel100.hea") == ("atr", "pu1")
    assert find_annotators(dataset("file_formats") / "wfdb" / "binformats") == ()
    assert find_annotators(tmp_path / "none") == ()


def test_the_file_itself_or_its_record_may_be_named(dataset) -> None:
    folder = dataset("file_formats") / "wfdb"
    by_file = read_wfdb_annotations(folder / "sel100.pu1")
    for named in ("sel100", "sel100.hea", "sel100.dat"):
        assert same(read_wfdb_annotations(folder / named, "pu1"), by_file)
    assert by_file.name == "pu1"
    with open_wfdb(folder / "sel100") as record:
        assert len(read_wfdb_annotations(record)) == 1134


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty"),
        (b"\x01", "in the middle"),
        (words(code(1, 5)) + b"\x01", "in the middle"),
        (words(code(59), 0), "in the middle"),
        (words(code(1, 5), code(63, 200), 0x4141), "in the middle"),
        (words(code(61, 1), code(1, 5), 0), "half a mark"),
        (words(code(59), 0xFFFF, 0, code(1, 0), 0), "impossible time"),
    ],
)
def test_damage_is_one_clear_sentence(tmp_path: Path, data: bytes, fault: str) -> None:
    path = tmp_path / "rec.atr"
    path.write_bytes(data)
    with pytest.raises(AnnotationError, match=fault) as caught:
        read_wfdb_annotations(path, fs=360)
    assert str(caught.value).startswith("rec.atr: ")


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"rec.atr: does not exist"):
        read_wfdb_annotations(tmp_path / "rec")
    (tmp_path / "rec.atr").mkdir()
    with pytest.raises(AnnotationError, match="is a folder"):
        read_wfdb_annotations(tmp_path / "rec", fs=360)


def test_a_cut_at_any_byte_is_read_up_to_it_or_refused(dataset) -> None:
    whole = (dataset("mitdb") / "201.atr").read_bytes()[:400]
    full = decode(whole, 360, "atr")
    for n in range(1, 400):
        try:
            part = decode(whole[:n], 360, "atr")
        except AnnotationError:
            continue
        assert part.sample.tolist() == full.sample[: len(part)].tolist()
        assert part.symbol == full.symbol[: len(part)]


@given(st.binary(max_size=400))
@settings(max_examples=400)
def test_random_bytes_are_annotations_or_an_annotation_error(data: bytes) -> None:
    try:
        annotations = decode(data, 360, "atr")
    except AnnotationError:
        return
    again = decode(encode(annotations, time_resolution=True), None, "atr")
    assert again.sample.tolist() == annotations.sample.tolist()
    assert again.symbol == annotations.symbol
    assert again.aux == annotations.aux


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"subtype": [200]}, "subtype 200"),
        ({"chan": [-1]}, "chan -1"),
        ({"num": [-129]}, "num -129"),
        ({"sample": [-1]}, "sample -1"),
        ({"aux": ["x" * 256]}, "256 bytes"),
        ({"aux": ["\ud800"]}, "UTF-8"),
        ({"symbol": ["a b"]}, "white space"),
        ({"symbol": [""]}, "white space"),
        ({"name": "hea"}, "annotator"),
        ({"name": "../x"}, "annotator"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(tmp_path: Path, change: dict, fault: str) -> None:
    fields = {"sample": np.array([5]), "symbol": ("N",), "fs": 360.0} | change
    with pytest.raises(AnnotationError, match=fault):
        write_wfdb_annotations(Annotations(**fields), tmp_path, "rec")
    assert list(tmp_path.iterdir()) == []


def test_more_own_symbols_than_codes_are_refused() -> None:
    own = tuple(f"s{i}" for i in range(30))
    with pytest.raises(AnnotationError, match="no code left"):
        encode(Annotations(np.arange(30), own, 360.0), time_resolution=False)


def test_an_existing_file_is_only_replaced_on_request(tmp_path: Path) -> None:
    one = Annotations(np.array([5]), ("N",), 360.0)
    two = Annotations(np.array([5, 6]), ("N", "V"), 360.0)
    path = write_wfdb_annotations(one, tmp_path, "rec")
    with pytest.raises(AnnotationError, match="already exists"):
        write_wfdb_annotations(two, tmp_path, "rec")
    assert len(read_wfdb_annotations(path)) == 1
    write_wfdb_annotations(two, tmp_path, "rec", overwrite=True)
    assert len(read_wfdb_annotations(path)) == 2


def test_marks_move_to_the_rate_of_a_record_with_several_samples_a_frame(tmp_path: Path) -> None:
    (tmp_path / "rec.hea").write_text("rec 1 125 4\nrec.dat 16x4\n")
    (tmp_path / "rec.dat").write_bytes(bytes(32))
    (tmp_path / "rec.atr").write_bytes(words(code(1, 3), 0))
    record = open_wfdb(tmp_path / "rec")
    marks = read_wfdb_annotations(record)
    assert (record.fs, marks.fs) == (500, 125)
    assert marks.at_rate(record.fs).sample.tolist() == [12]
    assert marks.at_rate(500).at_rate(125).sample.tolist() == [3]
