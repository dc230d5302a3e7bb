from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Cancelled, RecordError
from engine.records.record import ArrayRecord, Lead, RecordInfo
from engine.signals import pyramid as pyramid_module
from engine.signals.pyramid import BASE, Pyramid, columns_from_samples, prune_cache


def make_record(n: int, n_leads: int = 2, seed: int = 0, missing: float = 0.0) -> ArrayRecord:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_leads, n)).astype(np.float32)
    valid = np.ones(values.shape, bool)
    if missing and n:
        for lead in range(n_leads):
            for start in rng.integers(0, n, size=max(1, int(missing * n / 40))):
                valid[lead, start : start + 40] = False
    info = RecordInfo("r", Path("r"), "array", 250.0, n, tuple(Lead(f"L{i}") for i in range(n_leads)))
    return ArrayRecord(info, values, valid)


def truth(record: ArrayRecord, lead: int, a: int, b: int) -> tuple[float, float, bool, bool]:
    block = record.read(max(a, 0), max(b, 0), [lead])
    values, valid = block.values[0], block.valid[0]
    if not valid.any():
        return 0.0, 0.0, False, bool(valid.size)
    return float(values[valid].min()), float(values[valid].max()), True, bool((~valid).any())


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 9000),
    missing=st.sampled_from([0.0, 0.3, 3.0]),
    level=st.integers(0, 3),
    width=st.integers(1, 60),
    first=st.integers(-20, 400),
    seed=st.integers(0, 3),
)
def test_columns_on_the_grid_are_exact(
    n: int, missing: float, level: int, width: int, first: int, seed: int
) -> None:
    record = make_record(n, 1, seed, missing)
    cell = BASE * 4**level
    got = Pyramid.build(record).columns(0, first * cell, (first + width) * cell, width)
    for i in range(width):
        want = truth(record, 0, (first + i) * cell, (first + i + 1) * cell)
        assert (got.lo[i], got.hi[i], got.valid[i], got.gap[i]) == want


@settings(max_examples=40, deadline=None)
@given(
    start=st.floats(-3000, 12000),
    span=st.floats(BASE * 40, 15000),
    missing=st.sampled_from([0.0, 0.3]),
)
def test_columns_off_the_grid_bound_their_samples_within_a_column_each_side(
    start: float, span: float, missing: float
) -> None:
    record = make_record(10_000, 1, 5, missing)
    width = 40
    got = Pyramid.build(record).columns(0, start, start + span, width)
    edges = np.floor(start + np.arange(width + 1) * (span / width)).astype(int)
    slack = int(np.ceil(span / width))
    for i in range(width):
        lo, hi, valid, gap = truth(record, 0, edges[i], edges[i + 1])
        wide_lo, wide_hi, wide_valid, wide_gap = truth(record, 0, edges[i] - slack, edges[i + 1] + slack)
        assert valid <= got.valid[i] <= wide_valid
        assert gap <= got.gap[i] <= wide_gap
        if valid:
            assert wide_lo <= got.lo[i] <= lo
            assert hi <= got.hi[i] <= wide_hi


@settings(max_examples=60, deadline=None)
@given(
    start=st.floats(-50, 260),
    span=st.floats(1, 400),
    width=st.integers(1, 500),
    missing=st.sampled_from([0.0, 1.0]),
)
def test_columns_from_samples_are_exact(start: float, span: float, width: int, missing: float) -> None:
    record = make_record(300, 1, 2, missing)
    first = max(0, int(start) - 3)
    block = record.read(first, int(start + span) + 3)
    got = columns_from_samples(block.values[0], block.valid[0], start, start + span, width, first=first)
    edges = np.floor(start + np.arange(width + 1) * ((start + span - start) / width)).astype(int)
    for i in range(width):
        want = truth(record, 0, edges[i], max(edges[i + 1], edges[i] + 1))
        assert (got.lo[i], got.hi[i], got.valid[i], got.gap[i]) == want


def test_pyramid_and_samples_agree_where_both_apply() -> None:
    record = make_record(40_000, 2, 3, 0.2)
    built = Pyramid.build(record)
    block = record.read()
    for lead in range(2):
        a = built.columns(lead, 1600, 1600 + 64 * 500, 500)
        b = columns_from_samples(block.values[lead], block.valid[lead], 1600, 1600 + 64 * 500, 500)
        for name in ("lo", "hi", "valid", "gap"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_joined_columns_touch_except_across_gaps() -> None:
    values = np.array([0, 0, 5, 5, 1, 1, -3, -3], np.float32)
    valid = np.array([1, 1, 1, 1, 1, 1, 0, 0], bool)
    joined = columns_from_samples(values, valid, 0, 8, 4).joined()
    np.testing.assert_array_equal(joined.lo, [0, 0, 1, 0])
    np.testing.assert_array_equal(joined.hi, [0, 5, 5, 0])
    np.testing.assert_array_equal(joined.valid, [True, True, True, False])


def test_block_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(5000, 3, 7, 0.5)
    whole = Pyramid.build(record)
    monkeypatch.setattr(pyramid_module, "_SAMPLES_PER_BLOCK", 3 * 48)
    monkeypatch.setattr(pyramid_module, "_IN_MEMORY_BYTES", 0)
    pieces = Pyramid.build(record)
    np.testing.assert_array_equal(whole._payload, pieces._payload)


def test_progress_ends_at_one_and_cancel_stops() -> None:
    record = make_record(3000)
    told: list[float] = []
    Pyramid.build(record, progress=told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)
    with pytest.raises(Cancelled):
        Pyramid.build(record, cancelled=lambda: True)


def test_empty_record_has_empty_columns() -> None:
    got = Pyramid.build(make_record(0)).columns(0, 0, 100, 5)
    assert not got.valid.any()
    assert not got.gap.any()


class TestCache:
    def test_round_trip(self, tmp_path: Path) -> None:
        record = make_record(20_000, 3, 1, 0.3)
        built = Pyramid.build(record)
        path = built.save(tmp_path / "new")
        loaded = Pyramid.load(record, tmp_path / "new")
        assert loaded is not None
        np.testing.assert_array_equal(loaded._payload, built._payload)
        a, b = loaded.columns(2, 10, 19_000, 300), built.columns(2, 10, 19_000, 300)
        np.testing.assert_array_equal(a.lo, b.lo)
        assert [p.name for p in path.parent.iterdir()] == [path.name]

    def test_absent_and_of_another_record(self, tmp_path: Path) -> None:
        record = make_record(2000)
        assert Pyramid.load(record, tmp_path) is None
        Pyramid.build(make_record(2000, seed=9)).save(tmp_path)
        assert Pyramid.load(record, tmp_path) is None

    @pytest.mark.parametrize("where", [0, 7, 30, 511, 512, 900, -1])
    def test_any_changed_byte_is_noticed(self, tmp_path: Path, where: int) -> None:
        record = make_record(2000)
        path = Pyramid.build(record).save(tmp_path)
        content = bytearray(path.read_bytes())
        content[where] ^= 0x40
        path.write_bytes(content)
        assert Pyramid.load(record, tmp_path) is None

    @pytest.mark.parametrize("size", [0, 3, 512, 1000])
    def test_truncated_is_ignored_and_replaced(self, tmp_path: Path, size: int) -> None:
        record = make_record(2000)
        path = Pyramid.build(record).save(tmp_path)
        path.write_bytes(path.read_bytes()[:size])
        assert Pyramid.load(record, tmp_path) is None
        Pyramid.build(record).save(tmp_path)
        assert Pyramid.load(record, tmp_path) is not None

    def test_unwritable_folder_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(RecordError, match="overview cache cannot be written"):
            Pyramid.build(make_record(100)).save(tmp_path / "file")

    def test_prune_keeps_the_most_recent(self, tmp_path: Path) -> None:
        import os

        paths = [Pyramid.build(make_record(2000, seed=seed)).save(tmp_path) for seed in range(3)]
        for age, path in enumerate(paths):
            os.utime(path, (1000 - age, 1000 - age))
        prune_cache(tmp_path, keep_bytes=2 * paths[0].stat().st_size)
        assert sorted(tmp_path.iterdir()) == sorted(paths[:2])
        prune_cache(tmp_path / "absent")
