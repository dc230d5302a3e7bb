"""Fetching one file over HTTP so that it can be taken up again, checked, and given up at any moment."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from engine.datasets.base import Download
from engine.errors import DatasetError, disk_is_full

CHUNK = 1 << 18
TIMEOUT_S = 30.0
TRIES = 3
PART = ".part"

Counted = Callable[[int], None]  # told of every piece that arrived, in bytes; raises to give up


class _HttpOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections within HTTP, never from a safe connection to an open one."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if not newurl.startswith("https:" if req.full_url.startswith("https:") else ("http:", "https:")):
            raise urllib.error.HTTPError(newurl, code, "leads to an address that is not safe", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Neither files nor FTP: an address from a listing must not read this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.UnknownHandler(), urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(), urllib.request.HTTPDefaultErrorHandler(), _HttpOnly(),
        urllib.request.HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


def fetch(file: Download, folder: Path, counted: Counted, limit_bytes: int) -> None:
    """Fetch one file to `folder / file.name`, going on where an earlier attempt stopped (`.part`).

    Raises DatasetError when no address gives it, its checksum is wrong twice, it is larger than `limit_bytes`, or
    the disk is full. What has arrived of it stays for the next attempt, unless it was wrong.
    """
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    for attempt in range(2):
        _gather(file, part, counted, limit_bytes)
        if file.sha256 is None or sha256_of(part) == file.sha256:
            part.replace(target)
            return
        counted(-part.stat().st_size)
        part.unlink()
        if attempt == 1:
            break
    raise DatasetError(
        "does not match the publisher's checksum", path=target, hint="it was removed; try again later"
    )


def fetch_text(urls: tuple[str, ...], counted: Counted, limit_bytes: int) -> str:
    """A small text file from the first address that gives it."""
    faults = []
    for url in urls:
        for attempt in range(TRIES):
            try:
                with _opener().open(_request(url), timeout=TIMEOUT_S) as answer:
                    data: bytes = answer.read(limit_bytes + 1)
                if len(data) > limit_bytes:
                    raise DatasetError(f"{url} gives more than {limit_bytes:,} bytes")
                return data.decode("utf-8")
            except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
                counted(0)
                if _final(error) or attempt == TRIES - 1:
                    faults.append(f"{url}: {_why(error)}")
                    break
                time.sleep(0.3 * 2**attempt)
    raise DatasetError(f"the publisher cannot be reached: {'; '.join(faults)}", hint="try again later")


def sha256_of(path: Path) -> str:
    """Checksum of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _gather(file: Download, part: Path, counted: Counted, limit_bytes: int) -> None:
    faults = []
    for url in (file.url, *file.mirrors):
        for attempt in range(TRIES):
            try:
                _stream(url, part, counted, limit_bytes)
                return
            except (http.client.HTTPException, OSError) as error:
                if isinstance(error, OSError) and disk_is_full(error):
                    raise disk_full(part) from error
                if _final(error) or attempt == TRIES - 1:
                    faults.append(_why(error))
                    break
                counted(0)
                time.sleep(0.3 * 2**attempt)
    why = "; ".join(dict.fromkeys(faults))
    raise DatasetError(f"cannot be fetched: {why}", path=part.with_suffix(""), hint="run the same again to go on")


def disk_full(path: Path) -> DatasetError:
    """The fault of a disk without room."""
    return DatasetError(
        "the disk is full", path=path, hint="make room and run the same again: what has arrived is kept"
    )


def _stream(url: str, part: Path, counted: Counted, limit_bytes: int) -> None:
    """Append to the part what it lacks; begin anew where the server does not give pieces."""
    held = part.stat().st_size if part.exists() else 0
    try:
        answer = _opener().open(_request(url, held), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and held:  # nothing beyond what is there, or the file has changed
            if error.headers.get("Content-Range", "").rpartition("/")[2] == str(held):
                return
            counted(-held)
            part.unlink()
        raise
    with answer:
        goes_on = answer.status == 206 and _starts_at(answer.headers.get("Content-Range", ""), held)
        if held and not goes_on:
            counted(-held)
        expected = answer.headers.get("Content-Length")
        whole = (held if goes_on else 0) + int(expected) if (expected or "").isdigit() else None
        if whole is not None and whole > limit_bytes:
            raise _too_large(part, limit_bytes)
        with part.open("ab" if goes_on else "wb") as out:
            size = _copy(answer, out, part, counted, limit_bytes)
    if whole is not None and size < whole:
        raise http.client.IncompleteRead(b"", whole - size)


def _copy(answer: IO[bytes], out: IO[bytes], part: Path, counted: Counted, limit_bytes: int) -> int:
    size = out.seek(0, 2)
    while piece := answer.read(CHUNK):
        size += len(piece)
        if size > limit_bytes:
            raise _too_large(part, limit_bytes)
        out.write(piece)
        counted(len(piece))
    return size


def _request(url: str, held: int = 0) -> urllib.request.Request:
    if not url.startswith(("https://", "http://")):
        raise DatasetError(f"{url!r} is not an HTTP address")
    headers = {"User-Agent": "heartkit-workbench", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    return urllib.request.Request(url, headers=headers)


def _starts_at(content_range: str, held: int) -> bool:
    return content_range.removeprefix("bytes ").partition("-")[0].strip() == str(held)


def _too_large(part: Path, limit_bytes: int) -> DatasetError:
    with suppress(OSError):
        part.unlink()
    return DatasetError(f"is larger than the {limit_bytes:,} bytes it may have", path=part)


def _final(error: Exception) -> bool:
    """Whether trying again at once is pointless."""
    return (
        isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500 and error.code not in (408, 416, 429)
    )


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke off"
    return str(error) or type(error).__name__
