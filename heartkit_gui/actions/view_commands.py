"""Commands of the View menu that concern the trace: layout, scale, filter, overlays, theme."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.signals.filters import PRESETS, FilterSpec
from heartkit_gui.canvas.layouts import SHEET_S
from heartkit_gui.canvas.scale import gain_text, is_standard_speed, speed_text
from heartkit_gui.canvas.scene import OVERLAYS
from heartkit_gui.model.settings import Settings

if TYPE_CHECKING:
    from heartkit_gui.views.main_window import MainWindow

UNFILTERED = "Unfiltered"
AUTO_LAYOUT = "auto"
SHORT_RECORD_S = 6 * SHEET_S  # a 12-lead record up to this long is shown as a sheet


class ViewCommands(QObject):
    """Changes how the trace is shown and keeps menus and toolbar in step with it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._canvas = window.review.canvas
        self._settings = window.context.settings
        self._document = window.context.document
        self._filter = UNFILTERED
        self._mains = False
        self._swapped: tuple[str, bool] | None = None  # filter to come back to
        self._hidden_before: tuple[str, ...] = ()
        self._leads: tuple[int, ...] | None = None
        self._defaults: Settings | None = None  # as last applied
        self._canvas.scale_changed.connect(self.sync)

    # -- layout

    def layout(self, name: str) -> None:
        """Arrange the leads."""
        self._canvas.set_layout(name)
        if name != "stacked":
            self.set_leads(None)
        self.sync()

    def single_lead(self, step: str) -> None:
        """Show one lead alone: the next or the one before."""
        record = self._document.record
        if record is None:
            return
        count = len(record.leads)
        alone = self._leads is not None and len(self._leads) == 1
        present = self._leads[0] if self._leads is not None and alone else (-1 if int(step) > 0 else 0)
        self._canvas.set_layout("stacked")
        self.set_leads(((present + int(step)) % count,))
        self.sync()

    def set_leads(self, leads: tuple[int, ...] | None) -> None:
        """Leads of the stacked layout, None for all."""
        record = self._document.record
        count = len(record.leads) if record is not None else 0
        self._leads = None if leads is None or len(leads) == count else leads
        self._canvas.set_leads(self._leads)
        self._window.menus.show_leads(self._leads if self._leads is not None else tuple(range(count)))

    @Slot(object)
    def choose_leads(self, leads: tuple[int, ...] | None) -> None:
        """Show these leads one below the other."""
        self._canvas.set_layout("stacked")
        self.set_leads(leads)
        self.sync()

    # -- scale

    def speed(self, mm_per_s: str) -> None:
        """Paper speed."""
        trace = self._window.trace
        trace.set_speed(float(mm_per_s), trace.width() * trace.devicePixelRatioF() / 2)
        self.sync()

    def zoom(self, direction: str) -> None:
        """Next faster or slower paper speed."""
        self._window.trace.zoom_time(int(direction))

    def whole_record(self) -> None:
        """From start to end; a sheet that begins anew every ten seconds says nothing at that scale."""
        record = self._document.record
        if record is not None and record.duration_s > SHORT_RECORD_S:
            self._canvas.set_layout("stacked")
        self._canvas.fit_to_width()
        self.sync()

    def gain(self, mm_per_mv: str) -> None:
        """Gain."""
        self._window.trace.set_gain(float(mm_per_mv))
        self.sync()

    def gain_step(self, direction: str) -> None:
        """Next larger or smaller gain."""
        self._window.trace.step_gain(int(direction))

    def invert(self, upside_down: bool) -> None:
        """Turn all traces over, or back."""
        record = self._document.record
        count = len(record.leads) if record is not None else 0
        self._canvas.set_inverted(range(count) if upside_down else ())

    # -- filter

    @property
    def filter_spec(self) -> FilterSpec:
        """The filter in force."""
        mains = self._settings.settings.mains_hz if self._mains else None
        return replace(PRESETS[self._filter], mains_hz=mains, mains_method="subtract")

    def filter(self, name: str) -> None:
        """Filter of that name, mains as before."""
        self._filter, self._swapped = name, None
        self._apply_filter()

    def mains(self, remove: bool) -> None:
        """Remove mains hum or leave it in."""
        self._mains, self._swapped = remove, None
        self._apply_filter()

    def swap_filter(self) -> None:
        """Unfiltered for comparison, then back; with nothing to compare, the monitor filter."""
        present = (self._filter, self._mains)
        if present != (UNFILTERED, False):
            self._swapped = present
            self._filter, self._mains = UNFILTERED, False
        else:
            self._filter, self._mains = self._swapped or ("Monitor", False)
            self._swapped = None
        self._apply_filter()

    def _apply_filter(self) -> None:
        for trace in self._window.traces:
            trace.set_filter(self.filter_spec)
        self.sync()

    # -- overlays and theme

    def overlay(self, name: str, visible: bool) -> None:
        """Show or hide one overlay."""
        hidden = set(self._settings.settings.hidden_overlays)
        self._set_hidden(hidden - {name} if visible else hidden | {name})

    def toggle_overlays(self) -> None:
        """Hide all overlays, or bring back those that were shown."""
        hidden = set(self._settings.settings.hidden_overlays)
        if hidden >= set(OVERLAYS):
            self._set_hidden(set(self._hidden_before))
        else:
            self._hidden_before = tuple(sorted(hidden))
            self._set_hidden(set(OVERLAYS))

    def _set_hidden(self, hidden: set[str]) -> None:
        self._settings.update(hidden_overlays=sorted(hidden & set(OVERLAYS)))
        self.apply_overlays()

    def theme(self, dark: bool) -> None:
        """Dark or paper."""
        self._settings.update(theme="dark" if dark else "paper")

    # -- keeping up

    def apply_overlays(self) -> None:
        """Show the overlays that the settings ask for."""
        hidden = set(self._settings.settings.hidden_overlays)
        for name in OVERLAYS:
            if self._canvas.overlay_visible(name) != (name not in hidden):
                self._canvas.set_overlay_visible(name, name not in hidden)
        self.sync()

    @Slot()
    def sync(self) -> None:
        """Mark in menus and toolbar what is in force."""
        registry, canvas, trace = self._window.registry, self._canvas, self._window.trace
        registry.check("layout", canvas.ecg_layout if self._document.record is not None else "")
        registry.check("speed", f"{trace.speed:g}")
        registry.check("gain", f"{trace.gain:g}")
        registry.check("filter", self._filter)
        registry["view.mains"].setChecked(self._mains)
        registry["view.theme"].setChecked(self._settings.settings.theme == "dark")
        for name in OVERLAYS:
            registry[f"view.overlay_{name}"].setChecked(canvas.overlay_visible(name))
        choices = self._window.toolbar.choices
        choices["speed"].set_other("fitted" if not is_standard_speed(trace.speed) else "")
        choices["speed"].setToolTip(f"Paper speed: {speed_text(trace.speed)}")
        choices["gain"].set_other(gain_text(trace.gain))
        record = self._document.record
        shown = self.filter_spec if record is None else self.filter_spec.at_rate(record.fs)
        self._window.status.filter.setText(shown.label if record is not None else "")

    def sync_layouts(self) -> None:
        """Grey out layouts that the record cannot fill; a stream has none."""
        if self._document.record is not None and not self._window.live.is_shown:
            available = self._canvas.available_layouts()
            for action in self._window.registry:
                if action.row.group == "layout":
                    action.setEnabled(action.row.argument in available)

    def apply_defaults(self, settings: Settings) -> None:
        """Use speed, gain and mains frequency of the settings where they were changed."""
        former, self._defaults = self._defaults, settings
        if former is None or former.speed_mm_per_s != settings.speed_mm_per_s:
            self._canvas.set_speed(settings.speed_mm_per_s)
        if former is None or former.gain_mm_per_mv != settings.gain_mm_per_mv:
            self._canvas.set_gain(settings.gain_mm_per_mv)
        if self._mains and former is not None and former.mains_hz != settings.mains_hz:
            self._apply_filter()
        self.sync()

    def record_changed(self) -> None:
        """Arrange another record as the settings ask for."""
        record = self._document.record
        self._window.registry["view.invert"].setChecked(False)
        self._canvas.set_inverted(())
        self.set_leads(None)
        if record is not None:
            settings = self._settings.settings
            if not is_standard_speed(self._canvas.speed):
                self._canvas.set_speed(settings.speed_mm_per_s)
            wanted = settings.layout
            if wanted == AUTO_LAYOUT:
                wanted = "3x4+1" if record.duration_s <= SHORT_RECORD_S else "stacked"
            self._canvas.set_layout(wanted)
            self.sync_layouts()
        self.sync()
