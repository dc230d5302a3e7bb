"""Downloads from a server on this machine: resume, checksums, cancel, room, licence, local copies."""

from __future__ import annotations

import errno
import hashlib
import http.server
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import publishers
import pytest

from engine.datasets import catalog, download, fetching, unpacking
from engine.datasets.cinc2017 import Cinc2017
from engine.datasets.ludb import Ludb
from engine.errors import Cancelled, ConfigError, DatasetError
from engine.jobs.events import Job


class Server(http.server.ThreadingHTTPServer):
    """Serves bytes by path, in pieces where asked for one; `cut` ends an answer early, once per path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.pieces = True
        self.held: dict[str, threading.Event] = {}

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        wanted = self.headers.get("Range")
        self.server.asked.append((name, wanted))
        if name not in self.server.files:
            self.send_error(404)
            return
        if name in self.server.held:
            self.server.held[name].wait(10)
        data = self.server.files[name]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.pieces else 0
        if start >= len(data) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[start : self.server.cut.pop(name, len(data))])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.time, "sleep", lambda _: None)


def publish(server: Server, files: Mapping[str, bytes]) -> None:
    server.files.update(files)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()} {name}\n" for name, data in files.items())
    server.files["SHA256SUMS.txt"] = sums.encode()


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def ludb(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small LUDB on the server; the folder it was made of."""
    original = publishers.ludb(tmp_path / "original", ["Sinus rhythm"] * 2)
    publish(server, content(original))
    info = replace(Ludb.info, listing=(server.base,), size_bytes=20_000)
    monkeypatch.setattr(Ludb, "info", info)
    return original


def test_a_download_is_whole_and_ready_to_open(ludb: Path, tmp_path: Path) -> None:
    events: list[Mapping[str, Any]] = []
    folder = download.download("ludb", tmp_path / "ludb", Job(events.append))
    assert folder == tmp_path / "ludb" and content(folder) == content(ludb)
    assert catalog.open_dataset("ludb", folder).patients() == ("1", "2")
    assert not (tmp_path / "ludb.part").exists()
    assert "ODC-By" in next(e["text"] for e in events if e["event"] == "message")
    assert [e["done"] for e in events if e.get("stage") == "download"][-1] == sum(map(len, content(ludb).values()))


def test_what_is_there_is_not_fetched_again(ludb: Path, server: Server, tmp_path: Path) -> None:
    download.download("ludb", tmp_path / "ludb", Job())
    server.asked.clear()
    download.download("ludb", tmp_path / "ludb", Job())
    assert server.asked == []


@pytest.mark.parametrize("pieces", [True, False])
def test_a_broken_connection_is_taken_up_where_it_broke(
    ludb: Path, server: Server, tmp_path: Path, pieces: bool
) -> None:
    server.cut["data/1.dat"], server.pieces = 1500, pieces
    folder = download.download("ludb", tmp_path / "ludb", Job())
    assert content(folder) == content(ludb)
    assert ("data/1.dat", "bytes=1500-") in server.asked


def test_a_cancelled_download_goes_on_the_next_time(ludb: Path, server: Server, tmp_path: Path) -> None:
    arrived = server.held["data/2.dat"] = threading.Event()
    staging = tmp_path / "ludb.part"

    def told(event: Mapping[str, Any]) -> None:
        if event.get("stage") == "download":
            arrived.set()

    with pytest.raises(Cancelled):
        download.download("ludb", tmp_path / "ludb", Job(told, cancelled=arrived.is_set))
    assert not (tmp_path / "ludb").exists() and staging.is_dir()
    kept = {name for name in content(staging) if not name.endswith(".part")}
    server.asked.clear()
    folder = download.download("ludb", tmp_path / "ludb", Job())
    assert content(folder) == content(ludb)
    assert not kept & {name for name, _ in server.asked}


def test_a_half_file_of_an_earlier_day_is_used(ludb: Path, server: Server, tmp_path: Path) -> None:
    part = tmp_path / "ludb.part" / "data" / "1.dat.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((ludb / "data" / "1.dat").read_bytes()[:700])
    download.download("ludb", tmp_path / "ludb", Job())
    assert ("data/1.dat", "bytes=700-") in server.asked


def test_a_part_that_is_whole_already_only_needs_its_name(ludb: Path, tmp_path: Path) -> None:
    part = tmp_path / "ludb.part" / "data" / "1.dat.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((ludb / "data" / "1.dat").read_bytes())
    assert content(download.download("ludb", tmp_path / "ludb", Job())) == content(ludb)


def test_a_wrong_part_is_fetched_anew(ludb: Path, tmp_path: Path) -> None:
    part = tmp_path / "ludb.part" / "data" / "1.dat.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"not what the publisher has")
    assert content(download.download("ludb", tmp_path / "ludb", Job())) == content(ludb)


def test_a_wrong_checksum_is_refused_and_leaves_no_dataset(ludb: Path, server: Server, tmp_path: Path) -> None:
    server.files["data/2.dat"] = b"x" * 4000
    with pytest.raises(DatasetError, match=r"2\.dat: does not match the publisher's checksum"):
        download.download("ludb", tmp_path / "ludb", Job())
    assert not (tmp_path / "ludb").exists()
    assert not list((tmp_path / "ludb.part").rglob("2.dat*"))


def test_a_missing_file_is_named_and_a_mirror_tried(
    ludb: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = server.files.pop("data/2.dat")
    with pytest.raises(DatasetError, match=r"2\.dat: cannot be fetched: the server answers 404"):
        download.download("ludb", tmp_path / "ludb", Job())
    server.files["mirror/data/2.dat"] = kept
    info = replace(Ludb.info, listing=(server.base, server.base + "mirror/"))
    monkeypatch.setattr(Ludb, "info", info)
    assert content(download.download("ludb", tmp_path / "ludb", Job())) == content(ludb)


def test_an_unreachable_publisher_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ludb, "info", replace(Ludb.info, listing=("http://127.0.0.1:9/",)))
    with pytest.raises(DatasetError, match="the publisher cannot be reached"):
        download.download("ludb", tmp_path / "ludb", Job())


@pytest.mark.parametrize("name", ["../evil.dat", "/etc/evil", "data\\..\\evil", "C:evil", "a/../../evil"])
def test_a_listing_that_leads_out_of_the_folder_is_refused(
    ludb: Path, server: Server, tmp_path: Path, name: str
) -> None:
    server.files["SHA256SUMS.txt"] += f"{'0' * 64} {name}\n".encode()
    with pytest.raises(DatasetError, match="outside its folder"):
        download.download("ludb", tmp_path / "ludb", Job())


def test_an_endless_file_is_cut_off(ludb: Path, server: Server, tmp_path: Path) -> None:
    server.files["data/1.dat"] = bytes(20 << 20)
    with pytest.raises(DatasetError, match="is larger than"):
        download.download("ludb", tmp_path / "ludb", Job())


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_too_little_room_is_said_before_anything_is_fetched(
    ludb: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 99, 1))
    with pytest.raises(DatasetError, match=r"ludb needs .* GB more but .*\(make room"):
        download.download("ludb", tmp_path / "ludb", Job())
    assert {name for name, _ in server.asked} == {"SHA256SUMS.txt"}


def test_a_disk_that_fills_up_meanwhile_keeps_what_arrived(
    ludb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "_copy", full)
    with pytest.raises(DatasetError, match=r"the disk is full .*what has arrived is kept"):
        download.download("ludb", tmp_path / "ludb", Job())
    monkeypatch.undo()


def test_a_licence_that_must_be_accepted_is_shown_first(tmp_path: Path) -> None:
    events: list[Mapping[str, Any]] = []
    with pytest.raises(DatasetError, match=r"CC BY-NC-SA 4\.0.*--accept-licence"):
        download.download("icentia11k", tmp_path / "icentia11k", Job(events.append))
    assert "CC BY-NC-SA" in events[0]["text"]
    assert not (tmp_path / "icentia11k.part").exists()


def test_a_folder_with_other_things_is_left_alone(ludb: Path, tmp_path: Path) -> None:
    (tmp_path / "ludb").mkdir()
    (tmp_path / "ludb" / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="does not hold ludb"):
        download.download("ludb", tmp_path / "ludb", Job())
    assert (tmp_path / "ludb" / "thesis.txt").read_text() == "mine"


def test_synthetic_data_need_no_download_and_unknown_names_are_refused(tmp_path: Path) -> None:
    assert download.download("ecg-synthetic", tmp_path / "x", Job()) == tmp_path / "x"
    with pytest.raises(ConfigError, match='did you mean "ludb"'):
        download.download("lubd", tmp_path / "x", Job())


# --- archives ----------------------------------------------------------------------------------------------------


def archive(members: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return made.getvalue()


@pytest.fixture
def cinc2017(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    original = publishers.cinc2017(tmp_path / "original", {"A00001": "N", "A00002": "A"}, unpacked=True)
    members = {name: data for name, data in content(original).items() if "/" in name}
    table = (original / "REFERENCE-v3.csv").read_bytes()
    publish(
        server, {"training2017.zip": archive(members), "REFERENCE-v3.csv": table, "sample2017.zip": b"not wanted"}
    )
    monkeypatch.setattr(Cinc2017, "info", replace(Cinc2017.info, listing=(server.base,), size_bytes=30_000))
    return original


def test_archives_are_unpacked_and_removed(cinc2017: Path, server: Server, tmp_path: Path) -> None:
    folder = download.download("cinc2017", tmp_path / "cinc2017", Job())
    assert content(folder) == content(cinc2017)
    assert "sample2017.zip" not in {name for name, _ in server.asked}


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "a/../../evil", "C:\\evil", "nul\x01"])
def test_an_archive_that_leads_out_of_the_folder_writes_nothing(tmp_path: Path, name: str) -> None:
    path, folder = tmp_path / "bad.zip", tmp_path / "inside"
    folder.mkdir()
    path.write_bytes(archive({"good.txt": b"good", name: b"evil"}))
    with pytest.raises(DatasetError, match=r"bad\.zip: names a file outside its folder"):
        unpacking.unpack_zip(path, folder, 1 << 20, Job())
    assert not list(folder.rglob("*"))


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as packed:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match="holds a link"):
        unpacking.unpack_zip(path, tmp_path, 1 << 20, Job())


def test_a_bomb_is_refused_by_ratio_and_by_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(archive({"zeros": bytes(8 << 20)}))
    with pytest.raises(DatasetError, match="more than 100 times its size"):
        unpacking.unpack_zip(path, tmp_path, 1 << 30, Job())
    path.write_bytes(archive({f"{k}": bytes(900_000) for k in range(4)}))
    with pytest.raises(DatasetError, match="far more than expected"):
        unpacking.unpack_zip(path, tmp_path, 1 << 20, Job())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bomb.zip"]


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(archive({"a.txt": b"some text, long enough to be packed " * 50})[:-30])
    with pytest.raises(DatasetError, match=r"bad\.zip: is a damaged archive"):
        unpacking.unpack_zip(path, tmp_path, 1 << 20, Job())


# --- local copies ------------------------------------------------------------------------------------------------


def test_a_local_copy_is_taken_after_a_look_at_it(ludb: Path, server: Server, tmp_path: Path) -> None:
    (ludb / "SHA256SUMS.txt").write_bytes(server.files["SHA256SUMS.txt"])
    folder = download.download("ludb", tmp_path / "data" / "ludb", Job(), source=ludb)
    assert content(folder) == content(ludb) and server.asked == []


def test_a_damaged_copy_is_refused(ludb: Path, server: Server, tmp_path: Path) -> None:
    (ludb / "SHA256SUMS.txt").write_bytes(server.files["SHA256SUMS.txt"])
    (ludb / "data" / "2.dat").write_bytes(bytes(4000))
    with pytest.raises(DatasetError, match=r"2\.dat: is damaged"):
        download.download("ludb", tmp_path / "ludb", Job(), source=ludb)
    assert not (tmp_path / "ludb").exists()


def test_a_text_with_other_line_ends_is_taken_with_a_warning(ludb: Path, server: Server, tmp_path: Path) -> None:
    (ludb / "SHA256SUMS.txt").write_bytes(server.files["SHA256SUMS.txt"])
    header = ludb / "data" / "1.hea"
    header.write_bytes(header.read_bytes().replace(b"\n", b"\r\n"))
    events: list[Mapping[str, Any]] = []
    download.download("ludb", tmp_path / "ludb", Job(events.append), source=ludb)
    assert [e["text"] for e in events if e["event"] == "warning"] == [
        "1 text files differ from the publisher's: 1.hea"
    ]


def test_a_source_without_the_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no ludb data"):
        download.download("ludb", tmp_path / "ludb", Job(), source=tmp_path)


def test_a_copy_is_made_where_links_cannot_be(ludb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(download.os, "link", no_links)
    folder = download.download("ludb", tmp_path / "ludb", Job(), source=ludb)
    assert content(folder) == content(ludb)
    assert (folder / "data" / "1.dat").stat().st_ino != (ludb / "data" / "1.dat").stat().st_ino
