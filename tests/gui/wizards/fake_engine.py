"""Stands for `python -m engine` in tests: speaks its JSON lines, keeps its run folder, does no work.

FAKE_ENGINE says how it behaves: "" as it should, "error" a fault in a sentence, "crash" dies, "slow" waits to be
told to stop, "deaf" does not hear it. FAKE_LOG is a file that gets the arguments of every call.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

HOW = os.environ.get("FAKE_ENGINE", "")
stop = threading.Event()


def say(event: str, **fields: object) -> None:
    print(json.dumps({"v": 1, "time": 0.0, "event": event, **fields}), flush=True)


def listen() -> None:
    for line in sys.stdin:
        if line.strip() == "cancel" and HOW != "deaf":
            stop.set()


def option(name: str, default: str = "") -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def pause() -> None:
    """A step of the work; "slow" work goes on until it is told to stop."""
    while HOW in ("slow", "deaf") or stop.is_set():
        if stop.is_set():
            say("cancelled")
            sys.exit(2)
        time.sleep(0.01)


def train() -> dict[str, object]:
    folder = Path(option("--out"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    first = len(json.loads((folder / "history.json").read_text())) if "--resume" in sys.argv else 0
    history = [{"epoch": e, "loss": 1.0, "val_loss": 1.0, "val_f1_macro": 0.5} for e in range(first)]
    say("message", text="train: 10 windows of 2 patients")
    for epoch in range(first, 4):
        row = {"loss": 1.0 / (epoch + 1), "val_loss": 1.2 / (epoch + 1), "val_f1_macro": 0.5 + epoch / 10}
        history.append({"epoch": epoch, **row})
        (folder / "history.json").write_text(json.dumps(history))
        say("metric", epoch=epoch, values=row)
        say("progress", stage="training", done=epoch + 1, total=4, note=f"epoch {epoch + 1} of 4")
        if epoch == 1:
            pause()
    (folder / "model.keras").write_bytes(b"made up")
    return {"folder": str(folder)}


def evaluate() -> dict[str, object]:
    pause()
    document = json.loads(Path(os.environ["FAKE_DOCUMENT"]).read_text())
    Path(option("--report")).write_text("<html></html>")
    return document


def export() -> dict[str, object]:
    pause()
    return {"summary": {"Format": option("--format"), "File": "20,000 bytes"}}


def demo() -> dict[str, object]:
    Path(option("--out")).write_text("<html></html>")
    return {"page": option("--out")}


def download() -> dict[str, object]:
    say("progress", stage="ludb", done=1, total=4, note="1 of 4 MB")
    pause()
    return {"folders": {}}


def main() -> None:
    threading.Thread(target=listen, daemon=True).start()
    if "FAKE_LOG" in os.environ:
        with Path(os.environ["FAKE_LOG"]).open("a") as out:
            out.write(json.dumps(sys.argv[1:]) + "\n")
    print("a library prints this; it is no event")
    say("started", command=sys.argv[1])
    if HOW == "error":
        say("error", text="cinc2017: REFERENCE.csv is missing (download the dataset again)", hint="")
        sys.exit(1)
    if HOW == "crash":
        print("Fatal Python error: out of memory", file=sys.stderr)
        os._exit(9)
    counts = {"params": 1234, "macs": 56_789, "receptive_field_s": 1.5}
    work = {"train": train, "evaluate": evaluate, "export": export, "demo": demo, "download": download}
    say("finished", result=work.get(sys.argv[1], lambda: counts)())


main()
