"""A page with one button that runs one engine command: start, stop, progress, outcome."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar

from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.outcome import Outcome
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import Page, page_button


class WorkPage(Page):
    """The runner is shared with the other pages; what it says is taken only while this page's work runs."""

    def __init__(self, title: str, purpose: str, verb: str, holder: PlanHolder, runner: JobRunner) -> None:
        super().__init__(title, purpose)
        self.holder, self.runner = holder, runner
        self.mine = False
        self.start = page_button(verb, verb, self._start)
        self.stop = page_button("Stop", f"Stop: {title}", runner.cancel)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximum(1000)
        self.bar.setAccessibleName(f"{title} progress")
        self.outcome = Outcome()
        self.row = QHBoxLayout()
        self.row.setSpacing(8)
        self.row.addWidget(self.start)
        self.row.addWidget(self.stop)
        self.row.addStretch(1)
        self.body.addLayout(self.row)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.outcome)
        runner.progressed.connect(self._progressed)
        runner.message.connect(self._said)
        runner.finished.connect(self._done)
        runner.failed.connect(self._failed)
        runner.cancelled.connect(self._cancelled)
        runner.busy_changed.connect(self.refresh)
        holder.changed.connect(self.refresh)

    def is_busy(self) -> bool:
        """The work runs."""
        return self.mine and self.runner.busy

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self.outcome.set_theme(theme)

    def show_result(self, result: dict[str, Any]) -> None:
        """Show what the command found."""
        raise NotImplementedError

    def run(self, arguments: tuple[str, ...]) -> bool:
        """Run an engine command as this page's work; False while other work is under way."""
        if self.runner.busy or not arguments:
            return False
        self.mine = True
        self.bar.setValue(0)
        self.outcome.say("Starting…")
        self.runner.start(arguments)
        self.refresh()
        return True

    @Slot()
    def _start(self) -> None:
        self.run(tuple(self.command()))

    @Slot()
    def refresh(self) -> None:
        """Bring the buttons up to date."""
        self.start.setEnabled(not self.runner.busy)
        self.stop.setVisible(self.is_busy())
        self.bar.setVisible(self.is_busy())
        self.changed.emit()

    @Slot(str, float, str)
    def _progressed(self, stage: str, share: float, note: str) -> None:
        if self.mine:
            self.bar.setValue(round(1000 * share))
            self.outcome.say(f"{stage[:1].upper()}{stage[1:]}  {note}".strip())

    @Slot(str, str)
    def _said(self, kind: str, text: str) -> None:
        if self.mine and kind == "warning":
            self.outcome.say(text)

    @Slot(dict)
    def _done(self, result: dict[str, Any]) -> None:
        if self.mine:
            self.mine = False
            self.outcome.say("")
            self.show_result(result)
            self.refresh()

    @Slot(str, str)
    def _failed(self, sentence: str, details: str) -> None:
        if self.mine:
            self.mine = False
            self.outcome.fail(sentence, details)
            self.refresh()

    @Slot()
    def _cancelled(self) -> None:
        if self.mine:
            self.mine = False
            self.outcome.say("Stopped.")
            self.refresh()
