"""Third step: how the model is fitted, and what it will cost on a device."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QSpinBox

from engine.config import RunConfig
from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.outcome import Outcome
from heartkit_gui.wizards.plan import PlanHolder
from heartkit_gui.wizards.scaffold import Page, page_button

FIELD_PX = 150


class ModelPage(Page):
    """Epochs, batch, learning rate, seed; parameters, operations and receptive field on request."""

    def __init__(self, holder: PlanHolder, runner: JobRunner) -> None:
        super().__init__(
            "Model", "The preset's values are a good start. The same seed and data give the same model again."
        )
        self._holder, self._runner = holder, runner
        self._mine = False
        self._filling = False
        self.epochs = _spin("Epochs", 1, 10_000)
        self.batch = _spin("Windows in a batch", 1, 8192)
        self.rate = QDoubleSpinBox()
        self.rate.setAccessibleName("Learning rate")
        self.rate.setFixedWidth(FIELD_PX)
        self.rate.setDecimals(6)
        self.rate.setRange(1e-6, 1.0)
        self.rate.setSingleStep(1e-4)
        self.seed = _spin("Seed", 0, 2**31 - 1)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.addRow("Epochs at most", self.epochs)
        form.addRow("Windows in a batch", self.batch)
        form.addRow("Learning rate", self.rate)
        form.addRow("Seed", self.seed)
        self._facts = role_label("muted", wrap=True)
        self.count = page_button("Count parameters and operations", "Count parameters and operations", self._count)
        self.counts = Outcome()
        row = QHBoxLayout()
        row.addWidget(self.count)
        row.addStretch(1)
        self.body.addWidget(self._facts)
        self.body.addLayout(form)
        self.body.addLayout(row)
        self.body.addWidget(self.counts)
        self.body.addStretch(1)
        for field in (self.epochs, self.batch, self.seed, self.rate):
            field.valueChanged.connect(self._edited)
        holder.changed.connect(self._show_plan)
        runner.finished.connect(self._counted)
        runner.failed.connect(self._not_counted)
        runner.busy_changed.connect(self._busy_changed)
        self._show_plan()

    def command(self) -> tuple[str, ...]:
        """Counting."""
        return self._holder.plan.count_command() if self._holder.plan.preset else ()

    @Slot()
    def _show_plan(self) -> None:
        plan = self._holder.plan
        if not plan.preset:
            return
        config = plan.config
        training = config.training
        self._filling = True
        self.epochs.setValue(plan.epochs or training.epochs)
        self.batch.setValue(plan.batch_size or training.batch_size)
        self.rate.setValue(plan.learning_rate or training.learning_rate)
        self.seed.setValue(config.seed if plan.seed is None else plan.seed)
        self._filling = False
        self._facts.setText("\n".join(recipe_lines(config)))
        self.changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours."""
        self.counts.set_theme(theme)

    @Slot()
    def _edited(self) -> None:
        if self._filling:
            return
        config = self._holder.plan.config
        training = config.training
        self._holder.put(
            replace(
                self._holder.plan,
                epochs=_unless(self.epochs.value(), training.epochs),
                batch_size=_unless(self.batch.value(), training.batch_size),
                learning_rate=_unless(round(self.rate.value(), 6), training.learning_rate),
                seed=_unless(self.seed.value(), config.seed),
            )
        )

    @Slot()
    def _count(self) -> None:
        if not self._runner.busy:
            self._mine = True
            self.counts.say("Counting…")
            self._runner.start(self.command())

    @Slot(dict)
    def _counted(self, result: dict[str, Any]) -> None:
        if self._mine:
            self._mine = False
            reach = result.get("receptive_field_s")
            sight = f"each output sees {reach:.2f} s" if reach else "each output sees the whole window"
            self.counts.say(
                f"{result['params']:,} parameters, {result['macs']:,} multiply-accumulates per window, {sight}"
            )

    @Slot(str, str)
    def _not_counted(self, sentence: str, details: str) -> None:
        if self._mine:
            self._mine = False
            self.counts.fail(sentence, details)

    @Slot(bool)
    def _busy_changed(self, busy: bool) -> None:
        self.count.setEnabled(not busy)


def recipe_lines(config: RunConfig) -> list[str]:
    """Architecture, loss, augmentation and teacher of a preset."""
    training = config.training
    names = [choice.name.replace("_", " ") for choice in training.augmentations]
    lines = [
        f"Architecture: {config.model.name}",
        f"Loss: {training.loss.name.replace('_', ' ')}",
        f"Augmentation: {', '.join(names) or 'none'}",
    ]
    if training.teacher:
        lines.append(f"Taught by: {training.teacher}")
    return lines


def _spin(name: str, low: int, high: int) -> QSpinBox:
    box = QSpinBox()
    box.setAccessibleName(name)
    box.setRange(low, high)
    box.setFixedWidth(FIELD_PX)
    return box


def _unless(value: Any, preset: Any) -> Any:
    return None if value == preset else value
