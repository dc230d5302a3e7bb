"""The training wizard: task, data, model, training, evaluation, export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from heartkit_gui.services.job_runner import JobRunner
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.wizards.data_page import DataPage
from heartkit_gui.wizards.evaluation_page import EvaluationPage
from heartkit_gui.wizards.export_page import ExportPage
from heartkit_gui.wizards.model_page import ModelPage
from heartkit_gui.wizards.plan import Plan, PlanHolder
from heartkit_gui.wizards.scaffold import Wizard
from heartkit_gui.wizards.task_page import TaskPage
from heartkit_gui.wizards.training_page import TrainingPage


class TrainingWizard(Wizard):
    """From a question to a quantized model, with the engine in a child process."""

    window_chosen = Signal(object)  # CellWindow of an evaluation

    def __init__(self, runs: Path, runner: JobRunner, theme: Theme, parent: QWidget | None = None) -> None:
        self.holder = PlanHolder(Plan(runs=runs))
        self.runner = runner
        self.task = TaskPage(self.holder)
        self.data = DataPage(self.holder, runner)
        self.model = ModelPage(self.holder, runner)
        self.training = TrainingPage(self.holder, runner, theme)
        self.evaluation = EvaluationPage(self.holder, runner, theme)
        self.export = ExportPage(self.holder, runner)
        pages = (self.task, self.data, self.model, self.training, self.evaluation, self.export)
        super().__init__("Train a model", pages, theme, parent)
        self.holder.setParent(self)
        self.evaluation.window_chosen.connect(self.window_chosen)
        self.closed.connect(runner.cancel)
