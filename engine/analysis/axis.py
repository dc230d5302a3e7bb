"""Electrical axis of the QRS in the frontal plane."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.analysis.levels import reference_level
from engine.analysis.types import Analysis, Measure
from engine.records.record import Record

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

MOST_BEATS = 200  # spread evenly over the record; more would not change a median
_SMALLEST_MV_MS = 1.0  # net areas below this in both leads point nowhere
_BEFORE_S = 0.05  # read before QRS onset for the reference level
_SUFFICIENT = ({"I", "AVF"}, {"I", "II"}, {"II", "III"})
_METHOD = "net QRS area in I and aVF, median over normal beats"


def frontal_axis(record: Record, analysis: Analysis) -> Measure | None:
    """QRS axis in degrees (-180, 180], 0 along lead I, +90 along aVF; None without the leads or beats for it.

    From the net QRS areas A: atan2(2 A(aVF) / sqrt 3, A(I)), the factor making up for the smaller scale of the
    augmented lead. aVF is taken as II - I/2, and I as II - III, where not recorded. `n` beats, `spread` the
    interquartile range of the beats' own axes.
    """
    leads = _limb_leads(record)
    waves, beats = analysis.fiducials, analysis.beats
    usable = (waves.qrs_on >= 0) & (waves.qrs_off > waves.qrs_on)
    normal = usable & np.array([aami == "N" for aami in beats.aami], np.bool_)
    rows = np.flatnonzero(normal if normal.any() else usable)
    if rows.size == 0 or not leads:
        return None
    rows = rows[np.unique(np.linspace(0, rows.size - 1, min(rows.size, MOST_BEATS)).astype(np.int64))]
    before = round(_BEFORE_S * record.fs)
    areas = []
    for start, stop in zip(waves.qrs_on[rows].tolist(), waves.qrs_off[rows].tolist(), strict=True):
        block = record.read(start - before, stop, list(leads.values()))
        if block.start == start - before and block.valid.all():
            areas.append([_net_area(values, before, record.fs) for values in block.values])
    if not areas:
        return None
    area = dict(zip(leads, np.array(areas).T, strict=True))
    across = area["I"] if "I" in area else area["II"] - area["III"]
    down = area["AVF"] if "AVF" in area else area["II"] - across / 2
    return _axis(across, down * 2 / math.sqrt(3), int(waves.qrs_on[rows[0]]), int(waves.qrs_off[rows[-1]]))


def _limb_leads(record: Record) -> dict[str, int]:
    """Indices of the limb leads by upper-case name; empty when they do not give both I and aVF."""
    named = {
        lead.name.upper().replace("LEAD", "").strip(): i for i, lead in enumerate(record.leads) if lead.is_voltage
    }
    found: dict[str, int] = {name: named[name] for name in ("I", "II", "III", "AVF") if name in named}
    if any(pair <= found.keys() for pair in _SUFFICIENT):
        return found
    return {}


def _net_area(x_mv: F32, qrs_on: int, fs_hz: float) -> float:
    """Area of x - its level before QRS onset from sample `qrs_on` to the end, in mV ms."""
    level = reference_level(x_mv, np.array([qrs_on]), fs_hz, np.array([True]))[0]
    return float((x_mv[qrs_on:].astype(np.float64) - level).sum() * 1000.0 / fs_hz)


def _axis(across: F64, down: F64, start: int, stop: int) -> Measure | None:
    middle = (float(np.median(across)), float(np.median(down)))
    if math.hypot(*middle) < _SMALLEST_MV_MS:
        return None
    axis = math.degrees(math.atan2(middle[1], middle[0]))
    apart = np.mod(np.degrees(np.arctan2(down, across)) - axis + 180.0, 360.0) - 180.0
    lower, upper = np.percentile(apart, [25, 75])
    return Measure(axis, "deg", len(across), float(upper - lower), _METHOD, start, stop)
