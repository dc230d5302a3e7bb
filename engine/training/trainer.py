"""Training: from prepared windows to a model file, resumable to the bit."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.errors import EngineError
from engine.jobs.events import Job
from engine.signals.preprocess import PreparedWindows, prepare_windows, preprocessed_length
from engine.tasks.base import Task, WindowSet
from engine.tasks.registry import open_task
from engine.training.augmentations import Augmenter
from engine.training.batches import BatchMaker, Teacher, balanced_weights, class_counts, pack
from engine.training.checkpoint import Checkpoint, Progress, load_checkpoint, put_back, values_of
from engine.training.history import write_history
from engine.training.losses import Loss, build_loss
from engine.training.optimizer import build_optimizer, without_decay
from engine.training.prepare import Prepared
from engine.training.scores import auroc_macro, f1_macro, score_name, snr_gain_db
from engine.training.settings import check_settings
from engine.training.tensorboard import EventFile

F32 = NDArray[np.float32]

STAGE = "train"
_STEPS_AT_ONCE = 32  # batches handed to Keras in one call: about a second of work, the grain of cancelling
_STEPS_PER_EXECUTION = 8  # batches per call of the compiled graph


def train(config: RunConfig, prepared: Prepared, folder: Path, job: Job, resume: bool = False) -> Path:
    """Fit the configured model; returns the path of `model.keras` in the run folder.

    Writes `checkpoint.npz` after every epoch, `history.csv`, `history.json`, `curves.svg` and, when asked for,
    events for TensorBoard. The weights kept
    are those of the epoch that is best on the validation windows (running means of weights with `training.ema`).
    With `resume` a run that was interrupted goes on from its last whole epoch, to the same result as if it had
    not been. The saved model gives logits (values, for regression) and is not compiled.

    Raises ConfigError for settings that do not fit, EngineError when the loss stops being a number (the last
    checkpoint stays), Cancelled when the job is cancelled.
    """
    task = open_task(config)
    check_settings(task)
    if task.target == "embedding":
        from engine.training.contrastive import train_contrastive

        return train_contrastive(config, prepared, folder, job, resume=resume)
    if not len(prepared.train):
        raise EngineError("there are no training windows", hint="check the datasets, classes and split")
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    keras.utils.set_random_seed(config.seed)
    model = _new_model(config, task)
    _tell_size(model, config, job)
    if config.training.initial_weights is not None:
        from engine.training.transfer import start_from

        start_from(model, config.training.initial_weights, job)
    teacher = None
    if config.training.teacher is not None:
        from engine.training.teacher import open_teacher

        teacher = open_teacher(config)
    found = load_checkpoint(folder) if resume else None
    if found is None or found.progress.stage == STAGE:
        fit(model, config, prepared, folder, job, task=task, resume=resume, teacher=teacher)
    path = folder / "model.keras"
    if config.quantization.qat_epochs > 0:
        from engine.training.qat import tune_for_int8

        model = tune_for_int8(model, config, prepared, folder, job, task=task, resume=resume, teacher=teacher)
    save_model(model, path)
    job.artefact("model", path)
    return path


def save_model(model: Any, path: Path) -> None:
    """Write a .keras file atomically."""
    temporary = path.with_name(f".{path.stem}.part.keras")
    try:
        model.save(temporary)
        temporary.replace(path)
    except OSError as error:
        raise EngineError(f"cannot be written: {error.strerror or error}", path=path) from None
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Validation:
    """The whole validation set, preprocessed once. `prepared` leads regression outputs back to mV."""

    windows: WindowSet
    prepared: PreparedWindows
    packed: F32


class _Fit:
    """One run of epochs over one model."""

    def __init__(
        self, model: Any, config: RunConfig, prepared: Prepared, folder: Path, job: Job,
        *, task: Task, teacher: Teacher | None, stage: str, epochs: int, learning_rate: float,
    ) -> None:  # fmt: skip
        import keras

        self.model, self.config, self.folder, self.job, self.task = model, config, folder, job, task
        self.stage, self.epochs = stage, epochs
        training = config.training.model_copy(update={"learning_rate": learning_rate})
        self.steps = training.steps_per_epoch or max(1, len(prepared.train) // training.batch_size)
        self.per_execution = math.gcd(self.steps, _STEPS_PER_EXECUTION)
        self.loss = _loss(config, task, prepared.train, with_teacher=teacher is not None)
        self.validation_loss = _loss(config, task, prepared.train, with_teacher=False)
        self.optimizer = build_optimizer(training, epochs * self.steps)
        self.optimizer.exclude_from_weight_decay(var_list=without_decay(model))
        self.trained = keras.Model(model.input, model.output)  # compiled; `model` itself stays plain
        self.trained.compile(
            optimizer=self.optimizer, loss=self.loss, jit_compile=False, steps_per_execution=self.per_execution
        )
        self.optimizer.build(model.trainable_variables)
        augmenter = Augmenter(training.augmentations, config.window.rate_hz, prepared.noise)
        self.batches = BatchMaker(
            config, prepared.train, task.target, augmenter,
            classes=task.n_outputs, steps=self.steps, teacher=teacher,
        )  # fmt: skip
        self.validation = _validation(config, task, prepared.val)
        self.board = EventFile(folder / "tensorboard") if training.tensorboard else None
        self.progress = Progress(stage=stage)
        self.best = values_of(model.variables)

    def resume(self, found: Checkpoint) -> None:
        """Go on from a checkpoint of this stage."""
        put_back(self.model.variables, found.model)
        put_back(self.optimizer.variables, found.optimizer)
        self.best, self.progress = found.best, found.progress
        self.job.message(f"goes on after epoch {self.progress.epochs_done} of {self.epochs}")

    def score_start(self) -> None:
        """Let the present weights compete as epoch -1, after the model saw one chunk for its ranges."""
        weights = values_of(self.model.trainable_variables)
        chunk = next(self.batches.chunks(0, 1))
        self.model(chunk.x, training=True)
        put_back(self.model.trainable_variables, weights)
        self._note(-1, self._validate())

    def run(self) -> None:
        """All epochs that are left; the model then has the best weights."""
        for epoch in range(self.progress.epochs_done, self.epochs):
            if self.progress.stopped:
                break
            figures = {"loss": self._epoch(epoch)}
            raw = values_of(self.model.trainable_variables)
            if self.config.training.ema is not None:
                self.optimizer.put_averages(self.model.trainable_variables)
            figures.update(self._validate())
            self._note(epoch, figures)
            put_back(self.model.trainable_variables, raw)
            Checkpoint(
                self.progress, values_of(self.model.variables), values_of(self.optimizer.variables), self.best
            ).save(self.folder)
            write_history(self.folder, self.progress.history, "" if self.stage == STAGE else "_int8")
            if self.board is not None:
                self.board.write(epoch, figures)
            self.job.metric(epoch, figures)
        put_back(self.model.variables, self.best)

    def _epoch(self, epoch: int) -> float:
        size, total, done = self.config.training.batch_size, 0.0, 0
        at_once = self.per_execution * max(1, _STEPS_AT_ONCE // self.per_execution)
        for chunk in self.batches.chunks(epoch, at_once):
            fitted = self.trained.fit(chunk.x, chunk.y, batch_size=size, shuffle=False, verbose=0)
            steps = len(chunk.x) // size
            loss = float(fitted.history["loss"][-1])
            if not math.isfinite(loss):
                raise EngineError(
                    f"the loss stopped being a number in epoch {epoch + 1}",
                    hint="lower training.learning_rate or set training.clip_norm; the run folder keeps the "
                    "last whole epoch",
                )
            total, done = total + loss * steps, done + steps
            self.job.progress(
                self.stage, epoch * self.steps + done, self.epochs * self.steps,
                f"epoch {epoch + 1} of {self.epochs}, loss {total / done:.4f}",
            )  # fmt: skip
        return total / done

    def _validate(self) -> dict[str, float]:
        if self.validation is None:
            return {}
        known = self.validation
        outputs = np.asarray(
            self.trained.predict(known.prepared.x, batch_size=self.config.evaluation.batch_size, verbose=0)
        )
        if not np.isfinite(outputs).all():
            raise EngineError("the model's outputs stopped being numbers", hint="lower training.learning_rate")
        name = score_name(self.task.target)
        return {
            "val_loss": _mean_loss(self.validation_loss, known.packed, outputs),
            f"val_{name}": _score(self.task, known, outputs),
        }

    def _note(self, epoch: int, figures: dict[str, float]) -> None:
        """Keep the weights if they are the best so far, and stop where patience ends."""
        progress, training = self.progress, self.config.training
        progress.epochs_done = epoch + 1
        progress.history.append({"epoch": epoch, **figures})
        value = _monitored(figures, training.monitor, score_name(self.task.target))
        if value is None or progress.best_value is None or value > progress.best_value:
            progress.best_value, progress.best_epoch = value, epoch
            self.best = values_of(self.model.variables)
        elif training.patience is not None and epoch - progress.best_epoch >= training.patience:
            progress.stopped = True
            self.job.message(
                f"stopped after epoch {epoch + 1}: no better than epoch {progress.best_epoch + 1} "
                f"on the validation patients"
            )


def fit(
    model: Any, config: RunConfig, prepared: Prepared, folder: Path, job: Job,
    *, task: Task, resume: bool = False, teacher: Teacher | None = None, stage: str = STAGE,
    epochs: int | None = None, learning_rate: float | None = None, start_competes: bool = False,
) -> Progress:  # fmt: skip
    """Fit a given model in place, with checkpoints under `stage`; it ends with the best weights found.

    With `start_competes` the weights it starts from (after one pass that only learns ranges and statistics) are
    kept if no epoch is better.
    """
    run = _Fit(
        model, config, prepared, folder, job, task=task, teacher=teacher, stage=stage,
        epochs=epochs or config.training.epochs, learning_rate=learning_rate or config.training.learning_rate,
    )  # fmt: skip
    found = load_checkpoint(folder) if resume else None
    if found is not None and found.progress.stage == stage:
        run.resume(found)
    elif start_competes:
        run.score_start()
    run.run()
    return run.progress


def _new_model(config: RunConfig, task: Task) -> Any:
    from engine.models.build import build_model

    window = config.window
    return build_model(
        config.model,
        length=preprocessed_length(window.length, window.preprocesses, window.rate_hz),
        channels=len(config.window.channels),
        outputs=task.n_outputs,
        head="sample" if task.target in ("per_sample", "regression") else "window",
    )


def _tell_size(model: Any, config: RunConfig, job: Job) -> None:
    from engine.models.counts import count

    size = count(model)
    seen = "the whole window" if size.receptive_field is None else f"{size.receptive_field} samples"
    job.message(
        f"model {config.model.name}: {size.params:,} parameters, {size.macs:,} MAC a window "
        f"of {config.window.length} samples, receptive field {seen}"
    )


def _loss(config: RunConfig, task: Task, windows: WindowSet, *, with_teacher: bool) -> Loss:
    training = config.training
    weights = None
    if task.target != "regression":
        if training.class_weights == "balanced":
            weights = balanced_weights(class_counts(windows.y, task.target, task.n_outputs)).tolist()
        elif training.class_weights != "none":
            weights = list(training.class_weights)
    distillation = (training.distillation_weight, training.distillation_temperature) if with_teacher else None
    return build_loss(
        training.loss, task.target, task.n_outputs,
        class_weights=weights, label_smoothing=training.label_smoothing, distillation=distillation,
    )  # fmt: skip


def _validation(config: RunConfig, task: Task, windows: WindowSet) -> _Validation | None:
    if not len(windows):
        return None
    prepared = prepare_windows(np.asarray(windows.x), config.window.preprocesses, config.window.rate_hz)
    y = prepared.follow(windows.y) if task.target == "regression" else windows.y
    return _Validation(windows, prepared, pack(y, task.target))


def _score(task: Task, known: _Validation, outputs: F32) -> float:
    if task.target == "multi_label":
        return auroc_macro(known.windows.y, outputs)
    if task.target == "regression":
        return snr_gain_db(known.windows.x, known.windows.y, known.prepared.undo(outputs))
    return f1_macro(known.windows.y, outputs)


def _mean_loss(loss: Loss, packed: F32, outputs: F32) -> float:
    """The mean loss over all windows, a thousand at a time."""
    total = 0.0
    for first in range(0, len(packed), 1024):
        part = slice(first, first + 1024)
        total += float(loss(packed[part], outputs[part])) * len(packed[part])
    return total / len(packed)


def _monitored(figures: dict[str, float], monitor: str, name: str) -> float | None:
    """The figure to be made as high as possible; None without validation windows."""
    if "val_loss" not in figures:
        return None
    return -figures["val_loss"] if monitor == "loss" else figures[f"val_{name}"]
