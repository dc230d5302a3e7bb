"""A stretch of a signal with a label."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """[start, stop) in samples with a label from the tables in `engine.analysis.types`."""

    start: int
    stop: int
    label: str
    confidence: float = 1.0
    detail: str = ""
