"""Timing and shape of a beat against those around it and against its family: what tells ventricular beats."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.analysis import af
from engine.analysis.beat_families import Families, families
from engine.analysis.beat_features import COLUMN, QRS, P, T

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

RR_LOW_S, RR_HIGH_S = 0.15, 4.0
_NEAR = 16  # beats on either side that make the local RR
_WIDE = 100  # beats on either side that show what is usual
_STRETCH = 128  # beats over which the dominant shape is chosen
_AF_STRIDE = 6

CONTEXT_COLUMNS = (
    "rr_prev_to_local",  # logarithms of ratios
    "rr_next_to_local",
    "rr_prev_to_next",
    "rr_prev_to_before",
    "af_probability",
    "like_dominant",  # cosine of the QRS window with the dominant shape nearby
    "size_to_dominant",
    "width_to_dominant",
    "half_width_to_dominant",
    "slope_to_dominant",
    "t_like_dominant",
    "t_change",  # distance of the T windows over the size of the dominant QRS
    "p_like_dominant",
    "p_change",
    "p_found",  # by the delineator: 1 or 0
    "like_previous",
    "like_next",
    "width_ms",
    "half_width_ms",
    "noise",  # over the size of the QRS
    "family_share",
    "family_rr_prev_to_local",
    "family_rr_prev_to_next",
    "family_in_runs",
    "family_like_dominant",
    "family_width_to_dominant",
)
CONTEXT_COLUMN = {name: i for i, name in enumerate(CONTEXT_COLUMNS)}


def beat_context(r: I64, rows: F32, fs_hz: float) -> tuple[F64, Families]:
    """Context of n >= 1 beats, float64 [n, len(CONTEXT_COLUMNS)], and the families found; rows: `beat_features`."""
    n = len(r)
    features: F64 = rows.astype(np.float64)
    found = families(features[:, QRS])
    out = np.zeros((n, len(CONTEXT_COLUMNS)))

    def put(name: str, values: F64) -> None:
        out[:, CONTEXT_COLUMN[name]] = values

    rr = rr_seconds(r, fs_hz)
    before, after, earlier = rr[:-1], rr[1:], np.concatenate([rr[:1], rr[:-2]])
    local = rolling_quantile(before, _NEAR, 0.5)
    prev_to_local = np.log(before / local)
    prev_to_next = np.log(before / after)
    put("rr_prev_to_local", prev_to_local)
    put("rr_next_to_local", np.log(after / local))
    put("rr_prev_to_next", prev_to_next)
    put("rr_prev_to_before", np.log(before / earlier))
    put("af_probability", _af_along(before))

    dominant = _dominant(
        found, features, prev_to_local, prev_to_next, np.log(before / rolling_quantile(before, _WIDE, 0.5))
    )
    qrs, p_wave, t_wave = features[:, QRS], features[:, P], features[:, T]
    size = _size(qrs)
    normal_size = _size(dominant[:, QRS])
    put("like_dominant", _cosine(qrs, dominant[:, QRS]))
    put("size_to_dominant", np.log(size / normal_size))
    for name in ("width", "half_width"):
        column = COLUMN[f"{name}_ms"]
        put(f"{name}_to_dominant", np.log((features[:, column] + 8) / (dominant[:, column] + 8)))
        put(f"{name}_ms", features[:, column])
    steep = features[:, COLUMN["upslope_mv_s"]] - features[:, COLUMN["downslope_mv_s"]]
    normal_steep = dominant[:, COLUMN["upslope_mv_s"]] - dominant[:, COLUMN["downslope_mv_s"]]
    put("slope_to_dominant", np.log((steep + 0.1) / (normal_steep + 0.1)))
    put("t_like_dominant", _cosine(_centred(t_wave), _centred(dominant[:, T])))
    put("t_change", _size(t_wave - dominant[:, T]) / normal_size)
    flat_p, flat_dominant_p = _centred(p_wave), _centred(dominant[:, P])
    put("p_like_dominant", _cosine(flat_p, flat_dominant_p))
    put("p_change", _size(flat_p - flat_dominant_p) / normal_size)
    put("p_found", np.isfinite(features[:, COLUMN["pr_ms"]]).astype(np.float64))
    alike = np.concatenate([[1.0], _cosine(qrs[1:], qrs[:-1]), [1.0]])
    put("like_previous", alike[:-1])
    put("like_next", alike[1:])
    put("noise", features[:, COLUMN["noise_mv"]] / size)

    label = found.label
    put("family_share", np.log(found.size[label] / n))
    put("family_rr_prev_to_local", _family_mean(found, prev_to_local)[label])
    put("family_rr_prev_to_next", _family_mean(found, prev_to_next)[label])
    follows = np.concatenate([[False], label[1:] == label[:-1]]).astype(np.float64)
    put("family_in_runs", _family_mean(found, follows)[label])
    put("family_like_dominant", _family_mean(found, out[:, CONTEXT_COLUMN["like_dominant"]])[label])
    put("family_width_to_dominant", _family_mean(found, out[:, CONTEXT_COLUMN["width_to_dominant"]])[label])
    return out, found


def rr_seconds(r: I64, fs_hz: float) -> F64:
    """RR before each beat and after the last, float64 [n + 1], clipped; the ends repeat their neighbour."""
    if len(r) < 2:
        return np.ones(len(r) + 1)
    rr = np.clip(np.diff(r) / fs_hz, RR_LOW_S, RR_HIGH_S)
    return np.concatenate([rr[:1], rr, rr[-1:]])


def rolling_quantile(values: F64, reach: int, quantile: float) -> F64:
    """Quantile over the `reach` values on either side and the value itself, mirrored at the ends."""
    reach = min(reach, max(0, len(values) - 1))
    padded = np.pad(values, reach, mode="reflect") if reach else values
    at = round(quantile * 2 * reach)
    return np.partition(sliding_window_view(padded, 2 * reach + 1), at, axis=1)[:, at]


def _af_along(rr_s: F64) -> F64:
    """AF probability around each beat from windows of RR intervals; 0 where there are too few."""
    n = len(rr_s)
    if n < af.WINDOW:
        return np.zeros(n)
    start = np.unique(np.append(np.arange(0, n - af.WINDOW, _AF_STRIDE), n - af.WINDOW))
    chance = af.af_probability(sliding_window_view(rr_s, af.WINDOW)[start])
    return np.interp(np.arange(n), start + af.WINDOW / 2, chance)


def _dominant(found: Families, features: F64, prev_to_local: F64, prev_to_next: F64, prev_to_wide: F64) -> F64:
    """Median feature row, [n, columns], of the usual beats of the family that dominates around each beat.

    Families whose beats come early as a rule count little, so bigeminy and runs do not turn ectopic shapes into the
    norm. Usual are beats whose RR is near the median of the wide surroundings.
    """
    n, count = len(features), len(found.size)
    early = np.minimum(_family_mean(found, prev_to_local), 0.5 * _family_mean(found, prev_to_next))
    weight = np.where(early < -0.08, 0.1, 1.0)
    usual_family = int(np.argmax(weight * found.size))
    steps = -(-n // _STRETCH)
    counts = np.zeros((steps, count))
    np.add.at(counts, (np.arange(n) // _STRETCH, found.label), 1.0)
    around = counts.copy()
    around[1:] += counts[:-1]
    around[:-1] += counts[1:]
    around[:, usual_family] += 0.5  # decides only where nothing else does
    leading = np.argmax(around * weight, axis=1)
    usual = np.abs(prev_to_wide) < 0.15
    rows = np.empty((steps, features.shape[1]))
    for step in range(steps):
        near = slice(max(0, step - 1) * _STRETCH, (step + 2) * _STRETCH)
        members = found.label[near] == leading[step]
        if (members & usual[near]).sum() >= 8:
            members &= usual[near]
        rows[step] = _median(features[near][members] if members.any() else features[found.label == leading[step]])
    at = np.arange(n) // _STRETCH
    return rows[at]


def _median(rows: F64) -> F64:
    """Median of the known values of each column; 0 where none is known."""
    ranked = np.sort(rows, axis=0)  # NaN comes last
    known = np.isfinite(rows).sum(axis=0)
    at = np.maximum(known - 1, 0) // 2
    return np.where(known > 0, np.nan_to_num(ranked[at, np.arange(rows.shape[1])]), 0.0)


def _family_mean(found: Families, values: F64) -> F64:
    return np.bincount(found.label, weights=values, minlength=len(found.size)) / np.maximum(found.size, 1)


def _size(rows: F64) -> F64:
    return np.sqrt((rows**2).mean(axis=1)) + 1e-3


def _centred(rows: F64) -> F64:
    return rows - rows.mean(axis=1, keepdims=True)


def _cosine(a: F64, b: F64) -> F64:
    return (a * b).sum(axis=1) / (np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)) + 1e-9)
