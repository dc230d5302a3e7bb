"""Analysis of one lead of a record: the stream analysis fed with the file, block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.analysis.axis import frontal_axis
from engine.analysis.criteria import Criteria
from engine.analysis.stages import Stages
from engine.analysis.streaming import StreamingAnalysis
from engine.analysis.types import Analysis
from engine.errors import Cancelled, RecordError
from engine.records.record import Record
from engine.signals.quality import QualityMeter

BLOCK_S = 120.0
# Leads in which QRS, P and T are most often all clear, best first.
PREFERRED_LEADS = ("II", "MLII", "ML2", "I", "V5", "V4", "V6", "MLI", "MLIII", "III", "aVF", "V2", "V1")
_TRIAL_S = 60.0
_ACCEPTABLE_BAD_SHARE = 0.2

Progress = Callable[[float, str], None]


def analyze(
    record: Record,
    lead: str | int | None = None,
    *,
    criteria: Criteria | None = None,
    stages: Stages | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Analysis:
    """Everything found in one lead (the most suitable one by default).

    `progress(fraction, stage)` is called after every block. Raises RecordError when the record has no such lead
    or none in volts, ConfigError when `stages` names no fitting model, Cancelled when `cancelled()` turns true.
    """
    index = suitable_lead(record) if lead is None else record.lead_index(lead)
    chosen = record.leads[index]
    if not chosen.is_voltage:
        raise RecordError(f"lead {chosen.name} is in {chosen.unit}, not a voltage", path=record.path)
    stream = StreamingAnalysis(record.fs, record=record.name, lead=chosen.name, criteria=criteria, stages=stages)
    step = max(1, round(BLOCK_S * record.fs))
    for start in range(0, record.n_samples, step):
        if cancelled is not None and cancelled():
            raise Cancelled
        block = record.read(start, start + step, [index])
        stream.push(block.values[0], block.valid[0])
        if progress is not None:
            progress(0.98 * block.stop / record.n_samples, "Analysing")
    result = stream.finish()
    axis = frontal_axis(record, result)
    if axis is not None:
        result = replace(result, intervals={**result.intervals, "axis": axis})
    if progress is not None:
        progress(1.0, "Analysing")
    return result


def suitable_lead(record: Record) -> int:
    """The preferred voltage lead whose first minute is readable; the least bad one if none is."""
    voltage = [i for i, lead in enumerate(record.leads) if lead.is_voltage]
    if not voltage:
        raise RecordError("has no lead in volts to analyse", path=record.path)
    order = {name.lower(): rank for rank, name in enumerate(PREFERRED_LEADS)}
    voltage.sort(key=lambda i: (order.get(record.leads[i].name.lower(), len(order)), i))
    shares = []
    for index in voltage:
        share = _bad_share(record, index)
        if share <= _ACCEPTABLE_BAD_SHARE:
            return index
        shares.append(share)
    return voltage[int(np.argmin(shares))]


def _bad_share(record: Record, index: int) -> float:
    block = record.read(0, round(_TRIAL_S * record.fs), [index])
    length = block.values.shape[1]
    if length == 0:
        return 1.0
    meter = QualityMeter(record.fs)
    spans = [*meter.push(block.values[0], block.valid[0]), *meter.flush()]
    return sum(s.stop - s.start for s in spans) / length
