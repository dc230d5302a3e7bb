"""Atomic writing: the old file or the new one, whatever happens in between."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import EngineError, RecordError
from engine.records.atomic import atomic_write, check_places, write_atomic


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with atomic_write(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_failure_keeps_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail_halfway() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    code = (
        "import os, sys\nfrom engine.records.atomic import atomic_write\n"
        "with atomic_write(sys.argv[1]) as f:\n    f.write(b'x' * 100_000)\n    f.flush()\n    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.read_bytes() == b"old"


def test_existing_files_can_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_atomic(path, b"one", overwrite=False)
    with pytest.raises(RecordError, match=r"a.bin: already exists"):
        write_atomic(path, b"two", overwrite=False, kind=RecordError)
    assert path.read_bytes() == b"one"


def test_the_system_s_refusal_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"a.bin: cannot be written: no such file or directory"):
        write_atomic(tmp_path / "none" / "a.bin", b"")
    with pytest.raises(EngineError, match="cannot be written"):
        write_atomic(tmp_path, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    real = os.open
    monkeypatch.setattr(
        os, "open", lambda name, *rest: real("/dev/full" if "tmp" in str(name)[-4:] else name, os.O_WRONLY)
    )
    with pytest.raises(EngineError, match="no space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="permission bits of POSIX")
def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom engine.records.atomic import write_atomic\n"
        "os.umask(0o027)\nwrite_atomic(sys.argv[1], b'')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], check=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_places_are_checked_before_long_work(tmp_path):
    check_places(None, "-", tmp_path / "new.json", str(tmp_path / "other.html"))
    with pytest.raises(EngineError, match=r"new\.json: cannot be written: there is no folder"):
        check_places(tmp_path / "nowhere" / "new.json")
    with pytest.raises(EngineError, match="is a folder; name a file"):
        check_places(tmp_path)
