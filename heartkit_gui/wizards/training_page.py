"""Fourth step: train, watch, stop, go on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QProgressBar

from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.live_curves import LiveCurves
from heartkit_gui.widgets.outcome import Outcome
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import Page, page_button


class TrainingPage(Page):
    """The run: its name, its curves, its log."""

    def __init__(self, holder: PlanHolder, runner: JobRunner, theme: Theme) -> None:
        super().__init__(
            "Training",
            "Training runs beside the program and can be stopped and resumed; closing keeps what is done.",
        )
        self._holder, self._runner = holder, runner
        self._mine = False
        self._ending: tuple[str, str, bool] | None = None  # sentence, details, failed: how the last one went
        self._stopping = False
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the run")
        self.name.textEdited.connect(self._named)
        self.where = role_label("small", wrap=True, selectable=True)
        self.start = page_button("Train", "Train, or resume the training", self._start)
        self.stop = page_button("Stop", "Stop the training and keep what is reached", self._ask_to_stop)
        self.another = page_button("New run", "Give the run a free name and begin anew", self._rename)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximum(1000)
        self.bar.setAccessibleName("Training progress")
        self.state = Outcome()
        self.curves = LiveCurves(theme)
        self.curves.setMinimumHeight(220)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("What the training says")
        self.log.setMaximumBlockCount(2000)
        self.log.setTabChangesFocus(True)
        self.log.setMaximumHeight(110)
        row = QHBoxLayout()
        row.addWidget(QLabel("Run"))
        row.addWidget(self.name, 1)
        row.addWidget(self.start)
        row.addWidget(self.stop)
        row.addWidget(self.another)
        self.body.addLayout(row)
        self.body.addWidget(self.where)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.state)
        self.body.addWidget(self.curves, 1)
        self.body.addWidget(self.log)
        runner.progressed.connect(self._progressed)
        runner.metric.connect(self._epoch)
        runner.message.connect(self._said)
        runner.finished.connect(self._done)
        runner.failed.connect(self._failed)
        runner.cancelled.connect(self._cancelled)
        runner.busy_changed.connect(self._refresh)
        holder.changed.connect(self._refresh)
        self._refresh()

    def is_complete(self) -> bool:
        """There is a trained model in the run folder, and none is being made."""
        return not self.is_busy() and self._holder.plan.preset != "" and is_finished(self._holder.plan.folder)

    def is_busy(self) -> bool:
        """Training runs."""
        return self._mine and self._runner.busy

    def command(self) -> tuple[str, ...]:
        """Training, or going on with it."""
        plan = self._holder.plan
        return plan.train_command(resume=can_resume(plan.folder)) if plan.preset else ()

    def entered(self) -> None:
        """Show the history of a run that was made before."""
        if not self._runner.busy:
            self._show_history()
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self.curves.set_theme(theme)
        self.state.set_theme(theme)

    @Slot()
    def _refresh(self) -> None:
        plan = self._holder.plan
        if not self.name.hasFocus():
            self.name.setText(plan.name)
        busy, finished = self.is_busy(), is_finished(plan.folder)
        self.where.setText(f"Everything goes to {plan.folder}")
        self.name.setEnabled(not busy)
        self.start.setText("Resume" if can_resume(plan.folder) else "Train")
        self.start.setEnabled(not self._runner.busy and not finished)
        self.start.setVisible(not busy)
        self.stop.setVisible(busy)
        self.stop.setEnabled(not self._stopping)
        self.bar.setVisible(busy)
        self.another.setVisible(not busy and (finished or can_resume(plan.folder)))
        if not busy:
            self._say_how_it_stands(plan.folder, finished)
        self.changed.emit()

    def _say_how_it_stands(self, folder: Path, finished: bool) -> None:
        if self._runner.busy:
            self.state.say("Other work is under way; training can start when it is done.")
        elif finished:
            self.state.say("Trained. Evaluate it next, or begin a new run.")
        elif self._ending is not None:
            sentence, details, failed = self._ending
            if failed:
                self.state.fail(sentence, details)
            else:
                self.state.say(sentence)
        else:
            self.state.say("This run was interrupted; it can be resumed." if can_resume(folder) else "")

    @Slot(str)
    def _named(self, text: str) -> None:
        plain = "".join(c for c in text.strip() if c.isalnum() or c in "-_. ").lstrip(".")
        self._ending = None
        self._holder.put(replace(self._holder.plan, name=plain))
        self._show_history()

    @Slot()
    def _start(self) -> None:
        if self._runner.busy:
            return
        arguments = self.command()
        self._mine = True
        if "--resume" not in arguments:
            self.curves.clear()
            self.log.clear()
        self._stopping = False
        self.bar.setValue(0)
        self.state.say("Starting…")
        self._runner.start(arguments)
        self._refresh()

    @Slot(str, float, str)
    def _progressed(self, stage: str, share: float, note: str) -> None:
        if self._mine:
            self.bar.setValue(round(1000 * share))
            if not self._stopping:
                self.state.say(f"{stage[:1].upper()}{stage[1:]}  {note}".strip())

    @Slot(int, dict)
    def _epoch(self, epoch: int, figures: dict[str, float]) -> None:
        if self._mine:
            self._add(epoch, figures)

    @Slot(str, str)
    def _said(self, kind: str, text: str) -> None:
        if self._mine:
            self.log.appendPlainText(f"Warning: {text}" if kind == "warning" else text)

    @Slot(dict)
    def _done(self, _: dict) -> None:
        self._end(None)

    @Slot(str, str)
    def _failed(self, sentence: str, details: str) -> None:
        self._end((sentence, details, True))

    @Slot()
    def _cancelled(self) -> None:
        self._end(("Stopped. What was reached is kept; Resume goes on from there.", "", False))

    def _end(self, ending: tuple[str, str, bool] | None) -> None:
        if self._mine:
            self._mine = self._stopping = False
            self._ending = ending
            self._refresh()

    @Slot()
    def _ask_to_stop(self) -> None:
        self._stopping = True
        self.state.say("Stopping at the next step…")
        self._runner.cancel()
        self._refresh()

    @Slot()
    def _rename(self) -> None:
        self._ending = None
        self._holder.put(self._holder.plan.with_free_name())
        self._show_history()
        self.name.setText(self._holder.plan.name)

    def _show_history(self) -> None:
        self.curves.clear()
        self.log.clear()
        history = self._holder.plan.folder / "history.json"
        try:
            epochs = json.loads(history.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        for row in epochs if isinstance(epochs, list) else epochs.get("epochs", []):
            self._add(int(row.get("epoch", 0)), {k: v for k, v in row.items() if k != "epoch"})

    def _add(self, epoch: int, figures: dict[str, float]) -> None:
        """Draw and write the figures of an epoch (0-based)."""
        self.curves.add(epoch, figures)
        words = "   ".join(f"{k} {v:.4f}" for k, v in figures.items() if isinstance(v, int | float))
        self.log.appendPlainText(f"epoch {epoch + 1}:  {words}")


def is_finished(folder: Path) -> bool:
    """Whether the run folder holds a trained model."""
    return (folder / "model.keras").is_file()


def can_resume(folder: Path) -> bool:
    """Whether there is an interrupted run to go on with."""
    return (folder / "config.json").is_file() and not is_finished(folder)
