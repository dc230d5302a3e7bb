"""Models that cannot become C, said by name and with a cure."""

from __future__ import annotations

from engine.errors import EngineError


class UnsupportedModelError(EngineError):
    """A model holds something the C generator does not translate."""
