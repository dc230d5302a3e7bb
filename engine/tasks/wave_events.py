"""From probabilities per sample to P, QRS and T waves with onset, peak and offset.

A wave is a run of samples in which its class is likelier than everything else together, long enough and,
somewhere inside, certain enough. Its boundaries are where the probability crosses one half, found between samples
by a straight line: on a 100 Hz grid that costs nothing and saves the 3 ms of rounding. Waves must fit a beat:
between two QRS complexes at most one T, and a P wave only where the beats around it have one too, which is what
keeps fibrillation free of P waves.

Positions are fractional samples at the probabilities' rate, counted from the same zero as `first`, so that pieces
of a stream give the same waves as the whole recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigError

B1 = NDArray[np.bool_]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

KINDS = ("p", "qrs", "t")
FIDUCIALS: Mapping[str, tuple[str, str, str]] = {
    "p": ("p_on", "p", "p_off"),
    "qrs": ("qrs_on", "r", "qrs_off"),
    "t": ("t_on", "t", "t_off"),
}
_WAVES_AT_ONCE = 4096
MARGIN = 25  # samples at each end of a window that the neighbouring window sees better


@dataclass(frozen=True)
class RunRules:
    """What makes a run of samples a wave: least length, largest gap bridged (s), least of its top probability.

    downward: how much a deflection below the line between its ends counts when its peak is placed.
    """

    shortest_s: float
    gap_s: float
    certain: float
    downward: float = 1.0


@dataclass(frozen=True)
class EventRules:
    """How waves are read from probabilities; chosen on validation patients of LUDB, of CinC2017 (AF, sinus)
    and of the QT Database.

    refractory_s: of two QRS complexes nearer than this the less certain one goes.
    p_support: least mean of a P wave's own certainty and that on the `p_neighbours` beats each side (a beat
    without P counts 0); `p_own` is the weight of its own. Where intervals between beats are irregular (the median
    change from one to the next above `irregular` of their median) it must reach `p_support_irregular`.
    """

    p: RunRules = RunRules(0.03, 0.03, 0.6)
    qrs: RunRules = RunRules(0.03, 0.04, 0.6, downward=0.2)
    t: RunRules = RunRules(0.05, 0.06, 0.6)
    refractory_s: float = 0.2
    p_support: float = 0.5
    p_own: float = 0.5
    p_neighbours: int = 8
    irregular: float = 0.08
    p_support_irregular: float = 0.65


@dataclass(frozen=True)
class Waves:
    """Waves of one kind in time order: fractional samples, NaN for a boundary that lies outside what was seen.

    certainty: mean probability inside the wave, 0..1.
    """

    onset: F64
    peak: F64
    offset: F64
    certainty: F64

    def __len__(self) -> int:
        return len(self.peak)

    def take(self, index: B1 | I64) -> Waves:
        """The waves at these positions (or under this mask)."""
        return Waves(self.onset[index], self.peak[index], self.offset[index], self.certainty[index])


@dataclass(frozen=True)
class WaveEvents:
    """All waves found, at the rate of the probabilities they were read from."""

    p: Waves
    qrs: Waves
    t: Waves
    rate_hz: float

    def marks(self, rate_hz: float) -> dict[str, I64]:
        """Samples at another rate by fiducial name ("p_on" ... "t_off"), to the nearest, absent ones left out."""
        found = {}
        for kind, names in FIDUCIALS.items():
            waves: Waves = getattr(self, kind)
            for name, at in zip(names, (waves.onset, waves.peak, waves.offset), strict=True):
                at = at[np.isfinite(at)]
                found[name] = np.unique(np.floor(at * (rate_hz / self.rate_hz) + 0.5).astype(np.int64))
        return found


def events_from_probabilities(
    probabilities: NDArray,
    class_names: Sequence[str],
    rate_hz: float,
    *,
    signal_mv: F32 | None = None,
    first: int = 0,
    rules: EventRules | None = None,
) -> WaveEvents:
    """Waves in probabilities [samples, classes] of the classes `class_names`.

    Columns called "p", "qrs" and "t" are read; there must be at least "qrs". signal_mv [samples], where given,
    places the peak at the farthest point from the line between the wave's ends, else it is the middle of the
    probability. Raises ConfigError when there is no class "qrs" or the shapes differ.
    """
    rules = rules or EventRules()
    if "qrs" not in class_names:
        raise ConfigError(f'waves need a class "qrs"; there are {", ".join(class_names)}')
    if probabilities.ndim != 2 or probabilities.shape[1] != len(class_names):
        raise ConfigError(f"probabilities of {len(class_names)} classes have shape {probabilities.shape}")

    def found(kind: str) -> Waves:
        if kind not in class_names:
            return _none()
        column = np.asarray(probabilities[:, list(class_names).index(kind)], np.float64)
        return _runs(column, getattr(rules, kind), rate_hz, signal_mv)

    qrs = _apart(found("qrs"), rules.refractory_s * rate_hz)
    t = _one_per_interval(found("t"), qrs)
    p = _supported(_one_per_interval(found("p"), qrs, last=True), qrs, rules)
    return WaveEvents(_moved(p, first), _moved(qrs, first), _moved(t, first), rate_hz)


def window_starts(n: int, length: int, margin: int = MARGIN) -> I64:
    """Starts of overlapping windows over `n` samples so that each sample lies `margin` inside one of them.

    The last window is flush with the end; empty when not even one window fits.
    """
    if n < length:
        return np.zeros(0, np.int64)
    starts = np.arange(0, n - length + 1, length - 2 * margin, dtype=np.int64)
    return starts if starts[-1] == n - length else np.append(starts, n - length)


def owned(starts: I64, length: int) -> I64:
    """For sorted windows the part [n, 2) of each, counted from its start, that it sees better than its neighbours.

    Overlaps are cut in the middle, so that the parts cover every sample once.
    """
    starts = np.asarray(starts, np.int64)
    own = np.tile(np.array([0, length], np.int64), (len(starts), 1))
    middle = (starts[1:] + np.minimum(starts[:-1] + length, starts[1:] + length)) // 2
    cut = np.maximum(middle, starts[1:])  # windows that do not overlap keep all of themselves
    own[1:, 0] = cut - starts[1:]
    own[:-1, 1] = np.minimum(cut - starts[:-1], length)
    return own


def stitch(outputs: NDArray, starts: I64, length: int | None = None) -> F32:
    """Outputs [n, length, classes] of sorted windows as one sequence from the first start to the last end.

    Each sample comes from the window in which it lies deepest (see `owned`). Samples no window covers are NaN.
    """
    length = length or outputs.shape[1]
    starts = np.asarray(starts, np.int64)
    joined = np.full((int(starts[-1] - starts[0]) + length, outputs.shape[2]), np.nan, np.float32)
    for values, start, (low, high) in zip(outputs, starts - starts[0], owned(starts, length), strict=True):
        joined[start + low : start + high] = values[low:high]
    return joined


def _none() -> Waves:
    empty = np.zeros(0)
    return Waves(empty, empty, empty, empty)


def _moved(waves: Waves, first: int) -> Waves:
    return Waves(waves.onset + first, waves.peak + first, waves.offset + first, waves.certainty)


def _runs(probability: F64, rules: RunRules, rate_hz: float, signal_mv: F32 | None) -> Waves:
    """Runs above one half, bridged, then those long and certain enough."""
    probability = np.nan_to_num(probability)
    edges = np.diff(np.concatenate(([0], (probability >= 0.5).astype(np.int8), [0])))
    begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)  # [begin, end)
    if len(begin) == 0:
        return _none()
    apart = begin[1:] - end[:-1] > rules.gap_s * rate_hz
    begin, end = begin[np.append(True, apart)], end[np.append(apart, True)]
    top = np.maximum.reduceat(np.append(probability, 0), np.column_stack((begin, end)).ravel())[::2]
    keep = (end - begin >= rules.shortest_s * rate_hz) & (top >= rules.certain)
    begin, end = begin[keep], end[keep]
    total = np.concatenate(([0], np.cumsum(probability)))
    moment = np.concatenate(([0], np.cumsum(probability * np.arange(len(probability)))))
    mass = total[end] - total[begin]
    peak = (moment[end] - moment[begin]) / mass
    if signal_mv is not None:
        peak = _extrema(signal_mv, begin, end, rules.downward)
    return Waves(_crossing_up(probability, begin), peak, _crossing_down(probability, end), mass / (end - begin))


def _crossing_up(probability: F64, begin: I64) -> F64:
    """Where the probability rises through one half on its way to each begin; NaN at the very start."""
    before = probability[np.maximum(begin - 1, 0)]
    here = probability[begin]
    at = begin - (here - 0.5) / np.maximum(here - before, 1e-9)
    return np.where(begin > 0, at, np.nan)


def _crossing_down(probability: F64, end: I64) -> F64:
    """Where the probability falls through one half after each run; NaN at the very end."""
    n = len(probability)
    here = probability[end - 1]
    after = probability[np.minimum(end, n - 1)]
    at = end - 1 + (here - 0.5) / np.maximum(here - after, 1e-9)
    return np.where(end < n, at, np.nan)


def _extrema(signal_mv: F32, begin: I64, end: I64, downward: float) -> F64:
    """For each [begin, end) the sample farthest from the line between its ends, refined by a parabola.

    Distances below the line count `downward` times: experts mark R where there is one, even beside a deeper S.
    """
    found = np.zeros(len(begin))
    for first in range(0, len(begin), _WAVES_AT_ONCE):
        part = slice(first, first + _WAVES_AT_ONCE)
        low, high = np.maximum(begin[part] - 1, 0), np.minimum(end[part] + 1, len(signal_mv))
        at = np.arange((high - low).max())
        away = signal_mv[np.minimum(low[:, None] + at, len(signal_mv) - 1)].astype(np.float64)
        ends = signal_mv[low].astype(np.float64), signal_mv[high - 1].astype(np.float64)
        slope = (ends[1] - ends[0]) / np.maximum(high - low - 1, 1)
        away = away - ends[0][:, None] - slope[:, None] * at
        away = np.where(at < (high - low)[:, None], np.maximum(away, -downward * away), -np.inf)
        top = away.argmax(axis=1)
        rows = np.arange(len(top))
        inside = (top > 0) & (top < high - low - 1)
        left = away[rows, np.where(inside, top - 1, 0)]
        right = away[rows, np.where(inside, top + 1, 0)]
        bend = np.where(inside, left - 2 * away[rows, top] + right, 0.0)
        found[part] = low + top + np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    return found


def _apart(qrs: Waves, refractory: float) -> Waves:
    """Of complexes nearer than `refractory` the more certain one; certainty here is probability times length."""
    keep = np.ones(len(qrs), bool)
    weight = qrs.certainty * np.nan_to_num(qrs.offset - qrs.onset, nan=0.0)
    last = -1
    for k in range(len(qrs)):
        if last >= 0 and qrs.peak[k] - qrs.peak[last] < refractory:
            worse = k if weight[k] <= weight[last] else last
            keep[worse] = False
            last = last if worse == k else k
        else:
            last = k
    return qrs.take(keep)


def _interval(waves: Waves, qrs: Waves) -> I64:
    """Number of QRS complexes before each wave."""
    return np.searchsorted(qrs.peak, waves.peak).astype(np.int64)


def _one_per_interval(waves: Waves, qrs: Waves, *, last: bool = False) -> Waves:
    """The wave of each interval between complexes that holds most probability."""
    if len(waves) < 2:
        return waves
    interval = _interval(waves, qrs)
    length = np.nan_to_num(waves.offset - waves.onset, nan=1.0)
    order = np.lexsort((waves.peak if last else -waves.peak, waves.certainty * length, interval))
    best = order[np.append(interval[order][1:] != interval[order][:-1], True)]
    return waves.take(np.sort(best))


def _supported(p: Waves, qrs: Waves, rules: EventRules) -> Waves:
    """P waves whose own certainty together with that of the beats around them is enough."""
    if len(p) == 0:
        return p
    on_beat = np.zeros(len(qrs) + 1)
    interval = _interval(p, qrs)
    on_beat[interval] = p.certainty
    total = np.concatenate(([0], np.cumsum(on_beat)))
    low = np.maximum(interval - rules.p_neighbours, 0)
    high = np.minimum(interval + rules.p_neighbours + 1, len(on_beat))
    others = high - low - 1
    around = (total[high] - total[low] - p.certainty) / np.maximum(others, 1)
    support = np.where(others > 0, rules.p_own * p.certainty + (1 - rules.p_own) * around, p.certainty)
    needed = np.where(_irregularity(qrs, rules.p_neighbours)[interval] > rules.irregular, 1.0, 0.0)
    needed = rules.p_support + needed * (rules.p_support_irregular - rules.p_support)
    return p.take(support >= needed)


def _irregularity(qrs: Waves, reach: int) -> F64:
    """For each interval before, between and after complexes [n + 1]: how much intervals around it change, as a
    share of their median. 0 where there are fewer than three.
    """
    rr = np.diff(qrs.peak)
    if len(rr) < 3:
        return np.zeros(len(qrs) + 1)
    around = _neighbourhoods(rr, reach + 1, 2 * reach + 1)
    changes = _neighbourhoods(np.abs(np.diff(rr)), reach + 1, 2 * reach)
    share = np.nanmedian(changes, axis=1) / np.nanmedian(around, axis=1)
    return np.where(np.isfinite(around).sum(axis=1) >= 3, share, 0.0)


def _neighbourhoods(values: F64, outside: int, width: int) -> F64:
    """All stretches of `width` values, NaN for the `outside` ones before the first and after the last."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, outside, constant_values=np.nan), width)
