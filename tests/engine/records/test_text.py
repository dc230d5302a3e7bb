"""Text tables: layout, rate, unit, gaps and missing values found out; questions asked; faults named by line."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.records import NeedsHints, TextHints, open_record, text_rows
from engine.records.amplitude import guess_unit
from engine.records.record import Record
from engine.records.sampling import parse_time, sampling_of

Find = Callable[[str], Path]
N = 1000


def ecg(n: int = N, leads: int = 2) -> np.ndarray:
    """Something of the size of an ECG, in mV with three decimals, [leads, n]."""
    t = np.arange(n)
    return np.round(np.stack([np.sin(t / (9 + i)) * (1 + i / 4) for i in range(leads)]), 3)


def opened(
    folder: Path, text: str, hints: TextHints | None = None, name: str = "x.csv", encoding: str = "utf-8"
) -> Record:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return open_record(path, hints=hints)


def table(*columns: object, header: str = "", separator: str = ",", decimal: str = ".") -> str:
    rows = (separator.join(str(x).replace(".", decimal) for x in row) for row in zip(*columns, strict=True))
    return header + "\n".join(rows) + "\n"


def seconds(fs: float, n: int = N, digits: int = 4) -> list[str]:
    return [f"{i / fs:.{digits}f}" for i in range(n)]


SIGNAL = ecg()


@pytest.mark.parametrize(
    ("header", "separator", "decimal"),
    [
        ("time (s),I,V5 (mV)\n", ",", "."),
        ("Zeit [s];I;V5\n", ";", ","),
        ("t\tI\tV5\n", "\t", "."),
        ("t\tI\tV5\n", "\t", ","),
        ("time|ECG I|lead V5\n", "|", "."),
        ("time I V5\n", " ", "."),
        ("", ",", "."),
        ("", ";", ","),
        ("", "\t", "."),
    ],
)
def test_separators_decimals_and_headers(tmp_path: Path, header: str, separator: str, decimal: str) -> None:
    record = opened(tmp_path, table(seconds(360), *SIGNAL, header=header, separator=separator, decimal=decimal))
    assert record.fs == 360.0
    assert [x.unit for x in record.leads] == ["mV", "mV"]
    assert [x.name for x in record.leads] == (["I", "V5"] if header else ["signal 1", "signal 2"])
    block = record.read()
    assert block.valid.all()
    np.testing.assert_array_equal(block.values, SIGNAL.astype(np.float32))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, newline: str) -> None:
    text = table(seconds(250), SIGNAL[0] * 1000, header="time,EKG-\xe4 (\xb5V)\n").replace("\n", newline)
    record = opened(tmp_path, text, encoding=encoding)
    assert (record.fs, record.n_samples) == (250.0, N)
    assert record.leads[0].name == "EKG-\xe4"
    np.testing.assert_allclose(record.read().values[0], SIGNAL[0], atol=1e-6)


def test_the_kaggle_export_of_a_mit_bih_record(tmp_path: Path) -> None:
    adu = np.rint(SIGNAL * 200 + 1024).astype(int)
    text = table(range(N), *adu, header="'sample #','MLII','V5'\n")
    with pytest.raises(NeedsHints, match="does not say its sampling rate") as question:
        opened(tmp_path, text)
    guess = question.value.guess
    assert guess.rates_hz[0] == 360.0
    assert guess.columns == ("sample #", "MLII", "V5")
    assert guess.signals == ("MLII", "V5")
    assert guess.delimiter == ","
    assert guess.preview[0][1] == str(adu[0, 0])
    record = opened(tmp_path, text, TextHints(rate_hz=360))
    assert [x.name for x in record.leads] == ["MLII", "V5"]
    assert "200 counts per mV" in record.info.notices[0]
    np.testing.assert_array_equal(record.read().values, ((adu - 1024) / 200).astype(np.float32))


def test_the_physionet_export_with_a_row_of_units(tmp_path: Path) -> None:
    clock = [f"'{i // 360 // 60}:{i / 360 % 60:06.3f}'" for i in range(N)]
    header = "'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','uV'\n"
    record = opened(tmp_path, table(clock, SIGNAL[0], SIGNAL[1] * 1000, header=header))
    assert record.fs == 360.0
    assert record.info.notices == ()
    np.testing.assert_allclose(record.read().values, SIGNAL, atol=1e-6)


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ("# fs = 250 Hz", 250),
        ("# Sampling rate: 0.5 kHz", 500),
        ("Sampling frequency;360", 360),
        ("% sample_rate 128", 128),
        ("# SR=1000", 1000),
    ],
)
def test_a_rate_in_a_comment_or_above_the_table(tmp_path: Path, line: str, rate: float) -> None:
    record = opened(tmp_path, f"# made by hand\n{line}\nII;V1\n" + table(*SIGNAL, separator=";"))
    assert record.fs == rate
    assert [x.name for x in record.leads] == ["II", "V1"]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("ms,II\n", [i * 4 for i in range(N)]),
        ("time [ms],II\n", [i * 4 for i in range(N)]),
        ("timer,II\n", [f"{i * 4.0}" for i in range(N)]),
        ("time_us,II\n", [i * 4000 for i in range(N)]),
        ("timestamp,II\n", [f"{1.6e9 + i / 250:.3f}" for i in range(N)]),
        ("time,II\n", [f"2021-03-04 05:06:{i / 250:09.6f}" for i in range(N)]),
        ("time,II\n", [f"04.03.2021 05:06:{i / 250:09.6f}" for i in range(N)]),
        ("time,II\n", [f"[05:06:{i / 250:06.3f} 04/03/2021]" for i in range(N)]),
    ],
)
def test_kinds_of_time(tmp_path: Path, header: str, column: list[object]) -> None:
    record = opened(tmp_path, table(column, SIGNAL[0], header=header))
    assert record.fs == 250.0
    assert record.n_samples == N
    assert record.info.start_time in (None, datetime(2021, 3, 4, 5, 6))
    if "2021" in str(column[0]):
        assert record.info.start_time is not None


def test_a_clock_that_passes_midnight(tmp_path: Path) -> None:
    at = [(86_398 + i / 250) % 86_400 for i in range(N)]
    clock = [f"{int(x // 3600):02d}:{int(x % 3600 // 60):02d}:{x % 60:06.3f}" for x in at]
    record = opened(tmp_path, table(clock, SIGNAL[0], header="time,II\n"))
    assert (record.fs, record.n_samples) == (250.0, N)


def test_a_jump_in_time_is_a_gap(tmp_path: Path) -> None:
    at = [f"{(i + (700 if i >= 400 else 0)) / 250:.3f}" for i in range(N)]
    record = opened(tmp_path, table(at, SIGNAL[0], header="time,II\n"))
    assert record.fs == 250.0
    assert record.n_samples == N + 700
    block = record.read()
    assert not block.valid[0, 400:1100].any()
    assert block.valid.sum() == N
    np.testing.assert_array_equal(block.values[0, 1100:], SIGNAL[0, 400:].astype(np.float32))
    assert "jumps once" in record.info.notices[0]


def test_a_time_that_goes_back_is_refused_unless_the_rate_is_given(tmp_path: Path) -> None:
    text = table([f"{i % 600 / 250:.3f}" for i in range(N)], SIGNAL[0], header="time,II\n")
    with pytest.raises(RecordError, match="time goes backwards after row 600"):
        opened(tmp_path, text)
    assert opened(tmp_path, text, TextHints(rate_hz=250)).n_samples == N


def test_times_that_span_years_are_damage(tmp_path: Path) -> None:
    at = [f"{i / 250 + (1e9 if i >= 500 else 0):.3f}" for i in range(N)]
    with pytest.raises(RecordError, match="its times are damaged"):
        opened(tmp_path, table(at, SIGNAL[0], header="time,II\n"))


def test_missing_values_are_gaps(tmp_path: Path) -> None:
    shown: list[object] = list(SIGNAL[0])
    for i, word in enumerate(["", "NaN", "NA", "-", "null", "nan"]):
        shown[10 + i] = word
    record = opened(tmp_path, table(seconds(250), shown, header="time,II\n"))
    assert np.flatnonzero(~record.read().valid[0]).tolist() == list(range(10, 16))


def test_a_single_column_needs_a_rate(tmp_path: Path) -> None:
    text = table(SIGNAL[0])
    with pytest.raises(NeedsHints) as question:
        opened(tmp_path, text, name="rec_128Hz.txt")
    assert question.value.guess.rates_hz[0] == 128.0
    again = pickle.loads(pickle.dumps(question.value))
    assert isinstance(again, NeedsHints)
    assert (str(again), again.guess) == (str(question.value), question.value.guess)
    record = opened(tmp_path, text, TextHints(rate_hz=128))
    assert [x.name for x in record.leads] == ["ECG"]
    np.testing.assert_array_equal(record.read().values[0], SIGNAL[0].astype(np.float32))


def test_a_single_column_with_decimal_commas(tmp_path: Path) -> None:
    record = opened(tmp_path, table(SIGNAL[0], decimal=","), TextHints(rate_hz=250))
    np.testing.assert_array_equal(record.read().values[0], SIGNAL[0].astype(np.float32))


def test_one_row_a_lead(tmp_path: Path) -> None:
    rows = "\n".join(f"{name}," + ",".join(map(str, row)) for name, row in zip(("I", "II"), SIGNAL, strict=True))
    record = opened(tmp_path, rows, TextHints(rate_hz=500))
    assert [x.name for x in record.leads] == ["I", "II"]
    np.testing.assert_array_equal(record.read().values, SIGNAL.astype(np.float32))


def test_hints_choose_columns_units_and_calibration(tmp_path: Path) -> None:
    text = table(range(N), SIGNAL[0] * 400 + 50, SIGNAL[1], ["a"] * N, header="n,II,V1,label\n")
    record = opened(tmp_path, text, TextHints(rate_hz=250, columns=("II",), adu_per_mv=400, zero_adu=50))
    assert len(record.leads) == 1
    assert record.info.notices == ("Column label is left out: it holds no signal.",)
    np.testing.assert_allclose(record.read().values[0], SIGNAL[0], atol=1e-5)
    by_number = opened(tmp_path, text, TextHints(rate_hz=250, columns=(2, 1), unit="uV"))
    assert [x.name for x in by_number.leads] == ["V1", "II"]
    np.testing.assert_allclose(by_number.read().values[0], SIGNAL[1] / 1000, atol=1e-7)
    with pytest.raises(RecordError, match="has no column 'V9'"):
        opened(tmp_path, text, TextHints(rate_hz=250, columns=("V9",)))


def test_a_time_column_by_hint(tmp_path: Path) -> None:
    text = table(SIGNAL[0], [i * 2 for i in range(N)], header="II,stamp\n")
    assert opened(tmp_path, text, TextHints(time_column="stamp", columns=("II",))).fs == 500.0


@pytest.mark.parametrize(
    ("factor", "offset", "unit", "shown"),
    [
        (1, 0, "mV", "mV"),
        (1000, 0, "uV", "mV"),
        (1e-3, 0, "V", "mV"),
        (100, 500, "adu", "adu"),
        (1e7, 0, "adu", "adu"),
        (0, 0, "mV", "mV"),
    ],
)
def test_units_by_size(tmp_path: Path, factor: float, offset: float, unit: str, shown: str) -> None:
    samples = SIGNAL * factor + offset
    samples = np.rint(samples) if factor >= 100 else samples
    assert guess_unit(samples).unit == unit
    record = opened(tmp_path, table(seconds(250), *(samples if offset else np.round(samples, 7)), header="t,a,b\n"))
    assert {x.unit for x in record.leads} == {shown}
    assert len(record.info.notices) == 1


def test_a_last_line_that_ends_in_the_middle_is_left_out(tmp_path: Path) -> None:
    text = table(seconds(250), *SIGNAL, header="time,II,V1\n")
    record = opened(tmp_path, text[: text.rindex(",")])
    assert record.n_samples == N - 1
    assert "ends in the middle" in record.info.notices[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2", "line 502 has 2 columns, where 3 are expected"),
        ("1,2,3,4", "line 502 has 4 columns"),
        ("2.000,oops,1", "line 502 holds 'oops'"),
        ("2.000,0x1,1", "line 502 holds '0x1'"),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path: Path, line: str, message: str) -> None:
    lines = table(seconds(250), *SIGNAL, header="time,II,V1\n").splitlines()
    lines[501] = line
    with pytest.raises(RecordError, match=message):
        opened(tmp_path, "\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        "Hello world\nThis is a letter, with commas,\nand no table.\n",
        "a,b,c\nd,e,f\n" * 9,
        "\n\n\n",
        "# only a comment\n",
        "name\n",
    ],
)
def test_prose_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordError, match="holds no table of numbers"):
        opened(tmp_path, text)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), 1e9])
def test_absurd_rates_in_hints_are_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(RecordError, match="sampling rate is"):
        opened(tmp_path, table(SIGNAL[0]), TextHints(rate_hz=rate))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(size=st.integers(40, 3000), crlf=st.booleans())
def test_blocks_of_any_size_give_the_same_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, crlf: bool
) -> None:
    text = table(seconds(250), *SIGNAL, header="# note\ntime,II,V1\n").replace("\n", "\r\n" if crlf else "\n")
    monkeypatch.setattr(text_rows, "_BLOCK_CHARS", size)
    record = opened(tmp_path, text)
    assert record.fs == 250
    np.testing.assert_array_equal(record.read().values, SIGNAL.astype(np.float32))


@given(
    st.floats(30, 2000),
    st.integers(3, 400),
    st.lists(st.tuples(st.integers(1, 398), st.integers(10, 5000)), max_size=3),
)
def test_rate_and_gaps_from_exact_times(fs: float, n: int, jumps: list[tuple[int, int]]) -> None:
    position = np.arange(n)
    for at, gap in jumps:
        position[at:] += gap
    found = sampling_of(position / fs)
    # With fewer rows than gaps need there is nothing to tell a slow rate from a gap.
    if len(jumps) * 12 < n:
        assert found.fs == pytest.approx(fs, rel=1e-4)
        lengths = np.diff(np.append(found.rows, n))
        rebuilt = np.concatenate([start + np.arange(k) for start, k in zip(found.starts, lengths, strict=True)])
        assert np.abs(rebuilt - position).max() <= 1 + 1e-4 * position[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:00.003", (0.003, False)),
        ("1:02:03.5", (3723.5, False)),
        ("12:00:00,250", (43200.25, False)),
        ("2020-01-01T00:00:01Z", (1577836801.0, True)),
        ("2020-01-01", None),
        ("12", None),
        ("x:y", None),
        ("", None),
    ],
)
def test_times_as_texts(text: str, expected: tuple[float, bool] | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("name", "fs", "n"),
    [("data2.csv", 116.98775, 15000), ("data2.log", 116.98775, 15000), ("data3.csv", 100.418, 68476)],
)
def test_real_files_with_times(dataset: Find, name: str, fs: float, n: int) -> None:
    record = open_record(dataset("file_formats") / "csv" / "heartpy" / name)
    assert record.fs == pytest.approx(fs, rel=1e-5)
    assert record.n_samples == n
    assert record.read().valid.all()


@pytest.mark.parametrize("name", ["data.csv", "data.log"])
def test_real_files_without_times(dataset: Find, name: str) -> None:
    path = dataset("file_formats") / "csv" / "heartpy" / name
    with pytest.raises(NeedsHints):
        open_record(path)
    record = open_record(path, hints=TextHints(rate_hz=100))
    np.testing.assert_array_equal(record.read().values[0], np.loadtxt(path, dtype=np.float32))
