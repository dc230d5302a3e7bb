"""The recordings that firmware plays: the built-in samples at 250 Hz, cut to whole beats so that they loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analysis.qrs import detect_qrs
from engine.export.firmware import c_text
from engine.records import open_record
from engine.resources import built_in_record, resource_path
from engine.signals.resample import resample

# The first lead is the one that models look at and that a single electrode pair gives best.
LEADS = ("II", "I", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
RATE_HZ = 250
TITLES = ("as fits the leads", "MIT-BIH 208, one minute (II)", "12 leads, eight seconds")
UV_PER_MV = 1000
_STORED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
# Each lead from stored ones, in halves (Einthoven, Goldberger): I 0, II 1.
_LIMB = {"I": (2, 0), "II": (0, 2), "III": (-2, 2), "aVR": (-1, -1), "aVL": (2, -1), "aVF": (-1, 2)}
_ONE_MINUTE = 60
_BEFORE_R_S = 0.3  # where a loop is cut: the quiet before a P wave
_BLEND_S = 0.1  # its end runs into its beginning


@dataclass(frozen=True)
class Recording:
    """Codes int16 [samples, stored leads] in µV; weights and stored leads of each of `LEADS`."""

    codes: NDArray[np.int16]
    leads: tuple[tuple[tuple[int, int], tuple[int, int]], ...]


def recordings() -> tuple[Recording, ...]:
    """Those of `TITLES` after the first."""
    one = _looped(_read(built_in_record(), ("MLII",), _ONE_MINUTE), 0)
    absent = ((0, 0), (0, 0))
    many = _looped(_read(resource_path("samples", "dicom_12lead", "waveform_ecg.dcm"), _STORED, None), 1)
    return (
        Recording(one, (((2, 0), (0, 0)), *(absent for _ in LEADS[1:]))),
        Recording(many, tuple(_mixture(lead) for lead in LEADS)),
    )


def recording_files() -> dict[str, str]:
    """`recordings.c`."""
    parts, entries = [], []
    for number, recording in enumerate(recordings(), 1):
        name = f"RECORDING_{number}"
        parts.append(c_text.array(f"static const int16_t {name}[]", recording.codes.ravel().tolist()))
        leads = ", ".join(f"{{{{{w[0]}, {w[1]}}}, {{{s[0]}, {s[1]}}}}}" for w, s in recording.leads)
        samples, stored = recording.codes.shape
        entries.append(f"    {{{samples}, {stored}, {name},\n     {{{leads}}}}},")
    parts.append("\n".join(["const replay_recording_t REPLAY_RECORDINGS[] = {", *entries, "};"]))
    parts.append(f"const uint8_t REPLAY_RECORDING_COUNT = {len(entries)};")
    return {"recordings.c": c_text.source(["replay.h"], parts)}


def _mixture(lead: str) -> tuple[tuple[int, int], tuple[int, int]]:
    if lead in _LIMB:
        return _LIMB[lead], (0, 1)
    return (2, 0), (_STORED.index(lead), 0)


def _read(path: object, leads: tuple[str, ...], seconds: float | None) -> NDArray[np.float64]:
    """Microvolts [leads, n] at 250 Hz."""
    with open_record(str(path)) as record:
        stop = None if seconds is None else round(seconds * record.fs)
        block = record.read(0, stop, [record.lead_index(lead) for lead in leads])
        return resample(block.values.astype(np.float64), record.fs, RATE_HZ) * UV_PER_MV


def _looped(uv: NDArray[np.float64], lead: int) -> NDArray[np.int16]:
    """Codes [n, leads] of a stretch that ends where its first beat could follow its last."""
    r = detect_qrs(uv[lead] / UV_PER_MV, RATE_HZ).sample
    first, last = int(r[1]), int(r[-1])
    begin, end = first - round(_BEFORE_R_S * RATE_HZ), last - round(_BEFORE_R_S * RATE_HZ)
    blend = round(_BLEND_S * RATE_HZ)
    part = np.arange(1, blend + 1) / blend
    piece = uv[:, begin:end].copy()
    piece[:, -blend:] = piece[:, -blend:] * (1 - part) + uv[:, begin - blend : begin] * part
    return np.rint(np.clip(piece, -32000, 32000)).astype(np.int16).T
