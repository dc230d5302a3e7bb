"""Streaming: samples lost, silent gaps, memory growth, processor share, latency and drift of a live session.

The board runs in a process of its own. Samples are checked against what the ring holds: lost ones must be holes,
and holes must have been counted. With --damage the simulator flips and drops that share of bytes.

python benchmarks/streaming.py [--seconds 60] [--board simulator an547 ...] [--damage 1e-4] [--record FOLDER]
(the acceptance run is --seconds 600)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.analysis.stages import CLASSICAL, DEFAULT, Stages
from engine.devices.live import LiveSession
from engine.devices.live_types import StreamOptions
from engine.devices.recorder import RecorderOptions
from engine.devices.virtual import BOARDS

SHAPES = ((250, 1), (1000, 12))
WARM_UP_S = 30.0  # libraries load, and models open with their first windows
FAULTY = """
import sys, time
from engine.devices.simulator import Faults, Simulator
from engine.devices.virtual import start
board, damage = sys.argv[1], float(sys.argv[2])
if board == "simulator":
    made = Simulator(faults=Faults(corrupt=damage / 2, lose=damage / 2))
    print(made.start(), "simulator", flush=True)
else:
    made = start(board)
    print(made.url, made.board, flush=True)
sys.stdin.read()
made.close()
"""


@contextmanager
def board_process(board: str, damage: float) -> Iterator[tuple[str, str]]:
    """A board in a process of its own: its URL and what it really is."""
    child = subprocess.Popen(
        [sys.executable, "-c", FAULTY, board, str(damage)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        url, kind = child.stdout.readline().split()
        yield url, kind
    finally:
        child.stdin.close()
        child.wait(timeout=30)


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def silent_gaps(session: LiveSession) -> int:
    """Samples missing in the ring beyond those that were counted as lost, or the other way round."""
    ring = session.ring
    assert ring is not None
    missing = 0
    for start in range(ring.tail, ring.head, 1 << 16):
        valid = ring.read(start, min(start + (1 << 16), ring.head))[1]
        missing += int(np.sum(~valid.any(axis=0)))
    told = session.statistics()
    return abs(missing - told.samples_lost - told.samples_unknown)


def run(
    board: str, rate_hz: int, leads: int, seconds: float, damage: float, stages: Stages, record: Path | None
) -> None:
    with board_process(board, damage) as (url, kind):
        session = LiveSession(url, stages=stages)
        session.open()
        session.wait_connected(30)
        if record is not None:
            session.record(RecorderOptions(record))
        session.start(StreamOptions(rate_hz=rate_hz, n_leads=leads))
        time.sleep(min(WARM_UP_S, seconds / 2))
        memory_mb, cpu_s, began_s = resident_mb(), time.process_time(), time.perf_counter()
        time.sleep(max(0.0, seconds - WARM_UP_S))
        growth_mb = resident_mb() - memory_mb
        share = (time.process_time() - cpu_s) / (time.perf_counter() - began_s)
        session.stop()
        time.sleep(0.3)
        told, hidden = session.statistics(), silent_gaps(session)
        session.close()
    drift = "-" if told.drift_ppm is None else f"{told.drift_ppm:+.1f}"
    print(
        f"{kind:<10}{rate_hz:>5} x {leads:<3}{told.elapsed_s:>7.0f}{told.samples:>10,}{told.samples_lost:>8,}"
        f"{hidden:>7}{100 * told.frames_whole:>9.3f}{growth_mb:>8.1f}{100 * share:>7.1f}"
        f"{told.latency.p50_ms:>7.1f}{told.latency.p95_ms:>7.1f}{told.latency.p99_ms:>7.1f}{drift:>8}"
        f"   {told.windows_equal}/{told.windows_compared}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--board", nargs="+", choices=BOARDS, default=["simulator"])
    parser.add_argument("--damage", type=float, default=0.0, help="share of bytes; simulator only")
    parser.add_argument("--classical", action="store_true", help="analyse without a model for the waves")
    parser.add_argument("--record", type=Path, help="record into this folder meanwhile")
    parser.add_argument("--shape", nargs=2, type=int, metavar=("HZ", "LEADS"), help="only this one")
    arguments = parser.parse_args()
    stages = Stages(CLASSICAL, CLASSICAL, CLASSICAL) if arguments.classical else DEFAULT
    print(
        "board      Hz x leads   s   samples    lost silent frames%  MB grow  CPU%   p50    p95    p99 ms drift ppm"
        "   windows equal"
    )
    for board in arguments.board:
        for rate_hz, leads in [tuple(arguments.shape)] if arguments.shape else SHAPES:
            run(board, rate_hz, leads, arguments.seconds, arguments.damage, stages, arguments.record)


if __name__ == "__main__":
    main()
