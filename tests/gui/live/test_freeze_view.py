from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from engine.devices.ring import Ring
from heartkit_gui.live.freeze_view import FreezeView
from heartkit_gui.live.ring_record import RingRecord


def test_a_long_stretch_can_be_seen_as_a_whole(make_ring: Callable[..., Ring], qtbot: QtBot) -> None:
    view = FreezeView()
    qtbot.addWidget(view)
    view.resize(800, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.freeze(RingRecord(make_ring(seconds=200.0), "made"), None, None)
    qtbot.waitUntil(lambda: view.canvas.scene.pyramid is not None, timeout=10_000)
    view.canvas.fit_to_width()
    assert view.canvas.view_start == 0
    assert view.canvas.view_stop >= 200 * 250 - 250
    view.shutdown()


def test_what_the_ring_no_longer_keeps_is_missing_not_wrong(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(seconds=20.0, kept_s=10.0)
    record = RingRecord(ring, "made")
    block = record.read(0, record.n_samples)
    assert not block.valid[:, :2500].any()
    assert (block.values[:, :2500] == 0).all()
    assert block.valid[:, 2500:].all()


def test_a_frozen_record_counts_from_the_oldest_sample_kept(make_ring: Callable[..., Ring], qtbot: QtBot) -> None:
    ring = make_ring(seconds=20.0, kept_s=10.0)
    view = FreezeView()
    qtbot.addWidget(view)
    view.freeze(RingRecord(ring, "made"), None, 3000)
    record = view.canvas.scene.record
    assert record is not None
    assert record.n_samples == 2500
    assert record.read(0, 2500).valid.all()
    ring.write(ring.head, ring.read_adu(4000, 4500))
    assert not record.read(0, 500).valid.any()
    assert record.n_samples == 2500
    view.shutdown()
