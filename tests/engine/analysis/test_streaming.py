"""One analysis for file and stream: same samples in, same result out, bit for bit."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from engine.analysis.pipeline import analyze, suitable_lead
from engine.analysis.streaming import SlidingSignal, StreamingAnalysis
from engine.analysis.types import ABSENT
from engine.errors import Cancelled, RecordError
from engine.records import ArrayRecord, Lead, RecordInfo, open_record


def same(a, b) -> bool:
    """Equal to the last bit, NaN equal to NaN, through dataclasses, mappings and sequences."""
    if is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b or (a != a and b != b)


def stream_in_chunks(record, lead, sizes) -> StreamingAnalysis:
    block = record.read(leads=[lead])
    stream = StreamingAnalysis(record.fs, record=record.name, lead=record.leads[lead].name)
    start, turn = 0, 0
    while start < record.n_samples:
        stop = start + sizes[turn % len(sizes)]
        stream.push(block.values[0, start:stop], block.valid[0, start:stop])
        start, turn = stop, turn + 1
    return stream


@pytest.mark.parametrize("name", ["100", "208"])
@pytest.mark.parametrize("sizes", [(1, 7, 401, 3), (97, 1009, 5003), (360,)], ids=str)
def test_odd_chunks_give_the_bits_of_the_file(dataset, name, sizes):
    record = open_record(dataset("mitdb") / name)
    short = cut(record, 5 * 60 * 360)
    assert same(stream_in_chunks(short, 0, sizes).finish(), analyze(short, 0))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["100", "208"])
def test_whole_records_agree(dataset, name):
    record = open_record(dataset("mitdb") / name)
    found = stream_in_chunks(record, 0, (719, 83, 2801)).finish()
    assert same(found, analyze(record, 0))
    assert len(found.beats) > 2000


def test_a_snapshot_is_the_analysis_of_the_file_cut_there(dataset):
    record = cut(open_record(dataset("mitdb") / "208"), 120 * 360)
    block = record.read(leads=[0])
    stream = StreamingAnalysis(record.fs, record=record.name, lead=record.leads[0].name)
    for stop in (17 * 360 + 11, 61 * 360 + 1, 120 * 360):
        stream.push(block.values[0, stream.n_samples : stop], block.valid[0, stream.n_samples : stop])
        assert same(stream.snapshot(), analyze(cut(record, stop), 0))


def test_gaps_hold_no_beats_and_do_not_depend_on_chunks(dataset):
    record = open_record(dataset("mitdb") / "100")
    block = record.read(0, 60 * 360, [0])
    valid = block.valid.copy()
    valid[0, 20 * 360 : 32 * 360] = False
    gapped = ArrayRecord(info_of(record, 60 * 360), block.values.copy(), valid)
    result = analyze(gapped, 0)
    inside = (result.beats.sample >= 20 * 360) & (result.beats.sample < 32 * 360)
    assert not inside.any()
    assert any(s.label == "gap" and s.start <= 20 * 360 and s.stop >= 32 * 360 for s in result.quality)
    assert same(stream_in_chunks(gapped, 0, (13, 997)).finish(), result)


@pytest.mark.parametrize("n", [0, 1, 5, 50, 400])
def test_records_too_short_for_anything_are_analysed_without_complaint(n):
    info = RecordInfo("short", None, "test", 250.0, n, (Lead("II"),))
    result = analyze(ArrayRecord(info, np.zeros((1, n), np.float32)), 0)
    assert len(result.beats) == 0
    assert result.n_samples == n
    assert result.summary


def test_p_waves_are_not_reported_inside_atrial_fibrillation(dataset):
    result = analyze(open_record(dataset("mitdb") / "202"), 0)
    spans = [s for s in result.rhythm if s.label == "AFIB"]
    assert spans
    for span in spans:
        first, last = np.searchsorted(result.beats.sample, [span.start, span.stop])
        assert (result.fiducials.p[first:last] == ABSENT).all()


def test_progress_rises_to_one_and_a_cancel_stops(dataset):
    record = cut(open_record(dataset("mitdb") / "100"), 600 * 360)
    seen: list[float] = []
    analyze(record, 0, progress=lambda fraction, stage: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(Cancelled):
        analyze(record, 0, cancelled=lambda: True)


def test_the_default_lead_is_a_readable_one():
    rng = np.random.default_rng(0)
    beat = np.zeros(250, np.float32)
    beat[100:115] = np.hanning(15)
    ecg = np.tile(beat, 60) + rng.normal(0, 0.005, 15000).astype(np.float32)
    leads = (Lead("Resp", "NU"), Lead("II"), Lead("V1"))
    values = np.stack([ecg, np.zeros(15000, np.float32), ecg])
    assert suitable_lead(ArrayRecord(RecordInfo("x", None, "test", 250.0, 15000, leads), values)) == 2


def test_a_record_without_voltages_says_so():
    record = ArrayRecord(
        RecordInfo("p", None, "t", 100.0, 10, (Lead("Pleth", "NU"),)), np.zeros((1, 10), np.float32)
    )
    with pytest.raises(RecordError, match="has no lead in volts to analyse"):
        analyze(record)
    with pytest.raises(RecordError, match="lead Pleth is in NU, not a voltage"):
        analyze(record, "Pleth")


def test_the_sliding_signal_keeps_what_was_not_forgotten():
    signal = SlidingSignal()
    x = np.arange(100_000, dtype=np.float32)
    for start in range(0, 100_000, 777):
        piece = x[start : start + 777]
        signal.append(piece, np.ones(len(piece), np.bool_))
        signal.forget_before(signal.stop - 1000)
    assert signal.stop == 100_000
    assert signal.start == 99_000
    assert np.array_equal(signal.values, x[99_000:])


def info_of(record, n_samples: int) -> RecordInfo:
    return RecordInfo(record.name, record.path, "test", record.fs, n_samples, record.leads[:1])


def cut(record, stop: int) -> ArrayRecord:
    block = record.read(0, stop, [0])
    return ArrayRecord(info_of(record, stop), block.values, block.valid)
