from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from engine.records.record import ArrayRecord, Lead, RecordInfo
from heartkit_gui.services.pyramids import WORTHWHILE_S, PyramidService


def record(seconds: float) -> ArrayRecord:
    n = int(seconds * 50)
    values = np.random.default_rng(1).normal(size=(1, n)).astype(np.float32)
    return ArrayRecord(RecordInfo("made", Path("made"), "made", 50.0, n, (Lead("II"),)), values)


def test_a_long_record_gets_a_pyramid_that_is_kept(qtbot: QtBot, tmp_path: Path) -> None:
    service, long = PyramidService(tmp_path), record(WORTHWHILE_S + 10)
    with qtbot.waitSignal(service.ready, timeout=5000) as caught:
        service.request(long)
        assert service.busy
    assert caught.args[0] is long
    assert caught.args[1].n_samples == long.n_samples
    assert not service.busy
    kept = list(tmp_path.iterdir())
    assert len(kept) == 1
    before = kept[0].read_bytes()
    with qtbot.waitSignal(service.ready, timeout=5000):
        service.request(long)
    assert kept[0].read_bytes() == before
    service.shutdown()


def test_a_short_record_needs_none(qtbot: QtBot, tmp_path: Path) -> None:
    service = PyramidService(tmp_path)
    service.request(record(WORTHWHILE_S - 10))
    assert not service.busy
    service.shutdown()


def test_a_cancelled_request_is_not_answered(qtbot: QtBot, tmp_path: Path) -> None:
    service, seen = PyramidService(tmp_path), []
    service.ready.connect(lambda *parts: seen.append(parts))
    service.request(record(WORTHWHILE_S + 10))
    service.cancel()
    qtbot.wait(200)
    assert seen == []
    service.shutdown()


def test_a_cache_that_cannot_be_written_does_not_matter(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    service = PyramidService(tmp_path / "file" / "cache")
    with qtbot.waitSignal(service.ready, timeout=5000):
        service.request(record(WORTHWHILE_S + 10))
    service.shutdown()
