"""How a board's clock runs against the host's, from the times at which frames arrive.

Arrival = offset + rate * board time + delay, with a delay that is never negative and now and then nearly nothing.
The line is therefore laid under the points: among all lines with every point on or above them it is the one that
lies nearest to the points on average, which is an edge of their lower convex hull (Moon, Skelly and Towsley,
INFOCOM 1999; Zhang, Liu and Xia, INFOCOM 2002). Jitter and stalls only push points up and leave the line alone.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

BUCKET_S = 1.0  # the earliest frame of each such stretch of board time is kept
SPAN_S = 600.0  # clocks change with temperature: what is older says little of now
LEAST_SPAN_S = 5.0  # below it a slope says nothing

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ClockLine:
    """Host time of the earliest possible arrival: host_s = origin_host_s + slope * (board_s - origin_board_s)."""

    origin_board_s: float
    origin_host_s: float
    slope: float

    def host_s(self, board_s: float) -> float:
        """When a sample taken at `board_s` could have arrived at the earliest."""
        return self.origin_host_s + self.slope * (board_s - self.origin_board_s)

    @property
    def drift_ppm(self) -> float:
        """How much faster the board's clock runs than the host's, in parts per million."""
        return (1.0 / self.slope - 1.0) * 1e6


class ClockFit:
    """The line, as arrivals come in; memory is bounded. Not for several threads at once."""

    def __init__(self) -> None:
        self._points: list[Point] = []  # earliest of each bucket, (board_s, host_s), in order of board time
        self._bucket = -1
        self._line: ClockLine | None = None

    def add(self, board_s: float, host_s: float) -> None:
        """A frame whose last sample was taken at `board_s` (board's clock) arrived at `host_s` (host's)."""
        bucket = int(board_s // BUCKET_S)
        if bucket > self._bucket:
            self._bucket = bucket
            self._points.append((board_s, host_s))
            oldest = bisect_left(self._points, (board_s - SPAN_S,))
            del self._points[:oldest]
            self._line = None
        elif self._points and host_s - board_s < self._points[-1][1] - self._points[-1][0]:
            self._points[-1] = (board_s, host_s)
            self._line = None

    @property
    def line(self) -> ClockLine | None:
        """The line under all points; None before the first arrival, of slope 1 while there is too little to say."""
        if self._line is None and self._points:
            self._line = _line_under(self._points)
        return self._line

    @property
    def drift_ppm(self) -> float | None:
        """Drift, or None while too little was seen."""
        line, points = self.line, self._points
        if line is None or points[-1][0] - points[0][0] < LEAST_SPAN_S:
            return None
        return line.drift_ppm


def _line_under(points: list[Point]) -> ClockLine:
    if points[-1][0] - points[0][0] < LEAST_SPAN_S:
        board_s, host_s = min(points, key=lambda p: p[1] - p[0])
        return ClockLine(board_s, host_s, 1.0)
    hull = _lower_hull(points)
    middle = sum(p[0] for p in points) / len(points)
    right = min(max(1, bisect_left(hull, (middle,))), len(hull) - 1)
    (x0, y0), (x1, y1) = hull[right - 1], hull[right]
    return ClockLine(x0, y0, (y1 - y0) / (x1 - x0))


def _lower_hull(points: list[Point]) -> list[Point]:
    """Lower convex hull of points in order of x (Andrew's monotone chain)."""
    hull: list[Point] = []
    for x, y in points:
        while len(hull) >= 2 and _turn(hull[-2], hull[-1], (x, y)) <= 0:
            hull.pop()
        hull.append((x, y))
    return hull


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 for a left turn at b on the way from a to c."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
