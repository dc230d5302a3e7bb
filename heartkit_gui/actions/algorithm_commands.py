"""Commands that choose what makes the analysis, and that lay another analysis beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.analysis.stages import DEFAULT, Stages
from engine.analysis.types import Analysis
from engine.reports.wording import clock, percent
from heartkit_gui.model.algorithms import stages_text
from heartkit_gui.model.comparison import KIND_WORDS, compare
from heartkit_gui.model.settings import stage_settings

if TYPE_CHECKING:
    from heartkit_gui.views.main_window import MainWindow


class AlgorithmCommands(QObject):
    """Keeps analysis and comparison in step with the algorithms chosen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._document = window.context.document
        self._settings = window.context.settings
        self._service = window.context.comparison
        self._view = window.findings.comparison
        self._stages = self._settings.settings.stages
        self._with = DEFAULT  # what is being compared with
        self._at = -1  # difference last gone to
        self._settings.changed.connect(self._settings_changed)
        self._document.analysis_changed.connect(self._drop)
        self._document.comparison_changed.connect(self._show)
        self._service.finished.connect(self._compared)
        self._service.failed.connect(self._failed)
        self._service.progressed.connect(self._progressed)
        self._view.step_wanted.connect(self.step)
        self._view.close_wanted.connect(self.clear)

    # -- choosing

    def choose(self) -> None:
        """Choose the algorithms of the analysis."""
        from heartkit_gui.views.algorithms_dialog import AlgorithmsDialog

        purpose = "What makes each part of the analysis. The record is analysed again when this changes."
        if self._window.context.live.is_open:
            purpose += " The stream keeps its algorithms until it is connected anew."
        dialog = AlgorithmsDialog(
            "Algorithms", purpose,
            "Use these", self._settings.settings.stages, self._window.context.folders.runs, self._window,
        )  # fmt: skip
        dialog.chosen.connect(self.use)
        self._window.show_dialog(dialog)

    @Slot(object)
    def use(self, stages: Stages) -> None:
        """Analyse with these from now on."""
        self._settings.update(**stage_settings(stages))

    @Slot(object)
    def _settings_changed(self) -> None:
        stages = self._settings.settings.stages
        if stages == self._stages:
            return
        self._stages = stages
        if self._document.analysis is not None or self._window.context.analysis.busy:
            self._window.start_analysis()

    # -- comparing

    def compare(self) -> None:
        """Ask what to compare with."""
        from heartkit_gui.views.algorithms_dialog import AlgorithmsDialog

        comparison = self._document.comparison
        dialog = AlgorithmsDialog(
            "Compare with",
            "The same lead is analysed once more, with the algorithms chosen here, and laid below the trace.",
            "Compare", self._stages if comparison is None else comparison.stages,
            self._window.context.folders.runs, self._window, unlike=self._stages,
        )  # fmt: skip
        dialog.chosen.connect(self.compare_with)
        self._window.show_dialog(dialog)

    @Slot(object)
    def compare_with(self, stages: Stages) -> None:
        """Analyse the lead once more in the background, with other algorithms."""
        document, analysis = self._document, self._document.analysis
        if document.record is None or analysis is None:
            return
        self._with = stages
        document.set_comparison(None)
        self._window.findings.show_comparison_section(True)
        self._view.show_message(f"Comparing with {stages_text(stages)}…")
        lead = document.record.lead_index(analysis.lead)
        self._service.start(document.record.path, document.hints, lead, stages)

    @Slot(float, str)
    def _progressed(self, share: float, _: str) -> None:
        self._view.show_message(f"Comparing with {stages_text(self._with)}… {percent(share)}")

    @Slot(object)
    def _compared(self, other: Analysis) -> None:
        shown = self._document.analysis
        if shown is not None and (shown.lead, shown.n_samples) == (other.lead, other.n_samples):
            self._document.set_comparison(compare(shown, other, self._with))

    @Slot(str, str)
    def _failed(self, sentence: str, details: str) -> None:
        self._view.show_message(sentence)
        self._window.review.banner.show_message((f"Not compared: {sentence}",), level="error", details=details)

    @Slot()
    def _drop(self) -> None:
        """Another analysis, or none: what was being compared with it means nothing any more."""
        self._service.cancel()
        self._window.findings.show_comparison_section(False)

    @Slot()
    def _show(self) -> None:
        comparison = self._document.comparison
        self._at = -1
        self._window.findings.show_comparison_section(comparison is not None)
        if comparison is not None:
            self._view.show_comparison(comparison)
            self._window.say(f"Compared: {len(comparison.differences):,} differences.")

    @Slot()
    def clear(self) -> None:
        """Take the comparison away."""
        self._service.cancel()
        self._document.set_comparison(None)
        self._window.findings.show_comparison_section(False)

    def difference(self, step: str) -> None:
        """Next or former difference."""
        self.step(int(step))

    @Slot(int)
    def step(self, step: int) -> None:
        """Put the next (1) or former (-1) difference in the middle."""
        comparison, canvas = self._document.comparison, self._window.review.canvas
        if comparison is None or self._document.record is None:
            return
        differences = comparison.differences
        if self._at >= 0 and self._at in differences.between(canvas.view_start, canvas.view_stop):
            found = self._at + step if self._at + step < len(differences) else -1
        else:  # nothing gone to yet, or the user has moved on
            found = differences.after(canvas.view_start - 1 if step > 0 else canvas.view_stop, step)
        if found < 0:
            self._window.say("No further difference.")
            return
        self._at = found
        start, stop = int(differences.start[found]), int(differences.stop[found])
        view = canvas.view_stop - canvas.view_start
        canvas.centre_on((start + stop) / 2 if stop - start < view else start + view / 3)
        words, place = KIND_WORDS[int(differences.kind[found])], clock(max(0, start) / self._document.record.fs)
        self._window.say(f"Difference {found + 1} of {len(differences)}: {words}, {place}")
