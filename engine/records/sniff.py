"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

HEAD_BYTES = 4096
KNOWN_FORMATS = "WFDB, EDF, EDF+, BDF, DICOM waveforms, CSV and other text tables, .mat, HDF5, .npy and .npz"

Kind = Literal["edf", "dicom", "mat4", "mat5", "hdf5", "npy", "zip", "wfdb", "text", "unknown"]

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (16, b"SCPECG", "an SCP-ECG record"),
    (0, b"ISHNE1.0", "an ISHNE Holter record"),
    (0, b"ANN  1.0", "ISHNE Holter annotations"),
    (0, b"RIFF", "a RIFF file (sound or film)"),
    (0, b"fLaC", "a FLAC sound file"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"SQLite format 3", "an SQLite database"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document"),
    (257, b"ustar", "a tar archive"),
)
_XML_ROOTS: tuple[tuple[bytes, str], ...] = (
    (b"AnnotatedECG", "an HL7 aECG record"),
    (b"restingecgdata", "a Philips Sierra XML record"),
    (b"RestingECG", "a GE MUSE XML record"),
    (b"schillerEDI", "a Schiller XML record"),
    (b"ECGReport", "a Mortara XML record"),
    (b"svg", "an SVG drawing"),
    (b"html", "a web page"),
)
_DICOM_GROUPS = (
    b"\x02\x00\x00\x00",
    b"\x08\x00\x00\x00",
    b"\x08\x00\x01\x00",
    b"\x08\x00\x05\x00",
    b"\x08\x00\x16\x00",
)
_RECORD_LINE = re.compile(rb"^[\w.+/-]+[ \t]+\d{1,5}(?:[ \t]+[\d.e+-]+(?:/\S+)?(?:[ \t]+\S+)*)?[ \t\r]*$")
_SIGNAL_LINE = re.compile(rb"^\S+[ \t]+(?:\d{1,3}(?:[x:+]\d+)*|\d+)(?:[ \t].*)?$")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A format that a reader exists for, or "unknown" with what the file looks like instead."""

    kind: Kind
    looks_like: str = ""


def sniff(head: bytes, size: int) -> Sniffed:
    """Format of a file of `size` bytes that starts with `head` (its first `HEAD_BYTES`)."""
    if head[:8] in (b"0       ", b"\xffBIOSEMI") or (head[:1] == b"0" and _has_edf_numbers(head)):
        return Sniffed("edf")
    if head[128:132] == b"DICM" or (head[:4] in _DICOM_GROUPS and size > 132):
        return Sniffed("dicom")
    if head.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")) or head[512:520] == b"\x89HDF\r\n\x1a\n":
        return Sniffed("hdf5")
    if head.startswith(b"MATLAB 5.0") or (
        head[126:128] in (b"IM", b"MI") and head[124:126] in (b"\x00\x01", b"\x01\x00")
    ):
        return Sniffed("mat5")
    if head.startswith(b"\x93NUMPY"):
        return Sniffed("npy")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Sniffed("zip")
    for offset, magic, name in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic:
            return Sniffed("unknown", name)
    if _is_mat4(head, size):
        return Sniffed("mat4")
    if (text := _as_text(head)) is None:
        return Sniffed("unknown", "binary data of no known kind")
    if text.lstrip().startswith(b"<"):
        return Sniffed("unknown", next((name for root, name in _XML_ROOTS if root in text), "an XML file"))
    if text.lstrip().startswith((b"{", b"[")):
        return Sniffed("unknown", "a JSON file")
    return Sniffed("wfdb" if _is_wfdb_header(text) else "text")


def _has_edf_numbers(head: bytes) -> bool:
    """True where the fixed columns for header size and signal count hold what they should."""
    return head[:8].strip() == b"0" and head[184:192].strip().isdigit() and head[252:256].strip().isdigit()


def _is_mat4(head: bytes, size: int) -> bool:
    """MATLAB 4 has no magic: five integers that must agree with each other and with the size of the file."""
    if len(head) < 22:
        return False
    for order in ("little", "big"):
        kind, rows, columns, imaginary, name_length = (
            int.from_bytes(head[i : i + 4], order, signed=True) for i in range(0, 20, 4)
        )
        digits = divmod(kind, 10)
        sizes = (8, 4, 4, 2, 2, 1)
        if not (0 <= kind < 5000 and kind // 100 % 10 == 0 and digits[0] % 10 < 6 and digits[1] < 3):
            continue
        if (kind >= 1000) != (order == "big") or imaginary not in (0, 1) or not 2 <= name_length <= 64:
            continue
        name = head[20 : 20 + name_length]
        needed = 20 + name_length + rows * columns * sizes[digits[0] % 10]
        if rows >= 0 and columns >= 0 and name.endswith(b"\0") and name[:-1].isalnum() and needed <= size * 1000:
            return True
    return False


def _as_text(head: bytes) -> bytes | None:
    """The head as ASCII-compatible text, or None for binary data."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return head[: len(head) // 2 * 2].decode("utf-16").encode()
        except UnicodeDecodeError:
            return None
    controls = sum((byte < 32 and byte not in b"\t\n\r\f") or byte == 127 for byte in head)
    if controls > len(head) // 500:
        return None
    return head.removeprefix(b"\xef\xbb\xbf")


def _is_wfdb_header(text: bytes) -> bool:
    """True for a record line followed by a signal or segment line, as in a .hea file."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(b"#")]
    if not lines or not _RECORD_LINE.match(lines[0]) or b"," in lines[0]:
        return False
    name, count = lines[0].split()[:2]
    if len(lines) == 1:
        return count == b"0"
    return _SIGNAL_LINE.match(lines[1]) is not None and not _is_number(name.split(b"/")[0], lines[1])


def _is_number(name: bytes, signal_line: bytes) -> bool:
    """True where "name" and the first word of the next line are both plain numbers: a table, not a header."""
    try:
        float(name), float(signal_line.split()[0])
    except ValueError:
        return False
    return True
