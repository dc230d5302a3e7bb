"""Speeds of serial ports to try when nobody can be understood; USB takes any."""

from __future__ import annotations

USUAL_BAUDS = (115_200, 921_600, 460_800, 230_400, 1_000_000, 57_600)


class SpeedSearch:
    """The speed given first, then the usual ones in turn."""

    def __init__(self, baud: int) -> None:
        self._bauds = tuple(dict.fromkeys((baud, *USUAL_BAUDS)))
        self._at = 0

    @property
    def baud(self) -> int:
        """The speed to try now."""
        return self._bauds[self._at]

    def next(self) -> bool:
        """It was not the right one. False when all have been tried, and it begins again with the first."""
        self._at = (self._at + 1) % len(self._bauds)
        return self._at > 0
