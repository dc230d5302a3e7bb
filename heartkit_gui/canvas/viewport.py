"""Which part of a scene is seen and how large: speed, gain, screen density and position, free of widgets."""

from __future__ import annotations

from heartkit_gui.canvas.geometry import Geometry, lay_out
from heartkit_gui.canvas.layouts import cells_between
from heartkit_gui.canvas.scale import (
    DEFAULT_GAIN,
    DEFAULT_SPEED,
    FALLBACK_DPI,
    MAX_SPEED,
    MIN_SPEED,
    MM_PER_INCH,
    Scale,
)
from heartkit_gui.canvas.scene import Scene


class Viewport:
    """Positions in pixels are device pixels; `x` counts from the left edge of the surface, margin included."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.speed = DEFAULT_SPEED
        self.gain = DEFAULT_GAIN
        self.density = FALLBACK_DPI / MM_PER_INCH  # logical pixels per mm
        self.ratio = 1.0  # device pixels per logical pixel
        self.size = (0, 0)  # device pixels
        self.position = 0.0  # sample at the left edge
        self.fits = False  # the whole record is kept across the view
        self._key: tuple[object, ...] | None = None
        self._geometry: Geometry | None = None

    @property
    def geometry(self) -> Geometry:
        """Where everything lies."""
        key = (self.scene.version, self.speed, self.gain, self.density, self.ratio, self.size)
        if self._geometry is None or key != self._key:
            fs = 1.0 if self.scene.record is None else self.scene.record.fs
            scale = Scale(fs, self.speed, self.gain, self.density * self.ratio)
            self._geometry = lay_out(
                self.scene.arrangement, scale, self.ratio, *self.size, self.scene.lanes, self.scene.lanes_below
            )
            self._key = key
        return self._geometry

    @property
    def scale(self) -> Scale:
        """How the signal lies on the device."""
        return self.geometry.scale

    @property
    def origin_px(self) -> int:
        """Time position of the left edge, in device pixels from sample 0."""
        return round(self.scale.px_of_sample(self.position))

    @property
    def start(self) -> int:
        """First sample shown."""
        return round(self.position)

    @property
    def stop(self) -> int:
        """Sample after the last one shown; may lie beyond the record."""
        return round(self.position + self.scale.sample_of_px(self.geometry.time_width))

    def clamp(self) -> None:
        """Keep the view on the record."""
        room = self.scene.n_samples - self.scale.sample_of_px(self.geometry.time_width)
        self.position = min(max(self.position, 0.0), max(0.0, room))

    def set_speed(self, mm_per_s: float, anchor_x: float | None) -> None:
        """Another paper speed; the sample at `anchor_x` (left edge by default) stays where it is."""
        anchor = 0.0 if anchor_x is None else max(0.0, anchor_x - self.geometry.margin)
        sample = self.position + self.scale.sample_of_px(anchor)
        self.speed = min(max(mm_per_s, MIN_SPEED), MAX_SPEED)
        self.fits = False
        if anchor_x is not None:
            anchor = max(0.0, anchor_x - self.geometry.margin)  # the margin is as wide as the pulse
        self.position = sample - self.scale.sample_of_px(anchor)

    def fit(self) -> None:
        """The whole record across the view."""
        record = self.scene.record
        if record is None or record.n_samples == 0:
            return
        for _ in range(3):  # the margin depends on the speed
            speed = max(1, self.geometry.time_width - 1) / record.duration_s / self.scale.px_per_mm
            self.speed = min(max(speed, MIN_SPEED), MAX_SPEED)
        self.position, self.fits = 0.0, True

    def sample_at(self, x: float) -> float:
        """Sample under a pixel column."""
        return self.scale.sample_of_px(self.origin_px + x - self.geometry.margin)

    def x_of(self, sample: float) -> float:
        """Pixel column of a sample."""
        return self.geometry.margin + self.scale.px_of_sample(sample) - self.origin_px

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and lead at a point."""
        row = self.geometry.row_at(y)
        if row is None:
            return None
        seconds = self.sample_at(x) / self.scale.fs
        spans = cells_between(self.scene.arrangement.rows[row], seconds, seconds + 1e-6)
        return (row, spans[0].cell.lead) if spans else None

    def snapped(self, sample: float, reach_ui: float) -> float:
        """The fiducial within `reach_ui` ui pixels of a sample, else the sample."""
        marks = self.scene.marks
        near = None
        if marks is not None:
            near = marks.nearest_fiducial(sample, reach_ui * self.ratio * self.scale.samples_per_px)
        return sample if near is None else float(near)
