"""Training speed: windows a second of our trainer and of HeartKit 1.6.0, same model, data, batch and machine.

Both train SEG-4-TCN-SM (7,310 parameters) on LUDB at 100 Hz, windows of 256 samples, batches of 256, with baseline
wander, power line, amplitude warp, Gaussian and NSTDB noise and z-norm. Each runs in a process of its own with the
same number of threads; whole epochs are timed, from the first wait for data to the last update, without
validation, and the best of several is reported (both warm). HeartKit's part calls its own data pipeline, model and
loss as `heartkit.tasks.segmentation.train` does, on LUDB converted by its own code.

Processor time counts all threads of the process and hardly depends on what else runs; elapsed time does.

HeartKit needs an environment of its own:
uv venv --python 3.11 hk && uv pip install -p hk/bin/python heartkit==1.6.0
python benchmarks/training_speed.py --from DATA [--heartkit hk/bin/python] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

BATCH, STEPS, EPOCHS = 256, 32, 4
BLOCKS = ((16, 1, 0), (24, 2, 2), (32, 4, 2), (48, 8, 2))  # filters, dilation, squeeze-excite ratio
AUGMENTATIONS = (
    {"name": "random_noise_distortion", "params": {"amplitude": [0, 0.5], "frequency": [0.5, 1.5]}},
    {"name": "random_sine_wave", "params": {"amplitude": [0, 0.05], "frequency": [45, 50]}},
    {"name": "amplitude_warp", "params": {"amplitude": [0.9, 1.1], "frequency": [0.5, 1.5]}},
    {"name": "random_noise", "params": {"factor": [0, 0.025]}},
    {"name": "random_background_noise", "params": {"amplitude": [0, 0.1], "num_noises": 1}},
)


def ours(data: Path) -> dict[str, Any]:
    """Our trainer, by the events it tells."""
    from engine.config import parse_config
    from engine.jobs.events import Job
    from engine.training.prepare import prepare
    from engine.training.trainer import train

    blocks = [{"filters": f, "kernel": 7, "dilation": d, "se_ratio": r, "dropout": 0.1} for f, d, r in BLOCKS]
    config = parse_config({
        "task": "segmentation",
        "datasets": [{"name": "ludb", "path": str(data)}],
        "window": {"preprocesses": [{"name": "layer_norm", "params": {"epsilon": 0.01}}]},
        "model": {"name": "tcn", "params": {"input_kernel": 7, "output_kernel": 7, "blocks": blocks}},
        "training": {
            "epochs": EPOCHS, "steps_per_epoch": STEPS, "batch_size": BATCH, "learning_rate": 1e-3,
            "loss": {"name": "focal"}, "augmentations": AUGMENTATIONS,
        },
    })  # fmt: skip
    marks: list[tuple[str, float, float]] = []

    def sink(event: Any) -> None:
        if event["event"] in ("progress", "metric") and event.get("stage", "train") == "train":
            marks.append((event["event"], time.perf_counter(), time.process_time()))

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        prepared = prepare(config, Job(), Path(folder) / "cache")
        ready_s = time.perf_counter() - started
        train(config, prepared, Path(folder) / "run", Job(sink))
    ends = [k for k, mark in enumerate(marks) if mark[0] == "metric"]
    return {
        "epoch_s": [marks[b - 1][1] - marks[a][1] for a, b in pairwise(ends)],
        "epoch_cpu_s": [marks[b - 1][2] - marks[a][2] for a, b in pairwise(ends)],
        "data_ready_s": ready_s,
    }


def heartkit(data: Path) -> dict[str, Any]:
    """HeartKit's pipeline, model, loss, optimizer and metrics; runs in its own environment."""
    import keras
    import neuralspot_edge as nse
    from heartkit.datasets import DatasetFactory
    from heartkit.defines import HKTaskParams
    from heartkit.models import ModelFactory
    from heartkit.tasks.segmentation.datasets import load_train_datasets

    folder = Path(tempfile.mkdtemp()) / "ludb"
    folder.mkdir()
    dataset = DatasetFactory.get("ludb")(path=folder, cacheable=True)
    started = time.perf_counter()
    for patient in range(1, 201):
        dataset.convert_pt_wfdb_to_hdf5(patient, src_path=data / "data", dst_path=folder)
    blocks = [
        {"filters": f, "kernel": [1, 7], "dilation": [1, d], "depth": 1, "branch": 1, "dropout": 0.1,
         "ex_ratio": 1, "se_ratio": r, "norm": "batch"}
        for f, d, r in BLOCKS
    ]  # fmt: skip
    params = HKTaskParams(
        name="speed", job_dir=folder, seed=1, sampling_rate=100, frame_size=256, num_classes=4,
        datasets=[{"name": "ludb", "params": {"path": str(folder)}}],
        class_map={0: 0, 1: 1, 2: 2, 3: 3}, samples_per_patient=50, val_samples_per_patient=50, val_patients=0.2,
        batch_size=BATCH, buffer_size=5000, epochs=EPOCHS, steps_per_epoch=STEPS, val_steps_per_epoch=1,
        preprocesses=[{"name": "layer_norm", "params": {"epsilon": 0.01, "name": "znorm"}}],
        augmentations=[dict(a) for a in AUGMENTATIONS],
        architecture={"name": "tcn", "params": {
            "input_kernel": [1, 7], "input_norm": "batch", "block_type": "mb", "blocks": blocks,
            "output_kernel": [1, 7], "include_top": True, "use_logits": True, "model_name": "tcn"}},
    )  # fmt: skip
    train_ds, _ = load_train_datasets(datasets=[dataset], params=params)
    ready_s = time.perf_counter() - started
    inputs = keras.Input(shape=(256, 1), name="input", dtype="float32")
    model = ModelFactory.get("tcn")(inputs=inputs, params=params.architecture.params, num_classes=4)
    schedule = keras.optimizers.schedules.CosineDecayRestarts(1e-3, STEPS * EPOCHS, t_mul=1, m_mul=0.5)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.CategoricalFocalCrossentropy(from_logits=True, alpha=0.25),
        metrics=[
            keras.metrics.CategoricalAccuracy(name="acc"),
            nse.metrics.MultiF1Score(name="f1", average="weighted"),
        ],
    )
    times: list[float] = []
    processor: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter(), time.process_time()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.started[0])
            processor.append(time.process_time() - self.started[1])

    model.fit(train_ds, steps_per_epoch=STEPS, epochs=EPOCHS, verbose=0, callbacks=[Clock()])
    return {"epoch_s": times[1:], "epoch_cpu_s": processor[1:], "data_ready_s": ready_s}


def run_part(python: str, part: str, data: Path, threads: int) -> dict[str, Any] | str:
    """The figures of one part in a process of its own, or why it failed."""
    environment = dict(
        os.environ, TF_CPP_MIN_LOG_LEVEL="3", OMP_NUM_THREADS=str(threads), CUDA_VISIBLE_DEVICES="",
        TF_NUM_INTRAOP_THREADS=str(threads), TF_NUM_INTEROP_THREADS=str(threads),
    )  # fmt: skip
    command = [python, __file__, "--part", part, "--from", str(data)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not lines:
        return (done.stderr.strip().splitlines() or ["no output"])[-1]
    return dict(json.loads(lines[-1].removeprefix("RESULT ")))


def main() -> None:
    """Run both and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="data", type=Path, required=True, help="LUDB's folder, or one that holds it")
    parser.add_argument("--heartkit", help="Python of an environment with heartkit 1.6.0")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--part", choices=("ours", "heartkit"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    data: Path = arguments.data / "ludb" if (arguments.data / "ludb").is_dir() else arguments.data
    if arguments.part:
        print("RESULT " + json.dumps({"ours": ours, "heartkit": heartkit}[arguments.part](data)))
        return
    parts = [("ours", sys.executable)] + ([("heartkit", arguments.heartkit)] if arguments.heartkit else [])
    shown = {}
    print(f"{arguments.threads} thread(s), batch {BATCH}, {STEPS} steps an epoch, load {os.getloadavg()[0]:.1f}")
    for part, python in parts:
        found = run_part(python, part, data, arguments.threads)
        if isinstance(found, str):
            print(f"{part:9s} could not run: {found}")
            continue
        shown[part] = [BATCH * STEPS / min(found[key]) for key in ("epoch_s", "epoch_cpu_s")]
        elapsed, processor = shown[part]
        print(
            f"{part:9s} {elapsed:6.0f} windows a second, {processor:6.0f} a second of processor time, "
            f"data ready in {found['data_ready_s']:.1f} s"
        )
    if len(shown) == 2:
        ratios = [a / b for a, b in zip(shown["ours"], shown["heartkit"], strict=True)]
        print(f"ratio     {ratios[0]:6.2f}                   {ratios[1]:6.2f}")


if __name__ == "__main__":
    main()
