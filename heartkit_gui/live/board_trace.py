"""What a denoising model on the board made of the signal, put back into millivolts. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.devices.live_types import BoardResult
from engine.devices.protocol import ModelInfo
from engine.records.record import Record

F64 = NDArray[np.float64]

TASK = "denoise"
LEAD = 0  # of the stream: the one that models on the board see


@dataclass(frozen=True)
class BoardTrace:
    """A trace: positions (samples of the record, rising) and millivolts, NaN between windows that do not meet.

    `level_mv`: about its middle, in coarse steps, so that a picture centred on it stands still.
    """

    position: F64
    mv: F64
    level_mv: float


def denoises(models: Sequence[ModelInfo]) -> bool:
    """Whether one of these models makes a trace."""
    return any(model.task == TASK for model in models)


def board_trace(results: Sequence[BoardResult], models: Sequence[ModelInfo], record: Record) -> BoardTrace | None:
    """The trace that results hold, which must be those of a stretch of `record`; None where none does.

    Models see every window with its mean taken off and in units of its spread; both are put back as measured in
    the signal of the window. Where windows overlap the later one holds.
    """
    by_id = {model.id: model for model in models if model.task == TASK}
    windows = sorted((r for r in results if r.model_id in by_id and r.output is not None), key=_start)
    position: list[F64] = []
    mv: list[F64] = []
    for k, result in enumerate(windows):
        following = windows[k + 1].start if k + 1 < len(windows) else None
        stop = result.stop if following is None else min(result.stop, following)
        signal = _signal(record, result)
        if signal is None or result.output is None:
            position.append(np.array([float(result.start)]))
            mv.append(np.array([np.nan]))
            continue
        model = by_id[result.model_id]
        steps = (result.output - np.float64(model.output_zero)) * model.output_scale
        at = np.linspace(result.start, result.stop, len(steps), endpoint=False)
        kept = at < stop
        position.append(at[kept])
        mv.append(steps[kept] * signal.std() + signal.mean())
        if following is None or following > result.stop:
            position.append(np.array([float(stop)]))
            mv.append(np.array([np.nan]))
    values = np.concatenate(mv) if mv else np.zeros(0)
    if not np.isfinite(values).any():
        return None
    return BoardTrace(np.concatenate(position), values, round(float(np.nanmedian(values)), 1))


def _signal(record: Record, result: BoardResult) -> F64 | None:
    """The window as it came, in millivolts; None where samples of it are missing."""
    if result.start < 0 or result.stop > record.n_samples:
        return None
    block = record.read(result.start, result.stop, leads=(LEAD,))
    return block.values[0].astype(np.float64) if block.valid.all() else None


def _start(result: BoardResult) -> int:
    return result.start
