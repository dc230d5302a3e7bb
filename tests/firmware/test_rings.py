"""Ring of samples, queue of injected samples, noise: under sanitizers."""

from __future__ import annotations


def test_rings_queues_and_noise(checked):
    verdicts = checked("ring_check", "app/sample_ring.c", "app/inject.c", "app/noise.c")
    assert len(verdicts) == 14
    assert [name for name, good in verdicts.items() if not good] == []
