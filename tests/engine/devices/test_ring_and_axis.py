from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.ring import Ring, no_value
from engine.devices.sample_axis import WRAP, SampleAxis

LONGEST = 1 << 20


@given(
    capacity=st.integers(1, 40),
    steps=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60)), max_size=25),
    reads=st.lists(st.tuples(st.integers(-20, 400), st.integers(0, 120)), min_size=1, max_size=8),
    bits=st.sampled_from([16, 24]),
)
@settings(max_examples=150, deadline=None)
def test_ring_gives_what_was_written_and_knows_what_was_not(capacity, steps, reads, bits):
    ring = Ring(1.0, ("a", "b"), (200.0, 400.0), bits=bits, seconds=capacity)
    rng = np.random.default_rng(0)
    truth: dict[int, np.ndarray] = {}
    for gap, width in steps:
        start = ring.head + gap
        codes = rng.integers(-30000, 30000, (2, width)).astype(np.int32)
        codes[:, rng.random(width) < 0.1] = no_value(bits)
        ring.write(start, codes)
        truth.update({start + k: codes[:, k] for k in range(width)})
    for start, length in reads:
        values, valid = ring.read(start, start + length)
        for k in range(length):
            here = start + k
            known = ring.tail <= here < ring.head and here in truth and truth[here][0] != no_value(bits)
            assert valid[:, k].tolist() == [known, known]
            expected = truth[here] / np.array([200.0, 400.0]) if known else np.zeros(2)
            assert np.array_equal(values[:, k], expected.astype(np.float32))
    assert ring.head - ring.tail <= capacity


def test_ring_refuses_samples_from_the_past():
    ring = Ring(250, ("I",), (1000,), seconds=1)
    ring.write(10, np.zeros((1, 5), np.int16))
    with pytest.raises(ValueError, match="before the head"):
        ring.write(14, np.zeros((1, 5), np.int16))


def test_an_hour_of_twelve_leads_stays_within_its_bound():
    ring = Ring(1000, tuple("abcdefghijkl"), (1000,) * 12)
    assert ring._store.nbytes == 12 * 3_600_000 * 2
    ring.write(10**12, np.ones((12, 3), np.int16))
    assert ring.head == 10**12 + 3
    assert ring.read(10**12, 10**12 + 3)[1].all()


def test_a_board_that_samples_beyond_measure_gets_a_shorter_ring(monkeypatch):
    monkeypatch.setattr("engine.devices.ring.MOST_BYTES", 1000)
    ring = Ring(65535, ("I", "II"), (1000, 1000), bits=24)
    assert (ring.capacity, ring._store.nbytes) == (125, 1000)


def test_a_lead_that_is_off_is_invalid_alone():
    ring = Ring(250, ("I", "II"), (1000, 1000), seconds=1)
    ring.write(0, np.array([[5, 6], [no_value(16), 7]], np.int16))
    assert ring.read(0, 2)[1].tolist() == [[True, True], [False, True]]


def test_reader_never_gets_samples_that_the_writer_replaced():
    """Sample k holds k modulo a number: whatever is said to be valid must be the sample asked for."""
    ring = Ring(1000, ("I",), (1.0,), seconds=0.5)
    wrong: list[int] = []

    def write() -> None:
        for start in range(0, 200_000, 100):
            ring.write(start, (np.arange(start, start + 100) % 20011).astype(np.int16)[None])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        start = ring.tail
        values, valid = ring.read(start, start + 500)
        expected = np.arange(start, start + 500) % 20011
        wrong += np.flatnonzero(valid[0] & (values[0] != expected)).tolist()
    writer.join()
    assert wrong == []


def feed(axis: SampleAxis, frames: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Frames (index, count, sequence); (start, skip, gap) of each."""
    out = []
    for index, count, sequence in frames:
        place = axis.place(index % WRAP, count, sequence, longest_gap=LONGEST)
        out.append((place.start, place.skip, place.gap))
    return out


@given(
    first=st.integers(0, WRAP - 1),
    frames=st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["take", "lose", "twice"])), max_size=60),
)
def test_losses_are_counted_exactly_across_wraps_and_repetitions(first, frames):
    axis = SampleAxis()
    axis.open_segment(0, first)
    index, received, lost, repeated = first, 0, 0, 0
    pending = 0
    for sequence, (count, fate) in enumerate(frames):
        if fate == "lose":
            pending += count
        else:
            feed(axis, [(index, count, sequence)] * (2 if fate == "twice" else 1))
            received += count
            repeated += count if fate == "twice" else 0
            lost, pending = lost + pending, 0
        index += count
    account = axis.account
    assert (account.received, account.lost, account.repeated) == (received, lost, repeated)
    assert axis.stop == received + lost
    assert account.segments == (1 if received else 0)


def test_index_that_wraps_goes_on():
    axis = SampleAxis()
    axis.open_segment(0, WRAP - 20)
    assert feed(axis, [(WRAP - 20, 10, 0), (WRAP - 10, 10, 1), (0, 10, 2), (15, 10, 3)]) == [
        (0, 0, 0),
        (10, 0, 0),
        (20, 0, 0),
        (35, 0, 5),
    ]
    assert axis.position(0) == 20
    assert axis.device_index(20) == 0
    assert axis.position(WRAP - 20) == 0


def test_overlapping_frame_gives_only_what_is_new():
    axis = SampleAxis()
    axis.open_segment(0, 0)
    assert feed(axis, [(0, 10, 0), (5, 10, 1), (15, 5, 2)]) == [(0, 0, 0), (10, 5, 0), (15, 0, 0)]
    assert axis.account.repeated == 5


def test_step_back_opens_a_segment_where_the_stream_stands():
    axis = SampleAxis()
    axis.open_segment(0, 0)
    feed(axis, [(k * 10, 10, k) for k in range(50)])
    assert feed(axis, [(0, 10, 3)]) == [(500, 0, 0)]
    assert axis.account.segments == 2
    assert axis.account.lost == 0


def test_announced_restart_has_the_width_the_hosts_clock_says_and_counts_lost_beginnings():
    axis = SampleAxis()
    axis.open_segment(0, 0)
    feed(axis, [(0, 10, 0)])
    axis.open_segment(250, 0)
    assert feed(axis, [(20, 10, 1)]) == [(280, 0, 20)]
    account = axis.account
    assert (account.lost, account.unknown, account.segments) == (20, 250, 2)
    assert axis.position(0) == 260
    assert axis.position(WRAP - 5) is None


def test_stream_joined_in_the_middle_starts_without_losses():
    axis = SampleAxis()
    assert feed(axis, [(123_456, 10, 9)]) == [(0, 0, 0)]
    assert axis.account.lost == 0
