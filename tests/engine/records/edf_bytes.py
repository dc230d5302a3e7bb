"""EDF files made byte by byte, so that tests can put anything into any field."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Signal:
    """One signal: header texts as they are to appear, and samples [records, n]."""

    samples: np.ndarray
    label: str = "ECG II"
    unit: str = "uV"
    physical_min: str = "-3276.8"
    physical_max: str = "3276.7"
    digital_min: str = "-32768"
    digital_max: str = "32767"


@dataclass
class Edf:
    """A whole file. `fields` replaces header texts by name; `raw` maps header offsets to bytes."""

    signals: list[Signal]
    record_s: str = "1"
    kind: str = ""
    bits: int = 16
    fields: dict[str, str] = field(default_factory=dict)
    raw: dict[int, bytes] = field(default_factory=dict)

    def header(self) -> bytes:
        n = len(self.signals)
        texts = {
            "patient": "X X X X",
            "recording": "Startdate 02-MAR-2020 X X Recorder_9",
            "date": "02.03.20",
            "time": "04.05.06",
            "size": str(256 * (n + 1)),
            "reserved": self.kind,
            "records": str(len(self.signals[0].samples)),
            "duration": self.record_s,
            "signals": str(n),
        } | self.fields
        widths = {"patient": 80, "recording": 80, "date": 8, "time": 8, "size": 8, "reserved": 44, "records": 8}
        widths |= {"duration": 8, "signals": 4}
        magic = b"0       " if self.bits == 16 else b"\xffBIOSEMI"
        out = bytearray(magic + b"".join(texts[k].encode("latin-1").ljust(w)[:w] for k, w in widths.items()))
        columns = [
            ("label", 16), ("", 80), ("unit", 8), ("physical_min", 8), ("physical_max", 8), ("digital_min", 8),
            ("digital_max", 8), ("", 80),
        ]  # fmt: skip
        for name, width in columns:
            for signal in self.signals:
                text = getattr(signal, name) if name else ""
                out += text.encode("latin-1").ljust(width)[:width]
        for signal in self.signals:
            out += str(signal.samples.shape[1]).encode().ljust(8)
        out += b" " * 32 * n
        for offset, data in self.raw.items():
            out[offset : offset + len(data)] = data
        return bytes(out)

    def data(self) -> bytes:
        out = b""
        for record in range(len(self.signals[0].samples)):
            for signal in self.signals:
                values = np.asarray(signal.samples[record]).astype("<i4")
                width = self.bits // 8
                out += values.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
        return out

    def __bytes__(self) -> bytes:
        return self.header() + self.data()


def ramp(records: int, n: int, step: int = 1) -> np.ndarray:
    """Distinct samples: 0, step, 2 step, ... over the records."""
    return (np.arange(records * n) * step).reshape(records, n)


def tal_signal(texts: list[bytes], width: int = 30) -> Signal:
    """An EDF+ annotation signal of `width` samples a record that holds the given bytes."""
    samples = np.array([np.frombuffer(t.ljust(2 * width, b"\0"), "<i2") for t in texts])
    return Signal(samples, "EDF Annotations", "", "-1", "1")


def clock(onset: str, *more: bytes) -> bytes:
    """The annotation bytes of a data record that starts at `onset` ("+3"), with further TALs."""
    return onset.encode() + b"\x14\x14\0" + b"".join(more)
