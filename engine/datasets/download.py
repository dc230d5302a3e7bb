"""Getting a dataset: from its publisher, or from a copy on this machine.

Files gather in a folder beside the target (`NAME.part`), which takes the target's name when everything is there: a
dataset is either whole or absent, and an interrupted download goes on where it stopped.
"""

from __future__ import annotations

import codecs
import os
import re
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote

from engine.datasets.base import DatasetInfo, Download
from engine.datasets.catalog import dataset_info, default_folder, find_folder, open_dataset
from engine.datasets.fetching import PART, fetch, fetch_text, sha256_of
from engine.datasets.unpacking import safe_name, unpack_zip
from engine.errors import DatasetError
from engine.jobs.events import Job

SUMS = "SHA256SUMS.txt"
_CONNECTIONS = 4
_MAX_SUMS_BYTES = 256 << 20
_RESERVE_BYTES = 64 << 20
_SLACK = 2.0  # a download may be this much larger than the catalogue says
_SUM_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *]?(.+)")


def download(
    name: str, folder: Path | None, job: Job, source: Path | None = None, accept_licence: bool = False
) -> Path:
    """Put a dataset into `folder` (None: the user's data folder) and return that folder.

    `source` is a copy on this machine, or a folder that holds one: it is validated and linked or copied. Without
    it the files come from the publisher. A dataset that is there already is only validated. Raises DatasetError
    where the licence needs accepting and was not, where the disk has too little room, for unreachable or damaged
    files, and ConfigError for an unknown name; Cancelled leaves what has arrived for the next time.
    """
    info = dataset_info(name)
    target = default_folder(name) if folder is None else folder
    if not info.tables:
        job.message(f"{name} is made in memory: there is nothing to fetch")
        return target
    job.message(f"{info.title}. Licence: {info.licence}. Cite: {info.citation}. {info.home}")
    if info.must_accept and not accept_licence:
        terms = "" if info.commercial else "; neither it nor models trained on it may be used commercially"
        raise DatasetError(
            f"the licence of {name} must be accepted first: {info.licence}{terms} ({info.home})",
            hint="read it, then add --accept-licence",
        )
    if _is_there(name, target):
        job.message(f"{name} is already at {target}")
        _validate(name, target)
        return target
    _refuse_foreign(name, target)
    staging = target.with_name(target.name + PART)
    _make_folder(staging)
    if source is not None:
        _take_copy(name, find_folder(name, source), staging, job)
    else:
        _fetch_all(info, staging, job)
    _validate(name, staging)
    job.check()
    with suppress(OSError):
        target.rmdir()  # an empty folder may stand in the way
    staging.replace(target)
    job.artefact(name, target)
    return target


def _is_there(name: str, target: Path) -> bool:
    try:
        return target.is_dir() and find_folder(name, target) == target
    except DatasetError:
        return False


def _refuse_foreign(name: str, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DatasetError(
            f"is in the way: it exists and does not hold {name}", path=target, hint="name another folder with --to"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"cannot be made: {error.strerror}", path=folder) from error


def _validate(name: str, folder: Path) -> None:
    """Read its tables and one patient, so that a damaged dataset is known now and not while training."""
    dataset = open_dataset(name, folder)
    patients = dataset.patients()
    if not patients:
        raise DatasetError(f"holds no patient of {name}", path=folder)
    for _ in dataset.strips(patients[0]):
        pass


# --- from the publisher ------------------------------------------------------------------------------------------


class _Arrived:
    """Bytes fetched so far, told by several threads; raises in all of them once the job is to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.n_bytes = 0

    def __call__(self, n: int) -> None:
        if self._stop.is_set():
            raise DatasetError("was stopped")
        with self._lock:
            self.n_bytes += n

    def stop(self) -> None:
        self._stop.set()


def _fetch_all(info: DatasetInfo, staging: Path, job: Job) -> None:
    arrived = _Arrived()
    job.progress("list", 0, 1)
    files = [*_listed(info, arrived), *info.downloads]
    if not files:
        raise DatasetError(f"{info.name} has no address to fetch it from", hint="point --from at a copy")
    limit = int(_SLACK * info.size_bytes) + (16 << 20)
    wanting = _wanting(files, staging, job)
    held = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    needed = max(0, info.size_bytes - held) if wanting else 0
    free = shutil.disk_usage(staging).free
    if needed and free < needed + _RESERVE_BYTES:
        raise DatasetError(
            f"{info.name} needs {needed / 1e9:.2f} GB more but {staging.parent} has {free / 1e9:.2f} GB of room",
            hint="make room, or name another folder with --to",
        )
    arrived.n_bytes = held
    _fetch_many(wanting, staging, arrived, limit, max(info.size_bytes, held), job)
    for file in files:
        if file.unpack:
            unpack_zip(staging / file.name, staging, int(8 * _SLACK * info.size_bytes) + (16 << 20), job)
    for file in files:
        if file.unpack:
            (staging / file.name).unlink()


def _listed(info: DatasetInfo, arrived: _Arrived) -> list[Download]:
    """The files that the publisher's list of checksums names, as far as `info.pick` wants them."""
    if not info.listing:
        return []
    text = fetch_text(tuple(base + SUMS for base in info.listing), arrived, _MAX_SUMS_BYTES)
    files = []
    for line in text.splitlines():
        found = _SUM_LINE.fullmatch(line.strip())
        if found is None:
            continue
        name = found[2].removeprefix("./")
        safe_name(name, Path(SUMS))
        if info.pick and not any(fnmatch(name, pattern) for pattern in info.pick):
            continue
        addresses = [base + quote(name) for base in info.listing]
        files.append(
            Download(addresses[0], name, tuple(addresses[1:]), found[1].lower(), unpack=name.endswith(".zip"))
        )
    if not files:
        raise DatasetError(f"the publisher's {SUMS} of {info.name} lists no file that is wanted")
    return files


def _wanting(files: Sequence[Download], staging: Path, job: Job) -> list[Download]:
    """Files that are not there yet; those that are were checked when they arrived, unless someone changed them."""
    wanting = []
    for k, file in enumerate(files):
        if k % 200 == 0:
            job.progress("check", k, len(files))
        path = staging / file.name
        if not path.is_file():
            wanting.append(file)
        elif file.sha256 is not None and sha256_of(path) != file.sha256:
            path.unlink()
            wanting.append(file)
    return wanting


def _fetch_many(
    files: Sequence[Download], staging: Path, arrived: _Arrived, limit: int, total: int, job: Job
) -> None:
    with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="download") as pool:
        pending: set[Future[None]] = {pool.submit(fetch, file, staging, arrived, limit) for file in files}
        try:
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                if arrived.n_bytes > limit:
                    raise DatasetError(f"more arrives than the {limit:,} bytes expected", path=staging)
                note = f"{len(files) - len(pending)} of {len(files)} files"
                job.progress("download", arrived.n_bytes, max(total, arrived.n_bytes), note)
        except BaseException:
            arrived.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


# --- from a copy -------------------------------------------------------------------------------------------------


def _take_copy(name: str, source: Path, staging: Path, job: Job) -> None:
    """Validate a copy against its own list of checksums where it has one, then link it, or copy what cannot be."""
    _validate(name, source)
    files = [p for p in sorted(source.rglob("*")) if p.is_file() and not p.is_symlink()]
    if staging.resolve().is_relative_to(source.resolve()):
        raise DatasetError("lies in the folder it would be copied from", path=staging)
    _check_sums(source, job)
    size = sum(p.stat().st_size for p in files)
    done = 0
    for path in files:
        job.progress("copy", done, size, path.name)
        place = staging / path.relative_to(source)
        _link_or_copy(path, place)
        done += path.stat().st_size
    job.progress("copy", size, size)


def _link_or_copy(path: Path, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            os.link(path, place)
        except OSError:  # another disk, or one without links
            partly = place.with_name(place.name + PART)
            shutil.copyfile(path, partly)
            partly.replace(place)
    except OSError as error:
        raise DatasetError(f"cannot be copied: {error.strerror or error}", path=path) from error


def _check_sums(source: Path, job: Job) -> None:
    """Compare with the publisher's checksums. A text that differs, by its line ends or shortened, is only told of:
    tables and headers are read strictly. Signals and annotations must be the publisher's."""
    sums = source / SUMS
    if not sums.is_file():
        return
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    differing: list[str] = []
    for k, line in enumerate(lines):
        found = _SUM_LINE.fullmatch(line.strip())
        if found is None:
            continue
        if k % 50 == 0:
            job.progress("check", k, len(lines))
        path = source / safe_name(found[2].removeprefix("./"), sums)
        if not path.is_file() or sha256_of(path) == found[1].lower():
            continue
        if not _is_text(path):
            raise DatasetError("is damaged: it does not match the publisher's checksum", path=path)
        differing.append(path.name)
    if differing:
        shown = ", ".join(differing[:3]) + (" and more" if len(differing) > 3 else "")
        job.warning(f"{len(differing)} text files differ from the publisher's: {shown}")


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
