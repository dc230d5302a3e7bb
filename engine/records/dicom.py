"""DICOM waveforms: 12-lead, general and ambulatory ECG, and other waveform objects (PS3.3 section C.10.9).

Samples stay in memory as stored and are calibrated on reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.annotations import Annotations
from engine.records.dicom_file import read_dicom
from engine.records.hints import TextHints
from engine.records.leads import is_known_lead, lead_name, unique_names, units_per_mv
from engine.records.limits import MAX_SIGNALS, believed_length, rate_fault
from engine.records.record import F32, Bool, Int32, Lead, Patient, Record, RecordInfo

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DICOMDIR = "1.2.840.10008.1.3.10"
_PADDING_RUN_S = 0.1
_SAMPLE_TYPES = {
    ("SB", 8): "i1", ("UB", 8): "u1", ("SS", 16): "i2", ("US", 16): "u2", ("SL", 32): "i4", ("UL", 32): "u4",
}  # fmt: skip

# Leads by number in SCP-ECG ("5.6.3-9-61") and ISO/IEEE 11073-10101 ("2:61").
_LEAD_OF_NUMBER = {
    1: "I", 2: "II", **{i + 2: f"V{i}" for i in range(1, 7)}, 61: "III", 62: "aVR", 63: "aVL", 64: "aVF",
}  # fmt: skip
# Fiducial marks as ecgpuwave writes them: bracket, and in num the wave it belongs to (0 P, 1 QRS, 2 T).
_FIDUCIALS = {
    "p onset": ("(", 0), "p offset": (")", 0), "qrs onset": ("(", 1), "qrs offset": (")", 1),
    "t onset": ("(", 2), "t offset": (")", 2),
}  # fmt: skip


def open_dicom(path: str | Path, hints: TextHints | None = None) -> DicomRecord:
    """Open a DICOM waveform file.

    Of several multiplex groups the one with the most samples is shown, or the one `hints.group` names; a notice
    lists the others. RecordError for images, directories and anything that cannot be read.
    """
    path = Path(path)
    try:
        dataset, order, notices = read_dicom(path)
        return _build(dataset, order, path, hints or TextHints(), notices)
    except RecordError:
        raise
    except RecursionError as error:
        raise RecordError("nests sequences too deeply", path=path) from error
    except OSError as error:
        raise RecordError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=path) from error
    except Exception as error:  # whatever else a damaged file provokes inside pydicom
        raise RecordError(f"is damaged: {_first_sentence(error)}", path=path) from error


class DicomRecord(Record):
    """One multiplex group. `annotations` holds the marks that have a place on it, or is None."""

    def __init__(
        self, info: RecordInfo, samples: NDArray[Any], valid: Bool, annotations: Annotations | None
    ) -> None:
        super().__init__(info)
        self._samples = samples  # [n, leads] as stored, as far as the file holds them
        self._valid = valid
        self.annotations = annotations

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        adu = self._read_adu(start, stop, leads)
        valid = np.zeros(adu.shape, bool)
        valid[:, : max(0, len(self._valid) - start)] = self._valid[start:stop, list(leads)].T
        values = np.empty(adu.shape, np.float32)
        for row, i in enumerate(leads):
            lead = self.leads[i]
            values[row] = (adu[row] - lead.baseline_adu) / (lead.adu_per_unit or 1.0)
        values[~valid] = 0
        return values, valid

    def _read_adu(self, start: int, stop: int, leads: tuple[int, ...]) -> Int32:
        adu = np.zeros((len(leads), stop - start), np.int32)
        adu[:, : max(0, len(self._samples) - start)] = self._samples[start:stop, list(leads)].T
        return adu


@dataclass(frozen=True, slots=True)
class _Group:
    """One item of the waveform sequence, checked."""

    index: int
    item: Dataset
    label: str
    fs: float
    n_declared: int
    samples: NDArray[Any]  # [n, channels] as stored, whole frames only

    @property
    def summary(self) -> str:
        """For a notice."""
        n = self.samples.shape[1]
        leads = f"{n} lead{'s' if n > 1 else ''}"
        return f"{self.index} ({self.label or 'unnamed'}, {leads}, {len(self.samples) / self.fs:.3g} s)"


def _build(
    dataset: Dataset, order: str, path: Path, hints: TextHints, parse_notices: tuple[str, ...]
) -> DicomRecord:
    kind = dataset.get("SOPClassUID") or getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID")
    if kind == _DICOMDIR or "DirectoryRecordSequence" in dataset:
        raise RecordError("is a DICOM directory", path=path, hint="open one of the files it lists")
    items = dataset.get("WaveformSequence")
    if not items:
        what = f" ({kind.name})" if kind is not None and kind.name != str(kind) else ""
        raise RecordError(f"is a DICOM file{what} without a waveform", path=path)
    groups: list[_Group] = []
    faults: list[RecordError] = []
    for i, item in enumerate(items):
        try:
            groups.append(_check_group(i, item, order, path))
        except RecordError as error:
            faults.append(error)
    wanted = [g for g in groups if hints.group in (None, g.index)]
    if not wanted:
        if faults:
            raise faults[0]
        raise RecordError(f"has no multiplex group {hints.group}", path=path, hint=f"it has 0 to {len(items) - 1}")
    chosen = max(wanted, key=lambda g: len(g.samples))
    leads, notices = _leads(chosen)
    notices += [f"Multiplex group {g.summary} is not shown." for g in groups if g is not chosen]
    notices += [f"A multiplex group {fault.fault}; it is left out." for fault in faults]
    present = len(chosen.samples)
    n_samples = believed_length(chosen.n_declared, present, chosen.fs)
    if present < chosen.n_declared:
        rest = "shown as missing" if n_samples > present else "left out"
        notices.append(
            f"The file is cut short: {chosen.n_declared:,} samples are promised, {present:,} are there; "
            f"the rest is {rest}."
        )
    marks, comments = _marks(dataset, chosen)
    info = RecordInfo(
        name=path.stem,
        path=path,
        format=f"DICOM {kind.name}" if kind is not None and kind.name != str(kind) else "DICOM",
        fs=chosen.fs,
        n_samples=n_samples,
        leads=leads,
        start_time=_start(dataset, chosen.item),
        patient=_patient(dataset),
        device=" ".join(x for x in (_text(dataset, "Manufacturer"), _text(dataset, "ManufacturerModelName")) if x),
        comments=tuple(comments),
        notices=(*parse_notices, *notices),
    )
    return DicomRecord(info, chosen.samples, _validity(chosen), marks)


def _check_group(index: int, item: Dataset, order: str, path: Path) -> _Group:
    def number(keyword: str) -> int:
        value = item.get(keyword)
        if not isinstance(value, int) or value < 0:
            raise RecordError(f"gives no {keyword} for group {index}", path=path)
        return value

    n_channels, declared = number("NumberOfWaveformChannels"), number("NumberOfWaveformSamples")
    if not 1 <= n_channels <= MAX_SIGNALS:
        fault = f"declares {n_channels} channels in group {index}, where 1 to {MAX_SIGNALS} are possible"
        raise RecordError(fault, path=path)
    defined = len(item.get("ChannelDefinitionSequence") or ())
    if defined != n_channels:
        raise RecordError(f"defines {defined} of the {n_channels} channels in group {index}", path=path)
    rate = item.get("SamplingFrequency")
    fs = float(rate) if rate is not None else 0.0
    if fault_of_rate := rate_fault(fs):
        raise RecordError(fault_of_rate, path=path)
    coding = (_text(item, "WaveformSampleInterpretation"), number("WaveformBitsAllocated"))
    if coding not in _SAMPLE_TYPES:
        fault = f"stores samples as {coding[0] or 'nothing'} of {coding[1]} bits, which cannot be read"
        raise RecordError(fault, path=path)
    kind = np.dtype(order + _SAMPLE_TYPES[coding])
    data = item.get("WaveformData")
    data = data if isinstance(data, bytes) else b""
    present = min(len(data) // (kind.itemsize * n_channels), declared)
    if present == 0:
        raise RecordError(f"holds no samples in group {index}", path=path)
    samples = np.frombuffer(data, kind, present * n_channels).reshape(present, n_channels)
    return _Group(index, item, _text(item, "MultiplexGroupLabel"), fs, declared, samples)


def _leads(group: _Group) -> tuple[tuple[Lead, ...], list[str]]:
    channels = group.item.ChannelDefinitionSequence
    names, repeated = unique_names(_channel_name(c) for c in channels)
    notices = [f"Several signals are named {name}; they are numbered." for name in repeated]
    leads = []
    for channel, name in zip(channels, names, strict=True):
        step = _decimal(channel, "ChannelSensitivity") * _decimal(
            channel, "ChannelSensitivityCorrectionFactor", 1.0
        )
        offset = _decimal(channel, "ChannelBaseline", 0.0)
        unit = _code(channel, "ChannelSensitivityUnitsSequence")[0]
        bits = channel.get("WaveformBitsStored")
        if not (np.isfinite(step) and 1e-12 < abs(step) < 1e12 and abs(offset) < 1e12):
            notices.append(f"Signal {name} is not calibrated; its stored numbers are shown.")
            leads.append(Lead(name, unit="adu", adu_per_unit=1.0, adc_bits=bits))
            continue
        per_mv = units_per_mv(unit)
        leads.append(
            Lead(
                name=name,
                unit="mV" if per_mv else unit,
                adu_per_unit=(per_mv or 1.0) / step,
                baseline_adu=(0.0 - offset) / step,
                adc_bits=bits,
                description=_code(channel, "ChannelSourceSequence")[1],
            )
        )
    return tuple(leads), notices


def _channel_name(channel: Dataset) -> str:
    code, meaning = _code(channel, "ChannelSourceSequence")
    number = code.removeprefix("5.6.3-9-").removeprefix("2:")
    if number != code and number.isdecimal() and int(number) in _LEAD_OF_NUMBER:
        return _LEAD_OF_NUMBER[int(number)]
    label = _text(channel, "ChannelLabel")
    return lead_name(meaning if is_known_lead(meaning) or not label else label)


def _validity(group: _Group) -> Bool:
    """Validity [n, channels] of the stored frames.

    The declared padding value marks a missing sample where it is an extreme of the range. Some makers declare 0,
    which every signal crosses: a value within the range only counts where all channels hold it for 0.1 s.
    """
    samples = group.samples
    padding = group.item.get("WaveformPaddingValue")
    if isinstance(padding, bytes) and len(padding) >= samples.itemsize:
        padding = int(np.frombuffer(padding, samples.dtype, 1)[0])
    if not isinstance(padding, int):
        return np.broadcast_to(np.True_, samples.shape)
    limits = np.iinfo(samples.dtype)
    hits: Bool = samples == padding
    if padding in (limits.min, limits.max):
        return ~hits
    frames = np.concatenate(([False], hits.all(axis=1), [False]))
    edges = np.flatnonzero(np.diff(frames.astype(np.int8)))
    valid = np.ones(samples.shape, bool)
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start >= _PADDING_RUN_S * group.fs:
            valid[start:stop] = False
    return valid


def _marks(dataset: Dataset, group: _Group) -> tuple[Annotations | None, list[str]]:
    """Annotations that have a place on the group, and the statements and measurements that have none."""
    rows: list[tuple[int, str, int, int, str]] = []
    comments: list[str] = []
    for item in dataset.get("WaveformAnnotationSequence") or ():
        meaning = _code(item, "ConceptNameCodeSequence")[1]
        text = _text(item, "UnformattedTextValue")
        number = item.get("NumericValue")
        if number is not None:
            text = f"{number} {_code(item, 'MeasurementUnitsCodeSequence')[0]}".strip()
        body = ": ".join(x for x in (meaning, text) if x)
        places = _places(item, group)
        channels = _numbers(item.get("ReferencedWaveformChannels"))
        if not body or (channels and channels[0] != group.index + 1):
            continue
        if not places:
            comments.append(body)
            continue
        lead = max(int(channels[1]) - 1, 0) if len(channels) > 1 else 0
        symbol, wave = _FIDUCIALS.get(meaning.lower(), ('"', 0))
        rows += [(at, symbol, wave, lead, "" if symbol != '"' else body) for at in places]
    if not rows:
        return None, comments
    rows.sort(key=lambda row: row[0])
    marks = Annotations(
        sample=np.array([r[0] for r in rows], np.int64),
        symbol=tuple(r[1] for r in rows),
        fs=group.fs,
        chan=np.array([r[3] for r in rows], np.int64),
        num=np.array([r[2] for r in rows], np.int64),
        aux=tuple(r[4] for r in rows),
        source="DICOM",
        name="dicom",
    )
    return marks, comments


def _places(item: Dataset, group: _Group) -> list[int]:
    """0-based samples that an annotation refers to."""
    positions = [int(p) - 1 for p in _numbers(item.get("ReferencedSamplePositions"))]
    positions += [round(t * group.fs) for t in _numbers(item.get("ReferencedTimeOffsets"))]
    return [p for p in positions if 0 <= p < max(group.n_declared, 1)]


def _numbers(value: object) -> list[float]:
    """The values of an element that may be absent, single or many."""
    if value is None:
        return []
    values = value if hasattr(value, "__iter__") and not isinstance(value, str | bytes) else [value]
    return [float(v) for v in values]


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else " ".join(str(value).split())


def _decimal(dataset: Dataset, keyword: str, default: float = float("nan")) -> float:
    value = dataset.get(keyword)
    return default if value is None else float(value)


def _code(dataset: Dataset, keyword: str) -> tuple[str, str]:
    """Value and meaning of the first code in a code sequence."""
    items = dataset.get(keyword)
    return (_text(items[0], "CodeValue"), _text(items[0], "CodeMeaning")) if items else ("", "")


def _start(dataset: Dataset, item: Dataset) -> datetime | None:
    """Start of the group: acquisition, content or study time, plus the group's own offset."""
    candidates = [_text(dataset, "AcquisitionDateTime")]
    candidates += [
        _text(dataset, f"{x}Date") + _text(dataset, f"{x}Time") for x in ("Acquisition", "Content", "Study")
    ]
    for text in candidates:
        try:
            start = datetime.strptime(text[:14], "%Y%m%d%H%M%S")
        except ValueError:
            continue
        offset_ms = _decimal(item, "MultiplexGroupTimeOffset", 0.0)
        return start + timedelta(milliseconds=offset_ms) if abs(offset_ms) < 1e11 else start
    return None


def _patient(dataset: Dataset) -> Patient:
    born = _text(dataset, "PatientBirthDate")
    return Patient(
        id=_text(dataset, "PatientID"),
        name=_text(dataset, "PatientName").replace("^", " ").strip(),
        sex=_text(dataset, "PatientSex"),
        birth_date=f"{born[:4]}-{born[4:6]}-{born[6:8]}" if len(born) == 8 and born.isdecimal() else "",
        age=_text(dataset, "PatientAge"),
    )


def _first_sentence(error: Exception) -> str:
    text = str(error).split("\n")[0].split(". ")[0]
    return text[:160] or type(error).__name__
