"""The live view at work: frame times, delay from board to screen, losses and memory, without a screen.

usage: python benchmarks/live_view.py [--seconds 30] [--board simulator] [--rate 1000] [--leads 12]
                                      [--size 1920x1080] [--mode sweep|roll]

The whole window is drawn by software into memory, with the host's analysis and the comparison with the board's
results running beside; the simulator is a thread of the same process, the other boards are processes of their own.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from engine.devices.live_types import StreamOptions
from engine.devices.protocol import Source
from heartkit_gui.app import make_application, make_window
from heartkit_gui.context import Folders
from heartkit_gui.live.live_view import LiveView
from heartkit_gui.services.live import steady_s

SETTLE_S = 3.0
LIMIT_S = 60.0


def memory_mb() -> float:
    """Resident memory of this process; NaN where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_for(app: QApplication, seconds: float) -> list[float]:
    """Let the window work; how late each turn of the event loop was, in milliseconds."""
    late = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.perf_counter()
        app.processEvents()
        late.append((time.perf_counter() - begun) * 1e3)
        time.sleep(0.001)
    return late


def report(name: str, values: list[float]) -> None:
    p50, p95, p99, worst = np.percentile(values, [50, 95, 99, 100])
    print(f"{name:<44} median {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f}  max {worst:6.1f} ms", flush=True)


def measure(app: QApplication, view: LiveView, seconds: float) -> None:
    run_for(app, SETTLE_S)
    gc.collect()
    before, frames = memory_mb(), []
    view.canvas.frame_ms.clear()
    end, late = time.monotonic() + seconds, []
    view.canvas.painted.connect(lambda _: frames.append(steady_s()))
    costs: list[float] = []
    while time.monotonic() < end:
        late += run_for(app, 1.0)
        costs += view.canvas.frame_ms
        view.canvas.frame_ms.clear()
    assert view.session is not None
    told = view.session.statistics()
    report("painting a frame", costs)
    report("from one frame to the next", (1e3 * np.diff(frames)).tolist())
    report("one turn of the event loop", late)
    report("board to screen", view.delays_ms)
    drift = "not known yet" if told.drift_ppm is None else f"{told.drift_ppm:+.1f} ppm"
    print(f"frames a second {len(frames) / seconds:.1f}; samples lost {told.samples_lost} of {told.samples:,}; "
          f"memory {memory_mb() - before:+.1f} MB in {seconds:.0f} s; drift {drift}")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--board", default="simulator")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--leads", type=int, default=12)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--mode", choices=("sweep", "roll"), default="sweep")
    options = parser.parse_args()
    app = make_application(sys.argv[:1])
    with tempfile.TemporaryDirectory() as home:
        window = make_window(Folders.inside(Path(home)), "paper")
        window.resize(*(int(edge) for edge in options.size.split("x")))
        window.show()
        window.registry.run(f"live.start_{options.board}")
        view = window.live.made()
        limit = time.monotonic() + LIMIT_S
        while not view.has_stream and time.monotonic() < limit:
            run_for(app, 0.1)
        wanted = StreamOptions(rate_hz=options.rate, n_leads=options.leads, source=Source.REPLAY)
        window.context.live.restart(wanted)
        view.canvas.set_mode(options.mode)
        run_for(app, SETTLE_S)
        print(f"{options.board}, {options.rate} Hz x {options.leads}, {options.size}, {options.mode}")
        measure(app, view, options.seconds)
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
