from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from engine.resources import built_in_record
from heartkit_gui.services.catalogue import Entry
from heartkit_gui.services.thumbnails import SIZE, ThumbnailService, draw


def test_a_picture_has_ink_and_facts() -> None:
    thumbnail = draw(Entry(built_in_record(), False), "#FF0000", 2.0)
    assert thumbnail.facts == "1 lead · 5 min"
    assert "360 Hz" in thumbnail.tip
    assert thumbnail.image is not None
    assert thumbnail.image.width() == SIZE.width() * 2
    columns = [
        any(thumbnail.image.pixelColor(x, y).alpha() > 0 for y in range(thumbnail.image.height()))
        for x in range(thumbnail.image.width())
    ]
    assert all(columns)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    path = tmp_path / "bad.edf"
    path.write_bytes(b"no EDF")
    thumbnail = draw(Entry(path, False), "#000000", 1.0)
    assert thumbnail.image is None
    assert thumbnail.fault
    assert "bad.edf" not in thumbnail.facts
    assert "bad.edf" in thumbnail.tip


def test_pictures_arrive_later_and_are_kept(qtbot: QtBot) -> None:
    service = ThumbnailService()
    entry = Entry(built_in_record(), False)
    with qtbot.waitSignal(service.ready, timeout=5000):
        assert service.get(entry) is None
    known = service.get(entry)
    assert known is not None
    assert service.get(entry) is known
    service.shutdown()
