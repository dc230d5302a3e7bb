"""Unpacking an archive from elsewhere: nothing lands outside the folder, and no bomb fills the disk."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from engine.datasets.fetching import disk_full
from engine.errors import DatasetError, disk_is_full
from engine.jobs.events import Job

MAX_RATIO = 100  # unpacked to packed bytes, of one member or of all
MAX_MEMBERS = 500_000
_RATIO_FREE_BYTES = 1 << 20  # small files may shrink as they like
_RESERVE_BYTES = 64 << 20


def unpack_zip(archive: Path, folder: Path, limit_bytes: int, job: Job) -> None:
    """Unpack every file of a zip archive below `folder`, replacing files of the same name.

    Raises DatasetError, before anything is written, for names that lead out of the folder, links, encrypted
    members, a ratio above MAX_RATIO, more than `limit_bytes` in all, or too little room on the disk; and for
    damaged members while unpacking.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [m for m in packed.infolist() if not m.is_dir()]
            _check(archive, members, limit_bytes)
            total = sum(m.file_size for m in members)
            if shutil.disk_usage(folder).free < total + _RESERVE_BYTES:
                raise disk_full(archive)
            done = 0
            for member in members:
                job.progress("unpack", done, total, member.filename)
                _write(packed, member, folder / safe_name(member.filename, archive))
                done += member.file_size
            job.progress("unpack", total, total)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DatasetError(
            f"is a damaged archive: {error}", path=archive, hint="remove it and try again"
        ) from error
    except OSError as error:
        if disk_is_full(error):
            raise disk_full(archive) from error
        raise DatasetError(f"cannot be unpacked: {error.strerror or error}", path=archive) from error


def safe_name(name: str, source: Path) -> Path:
    """A relative path without "..", drive, backslash or control character. Raises DatasetError for any other."""
    parts = PurePosixPath(name).parts
    wrong = (
        not parts
        or name.startswith("/")
        or any(p in ("..", ".") or p != p.strip() or not p.isprintable() for p in parts)
        or any(c in name for c in '\\:*?"<>|\0')
    )
    if wrong:
        raise DatasetError(
            f"names a file outside its folder or with a name that is not safe: {name[:80]!r}", path=source
        )
    return Path(*parts)


def _check(archive: Path, members: list[zipfile.ZipInfo], limit_bytes: int) -> None:
    if len(members) > MAX_MEMBERS:
        raise DatasetError(f"holds {len(members):,} files, more than the {MAX_MEMBERS:,} accepted", path=archive)
    for member in members:
        safe_name(member.filename, archive)
        mode = member.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise DatasetError(f"holds a link or device: {member.filename[:80]!r}", path=archive)
        if member.flag_bits & 1:
            raise DatasetError(f"holds an encrypted file: {member.filename[:80]!r}", path=archive)
        if member.file_size > max(_RATIO_FREE_BYTES, MAX_RATIO * member.compress_size):
            raise DatasetError(
                f"unpacks {member.filename[:80]!r} to more than {MAX_RATIO} times its size", path=archive
            )
    total, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if total > limit_bytes or total > max(_RATIO_FREE_BYTES, MAX_RATIO * packed):
        raise DatasetError(f"unpacks to {total:,} bytes, far more than expected", path=archive)


def _write(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """One member, never more bytes than it declares (zipfile checks size and CRC at its end)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    with packed.open(member) as source, target.open("wb") as out:
        left = member.file_size
        while left > 0 and (block := source.read(min(left, 1 << 20))):
            out.write(block)
            left -= len(block)
        if left or source.read(1):
            raise zipfile.BadZipFile(f"{member.filename} is not as long as it says")
