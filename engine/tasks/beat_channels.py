"""What a beat model sees of each beat: its shape, the patient's sinus beat and the rhythm around it.

Computed from one lead and R positions alone, never from labels. It adapts to the patient without being taught:
amplitudes are relative to the usual QRS, intervals to the sinus interval, shapes to the sinus beat. A beat that
follows an interval of the upper half is hardly ever premature, whatever the share of ectopic beats (compensatory
pauses precede sinus beats too); so the median of such beats is the sinus beat, even where most beats are ectopic.

Looks back `PAST` beats and ahead `AHEAD` beats, in blocks of `BLOCK` beats counted from the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.config import unknown
from engine.tasks.beat_snippets import centred, snippets

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

CHANNELS = ("beat", "sinus", "previous", "next", "rr_usual", "rr_long", "qrs_alike", "p_alike")
PAST, AHEAD, BLOCK = 128, 32, 32  # beats

_SLOT = 4  # samples that one beat takes in a channel laid out beat by beat
_RR_S = (0.2, 3.0)
_LATE = 0.5  # quantile of RR above which beats make the sinus beat
_LONG = 0.8  # quantile of RR that stands for the sinus interval where ectopic beats prevail
_QRS_S, _P_S = (-0.06, 0.06), (-0.26, -0.07)
_ALIKE = 0.85  # correlation of a QRS with the sinus QRS
_FEWEST = 6  # beats that make a sinus beat
_LIMIT = 4.0  # of every channel: keeps INT8 steps fine
_GAIN = 4.0  # small waves are enlarged: asinh


def beat_channels(
    samples_mv: F32,
    rate_hz: float,
    r: I64,
    *,
    names: Sequence[str] = CHANNELS,
    length: int = 192,
    grid_hz: float = 100.0,
) -> F32:
    """Inputs of a beat model: float32 [n beats, length, channels], about -3 to 3, no unit.

    Parameters
    ----------
    samples_mv: one lead, float32 [m], finite.
    r: samples of all beats in time order, int64 [n].
    names: channels wanted, of `CHANNELS`. The first four lie along time, the beat in the middle: the beat itself,
        the patient's sinus beat, the beat before and the beat after it, as asinh of four times the amplitude over
        the usual height of the QRS. The others lie along the beats, four samples each, the beat itself in the slot
        two thirds along: logarithm of the RR before each beat over the median RR and over the upper quantile of RR;
        correlation of each QRS, magnified towards 1, and of each P wave region, with the sinus beat's.

    Raises ConfigError for an unknown channel.
    """
    centre, rows = beat_rows(samples_mv, rate_hz, r, length=length, grid_hz=grid_hz)
    return channels_of_rows(centre, rows, rate_hz, names=names, grid_hz=grid_hz)


def beat_rows(
    samples_mv: F32, rate_hz: float, r: I64, *, length: int = 192, grid_hz: float = 100.0, origin: int = 0
) -> tuple[F64, F32]:
    """Where each beat lies (samples, float64 [n]) and the signal around it (float32 [n, length]).

    Depends on the samples within `beat_snippets.context_s` of a beat alone; `origin` is the sample number of
    samples_mv[0].
    """
    centre = centred(samples_mv, rate_hz, r, origin)
    return centre, snippets(samples_mv, rate_hz, centre, length, grid_hz, origin)


def channels_of_rows(
    centre: F64, rows: F32, rate_hz: float, *, names: Sequence[str] = CHANNELS, grid_hz: float = 100.0
) -> F32:
    """The inputs of `beat_channels` from the `beat_rows` of all beats in time order."""
    for name in names:
        if name not in CHANNELS:
            raise unknown("beat channel", name, list(CHANNELS))
    n, length = rows.shape
    out = np.zeros((n, length, len(names)), np.float32)
    if n == 0:
        return out
    rr = _rr_seconds(centre, rate_hz)
    usual, long = _interval_levels(rr)
    sinus, height = _sinus_beats(rows, rr, grid_hz)

    def shown(shape: F32) -> F32:
        return np.arcsinh(_GAIN * shape / height[:, None]).astype(np.float32)

    makers = {
        "beat": lambda: shown(rows),
        "sinus": lambda: shown(sinus),
        "previous": lambda: shown(rows[np.maximum(np.arange(n) - 1, 0)]),
        "next": lambda: shown(rows[np.minimum(np.arange(n) + 1, n - 1)]),
        "rr_usual": lambda: _interval_slots(rr, usual, length),
        "rr_long": lambda: _interval_slots(rr, long, length),
        "qrs_alike": lambda: _slots(_magnified(_alike(rows, sinus, _QRS_S, grid_hz)), length),
        "p_alike": lambda: _slots(_alike(rows, sinus, _P_S, grid_hz), length),
    }
    for channel, name in enumerate(names):
        out[:, :, channel] = makers[name]()
    return np.clip(out, -_LIMIT, _LIMIT, out=out)


def seen_until(stop: int, length: int) -> int:
    """Where the beats end that the inputs of `length` samples of the beats before `stop` rest on.

    `stop`: a multiple of `BLOCK`. Beats from there on change no bit of them.
    """
    return stop + -(-_slots_around(length)[1] // BLOCK) * BLOCK + AHEAD


def needed_from(beat: int, length: int) -> int:
    """The first beat that the inputs of `length` samples of this beat and those after it rest on.

    Leaving out the beats before it changes no bit of them, and leaves the blocks where they are.
    """
    oldest = (beat - _slots_around(length)[0]) // BLOCK * BLOCK - PAST
    return max(0, (oldest - 1) // BLOCK * BLOCK)  # one more, as an interval has two ends


def qrs_likeness(samples_mv: F32, rate_hz: float, r: I64) -> F32:
    """Correlation of each beat's QRS with the sinus beat's, [n]."""
    grid_hz = 100.0
    centre = centred(samples_mv, rate_hz, r)
    rows = snippets(samples_mv, rate_hz, centre, 64, grid_hz)
    rr = _rr_seconds(centre, rate_hz)
    sinus, _ = _sinus_beats(rows, rr, grid_hz)
    return _alike(rows, sinus, _QRS_S, grid_hz)


def _rr_seconds(centre: F64, rate_hz: float) -> F64:
    """RR before each beat, clipped; the first beat gets that of the second."""
    if len(centre) < 2:
        return np.ones(len(centre))
    rr = np.clip(np.diff(centre) / rate_hz, *_RR_S)
    return np.concatenate([rr[:1], rr])


def _blocks(n: int) -> list[tuple[slice, slice]]:
    """(beats of a block, beats it may look at) in order."""
    return [
        (slice(first, min(first + BLOCK, n)), slice(max(0, first - PAST), min(first + BLOCK + AHEAD, n)))
        for first in range(0, n, BLOCK)
    ]


def _interval_levels(rr: F64) -> tuple[F64, F64]:
    """Median and upper quantile of the RR around each beat."""
    usual, long = np.empty_like(rr), np.empty_like(rr)
    for block, seen in _blocks(len(rr)):
        usual[block], long[block] = np.quantile(rr[seen], (0.5, _LONG))
    return usual, long


def _sinus_beats(rows: F32, rr: F64, grid_hz: float) -> tuple[F32, F32]:
    """The sinus beat around each beat, [n, length], and the usual height of its QRS in mV, [n]."""
    sinus = np.empty_like(rows)
    height = np.empty(len(rows), np.float32)
    qrs = _stretch(rows.shape[1], _QRS_S, grid_hz)
    for block, seen in _blocks(len(rows)):
        near = rows[seen]
        late = rr[seen] >= np.quantile(rr[seen], _LATE)
        candidates = near[late] if late.sum() >= _FEWEST else near
        shape = np.median(candidates, axis=0)
        like = _correlation(candidates[:, qrs], shape[None, qrs])
        enough = min(_FEWEST, len(like))
        kept = like >= min(_ALIKE, float(np.sort(like)[-enough]))
        shape = np.median(candidates[kept], axis=0)
        sinus[block] = shape
        height[block] = max(0.05, float(np.ptp(shape[qrs])))
    return sinus, height


def _stretch(length: int, span_s: tuple[float, float], grid_hz: float) -> slice:
    middle = length // 2
    return slice(middle + round(span_s[0] * grid_hz), middle + round(span_s[1] * grid_hz) + 1)


def _correlation(a: F32, b: F32) -> F32:
    """Correlation of rows."""
    a = a - a.mean(axis=1, keepdims=True)
    b = b - b.mean(axis=1, keepdims=True)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.asarray((a * b).sum(axis=1) / (size + 1e-9), np.float32)


def _alike(rows: F32, sinus: F32, span_s: tuple[float, float], grid_hz: float) -> F32:
    part = _stretch(rows.shape[1], span_s, grid_hz)
    return _correlation(rows[:, part], sinus[:, part])


def _magnified(correlation: F32) -> F32:
    """0 for opposite, 0.5 for unrelated, 1.8 for nearly equal (0.88), 2.8 for equal shapes."""
    return np.asarray(-0.5 * np.log2(np.maximum(1 - correlation, 0) / 2 + 0.02), np.float32)


def _interval_slots(rr: F64, level: F64, length: int) -> F32:
    """log2 of the RR of the beats around over the level of the beat itself."""
    slots = _gathered(np.log2(rr), length) - np.log2(level)[:, None]
    return np.repeat(2 * slots, _SLOT, axis=1).astype(np.float32)[:, :length]


def _slots(values: F32, length: int) -> F32:
    return np.repeat(_gathered(values, length), _SLOT, axis=1)[:, :length].astype(np.float32)


def _gathered(values: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """Values of the beats around each beat, [n, slots]; the ends of the record repeat their own value."""
    before, after = _slots_around(length)
    padded = np.concatenate([np.repeat(values[:1], before), values, np.repeat(values[-1:], after)])
    return sliding_window_view(padded, before + 1 + after)


def _slots_around(length: int) -> tuple[int, int]:
    """Slots before and after that of the beat itself in a channel laid out beat by beat."""
    slots = -(-length // _SLOT)
    before = 2 * slots // 3
    return before, slots - before - 1
