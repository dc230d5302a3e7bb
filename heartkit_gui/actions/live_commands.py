"""Commands of the Live menu."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.errors import EngineError
from heartkit_gui.actions.live_recovery import LiveRecovery

if TYPE_CHECKING:
    from engine.devices.heart_rate import RateLimits
    from engine.devices.recorder import RecorderStatus
    from heartkit_gui.canvas.ecg_canvas import EcgCanvas
    from heartkit_gui.live.live_canvas import LiveCanvas
    from heartkit_gui.live.live_view import LiveView
    from heartkit_gui.live.stream_words import StreamWords
    from heartkit_gui.live.trace_ring import Mode
    from heartkit_gui.views.main_window import MainWindow


MARKS = "event"  # annotator of the marks in our recordings (`engine.devices.recorder`, too slow to import here)


class LiveCommands(QObject):
    """Brings the live view up, and drives it. The view is made when it is first wanted."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._service = window.context.live
        self._view: LiveView | None = None
        self.recovery = LiveRecovery(window)
        self._service.failed.connect(self._failed)
        self._service.remarked.connect(self._remarked)
        window.context.document.record_changed.connect(self._record_changed)

    @property
    def view(self) -> LiveView | None:
        """The live view, once made."""
        return self._view

    @property
    def is_shown(self) -> bool:
        """Whether the live view has the middle of the window."""
        return self._view is not None and self._window.pages.currentWidget() is self._view

    @property
    def trace(self) -> EcgCanvas | LiveCanvas | None:
        """The trace of the live view while that is shown."""
        if self._view is None or not self.is_shown:
            return None
        return self.frozen or self._view.canvas

    @property
    def frozen(self) -> EcgCanvas | None:
        """The frozen trace while that is shown."""
        view = self._view
        return view.freezer.canvas if view is not None and view.is_frozen and self.is_shown else None

    @property
    def traces(self) -> tuple[EcgCanvas | LiveCanvas, ...]:
        """Every trace of the live view."""
        return () if self._view is None else (self._view.canvas, self._view.freezer.canvas)

    def made(self) -> LiveView:
        """The live view."""
        if self._view is None:
            from heartkit_gui.live.live_view import LiveView

            window = self._window
            self._view = LiveView(self._service, window.registry)
            self._view.set_theme(window.theme)
            self._view.set_pixels_per_mm(window.context.settings.settings.pixels_per_mm)
            settings = window.context.settings.settings
            self._view.canvas.set_mode(settings.live_mode)
            self._view.numbers.limits.set_limits(settings.rate_low_per_min, settings.rate_high_per_min)
            self._view.numbers.limits.limits_chosen.connect(self._keep_limits)
            self._view.stream_changed.connect(self.sync)
            self._view.status_changed.connect(self._tell)
            self._view.open_wanted.connect(self.open_recording)
            self._view.recording_finished.connect(self._recorded)
            self._view.canvas.scale_changed.connect(window.view.sync)
            self._view.canvas.installEventFilter(window.review)
            self._view.freezer.canvas.tool_changed.connect(window.measure.sync)
            for canvas in (self._view.canvas, self._view.freezer.canvas):
                window.registry.install_live(canvas)
            window.pages.addWidget(self._view)
        return self._view

    def show(self, wanted: bool) -> None:
        """Bring the live view up, or go back to the review; streaming goes on."""
        if wanted:
            view = self.made()
            self._window.panels.suspend()
            self._window.pages.setCurrentWidget(view)
            (view.canvas if view.has_stream else view.devices.virtual["an547"]).setFocus()
        elif self._view is not None:
            self._window.pages.setCurrentWidget(self._window.review)
            self._window.panels.resume()
            self._window.status.show_stream(None)
        self.sync()

    def start(self, kind: str) -> None:
        """Start a virtual board and watch it: one click from nothing to a stream."""
        self.show(True)
        self._service.start_virtual(kind)
        self.made().canvas.setFocus()

    def look(self) -> None:
        """Look for boards on this computer."""
        self.show(True)
        self.made().devices.look.click()

    def leave(self) -> None:
        """Disconnect."""
        self._service.leave()

    def mode(self, name: Mode) -> None:
        """Roll or sweep."""
        self.made().canvas.set_mode(name)
        self._window.context.settings.update(live_mode=name)
        self.sync()

    def freeze(self, wanted: bool) -> None:
        """Stop the picture and look back, or follow the stream again."""
        view = self.made()
        if wanted:
            view.freeze()
        else:
            view.thaw()
        self.sync()

    def mark(self) -> None:
        """Mark the present moment."""
        session = self._service.session
        if session is None:
            return
        try:
            session.mark()
        except EngineError as error:
            self._window.say(str(error))
        else:
            self._window.say("Marked.")

    def record(self, wanted: bool) -> None:
        """Begin or end a recording."""
        from heartkit_gui.live.asks import BeginRecording, end_recording

        if wanted:
            folder = self._window.context.folders.recordings
            self._service.ask("record", BeginRecording(folder), "Cannot record")
        else:
            self._service.ask("record", end_recording, "Cannot finish the recording")

    @Slot(object)
    def open_recording(self, path: Path) -> None:
        """Review a finished recording; its analysis is the one that files get, and the same as the live one."""
        self.show(False)
        self._window.open_path(path)

    def set_theme(self) -> None:
        """Colours."""
        if self._view is not None:
            self._view.set_theme(self._window.theme)

    def set_pixels_per_mm(self, value: float | None) -> None:
        """Calibration of the screen."""
        if self._view is not None:
            self._view.set_pixels_per_mm(value)

    def shutdown(self) -> None:
        """Stop looking at the stream."""
        self.recovery.shutdown()
        if self._view is not None:
            self._view.shutdown()

    @Slot()
    def sync(self) -> None:
        """Mark what is in force, enable what can be done."""
        view, registry = self._view, self._window.registry
        registry["live.show"].setChecked(self.is_shown)
        registry.check("live_mode", view.canvas.mode if view is not None else "")
        registry["live.freeze"].setChecked(view is not None and view.is_frozen)
        registry["live.record"].setChecked(view is not None and view.is_recording)
        self._window.sync_state()
        self._window.measure.sync()

    @Slot(object)
    def _keep_limits(self, limits: RateLimits) -> None:
        low, high = round(limits.low_per_min), round(limits.high_per_min)
        self._window.context.settings.update(rate_low_per_min=low, rate_high_per_min=high)

    @Slot(object)
    def _tell(self, words: StreamWords) -> None:
        if self.is_shown:
            self._window.status.show_stream(words)
        else:
            self._window.status.show_aside(words.aside)

    @Slot(object)
    def _recorded(self, status: RecorderStatus) -> None:
        from heartkit_gui.live.figures import recorded_words

        if not self.is_shown:
            self._window.say(recorded_words(status))

    @Slot()
    def _record_changed(self) -> None:
        document = self._window.context.document
        record = document.record
        self._service.to_inject = None if record is None else (record.path, document.hints)
        document.show_annotations(MARKS)

    @Slot(str, str, str)
    def _failed(self, title: str, sentence: str, details: str) -> None:
        self._window.show_fault(title, sentence, details)
        self.sync()

    @Slot(str)
    def _remarked(self, sentence: str) -> None:
        self._window.say(sentence)
        if self._view is not None:
            self._view.note.show_remark(sentence)
