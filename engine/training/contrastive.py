"""Contrastive training of embeddings: two windows of one patient against everybody else's in the batch.

SimCLR (Chen et al. 2020): normalised temperature-scaled cross-entropy on a projection of the embedding that is
dropped afterwards. Pairs are of one patient instead of one window, as in PCLR (Diamant et al. 2022); should a batch
show a patient more than twice, all of the patient's windows are positives (Khosla et al. 2020).
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.config import Choice, Part, RunConfig
from engine.errors import ConfigError, EngineError
from engine.jobs.events import Job
from engine.signals.named_steps import chosen
from engine.signals.preprocess import prepare_windows, preprocessed_length
from engine.tasks.base import WindowSet
from engine.tasks.registry import open_task
from engine.training.augmentations import Augmenter
from engine.training.checkpoint import Checkpoint, Progress, load_checkpoint, put_back, values_of
from engine.training.history import write_history
from engine.training.optimizer import build_optimizer, without_decay
from engine.training.prepare import Prepared
from engine.training.trainer import save_model

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

STAGE = "contrastive"
_ORDER, _AUGMENT, _VALIDATE = 19, 29, 31  # separate streams of random numbers
_VALIDATION_BATCHES = 16


class NtXent(Part):
    """Parameters of the loss. projection: numbers that are compared, made of the embedding."""

    temperature: float = Field(0.1, gt=0)
    projection: int = Field(32, ge=2, le=1024)


def train_contrastive(config: RunConfig, prepared: Prepared, folder: Path, job: Job, resume: bool = False) -> Path:
    """Fit an encoder; returns the path of `model.keras`, which maps windows to embeddings [n, size].

    `training.batch_size` counts windows: half as many patients in a batch. Checkpoints, history and resuming are
    those of `engine.training.trainer.train`. The weights kept are those of the epoch with the least loss on pairs
    of validation patients. Raises ConfigError, EngineError and Cancelled as there.
    """
    loss_params = checked_contrastive(config)
    patients = len(np.unique(people(prepared.train)))
    if patients < 2:
        raise EngineError(
            f"contrastive training needs windows of at least two patients, there are {patients}",
            hint="check the datasets and the split",
        )
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    keras.utils.set_random_seed(config.seed)
    encoder, whole = _models(config, loss_params.projection)
    if config.training.initial_weights is not None:
        from engine.training.transfer import start_from

        start_from(encoder, config.training.initial_weights, job)
    run = _Fit(encoder, whole, loss_params.temperature, config, prepared, folder, job)
    found = load_checkpoint(folder) if resume else None
    if found is not None:
        run.resume(found)
    run.run()
    path = folder / "model.keras"
    save_model(encoder, path)
    job.artefact("model", path)
    return path


def nt_xent(temperature: float) -> Any:
    """A loss of patient numbers [n, 1] and projections [n, size]: mean over windows that have a mate."""
    from keras import ops

    def loss(patient: Any, given: Any) -> Any:
        given = ops.cast(given, "float32")
        unit = given / (ops.sqrt(ops.sum(ops.square(given), axis=1, keepdims=True)) + 1e-8)
        likeness = ops.matmul(unit, ops.transpose(unit)) / temperature
        patient = ops.reshape(patient, (-1, 1))
        same = ops.cast(ops.equal(patient, ops.transpose(patient)), "float32")
        itself = _diagonal(patient)
        mates = same * (1 - itself)
        logs = ops.log_softmax(likeness - 1e9 * itself, axis=1)
        count = ops.sum(mates, axis=1)
        each = -ops.sum(mates * logs, axis=1) / ops.maximum(count, 1.0)
        has_mate = ops.cast(count > 0, "float32")
        return ops.sum(each * has_mate) / ops.maximum(ops.sum(has_mate), 1.0)

    return loss


def people(windows: WindowSet) -> I64:
    """A number for the patient of each window [n]; patients of different datasets are different people."""
    dataset = windows.extra.get("dataset", np.zeros(len(windows), np.int64))
    names = np.char.add(np.char.add(dataset.astype(str), "/"), windows.patient)
    return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)


def pair_order(person: I64, size: int, steps: int, seed: int, epoch: int) -> I64:
    """Which windows an epoch shows, [steps, 2 * pairs] with the mates of a pair side by side.

    person: whose window each is, numbers from 0 without gaps [n]. Patients come nearly equally often; mates are
    different windows unless a patient has one only. `size` windows a batch, fewer where patients are fewer.
    """
    of_patient = np.split(np.argsort(person, kind="stable"), np.cumsum(np.bincount(person))[:-1])
    pairs = max(2, min(size // 2, len(of_patient)))
    generator = np.random.default_rng([seed, _ORDER, epoch])
    queue: list[int] = []
    order = np.zeros((steps, 2 * pairs), np.int64)
    for step in range(steps):
        chosen_patients: list[int] = []
        while len(chosen_patients) < pairs:
            if not queue:
                queue = [p for p in generator.permutation(len(of_patient)).tolist() if p not in chosen_patients]
            chosen_patients.append(queue.pop())
        for place, patient in enumerate(chosen_patients):
            mine = of_patient[patient]
            order[step, 2 * place : 2 * place + 2] = generator.choice(mine, 2, replace=len(mine) < 2)
    return order


class _Fit:
    """Epochs over the encoder and its projection."""

    def __init__(
        self, encoder: Any, whole: Any, temperature: float, config: RunConfig, prepared: Prepared, folder: Path,
        job: Job,
    ) -> None:  # fmt: skip
        training = config.training
        self.encoder, self.whole, self.config, self.folder, self.job = encoder, whole, config, folder, job
        self.windows, self.person = prepared.train, people(prepared.train)
        self.steps = training.steps_per_epoch or max(1, len(prepared.train) // training.batch_size)
        self.loss = nt_xent(temperature)
        self.optimizer = build_optimizer(training, training.epochs * self.steps)
        self.optimizer.exclude_from_weight_decay(var_list=without_decay(whole))
        whole.compile(optimizer=self.optimizer, loss=self.loss, jit_compile=False)
        self.optimizer.build(whole.trainable_variables)
        self.augmenter = Augmenter(training.augmentations, config.window.rate_hz, prepared.noise)
        self.validation = self._validation(prepared.val)
        self.progress = Progress(stage=STAGE)
        self.best = values_of(whole.variables)

    def resume(self, found: Checkpoint) -> None:
        put_back(self.whole.variables, found.model)
        put_back(self.optimizer.variables, found.optimizer)
        self.best, self.progress = found.best, found.progress
        self.job.message(f"goes on after epoch {self.progress.epochs_done} of {self.config.training.epochs}")

    def run(self) -> None:
        """All epochs that are left; the encoder then has the best weights."""
        training, progress = self.config.training, self.progress
        for epoch in range(progress.epochs_done, training.epochs):
            if progress.stopped:
                break
            figures = {"loss": self._epoch(epoch)}
            raw = values_of(self.whole.trainable_variables)
            if training.ema is not None:
                self.optimizer.put_averages(self.whole.trainable_variables)
            if self.validation:
                figures["val_loss"] = self._validate()
            self._note(epoch, figures)
            put_back(self.whole.trainable_variables, raw)
            Checkpoint(
                progress, values_of(self.whole.variables), values_of(self.optimizer.variables), self.best
            ).save(self.folder)
            write_history(self.folder, progress.history)
            self.job.metric(epoch, figures)
        put_back(self.whole.variables, self.best)

    def _epoch(self, epoch: int) -> float:
        total = 0.0
        order = pair_order(self.person, self.config.training.batch_size, self.steps, self.config.seed, epoch)
        for step, index in enumerate(order):
            generator = np.random.default_rng([self.config.seed, _AUGMENT, epoch, step])
            x, _ = self.augmenter(np.asarray(self.windows.x[index]), np.zeros(len(index)), generator)
            loss = float(self.whole.train_on_batch(self._prepared(x), _numbers(self.person, index)))
            if not math.isfinite(loss):
                raise EngineError(
                    f"the loss stopped being a number in epoch {epoch + 1}",
                    hint="lower training.learning_rate; the run folder keeps the last whole epoch",
                )
            total += loss
            done, all_steps = epoch * self.steps + step + 1, self.config.training.epochs * self.steps
            self.job.progress("train", done, all_steps, f"epoch {epoch + 1}, loss {total / (step + 1):.4f}")
        return total / self.steps

    def _prepared(self, x: F32) -> F32:
        window = self.config.window
        return prepare_windows(x, window.preprocesses, window.rate_hz).x

    def _validation(self, windows: WindowSet) -> list[tuple[F32, F32]]:
        """The same pairs for every epoch, without augmentation; none with fewer than two patients."""
        person = people(windows)
        if len(np.unique(person)) < 2:
            return []
        size = self.config.training.batch_size
        steps = min(_VALIDATION_BATCHES, -(-len(windows) // size))
        order = pair_order(person, size, steps, _VALIDATE, 0)
        return [(self._prepared(np.asarray(windows.x[index])), _numbers(person, index)) for index in order]

    def _validate(self) -> float:
        losses = []
        for x, numbers in self.validation:
            given = np.asarray(self.whole.predict_on_batch(x))
            losses.append(float(np.asarray(self.loss(numbers, given))))
        return float(np.mean(losses))

    def _note(self, epoch: int, figures: dict[str, float]) -> None:
        progress, training = self.progress, self.config.training
        progress.epochs_done = epoch + 1
        progress.history.append({"epoch": epoch, **figures})
        value = -figures["val_loss"] if "val_loss" in figures else None
        if value is None or progress.best_value is None or value > progress.best_value:
            progress.best_value, progress.best_epoch = value, epoch
            self.best = values_of(self.whole.variables)
        elif training.patience is not None and epoch - progress.best_epoch >= training.patience:
            progress.stopped = True
            self.job.message(f"stopped after epoch {epoch + 1}: no better than epoch {progress.best_epoch + 1}")


def checked_contrastive(config: RunConfig) -> NtXent:
    """The parameters of the loss. Raises ConfigError for settings that contrastive training does not have."""
    training = config.training
    if training.teacher is not None or config.quantization.qat_epochs:
        raise ConfigError(
            "an embedding is trained without a teacher and without quantization-aware epochs",
            hint="remove training.teacher and set quantization.qat_epochs to 0",
        )
    # "cross_entropy" is what a configuration says that says nothing: the natural loss of the task
    natural = training.loss.name == "cross_entropy"
    choice = Choice(name="nt_xent", params=training.loss.params) if natural else training.loss
    return chosen("loss", choice, {"nt_xent": NtXent})


def _models(config: RunConfig, projection: int) -> tuple[Any, Any]:
    """The encoder, and encoder with projection."""
    import keras

    from engine.models.build import build_model

    window = config.window
    encoder = build_model(
        config.model,
        length=preprocessed_length(window.length, window.preprocesses, window.rate_hz),
        channels=len(window.channels),
        outputs=open_task(config).n_outputs,
        head="embedding",
    )
    x = keras.layers.Dense(encoder.output_shape[-1], activation="relu", name="projection_hidden")(encoder.output)
    x = keras.layers.Dense(projection, name="projection")(x)
    return encoder, keras.Model(encoder.input, x)


def _numbers(person: I64, index: I64) -> F32:
    """Whose window each is, as the loss wants it [n, 1]; numbered afresh so that float32 holds them exactly."""
    return np.unique(person[index], return_inverse=True)[1].astype(np.float32)[:, None]


def _diagonal(patient: Any) -> Any:
    from keras import ops

    place = ops.cumsum(ops.ones_like(patient), axis=0)
    return ops.cast(ops.equal(place, ops.transpose(place)), "float32")
