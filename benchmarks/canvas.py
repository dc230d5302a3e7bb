"""Drawing times of the ECG canvas without a screen: pan, cold paint, overview. Prints one line per case.

usage: python benchmarks/canvas.py [RECORD]

The figures are for software rendering into memory. Without RECORD (see joined_record.py for a real one of 24 h and
12 leads), a day is made by repeating a synthetic beat. "Open" is from the path to the first painted frame, without
a pyramid, as the window does it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from engine.analysis.types import Analysis, BeatIntervals, Beats, Fiducials, Span
from engine.records.record import F32, Bool, Lead, Record, RecordInfo
from engine.signals.filters import DIAGNOSTIC, UNFILTERED, FilterSpec
from engine.signals.pyramid import Pyramid
from heartkit_gui.canvas.ecg_canvas import EcgCanvas
from heartkit_gui.canvas.layouts import STANDARD_LEADS

SIZE = (1920, 1080)
FRAMES = 200
BEAT_S = 0.8


class RepeatedBeat(Record):
    """Any length of twelve leads at no memory: one noisy minute, repeated."""

    def __init__(self, fs: float, seconds: float) -> None:
        leads = tuple(Lead(name) for name in STANDARD_LEADS)
        super().__init__(RecordInfo("bench", Path("bench"), "synthetic", fs, round(seconds * fs), leads))
        t = np.arange(round(60 * fs)) / fs
        phase = t % BEAT_S
        beat = 1.2 * np.exp(-(((phase - 0.3) / 0.012) ** 2)) + 0.3 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
        noise = np.random.default_rng(0).standard_normal((12, len(t))) * 0.02
        scale = np.linspace(-0.6, 1.4, 12)[:, None]
        self._minute = (beat * scale + noise).astype(np.float32)

    def _read(self, start: int, stop: int, leads: tuple[int, ...]) -> tuple[F32, Bool]:
        period = self._minute.shape[1]
        whole = np.tile(self._minute, (1, (stop - start) // period + 2))
        values = whole[list(leads), start % period : start % period + stop - start]
        return values, np.ones(values.shape, np.bool_)


def analysis_of(record: Record) -> Analysis:
    """A finding for every beat."""
    at = np.arange(round(0.3 * record.fs), record.n_samples - 200, round(BEAT_S * record.fs), dtype=np.int64)
    offsets = np.round(np.array([-0.2, -0.16, -0.1, -0.05, 0, 0.05, 0.15, 0.25, 0.33]) * record.fs).astype(np.int64)
    n = len(at)
    symbols = tuple("V" if i % 20 == 0 else "N" for i in range(n))
    per_beat = BeatIntervals(*(np.full(n, 100, np.float32) for _ in range(9)))
    return Analysis(
        record=record.name,
        fs=record.fs,
        n_samples=record.n_samples,
        lead="II",
        beats=Beats(at, symbols, symbols, np.ones(n, np.float32)),
        fiducials=Fiducials.from_table(at[:, None] + offsets),
        beat_intervals=per_beat,
        rhythm=(Span(0, record.n_samples, "N"),),
        quality=(),
    )


def painted(canvas: EcgCanvas, target: QImage) -> float:
    """Milliseconds of one frame."""
    start = time.perf_counter()
    canvas.render(target)
    return (time.perf_counter() - start) * 1e3


def pan(canvas: EcgCanvas, pixels: int, idle: bool) -> list[float]:
    """Frame times while moving by `pixels` a frame; `idle` lets the canvas draw ahead between frames."""
    target = QImage(*SIZE, QImage.Format.Format_RGB32)
    times = []
    for _ in range(FRAMES):
        start = time.perf_counter()
        canvas.scroll_px(pixels)
        canvas.render(target)
        times.append((time.perf_counter() - start) * 1e3)
        if idle:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 12)
    return times


def report(name: str, times: list[float]) -> None:
    p50, p95, worst = np.percentile(times, [50, 95, 100])
    print(f"{name:<58} median {p50:6.1f}  p95 {p95:6.1f}  max {worst:6.1f} ms", flush=True)


def bench(name: str, record: Record, pyramid: Pyramid | None, speed: float | None, spec: FilterSpec) -> None:
    canvas = EcgCanvas()
    canvas.resize(*SIZE)
    canvas.set_pixels_per_mm(96 / 25.4)
    analysis = analysis_of(record)
    start = time.perf_counter()
    canvas.set_record(record, pyramid)
    canvas.set_layout("12x1")
    canvas.set_analysis(analysis)
    canvas.set_filter(spec)
    if speed is None:
        canvas.fit_to_width()
        canvas.set_speed(canvas.speed * 2)
    else:
        canvas.set_speed(speed)
    canvas.show()
    canvas.finish_loading()
    target = QImage(*SIZE, QImage.Format.Format_RGB32)
    canvas.render(target)
    print(f"{name:<58} first paint {(time.perf_counter() - start) * 1e3:6.1f} ms")
    report(f"{name}, pan 16 px a frame", pan(canvas, 16, idle=True))
    report(f"{name}, pan back, no time between frames", pan(canvas, -16, idle=False))
    report(f"{name}, new page every frame", pan(canvas, 1700, idle=False)[:40])
    report(f"{name}, unchanged", [painted(canvas, target) for _ in range(50)])
    canvas.close()


def bench_open(path: Path) -> Record:
    """Time from a path to a picture, three times."""
    from engine.records import open_record

    target = QImage(*SIZE, QImage.Format.Format_RGB32)
    for attempt in ("first", "second", "third"):
        start = time.perf_counter()
        record = open_record(path)
        canvas = EcgCanvas()
        canvas.resize(*SIZE)
        canvas.set_record(record)
        canvas.set_layout("12x1")
        canvas.show()
        canvas.render(target)
        print(f"{'open to first paint, ' + attempt + ' time':<58} {(time.perf_counter() - start) * 1e3:6.1f} ms")
        canvas.close()
    return record


def main() -> int:
    application = QApplication.instance() or QApplication(sys.argv)
    day = bench_open(Path(sys.argv[1])) if len(sys.argv) > 1 else RepeatedBeat(250.0, 24 * 3600)
    start = time.perf_counter()
    pyramid = Pyramid.build(day)
    print(f"{'pyramid of 24 h x 12 leads':<58} {time.perf_counter() - start:6.2f} s")
    fit_10_s = (SIZE[0] - 60) / 10 / (96 / 25.4)
    bench("12 x 10 s at 250 Hz", day, pyramid, fit_10_s, UNFILTERED)
    bench("12 x 10 s at 250 Hz, 0.05-150 Hz", day, pyramid, fit_10_s, DIAGNOSTIC)
    bench("12 x 10 s at 500 Hz", RepeatedBeat(500.0, 600), None, fit_10_s, UNFILTERED)
    bench("12 x 20 s at 500 Hz, 25 mm/s", RepeatedBeat(500.0, 600), None, 25.0, UNFILTERED)
    bench("12 leads, 12 h of 24 h", day, pyramid, None, UNFILTERED)
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
