from __future__ import annotations

import json
from pathlib import Path

import pytest

from heartkit_gui.model.settings import Settings
from heartkit_gui.services.settings_store import SettingsStore


def test_what_is_set_is_there_next_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    SettingsStore(path).update(theme="dark", pixels_per_mm=5.5, recent=["/a", "/b"])
    again = SettingsStore(path)
    assert again.settings == Settings(theme="dark", pixels_per_mm=5.5, recent=("/a", "/b"))
    assert again.notice == ""
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_only_changes_are_announced(tmp_path: Path) -> None:
    store, seen = SettingsStore(tmp_path / "s.json"), []
    store.changed.connect(seen.append)
    store.update(theme="paper")
    store.update(theme="dark")
    store.update(theme="dark")
    assert [settings.theme for settings in seen] == ["dark"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[]", b'{"version": 99}', b'{"theme": 3}', b"null"]
)
def test_a_broken_file_is_kept_aside_and_defaults_apply(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    store = SettingsStore(path)
    assert store.settings == Settings()
    assert "reset" in store.notice
    assert (tmp_path / "settings.broken.json").read_bytes() == content
    store.update(theme="dark")
    assert json.loads(path.read_text())["theme"] == "dark"


def test_an_enormous_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    with path.open("wb") as stream:
        stream.truncate(2_000_000_000)
    assert "too large" in SettingsStore(path).notice


def test_a_folder_that_cannot_be_written_is_no_catastrophe(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = SettingsStore(tmp_path / "file" / "settings.json")
    store.update(theme="dark")
    assert store.settings.theme == "dark"
    assert "could not be saved" in store.notice


def test_an_unacceptable_value_changes_nothing(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "s.json")
    with pytest.raises(ValueError, match="theme"):
        store.update(theme="pink")
    assert store.settings == Settings()
